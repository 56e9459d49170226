#pragma once

#include <QSet>
#include <QString>
#include <QStringList>

#include "ui/markdown/highlight.h"

namespace facet::ui::markdown {

// A delimiter that may run over several lines, such as /* */ or """.
struct Multiline {
  QString open;
  QString close;
  Token token = Token::Comment;
};

struct Language {
  QString title;
  QStringList names;  // as written after a fence, lower case
  QSet<QString> keywords;
  QSet<QString> types;
  QStringList line_comments;
  std::vector<Multiline> multiline;
  QString quotes;  // characters that delimit a string on one line
  bool case_sensitive = true;
  bool has_directives = false;  // lines that begin with #: the first word is a keyword
};

const std::vector<Language>& languages();

}  // namespace facet::ui::markdown
