#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace facet::tools {

// How well a text answers a query. A search returns the hits of the best degree that it meets.
enum class Match { None, AnyWord, AllWords, Phrase };

struct MatchResult {
  Match match = Match::None;
  std::size_t words = 0;     // how many different words were found
  std::size_t position = 0;  // of the first thing found, in the folded text
};

// Words to look for, without regard to case.
class SearchQuery {
 public:
  explicit SearchQuery(std::string_view query);

  bool empty() const { return phrase_.empty(); }

  MatchResult match(std::string_view text) const;
  // Names are written with `_`, `-` and `.` where a question has spaces.
  MatchResult match_name(std::string_view name) const;

 private:
  MatchResult match_folded(const std::string& folded) const;

  std::string phrase_;
  std::vector<std::string> words_;  // without punctuation around them
};

}  // namespace facet::tools
