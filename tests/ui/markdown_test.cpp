#include <QtTest>

#include "tests/ui/support/describe.h"
#include "ui/markdown/blocks.h"

using facet::ui::markdown::Block;
using facet::ui::markdown::parse;
using facet::ui::markdown::settled;
using facet::ui::test::describe;

// What CommonMark and the GitHub tables specification say about a source, as a list of blocks.
class MarkdownTest : public QObject {
  Q_OBJECT

 private slots:
  void blocks_data();
  void blocks();
  void marks_wait_for_their_meaning_data();
  void marks_wait_for_their_meaning();
  void every_prefix_keeps_its_words();
  void finished_blocks_do_not_change_while_more_arrives();
};

void MarkdownTest::blocks_data() {
  QTest::addColumn<QString>("source");
  QTest::addColumn<QString>("expected");

  QTest::newRow("nothing") << ""
                           << "";
  QTest::newRow("paragraphs") << "one\n\ntwo"
                              << "paragraph: one\nparagraph: two";
  QTest::newRow("line breaks stay") << "one\ntwo  \nthree"
                                    << "paragraph: one\\ntwo\\nthree";
  QTest::newRow("emphasis") << "a **b** *c* ***d*** ~~e~~ `f*g*`"
                            << "paragraph: a [bold: b] [italic: c] [bold italic: d] [strike: e] [code: f*g*]";
  QTest::newRow("emphasis that is not closed yet") << "a **b"
                                                   << "paragraph: a **b";
  QTest::newRow("headings") << "# A\n\n### B `c`\n\nD\n==="
                            << "heading 1: A\nheading 3: B [code: c]\nheading 1: D";
  QTest::newRow("rule") << "a\n\n---\n\nb"
                        << "paragraph: a\nrule\nparagraph: b";

  QTest::newRow("tight list") << "- a\n- b"
                              << "list • paragraph: a\nlist • paragraph: b";
  QTest::newRow("loose list") << "- a\n\n- b"
                              << "list • paragraph: a\nlist • paragraph: b";
  QTest::newRow("numbers begin where they begin") << "3. a\n4. b"
                                                  << "list 3. paragraph: a\nlist 4. paragraph: b";
  QTest::newRow("numbers with a parenthesis") << "1) a\n2) b"
                                              << "list 1) paragraph: a\nlist 2) paragraph: b";
  QTest::newRow("nested lists") << "- a\n  - b\n    - c\n- d"
                                << "list • paragraph: a\nlist list ◦ paragraph: b\nlist list list – paragraph: c\n"
                                   "list • paragraph: d";
  QTest::newRow("bullets in numbers") << "1. a\n   - b\n2. c"
                                      << "list 1. paragraph: a\nlist list • paragraph: b\nlist 2. paragraph: c";
  QTest::newRow("second paragraph of an item") << "- a\n\n  b"
                                               << "list • paragraph: a\nlist paragraph: b";
  QTest::newRow("tasks") << "- [x] a\n- [ ] b"
                         << "list ☑ paragraph: a\nlist ☐ paragraph: b";
  QTest::newRow("empty item") << "-\n- a"
                              << "list • paragraph: \nlist • paragraph: a";
  QTest::newRow("list that begins with a list") << "- - a"
                                                << "list • paragraph: \nlist list ◦ paragraph: a";
  QTest::newRow("code in a list") << "- a\n\n  ```sh\n  ls\n  ```\n"
                                  << "list • paragraph: a\nlist code sh: ls";
  QTest::newRow("list that begins with code") << "- ```\n  x\n  ```\n"
                                              << "list • paragraph: \nlist code : x";

  QTest::newRow("quote") << "> a\n>\n> b"
                         << "quote paragraph: a\nquote paragraph: b";
  QTest::newRow("quote in a list in a quote") << "> - a\n>   > b"
                                              << "quote list • paragraph: a\nquote list quote paragraph: b";

  QTest::newRow("fence") << "```cpp\nint a;\n\nint b;\n```\nafter"
                         << "code cpp: int a;\\n\\nint b;\nparagraph: after";
  QTest::newRow("fence that is not closed yet") << "a\n\n```python\nprint(1)\npri"
                                                << "paragraph: a\ncode python: print(1)\\npri";
  QTest::newRow("fence that has just begun") << "```"
                                             << "code : ";
  QTest::newRow("fence in a longer fence") << "````md\n```\nx\n```\n````"
                                           << "code md: ```\\nx\\n```";
  QTest::newRow("markdown in a fence stays code") << "```\n# a\n<b>\n&amp;\n```"
                                                  << "code : # a\\n<b>\\n&amp;";
  QTest::newRow("indented code") << "    x = 1"
                                 << "code : x = 1";

  QTest::newRow("table") << "| a | b | c |\n|:--|:-:|--:|\n| 1 | **2** | 3 |\n| 4 | 5 | |"
                         << "table <=>\n  a | b | c\n  1 | [bold: 2] | 3\n  4 | 5 | ";
  QTest::newRow("table with a break") << "| a |\n|---|\n| b<br>c |"
                                      << "table <\n  a\n  b\\nc";
  QTest::newRow("table without its second line yet") << "| a | b |"
                                                     << "paragraph: | a | b |";
  QTest::newRow("table after text") << "x\n\n| a |\n|---|\n| b |\n\ny"
                                    << "paragraph: x\ntable <\n  a\n  b\nparagraph: y";

  QTest::newRow("html in a line is text") << "a <b>c</b> d"
                                          << "paragraph: a <b>c</b> d";
  QTest::newRow("html block is text") << "<script>alert(1)</script>\n\nafter"
                                      << "paragraph: <script>alert(1)</script>\nparagraph: after";
  QTest::newRow("comment is text") << "<!-- x --> y"
                                   << "paragraph: <!-- x --> y";
  QTest::newRow("entities") << "a &amp; b &copy; &#x41; &mdash;" << QString::fromUtf8("paragraph: a & b © A —");
  QTest::newRow("escapes") << "\\*a\\* \\`b"
                           << "paragraph: *a* `b";

  QTest::newRow("link")
      << "[a *b*](https://example.org/x?y=1&z=2 \"title\")"
      << "paragraph: [link https://example.org/x?y=1&z=2: a ][italic link https://example.org/x?y=1&z=2: b]";
  QTest::newRow("bare address") << "see https://example.org."
                                << "paragraph: see [link https://example.org: https://example.org].";
  QTest::newRow("mail address") << "to ann@example.org"
                                << "paragraph: to [link mailto:ann@example.org: ann@example.org]";
  QTest::newRow("dangerous link keeps its target") << "[a](javascript:alert(1))"
                                                   << "paragraph: [link javascript:alert(1): a]";
  QTest::newRow("image is a link") << "![plan](https://example.org/p.png)"
                                   << "paragraph: [image link https://example.org/p.png: plan]";
  QTest::newRow("image without description") << "![](p.png)"
                                             << "paragraph: [image link p.png: p.png]";

  QTest::newRow("other scripts") << QString::fromUtf8("**重要** ü 🙂 שלום")
                                 << QString::fromUtf8("paragraph: [bold: 重要] ü 🙂 שלום");
  QTest::newRow("null character") << QString(QChar(0)) << QString("paragraph: %1").arg(QChar(0xFFFD));
}

void MarkdownTest::blocks() {
  QFETCH(QString, source);
  QFETCH(QString, expected);
  QCOMPARE(describe(parse(source)), expected);
}

void MarkdownTest::marks_wait_for_their_meaning_data() {
  QTest::addColumn<QString>("growing");
  QTest::addColumn<QString>("expected");
  QTest::newRow("list or heading") << "one\n-"
                                   << "paragraph: one";
  QTest::newRow("nested list") << "- one\n  - "
                               << "list • paragraph: one";
  QTest::newRow("rule of a table") << "| a | b |\n|-"
                                   << "paragraph: | a | b |";
  QTest::newRow("whole rule of a table") << "| a | b |\n|---|---|\n"
                                         << "table <<\n  a | b";
  QTest::newRow("bold") << "one **"
                        << "paragraph: one **";
  QTest::newRow("bold at the start") << "one\n\n**"
                                     << "paragraph: one";
  QTest::newRow("fence and its language") << "one\n\n```py"
                                          << "paragraph: one";
  QTest::newRow("end of a fence") << "```\nx\n``"
                                  << "code : x";
  QTest::newRow("negative number") << "one\n-3"
                                   << "paragraph: one\\n-3";
}

void MarkdownTest::marks_wait_for_their_meaning() {
  QFETCH(QString, growing);
  QFETCH(QString, expected);
  QCOMPARE(describe(parse(settled(growing))), expected);
}

const char kMixed[] =
    "# Title\n\nSome *text* with `code` and a [link](https://example.org).\n\n1. one\n   - two\n\n> quote\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n```cpp\nint main() { return 0; }\n```\n\nThe <b>end</b> &amp; more.";

QString words_only(const QString& text) {
  QString words;
  for (const QChar c : text) {
    if (c.isLetterOrNumber()) words += c;
  }
  return words;
}

// While an answer streams, every prefix is shown. None may lose a letter that the user has already seen, except the
// words that Markdown itself takes out of sight: the target of a link and the language of a fence.
void MarkdownTest::every_prefix_keeps_its_words() {
  const QString text = QString::fromUtf8(
      "# Title\n\nSome *te_xt* **b\n\n1. one\n   - two <i>x</i>\n\n> quote\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n    "
      "code");
  for (qsizetype length = 0; length <= text.size(); ++length) {
    const QString prefix = text.left(length);
    QString shown;
    for (const Block& block : parse(settled(prefix))) {
      shown += std::visit([](const auto& kind) { return kind.place.marker; }, block);
      if (const auto* paragraph = std::get_if<facet::ui::markdown::Paragraph>(&block)) {
        for (const auto& span : paragraph->spans)
          shown += span.text;
      } else if (const auto* heading = std::get_if<facet::ui::markdown::Heading>(&block)) {
        for (const auto& span : heading->spans)
          shown += span.text;
      } else if (const auto* code = std::get_if<facet::ui::markdown::Code>(&block)) {
        shown += code->text;
      } else if (const auto* table = std::get_if<facet::ui::markdown::Table>(&block)) {
        for (const auto& row : table->rows) {
          for (const auto& cell : row) {
            for (const auto& span : cell)
              shown += span.text;
          }
        }
      }
    }
    QCOMPARE(words_only(shown), words_only(prefix));
  }
}

// The rendering relies on it: what lies before the last two blocks stays as it is.
void MarkdownTest::finished_blocks_do_not_change_while_more_arrives() {
  const QString text = QString::fromUtf8(kMixed);
  const std::vector<Block> whole = parse(text);
  for (qsizetype length = 0; length <= text.size(); ++length) {
    const std::vector<Block> some = parse(settled(text.left(length)));
    for (std::size_t index = 0; index + 2 < some.size(); ++index) {
      QCOMPARE(describe({some[index]}), describe({whole[index]}));
    }
  }
}

QTEST_MAIN(MarkdownTest)
#include "markdown_test.moc"
