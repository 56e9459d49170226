#include "agent/store/search_query.h"

#include <vector>

namespace facet::agent {

namespace {

constexpr std::string_view kMatchBegin = "\u2068";
constexpr std::string_view kMatchEnd = "\u2069";

bool is_separator(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
}

struct Term {
  std::string text;
  bool is_prefix = false;
};

std::vector<Term> split_terms(std::string_view typed) {
  std::vector<Term> terms;
  bool in_quotes = false;
  std::string current;
  while (!typed.empty() && is_separator(typed.back()))
    typed.remove_suffix(1);
  const auto end_term = [&](bool is_prefix) {
    if (!current.empty()) terms.push_back({std::move(current), is_prefix});
    current.clear();
  };
  for (const char c : typed) {
    if (c == '"') {
      end_term(/*is_prefix=*/false);
      in_quotes = !in_quotes;
    } else if (is_separator(c)) {
      if (!in_quotes) {
        end_term(/*is_prefix=*/false);
      } else if (!current.empty()) {
        current += ' ';
      }
    } else {
      current += c;
    }
  }
  end_term(/*is_prefix=*/true);
  return terms;
}

}  // namespace

std::string search_query(std::string_view typed, WordMatch match) {
  const bool any = match == WordMatch::Any;
  std::string query;
  for (const Term& term : split_terms(typed)) {
    if (!query.empty()) query += any ? " OR " : " ";
    query += '"' + term.text + '"';
    if (term.is_prefix || any) query += '*';
  }
  return query;
}

std::string marked_snippet(std::string_view raw) {
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const std::string_view rest = raw.substr(i);
    if (rest.starts_with(kMatchBegin) || rest.starts_with(kMatchEnd)) {
      i += kMatchBegin.size() - 1;
    } else if (raw[i] == '\x01') {
      out += kMatchBegin;
    } else if (raw[i] == '\x02') {
      out += kMatchEnd;
    } else if (!is_separator(raw[i])) {
      out += raw[i];
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace facet::agent
