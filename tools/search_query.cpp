#include "tools/search_query.h"

#include <algorithm>
#include <cctype>

#include "tools/text.h"

namespace facet::tools {
namespace {

// Words as short as "a" and "of" are in nearly every line; alone they are no reason to return one.
constexpr std::size_t kShortestWord = 3;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

bool is_punctuation(char c) {
  return std::ispunct(static_cast<unsigned char>(c)) != 0;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

std::string_view bare_word(std::string_view word) {
  std::string_view bare = word;
  while (!bare.empty() && is_punctuation(bare.front()))
    bare.remove_prefix(1);
  while (!bare.empty() && is_punctuation(bare.back()))
    bare.remove_suffix(1);
  return bare.empty() ? word : bare;
}

std::vector<std::string> words_of(std::string_view phrase) {
  std::vector<std::string> words;
  while (!phrase.empty()) {
    const auto end = static_cast<std::size_t>(std::find_if(phrase.begin(), phrase.end(), is_space) - phrase.begin());
    const std::string word(bare_word(phrase.substr(0, end)));
    if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
    phrase.remove_prefix(std::min(end + 1, phrase.size()));
  }
  return words;
}

}  // namespace

SearchQuery::SearchQuery(std::string_view query) : phrase_(fold_case(trim(query))), words_(words_of(phrase_)) {}

MatchResult SearchQuery::match(std::string_view text) const {
  return match_folded(fold_case(text));
}

MatchResult SearchQuery::match_name(std::string_view name) const {
  std::string folded = fold_case(name);
  const MatchResult plain = match_folded(folded);
  if (plain.match == Match::Phrase) return plain;
  std::replace_if(
      folded.begin(), folded.end(), [](char c) { return c == '_' || c == '-' || c == '.'; }, ' ');
  const MatchResult spaced = match_folded(folded);
  return spaced.match == Match::Phrase ? spaced : plain;
}

MatchResult SearchQuery::match_folded(const std::string& folded) const {
  MatchResult result;
  if (const std::size_t at = folded.find(phrase_); at != std::string::npos) return {Match::Phrase, words_.size(), at};
  bool telling = false;
  std::size_t first = folded.size();
  for (const std::string& word : words_) {
    const std::size_t at = folded.find(word);
    if (at == std::string::npos) continue;
    ++result.words;
    first = std::min(first, at);
    telling = telling || word.size() >= kShortestWord;
  }
  if (result.words == 0) return result;
  result.position = first;
  if (result.words == words_.size()) {
    result.match = Match::AllWords;
  } else if (telling) {
    result.match = Match::AnyWord;
  }
  return result;
}

}  // namespace facet::tools
