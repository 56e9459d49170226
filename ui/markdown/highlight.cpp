#include "ui/markdown/highlight.h"

#include <algorithm>

#include "ui/markdown/languages.h"

namespace facet::ui::markdown {
namespace {

// Walks one line and collects its spans.
class Scanner {
 public:
  Scanner(const Language& language, const QString& line) : language_(language), line_(line) {}

  HighlightedLine scan(LineState before);

 private:
  bool at(const QString& text) const { return QStringView(line_).mid(position_).startsWith(text); }
  void emit_to(qsizetype end, qsizetype start, Token token);
  bool take_multiline();
  void finish_multiline(std::size_t index, qsizetype start, qsizetype search_from);
  bool take_line_comment();
  bool take_directive();
  bool take_string();
  bool take_number();
  bool take_word();

  const Language& language_;
  const QString& line_;
  qsizetype position_ = 0;
  HighlightedLine result_;
};

void Scanner::emit_to(qsizetype end, qsizetype start, Token token) {
  if (end > start) result_.spans.push_back({static_cast<int>(start), static_cast<int>(end - start), token});
  position_ = end;
}

void Scanner::finish_multiline(std::size_t index, qsizetype start, qsizetype search_from) {
  const Multiline& kind = language_.multiline[index];
  const qsizetype close = line_.indexOf(kind.close, search_from);
  if (close < 0) result_.state = static_cast<LineState>(index) + 1;
  emit_to(close < 0 ? line_.size() : close + kind.close.size(), start, kind.token);
}

bool Scanner::take_multiline() {
  for (std::size_t index = 0; index < language_.multiline.size(); ++index) {
    if (!at(language_.multiline[index].open)) continue;
    finish_multiline(index, position_, position_ + language_.multiline[index].open.size());
    return true;
  }
  return false;
}

// '#' and ';' begin a comment at the start of a word only, so that "a#b" and "$#" stay code.
bool Scanner::take_line_comment() {
  const bool at_word = position_ == 0 || line_[position_ - 1].isSpace();
  for (const QString& mark : language_.line_comments) {
    if (!at(mark) || (mark.size() == 1 && !at_word)) continue;
    emit_to(line_.size(), position_, Token::Comment);
    return true;
  }
  return false;
}

bool Scanner::take_directive() {
  if (!language_.has_directives || line_[position_] != '#' || !line_.left(position_).trimmed().isEmpty()) return false;
  qsizetype end = position_ + 1;
  while (end < line_.size() && line_[end].isLetter())
    ++end;
  emit_to(end, position_, Token::Keyword);
  return true;
}

bool Scanner::take_string() {
  const QChar quote = line_[position_];
  if (!language_.quotes.contains(quote)) return false;
  qsizetype end = position_ + 1;
  while (end < line_.size() && line_[end] != quote)
    end += line_[end] == '\\' ? 2 : 1;
  emit_to(std::min(end + 1, line_.size()), position_, Token::String);
  return true;
}

bool Scanner::take_number() {
  if (!line_[position_].isDigit()) return false;
  qsizetype end = position_;
  while (end < line_.size() && (line_[end].isLetterOrNumber() || line_[end] == '.' || line_[end] == '_'))
    ++end;
  emit_to(end, position_, Token::Number);
  return true;
}

bool Scanner::take_word() {
  const auto is_word = [](QChar c) { return c.isLetterOrNumber() || c == '_'; };
  if (!is_word(line_[position_])) return false;
  qsizetype end = position_;
  while (end < line_.size() && is_word(line_[end]))
    ++end;
  QString word = line_.mid(position_, end - position_);
  if (!language_.case_sensitive) word = word.toLower();
  if (language_.keywords.contains(word)) {
    emit_to(end, position_, Token::Keyword);
  } else if (language_.types.contains(word)) {
    emit_to(end, position_, Token::Type);
  }
  position_ = end;
  return true;
}

HighlightedLine Scanner::scan(LineState before) {
  const auto open = static_cast<std::size_t>(before);
  if (before > 0 && open <= language_.multiline.size()) finish_multiline(open - 1, 0, 0);
  while (position_ < line_.size()) {
    if (take_multiline() || take_line_comment() || take_directive() || take_string() || take_number() || take_word())
      continue;
    ++position_;
  }
  return std::move(result_);
}

}  // namespace

const Language* find_language(const QString& name) {
  const QString wanted = name.toLower();
  for (const Language& language : languages()) {
    if (language.names.contains(wanted)) return &language;
  }
  return nullptr;
}

QString language_title(const QString& name) {
  const Language* language = find_language(name);
  return language != nullptr ? language->title : name;
}

HighlightedLine highlight_line(const Language& language, const QString& line, LineState before) {
  return Scanner(language, line).scan(before);
}

}  // namespace facet::ui::markdown
