#include <QtTest>

#include "tests/tools/tool_fixture.h"

using namespace facet::tools::test;

namespace {

QByteArray sample(const char* name) {
  QFile file(QStringLiteral(FACET_SOURCE_DIR "/tests/tools/code/") + name);
  if (!file.open(QIODevice::ReadOnly)) qFatal("a sample can not be read");
  return file.readAll();
}

// The lines of a text with their numbers, as the tool writes them.
std::string lines_of(const QByteArray& text, int first, int last) {
  const QList<QByteArray> lines = text.split('\n');
  std::string numbered;
  for (int i = first; i <= last; ++i)
    numbered += (i == first ? "" : "\n") + std::to_string(i) + ": " + lines[i - 1].toStdString();
  return numbered;
}

}  // namespace

class ReadSymbolTest : public QObject {
  Q_OBJECT

 private:
  Folder folder_;
  const Tool tool_ = facet::tools::read_symbol_tool();

  Outcome read(const std::string& path, const std::string& symbol) const {
    return call(tool_, {{"path", path}, {"symbol", symbol}}, context_of({folder_.path()}));
  }

 private slots:
  // The lines that a name stands for, comments and decorators directly above included.
  void reads_one_symbol_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("symbol");
    QTest::addColumn<int>("first");
    QTest::addColumn<int>("last");
    const auto row = [](const char* file, const char* symbol, int first, int last) {
      QTest::addRow("%s %s", file, symbol) << file << QString::fromUtf8(symbol) << first << last;
    };
    row("crane.cpp", "too_heavy", 10, 12);
    row("crane.cpp", "Crane::operator==", 32, 34);
    row("crane.cpp", "~Crane", 16, 16);
    row("crane.cpp", "main", 46, 50);
    row("crane.h", "Crane.limit", 31, 31);
    row("crane.h", "port::cranes::Crane::limit()", 31, 31);
    row("crane.h", "cranes.Listener", 14, 18);
    row("crane.h", "Place", 36, 39);
    row("crane.h", "column", 38, 38);
    row("crane.h", "heaviest", 48, 54);
    row("crane.h", "operator bool", 33, 33);
    row("crane.h", "HEAVIEST", 48, 54);
    row("harbor.c", "harbor_t", 13, 16);
    row("harbor.c", "berth_filter", 18, 18);
    row("harbor.c", "deepest", 40, 50);
    row("tide.py", "Tide", 16, 39);
    row("tide.py", "passable", 23, 27);
    row("tide.py", "Tide.parse", 29, 36);
    row("tide.py", "Tide.parse.number", 33, 34);
    row("tide.py", "HIGH", 8, 8);
    row("tide.py", "fetch()", 42, 45);
    row("ferry.js", "Ferry", 10, 34);
    row("ferry.js", "Ferry.free", 25, 27);
    row("ferry.js", "handlers.unload", 53, 53);
    row("ferry.js", "horn", 58, 60);
    row("ferry.js", "handlers", 50, 56);
    row("pilot.ts", "HarborPilot.guide", 43, 46);
    row("pilot.ts", "HarborPilot", 36, 53);
    row("pilot.ts", "Radio.call", 27, 27);
    row("board.tsx", "Row", 8, 9);
    row("buoy.rs", "Light", 11, 17);
    row("buoy.rs", "Buoy::new", 41, 48);
    row("buoy.rs", "buoy", 59, 63);
    row("buoy.rs", "tests.blinks", 70, 73);
    row("lock.go", "Gate.Lift", 51, 56);
    row("lock.go", "Swap", 58, 60);
    row("lock.go", "Keeper", 35, 40);
    row("lock.go", "High", 14, 14);
    row("Quay.java", "iterator", 22, 28);
    row("Quay.java", "Berth.metres", 62, 62);
    row("dredge.sh", "say", 10, 15);
    row("dredge.sh", "LOG_FILE", 6, 6);
    row("port.json", "cranes.limits.wind", 12, 15);
    row("port.json", "units.speed", 14, 14);
    row("port.json", "contact.mail.office", 21, 21);
    row("arrivals.html", "#ships", 16, 24);
    row("arrivals.html", "Arrivals today", 13, 13);
    row("arrivals.html", "board.js", 9, 9);
    row("port.css", ":root", 4, 8);
    row("port.css", "h2", 10, 13);
    row("port.css", "tide", 27, 31);
    row("port.css", "#board .row::before", 15, 17);
    row("handbook.md", "Opening", 7, 21);
    row("handbook.md", "## Opening", 7, 21);
    row("handbook.md", "In summer", 16, 21);
    row("handbook.md", "Opening.In winter", 12, 14);
    row("handbook.md", "Harbor handbook", 3, 29);
    row("handbook.md", "tides and ships", 31, 45);
  }
  void reads_one_symbol() {
    QFETCH(QString, file);
    QFETCH(QString, symbol);
    QFETCH(int, first);
    QFETCH(int, last);
    const QByteArray source = sample(qPrintable(file));
    folder_.write(file.toStdString(), source);
    const Outcome outcome = read(file.toStdString(), symbol.toStdString());
    COMPARE_TEXT(outcome.text, lines_of(source, first, last).c_str());
    QVERIFY(!outcome.failed);
    QCOMPARE(outcome.details["first_line"].get<int>(), first);
    QCOMPARE(outcome.details["last_line"].get<int>(), last);
  }

  void reads_all_of_a_name() {
    const QByteArray source = sample("crane.cpp");
    folder_.write("crane.cpp", source);
    const Outcome outcome = read("crane.cpp", "lift");
    COMPARE_TEXT(outcome.text, ("[1 of 2: port::cranes.Crane::lift]\n" + lines_of(source, 18, 20) +
                                "\n[2 of 2: port::cranes.Crane::lift]\n" + lines_of(source, 22, 30))
                                   .c_str());
    folder_.write("buoy.rs", sample("buoy.rs"));
    QCOMPARE(read("buoy.rs", "Buoy").details["symbols"].get<int>(), 3);
  }

  void lists_those_of_a_name_that_are_too_long() {
    QByteArray source;
    for (int i = 0; i < 3; ++i)
      source += "class C" + QByteArray::number(i) + ":\n    def draw(self, x):\n" +
                QByteArray("        print('a long line of the body')\n").repeated(30);
    folder_.write("long.py", source);
    ToolContext context = context_of({folder_.path()});
    context.result_limit_bytes = 2000;
    COMPARE_TEXT(call(tool_, {{"path", "long.py"}, {"symbol", "draw"}}, context).text,
                 "[3 symbols have this name; read one with read_file, from its first line:]\n"
                 "2-32 C0.draw: def draw(self, x)\n34-64 C1.draw: def draw(self, x)\n66-96 C2.draw: def draw(self, x)");
    COMPARE_TEXT(call(tool_, {{"path", "long.py"}, {"symbol", "C1.draw"}}, context).text,
                 lines_of(source, 34, 64).c_str());
  }

  void cuts_a_long_symbol() {
    const QByteArray source = "void f() {\n" + QByteArray("  call();\n").repeated(500) + "}\n";
    folder_.write("long.c", source);
    ToolContext context = context_of({folder_.path()});
    context.result_limit_bytes = 1000;
    const Outcome outcome = call(tool_, {{"path", "long.c"}, {"symbol", "f"}}, context);
    QVERIFY(outcome.text.size() <= context.result_limit_bytes);
    const std::size_t next = outcome.text.rfind("first_line=");
    QVERIFY(next != std::string::npos);
    const int first_left = std::stoi(outcome.text.substr(next + 11));
    COMPARE_TEXT(outcome.text, (lines_of(source, 1, first_left - 1) + "\n[lines 1-" + std::to_string(first_left - 1) +
                                " of 1-502; read on with read_file and first_line=" + std::to_string(first_left) + "]")
                                   .c_str());
    folder_.write("wide.js", "function f() { return '" + QByteArray(5000, 'x') + "'; }\n");
    const std::string wide = call(tool_, {{"path", "wide.js"}, {"symbol", "f"}}, context).text;
    QVERIFY2(wide.ends_with("x\n[line 1 of 1 is cut after 840 of 5030 bytes]"), wide.c_str());
  }

  void takes_only_what_is_directly_above() {
    folder_.write("apart.c",
                  "/* apart */\n\nint a; // of a\nint b(void);\n\n// one\n// two\n\n// three\nint c(void);\n");
    COMPARE_TEXT(read("apart.c", "a").text, "3: int a; // of a");
    COMPARE_TEXT(read("apart.c", "b").text, "4: int b(void);");
    folder_.write("value.py", "# Of a.\na = 1\n");
    COMPARE_TEXT(read("value.py", "a").text, "1: # Of a.\n2: a = 1");
    COMPARE_TEXT(read("apart.c", "c").text, "9: // three\n10: int c(void);");
  }

  void reads_from_broken_sources() {
    folder_.write("broken.py", "class A(:\n    pass\n\n# Says it.\ndef b(x):\n    return x\n\ndef c(\n");
    COMPARE_TEXT(read("broken.py", "b").text, "4: # Says it.\n5: def b(x):\n6:     return x");
  }

  void names_near_ones() {
    folder_.write("crane.h", sample("crane.h"));
    folder_.write("handbook.md", sample("handbook.md"));
    COMPARE_TEXT(read("crane.h", "heviest").text,
                 "error: crane.h has no symbol heviest; near it: port::cranes.heaviest");
    COMPARE_TEXT(read("crane.h", "Crane.lifts").text,
                 "error: crane.h has no symbol Crane.lifts; near it: port::cranes.Crane.lift");
    COMPARE_TEXT(read("handbook.md", "winter").text,
                 "error: handbook.md has no symbol winter; near it: Harbor *handbook*.Opening.In winter");
    COMPARE_TEXT(read("crane.h", "something else").text,
                 "error: crane.h has no symbol something else; code_outline lists those that it has");
  }

  void refuses_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("symbol");
    QTest::addColumn<QString>("expected");
    QTest::newRow("missing") << "none.py"
                             << "a"
                             << "error: no such file: none.py";
    QTest::newRow("folder") << "sub"
                            << "a"
                            << "error: sub is a folder";
    QTest::newRow("outside") << "/etc/passwd"
                             << "root"
                             << "error: not allowed: /etc/passwd";
    QTest::newRow("no name") << "a.py"
                             << " "
                             << "error: symbol is empty";
    QTest::newRow("binary") << "data.py"
                            << "a"
                            << "error: data.py is not a text file (PNG picture, 16 bytes)";
  }
  void refuses() {
    QFETCH(QString, path);
    QFETCH(QString, symbol);
    QFETCH(QString, expected);
    folder_.make_folder("sub");
    folder_.write("a.py", "a = 1\n");
    folder_.write("data.py", QByteArray("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16));
    const Outcome outcome = read(path.toStdString(), symbol.toStdString());
    QVERIFY(outcome.failed);
    QCOMPARE(QString::fromStdString(outcome.text), expected);
  }

  void asks_for_a_path_outside() {
    Folder outside;
    outside.write("real.py", "secret = 1\n");
    ToolContext context = context_of({folder_.path()});
    const Json arguments = {{"path", outside.path("real.py")}, {"symbol", "secret"}};
    QVERIFY(call(tool_, arguments, context).failed);
    context.outside_allowed = true;
    COMPARE_TEXT(call(tool_, arguments, context).text, "1: secret = 1");
  }
};

QTEST_APPLESS_MAIN(ReadSymbolTest)
#include "read_symbol_test.moc"
