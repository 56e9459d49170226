#include <QtTest>

#include "ui/markdown/highlight.h"

using namespace facet::ui::markdown;

// Lines of code with the coloured pieces written out: k keyword, t type, s string, n number, c comment.
class HighlightTest : public QObject {
  Q_OBJECT

 private slots:
  void lines_data();
  void lines();
  void names();
};

QString mark(const QString& language, const QString& code) {
  const Language* known = find_language(language);
  if (known == nullptr) return "unknown";
  QStringList marked;
  LineState state = 0;
  for (const QString& line : code.split('\n')) {
    const HighlightedLine result = highlight_line(*known, line, state);
    state = result.state;
    for (const TokenSpan& span : result.spans) {
      marked << QString("%1(%2)").arg("ktsnc"[static_cast<int>(span.token)]).arg(line.mid(span.start, span.length));
    }
  }
  return marked.join(' ');
}

void HighlightTest::lines_data() {
  QTest::addColumn<QString>("language");
  QTest::addColumn<QString>("code");
  QTest::addColumn<QString>("expected");
  QTest::newRow("python") << "python"
                          << "def f(x): return \"a\\\"b\" + str(12)  # note"
                          << "k(def) k(return) s(\"a\\\"b\") t(str) n(12) c(# note)";
  QTest::newRow("python text over lines") << "py"
                                          << "x = \"\"\"one\ntwo\"\"\" if y"
                                          << "s(\"\"\"one) s(two\"\"\") k(if)";
  QTest::newRow("a word that contains a keyword") << "python"
                                                  << "define = classify"
                                                  << "";
  QTest::newRow("c++") << "cpp"
                       << "const int n = 0x1F; // hex"
                       << "k(const) t(int) n(0x1F) c(// hex)";
  QTest::newRow("c++ comment over lines") << "c++"
                                          << "/* a\nb */ int x;"
                                          << "c(/* a) c(b */) t(int)";
  QTest::newRow("directive") << "cpp"
                             << "#include \"a.h\""
                             << "k(#include) s(\"a.h\")";
  QTest::newRow("string that is not closed yet") << "js"
                                                 << "let a = 'bc"
                                                 << "k(let) s('bc)";
  QTest::newRow("string that ends in a backslash") << "js"
                                                   << "'a\\"
                                                   << "s('a\\)";
  QTest::newRow("sql ignores case") << "sql"
                                    << "SELECT a FROM b -- all"
                                    << "k(SELECT) k(FROM) c(-- all)";
  QTest::newRow("shell") << "bash"
                         << "if true; then echo \"$#\"; fi  # ok"
                         << "k(if) k(then) t(echo) s(\"$#\") k(fi) c(# ok)";
  QTest::newRow("hash inside of a word") << "bash"
                                         << "a#b"
                                         << "";
  QTest::newRow("json") << "json"
                        << "{\"a\": [1, true]}"
                        << "s(\"a\") n(1) k(true)";
  QTest::newRow("html comment") << "html"
                                << "<!-- a\nb --> <p class=\"x\">"
                                << "c(<!-- a) c(b -->) s(\"x\")";
  QTest::newRow("other language") << "brainfuck"
                                  << "+++"
                                  << "unknown";
}

void HighlightTest::lines() {
  QFETCH(QString, language);
  QFETCH(QString, code);
  QFETCH(QString, expected);
  QCOMPARE(mark(language, code), expected);
}

void HighlightTest::names() {
  QCOMPARE(language_title("cpp"), "C++");
  QCOMPARE(language_title("PY"), "Python");
  QCOMPARE(language_title("klingon"), "klingon");
  QCOMPARE(language_title(""), "");
}

QTEST_APPLESS_MAIN(HighlightTest)
#include "highlight_test.moc"
