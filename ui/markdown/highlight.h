#pragma once

#include <QString>
#include <vector>

// Colours for code by a small table: keywords, types, strings, numbers and comments of the languages that models write
// most. It does not parse; it has to be right for what people read, one line at a time.
namespace facet::ui::markdown {

enum class Token { Keyword, Type, String, Number, Comment };

struct TokenSpan {
  int start = 0;
  int length = 0;
  Token token = Token::Keyword;
  bool operator==(const TokenSpan&) const = default;
};

struct Language;

// By the name after a fence ("py", "Python", "c++"). Null where the language is not known: no colours then.
const Language* find_language(const QString& name);

// What a person calls it: "Python". The name itself where it is not known.
QString language_title(const QString& name);

// Where the line before ended: 0 in plain code, otherwise inside of a comment or string over several lines.
using LineState = int;

struct HighlightedLine {
  std::vector<TokenSpan> spans;
  LineState state = 0;
};

HighlightedLine highlight_line(const Language& language, const QString& line, LineState before);

}  // namespace facet::ui::markdown
