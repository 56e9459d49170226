#pragma once

#include <QString>
#include <variant>
#include <vector>

// Markdown as a flat list of typed blocks. Lists and quotes do not nest here: every leaf says which containers it lies
// in, which is all that a renderer needs and makes two states of a growing text easy to compare.
//
// Raw HTML is text, except for a lone <br>. Images are never loaded: their description is a link. A line break in
// the source is a line break in the result, because models break lines on purpose.
namespace facet::ui::markdown {

struct Span {
  QString text;
  bool bold = false;
  bool italic = false;
  bool strike = false;
  bool code = false;
  bool image = false;
  QString link;  // the target, as written

  bool operator==(const Span&) const = default;
  bool same_format(const Span& other) const;
};
using Spans = std::vector<Span>;

enum class Container { Quote, List };

struct Place {
  std::vector<Container> containers;  // outermost first
  QString marker;                     // of the list item that begins with this leaf: "•", "3.", "☑"
  bool tight = false;                 // the list is written without empty lines

  bool operator==(const Place&) const = default;
};

struct Paragraph {
  Place place;
  Spans spans;
  bool operator==(const Paragraph&) const = default;
};

struct Heading {
  Place place;
  int level = 1;
  Spans spans;
  bool operator==(const Heading&) const = default;
};

struct Code {
  Place place;
  QString language;  // the first word after the fence
  QString text;      // without the last line end
  bool operator==(const Code&) const = default;
};

enum class Align { Start, Center, End };

struct Table {
  Place place;
  std::vector<Align> columns;
  std::vector<std::vector<Spans>> rows;  // the first is the head
  bool operator==(const Table&) const = default;
};

struct Rule {
  Place place;
  bool operator==(const Rule&) const = default;
};

using Block = std::variant<Paragraph, Heading, Code, Table, Rule>;

// Any text is Markdown; there is no error. A fence that is not closed yet is code up to the end.
std::vector<Block> parse(const QString& text);

// What of a growing text can be shown without taking it back with the next word: a last line of marks alone (the start
// of a list looks like the underline of a heading, half a rule of a table hides a column) waits until it says what it
// is.
QString settled(const QString& growing);

}  // namespace facet::ui::markdown
