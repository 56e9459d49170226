#include <QDirIterator>
#include <QProcess>
#include <QStandardPaths>
#include <QtTest>
#include <set>

#include "tests/tools/tool_fixture.h"
#include "tools/code/grammar.h"
#include "tools/code/outline_apart.h"
#include "tools/code/outline_text.h"

using namespace facet::tools::test;
namespace code = facet::tools::code;

namespace {

const QString kSamples = QStringLiteral(FACET_SOURCE_DIR "/tests/tools/code/");

QByteArray content_of(const QString& path) {
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly)) qFatal("a sample can not be read");
  return file.readAll();
}

code::Outline outline_of(const QByteArray& source, const char* name) {
  const code::Grammar* grammar = code::grammar_for(name, {});
  if (!grammar) qFatal("no such language");
  auto outline = code::outline_of({source.constData(), static_cast<std::size_t>(source.size())}, *grammar, {});
  if (!outline.ok()) qFatal("no outline");
  return *outline;
}

}  // namespace

class CodeOutlineTest : public QObject {
  Q_OBJECT

 private:
  Folder folder_;
  const Tool tool_ = facet::tools::code_outline_tool();

  Outcome outline(const Json& arguments) const { return call(tool_, arguments, context_of({folder_.path()})); }

 private slots:
  // Sources with outlines that were written by hand: tests/tools/code/<source> and <source>.outline.
  void outlines_samples_data() {
    QTest::addColumn<QString>("name");
    QDirIterator samples(kSamples, {"*.outline"});
    while (samples.hasNext()) {
      const QString name = QFileInfo(samples.next()).completeBaseName();
      QTest::newRow(qPrintable(name)) << name;
    }
  }
  void outlines_samples() {
    QFETCH(QString, name);
    folder_.write(name.toStdString(), content_of(kSamples + name));
    const Outcome outcome = outline({{"path", name.toStdString()}});
    QVERIFY(!outcome.failed);
    QCOMPARE(QString::fromStdString(outcome.text) + "\n", QString::fromUtf8(content_of(kSamples + name + ".outline")));
    COMPARE_TEXT(outcome.planned->text, ("Outline " + folder_.path(name.toStdString())).c_str());
  }

  void has_a_sample_of_every_language() {
    QDirIterator samples(kSamples, {"*.outline"});
    std::set<const code::Grammar*> seen;
    while (samples.hasNext())
      seen.insert(code::grammar_for(QFileInfo(samples.next()).completeBaseName().toStdString(), {}));
    QCOMPARE(seen.size(), std::size_t{14});
    QVERIFY(!seen.contains(nullptr));
  }

  // Python's own parser says which classes and functions there are and on which lines.
  void agrees_with_python_data() {
    QTest::addColumn<QString>("path");
    QTest::newRow("sample") << kSamples + "tide.py";
    for (const char* folder : {"/tests", "/resources"}) {
      QDirIterator files(QStringLiteral(FACET_SOURCE_DIR) + folder, {"*.py"}, QDir::Files,
                         QDirIterator::Subdirectories);
      while (files.hasNext()) {
        const QString path = files.next();
        QTest::newRow(qPrintable(path.mid(sizeof FACET_SOURCE_DIR))) << path;
      }
    }
  }
  void agrees_with_python() {
    QFETCH(QString, path);
    const QString python = QStandardPaths::findExecutable("python3");
    if (python.isEmpty()) QSKIP("there is no python3");
    const QString program = QStringLiteral(
        "import ast, sys\n"
        "kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)\n"
        "tree = ast.parse(open(sys.argv[1], encoding='utf-8').read())\n"
        "for node in sorted((n for n in ast.walk(tree) if isinstance(n, kinds)), key=lambda n: n.lineno):\n"
        "    print(node.name, node.lineno, node.end_lineno)\n");
    QProcess process;
    process.start(python, {"-c", program, path});
    QVERIFY(process.waitForFinished(-1));
    QCOMPARE(process.exitCode(), 0);
    QString expected = QString::fromUtf8(process.readAllStandardOutput());
    QString found;
    for (const code::Symbol& symbol : outline_of(content_of(path), "x.py").symbols)
      if (symbol.kind == code::SymbolKind::Function || symbol.kind == code::SymbolKind::Type)
        found += QString("%1 %2 %3\n").arg(symbol.names.front().c_str()).arg(symbol.first_line).arg(symbol.last_line);
    QCOMPARE(found, expected);
  }

  void finds_the_language_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("line");
    QTest::addColumn<QString>("expected");
    QTest::newRow("header") << "a/b/widget.h"
                            << ""
                            << "C++";
    QTest::newRow("capitals") << "README.MD"
                              << ""
                              << "Markdown";
    QTest::newRow("hidden name") << ".bashrc"
                                 << ""
                                 << "Bash";
    QTest::newRow("env") << "run"
                         << "#!/usr/bin/env python3"
                         << "Python";
    QTest::newRow("env with options") << "run"
                                      << "#! /usr/bin/env -S node --harmony"
                                      << "JavaScript";
    QTest::newRow("shell") << "run"
                           << "#!/bin/sh -e"
                           << "Bash";
    QTest::newRow("the name decides") << "run.py"
                                      << "#!/bin/sh"
                                      << "Python";
    QTest::newRow("only a dot file") << ".py"
                                     << ""
                                     << "";
    QTest::newRow("no language") << "notes.txt"
                                 << "hello"
                                 << "";
    QTest::newRow("other program") << "run"
                                   << "#!/usr/bin/perl"
                                   << "";
    QTest::newRow("no program") << "run"
                                << "#!"
                                << "";
  }
  void finds_the_language() {
    QFETCH(QString, name);
    QFETCH(QString, line);
    QFETCH(QString, expected);
    const code::Grammar* grammar = code::grammar_for(name.toStdString(), line.toStdString());
    QCOMPARE(grammar ? QString(grammar->name) : QString(), expected);
  }

  void shows_what_a_broken_source_still_has_data() {
    QTest::addColumn<QByteArray>("source");
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("expected");
    QTest::newRow("C++") << QByteArray("int a() { return 1; }\n@ ! )\nclass C { void d(); };\n") << "x.cpp"
                         << "a,C.d";
    QTest::newRow("Python") << QByteArray("def a():\n  pass\n\nclass B(:\n  pass\n\ndef c():\n  pass\n") << "x.py"
                            << "a,c";
    QTest::newRow("Java") << QByteArray("class A {\n  void b() {}\n  int = ;\n  void c() {}\n}\n") << "x.java"
                          << "A,A.b,A.c";
    QTest::newRow("JSON") << QByteArray("{\"a\": 1, \"b\" = {{, \"c\": 3}") << "x.json"
                          << "a,c";
  }
  void shows_what_a_broken_source_still_has() {
    QFETCH(QByteArray, source);
    QFETCH(QString, name);
    QFETCH(QString, expected);
    const code::Outline outline = outline_of(source, qPrintable(name));
    QVERIFY(outline.error_line > 0);
    QStringList found;
    for (std::size_t i = 0; i < outline.symbols.size(); ++i)
      found.append(QString::fromStdString(outline.qualified_name(i)));
    for (const QString& symbol : expected.split(','))
      QVERIFY2(found.contains(symbol), qPrintable(symbol + " in " + found.join(',')));
  }

  void tells_that_a_source_is_broken() {
    folder_.write("broken.c", "int a(void) { return 1; }\n\n) )) @\n");
    const std::string text = outline({{"path", "broken.c"}}).text;
    QVERIFY2(text.starts_with("1 int a(void)\n") &&
                 text.ends_with("\n[not everything is valid C, beginning near line 3; symbols there may be missing]"),
             text.c_str());
  }

  void cuts_and_reads_on() {
    QByteArray source, whole;
    for (int i = 1; i <= 400; ++i) {
      source += "def function_" + QByteArray::number(i) + "(): pass\n";
      whole += QByteArray::number(i) + " def function_" + QByteArray::number(i) + "()\n";
    }
    folder_.write("long.py", source);
    ToolContext context = context_of({folder_.path()});
    context.result_limit_bytes = 2048;
    QByteArray collected;
    std::int64_t first = 1;
    for (int calls = 0; first > 0 && calls < 100; ++calls) {
      const Outcome outcome = call(tool_, {{"path", "long.py"}, {"first_symbol", first}}, context);
      QVERIFY(!outcome.failed);
      QVERIFY(outcome.text.size() <= context.result_limit_bytes);
      const std::size_t note = outcome.text.rfind("\n[symbols ");
      collected += QByteArray::fromStdString(outcome.text.substr(0, note)) + "\n";
      const std::size_t next = outcome.text.rfind("first_symbol=");
      first = next == std::string::npos ? 0 : std::stoll(outcome.text.substr(next + 13));
    }
    QCOMPARE(collected, whole);
    COMPARE_TEXT(call(tool_, {{"path", "long.py"}, {"first_symbol", 401}}, context).text,
                 "error: long.py has only 400 symbols");
  }

  void outlines_a_folder() {
    folder_.write("src/a.cpp", "namespace n {\nclass A { int x; void f(); };\nint g() { return 1; }\n}\n");
    folder_.write("src/sub/b.py", "LIMIT = 1\n\ndef h(x):\n    return x\n");
    folder_.write("src/sub/notes.md", "# Not a program\n");
    folder_.write("src/build/c.py", "def ignored(): pass\n");
    folder_.write("src/.gitignore", "build/\n");
    COMPARE_TEXT(outline({{"path", "src"}}).text, "src/a.cpp\n  2 class A\n  3 int g()\nsrc/sub/b.py\n  3-4 def h(x)");
    folder_.make_folder("empty");
    COMPARE_TEXT(outline({{"path", "empty"}}).text, "[empty has no programs]");
    ToolContext context = context_of({folder_.path()});
    context.result_limit_bytes = 100;
    COMPARE_TEXT(call(tool_, {{"path", "src"}}, context).text,
                 "src/a.cpp\n  2 class A\n  3 int g()\n"
                 "[the first 1 files; outline a folder or a file in it to see others]");
  }

  void reads_other_encodings() {
    folder_.write("wide.py", QByteArray::fromHex("fffe64006500660020006100280029003a0020003100"));
    COMPARE_TEXT(outline({{"path", "wide.py"}}).text, "1 def a()");
    folder_.write("latin.py", QByteArray("def caf\xe9(): pass\r\ndef b(): pass\r\n"));
    COMPARE_TEXT(outline({{"path", "latin.py"}}).text, "1 def café()\n2 def b()");
  }

  void says_when_there_is_nothing() {
    folder_.write("empty.py", "");
    folder_.write("plain.md", "only words\n");
    COMPARE_TEXT(outline({{"path", "empty.py"}}).text, "[empty.py has no symbols]");
    COMPARE_TEXT(outline({{"path", "plain.md"}}).text, "[plain.md has no symbols]");
  }

  void refuses_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("expected");
    QTest::newRow("missing") << "none.py"
                             << "error: no such folder: none.py";
    QTest::newRow("empty path") << ""
                                << "error: path is empty";
    QTest::newRow("outside") << "/etc/passwd"
                             << "error: not allowed: /etc/passwd";
    QTest::newRow("binary") << "data.py"
                            << "error: data.py is not a text file (PNG picture, 16 bytes)";
    QTest::newRow("no language") << "notes.txt"
                                 << "error: notes.txt is in no language that can be parsed (C, C++, Python, "
                                    "JavaScript, TypeScript, TSX, Rust, Go, "
                                    "Java, Bash, JSON, HTML, CSS, Markdown); use read_file or search_files";
    QTest::newRow("too large")
        << "large.json"
        << "error: large.json is too large to be parsed (4.4 MB, at most 4.0 MB); use read_file or "
           "search_files";
  }
  void refuses() {
    QFETCH(QString, path);
    QFETCH(QString, expected);
    folder_.write("data.py", QByteArray("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16));
    folder_.write("notes.txt", "hello");
    folder_.write("large.json", "[" + QByteArray(4'400'000, ' ') + "]");
    const Outcome outcome = outline({{"path", path.toStdString()}});
    QVERIFY(outcome.failed);
    QCOMPARE(QString::fromStdString(outcome.text), expected);
  }

  void gives_up_when_it_takes_too_long() {
    const QByteArray source = QByteArray("int a = (1 + 2) * 3;\n").repeated(20'000);
    const auto outline = code::outline_of({source.constData(), static_cast<std::size_t>(source.size())},
                                          *code::grammar_for("x.cpp", {}), {}, std::chrono::microseconds(1));
    QVERIFY(!outline.ok());
    COMPARE_TEXT(outline.error().message, "takes too long to parse as C++; read it with read_file");
  }

  void stops() {
    folder_.write("long.c", QByteArray("int a(void) { return 1; }\n").repeated(10'000));
    std::stop_source source;
    source.request_stop();
    ToolContext context = context_of({folder_.path()});
    context.stop = source.get_token();
    COMPARE_TEXT(call(tool_, {{"path", "long.c"}}, context).text, "error: stopped by the user");
    COMPARE_TEXT(call(tool_, {{"path", "."}}, context).text, "error: stopped by the user");
  }

  // As deep as a file of 4 MB can be: the walk and the trees must not recurse.
  void survives_deep_nesting_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("opening");
    QTest::addColumn<QByteArray>("closing");
    QTest::newRow("JSON") << "x.json" << QByteArray("{\"a\":") << QByteArray("}");
    QTest::newRow("JSON arrays") << "x.json" << QByteArray("[") << QByteArray("]");
    QTest::newRow("C++ namespaces") << "x.cpp" << QByteArray("namespace a{") << QByteArray("}");
    QTest::newRow("C++ parentheses") << "x.cpp" << QByteArray("(") << QByteArray(")");
    QTest::newRow("JavaScript") << "x.js" << QByteArray("function a(){") << QByteArray("}");
    QTest::newRow("Python") << "x.py" << QByteArray("[") << QByteArray("]");
    QTest::newRow("HTML") << "x.html" << QByteArray("<div id=a>") << QByteArray("</div>");
    QTest::newRow("CSS") << "x.css" << QByteArray("@media a{") << QByteArray("}");
    QTest::newRow("Markdown quotes") << "x.md" << QByteArray(">") << QByteArray("");
    QTest::newRow("Markdown lists") << "x.md" << QByteArray("- ") << QByteArray("");
    QTest::newRow("Bash") << "x.sh" << QByteArray("$(") << QByteArray(")");
    QTest::newRow("Rust") << "x.rs" << QByteArray("mod a{") << QByteArray("}");
  }
  void survives_deep_nesting() {
    QFETCH(QString, name);
    QFETCH(QByteArray, opening);
    QFETCH(QByteArray, closing);
    for (const int depth : {300, 20'000, 70'000}) {
      const QByteArray source = opening.repeated(depth) + closing.repeated(depth) + "\n";
      // That it takes too long, or brings the parser down, is an answer as well.
      const auto outline = code::outline_apart({source.constData(), static_cast<std::size_t>(source.size())},
                                               *code::grammar_for(name.toStdString(), {}), {}, std::chrono::seconds(2));
      QVERIFY(outline.ok() || outline.error().code == facet::Error::Code::InvalidInput);
    }
  }
};

QTEST_APPLESS_MAIN(CodeOutlineTest)
#include "code_outline_test.moc"
