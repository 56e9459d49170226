#include <QDirIterator>
#include <QtTest>
#include <random>

#include "tools/code/grammar.h"
#include "tools/code/outline.h"
#include "tools/code/symbol_search.h"
#include "tools/text.h"

namespace code = facet::tools::code;

namespace {

constexpr int kVariants = 60;  // of every sample

// What parsers count, nest or look far ahead for.
const std::vector<std::string> kPieces = {"{",
                                          "}",
                                          "(",
                                          ")",
                                          "[",
                                          "]",
                                          "<",
                                          ">",
                                          "\"",
                                          "'",
                                          "`",
                                          "\n",
                                          "\\",
                                          "#",
                                          "//",
                                          "/*",
                                          "*/",
                                          "<<EOF\n",
                                          "R\"x(",
                                          "r#\"",
                                          "${",
                                          "$(",
                                          "<!--",
                                          "</",
                                          "```",
                                          "~~~",
                                          "> ",
                                          "- ",
                                          "1. ",
                                          "\t",
                                          "    ",
                                          "f\"{",
                                          "\"\"\"",
                                          "/",
                                          "=>",
                                          ";",
                                          "#if ",
                                          "\r",
                                          "\xe2\x82\xac",
                                          "\xf0\x9d\x84\x9e",
                                          "<script>",
                                          "<![CDATA[",
                                          "template<",
                                          "operator",
                                          "async ",
                                          ":::"};

std::size_t below(std::mt19937& random, std::size_t limit) {
  return limit == 0 ? 0 : random() % limit;
}

// Truncated, with parts taken out, doubled or exchanged, and with pieces put in, up to many of the same.
std::string mutated(std::string text, std::mt19937& random) {
  const std::size_t changes = 1 + below(random, 8);
  for (std::size_t i = 0; i < changes; ++i) {
    const std::size_t at = below(random, text.size() + 1);
    const std::size_t length = below(random, std::min<std::size_t>(200, text.size() - at + 1));
    switch (below(random, 5)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(below(random, text.size() + 1), text.substr(at, length));
        break;
      case 3:
        text.insert(at, kPieces[below(random, kPieces.size())]);
        break;
      default: {
        const std::string& piece = kPieces[below(random, kPieces.size())];
        const std::size_t times = below(random, 600);
        std::string many;
        for (std::size_t j = 0; j < times; ++j)
          many += piece;
        text.insert(at, many);
      }
    }
  }
  std::replace(text.begin(), text.end(), '\0', ' ');
  return facet::tools::valid_utf8(text);
}

// What every outline keeps, whatever the source is.
void check(const code::Outline& outline, const std::string& text) {
  const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
  for (std::size_t i = 0; i < outline.symbols.size(); ++i) {
    const code::Symbol& symbol = outline.symbols[i];
    QVERIFY(!symbol.names.empty() && !symbol.names.front().empty());
    QVERIFY(symbol.signature.find('\n') == std::string::npos);
    QVERIFY(1 <= symbol.lead_line && symbol.lead_line <= symbol.first_line);
    QVERIFY(symbol.first_line <= symbol.last_line && symbol.last_line <= lines);
    QVERIFY(symbol.parent < static_cast<std::ptrdiff_t>(i));
    QCOMPARE(symbol.depth, symbol.parent < 0 ? 0 : outline.symbols[symbol.parent].depth + 1);
  }
}

}  // namespace

// Parsers and their scanners are C, and sources come from anywhere: nothing in them may bring the process down.
class CodeFuzzTest : public QObject {
  Q_OBJECT

 private slots:
  void survives_damaged_sources_data() {
    QTest::addColumn<QString>("path");
    QDirIterator samples(QStringLiteral(FACET_SOURCE_DIR "/tests/tools/code"), {"*.outline"});
    while (samples.hasNext()) {
      const QString path = samples.next().chopped(8);
      QTest::newRow(qPrintable(QFileInfo(path).fileName())) << path;
    }
  }
  void survives_damaged_sources() {
    QFETCH(QString, path);
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const std::string sample = file.readAll().toStdString();
    const code::Grammar* grammar = code::grammar_for(path.toStdString(), {});
    for (unsigned seed = 0; seed < kVariants; ++seed) {
      std::mt19937 random(seed);
      const std::string text = mutated(sample, random);
      const auto outline = code::outline_of(text, *grammar, {});
      if (!outline.ok()) {
        QCOMPARE(outline.error().code, facet::Error::Code::InvalidInput);  // it takes too long
        continue;
      }
      check(*outline, text);
      if (QTest::currentTestFailed()) QFAIL(qPrintable("seed " + QString::number(seed)));
      code::find_symbols(*outline, "lift");
      code::near_names(*outline, "harbour");
    }
  }

  // Each of these wrote behind the library's buffer for the state of a scanner before scanner_guards.c.
  void keeps_the_state_of_scanners_in_bounds() {
    for (const int depth : {200, 250, 251, 254, 255, 256, 260, 300, 1000}) {
      const std::string quotes(static_cast<std::size_t>(depth), '>');
      QVERIFY(code::outline_of("# a\n" + quotes + " b\n" + quotes + " c\n\n# d\n", *code::grammar_for("x.md", {}), {})
                  .ok());
    }
    for (std::size_t length = 1000; length < 1040; ++length) {
      const std::string word(length, 'E');
      const std::string text = "a() {\n  cat <<" + word + "\nb\n" + word + "\n}\nc() { d; }\n";
      QVERIFY(code::outline_of(text, *code::grammar_for("x.sh", {}), {}).ok());
    }
    std::string many;
    for (int i = 0; i < 300; ++i)
      many += "<<E" + std::to_string(i) + " ";
    QVERIFY(code::outline_of("cat " + many + "\nx\n", *code::grammar_for("x.sh", {}), {}).ok());
  }
};

QTEST_APPLESS_MAIN(CodeFuzzTest)
#include "code_fuzz_test.moc"
