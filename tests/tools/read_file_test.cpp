#include <sys/stat.h>
#include <unistd.h>

#include <QStringEncoder>
#include <QtTest>

#include "tests/tools/tool_fixture.h"

using namespace facet::tools::test;

namespace {

QByteArray numbered_lines(int count) {
  QByteArray text;
  for (int i = 1; i <= count; ++i)
    text += "line " + QByteArray::number(i) + "\n";
  return text;
}

// A text that needs every form of the encodings: one to four bytes of UTF-8, a pair of surrogates in UTF-16.
const QString kText = QString::fromUtf8("naïve — 10 €\nÄpfel und Öl\n𝄞 clef, 漢字\n");
const char kTextLines[] = "naïve — 10 €\nÄpfel und Öl\n𝄞 clef, 漢字";

}  // namespace

class ReadFileTest : public QObject {
  Q_OBJECT

 private:
  Folder folder_;
  const Tool tool_ = facet::tools::read_file_tool();

  Outcome read(const Json& arguments) const { return call(tool_, arguments, context_of({folder_.path()})); }

 private slots:
  void declares_itself_as_the_practice_model_knows_it() {
    QCOMPARE(QString::fromStdString(tool_.name), QStringLiteral("read_file"));
    QCOMPARE(QString::fromStdString(tool_.description), QStringLiteral("Read a text file, whole or a range of lines."));
    const Json expected = Json::parse(R"({"type": "object", "properties": {
        "path": {"type": "string", "description": "Path of the file."},
        "first_line": {"type": "integer", "description": "First line to return, counted from 1.", "minimum": 1},
        "line_count": {"type": "integer", "description": "How many lines to return.", "minimum": 1}},
        "required": ["path"]})");
    QCOMPARE(QString::fromStdString(tool_.parameters.dump()), QString::fromStdString(expected.dump()));
  }

  void returns_the_text() {
    folder_.write("notes/plan.md", "# Plan\n\nharbor: 12\n");
    const Outcome outcome = read({{"path", "notes/plan.md"}});
    COMPARE_TEXT(outcome.text, "# Plan\n\nharbor: 12");
    QVERIFY(!outcome.failed);
    QVERIFY(outcome.planned->inside_folders);
    COMPARE_TEXT(outcome.planned->text, ("Read " + folder_.path("notes/plan.md")).c_str());
    QCOMPARE(outcome.planned->paths, std::vector<std::string>{folder_.path("notes/plan.md")});
    const Json expected = {{"path", folder_.path("notes/plan.md")},
                           {"first_line", 1},
                           {"last_line", 3},
                           {"lines", 3},
                           {"bytes", 19},
                           {"encoding", "UTF-8"},
                           {"cut", false}};
    COMPARE_TEXT(outcome.details.dump(), expected.dump().c_str());
  }

  void returns_a_range_data() {
    QTest::addColumn<int>("first");
    QTest::addColumn<int>("count");
    QTest::addColumn<QString>("expected");
    QTest::newRow("first line") << 1 << 1 << "line 1";
    QTest::newRow("middle") << 4 << 2 << "line 4\nline 5";
    QTest::newRow("to the end") << 9 << 0 << "line 9\nline 10";
    QTest::newRow("more than there are") << 10 << 50 << "line 10";
    QTest::newRow("only a count") << 0 << 2 << "line 1\nline 2";
    QTest::newRow("behind the end") << 11 << 1 << "error: ten.txt has only 10 lines";
  }
  void returns_a_range() {
    QFETCH(int, first);
    QFETCH(int, count);
    QFETCH(QString, expected);
    folder_.write("ten.txt", numbered_lines(10));
    Json arguments = {{"path", "ten.txt"}};
    if (first > 0) arguments["first_line"] = first;
    if (count > 0) arguments["line_count"] = count;
    QCOMPARE(QString::fromStdString(read(arguments).text), expected);
  }

  void survives_the_largest_numbers() {
    folder_.write("ten.txt", numbered_lines(10));
    const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
    COMPARE_TEXT(read({{"path", "ten.txt"}, {"first_line", 2}, {"line_count", largest}}).text.substr(0, 6), "line 2");
    COMPARE_TEXT(read({{"path", "ten.txt"}, {"first_line", largest}, {"line_count", largest}}).text,
                 "error: ten.txt has only 10 lines");
  }

  void cuts_after_the_most_lines() {
    folder_.write("long.txt", numbered_lines(2500));
    ToolContext context = context_of({folder_.path()});
    context.result_limit_bytes = 1 << 20;
    const Outcome outcome = call(tool_, {{"path", "long.txt"}}, context);
    const QString text = QString::fromStdString(outcome.text);
    QCOMPARE(text.count('\n'), 2000);
    QVERIFY(text.endsWith("line 2000\n[lines 1-2000 of 2500; read on with first_line=2001]"));
  }

  // Reading on as the notes say must return every line once.
  void reading_on_returns_everything() {
    const QByteArray whole = numbered_lines(3000);
    folder_.write("long.txt", whole);
    ToolContext context = context_of({folder_.path()});
    context.result_limit_bytes = 4096;
    QByteArray collected;
    std::int64_t first = 1;
    for (int calls = 0; first > 0 && calls < 100; ++calls) {
      const Outcome outcome = call(tool_, {{"path", "long.txt"}, {"first_line", first}}, context);
      QVERIFY(!outcome.failed);
      QVERIFY(outcome.text.size() <= context.result_limit_bytes);
      const std::size_t note = outcome.text.rfind("\n[lines ");
      collected += QByteArray::fromStdString(outcome.text.substr(0, note)) + "\n";
      const std::size_t next = outcome.text.rfind("first_line=");
      first = next == std::string::npos ? 0 : std::stoll(outcome.text.substr(next + 11));
    }
    QCOMPARE(collected, whole);
  }

  void cuts_one_overlong_line_between_characters() {
    folder_.write("wide.txt", QString(5000, QChar(0x20ac)).toUtf8() + "\nafter\n");
    ToolContext context = context_of({folder_.path()});
    context.result_limit_bytes = 1000;
    const Outcome outcome = call(tool_, {{"path", "wide.txt"}}, context);
    const QString text = QString::fromStdString(outcome.text);
    QVERIFY(text.endsWith("\n[line 1 of 2 is cut after 840 of 15000 bytes; read on with first_line=2]"));
    QCOMPARE(text.left(280), QString(280, QChar(0x20ac)));
    QVERIFY(outcome.text.size() <= context.result_limit_bytes);
    COMPARE_TEXT(call(tool_, {{"path", "wide.txt"}, {"first_line", 2}}, context).text, "after");
  }

  void reads_encodings_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("encoding");
    const auto encoded = [](QStringConverter::Encoding encoding, QStringConverter::Flag flag) {
      return QByteArray(QStringEncoder(encoding, flag).encode(kText));
    };
    const auto mark = QStringConverter::Flag::WriteBom;
    const auto bare = QStringConverter::Flag::Default;
    QTest::newRow("UTF-8") << encoded(QStringConverter::Utf8, bare) << "UTF-8";
    QTest::newRow("UTF-8 with mark") << encoded(QStringConverter::Utf8, mark) << "UTF-8";
    QTest::newRow("UTF-16LE") << encoded(QStringConverter::Utf16LE, mark) << "UTF-16";
    QTest::newRow("UTF-16BE") << encoded(QStringConverter::Utf16BE, mark) << "UTF-16";
    QTest::newRow("UTF-32LE") << encoded(QStringConverter::Utf32LE, mark) << "UTF-32";
    QTest::newRow("UTF-32BE") << encoded(QStringConverter::Utf32BE, mark) << "UTF-32";
    QTest::newRow("CRLF") << encoded(QStringConverter::Utf8, bare).replace("\n", "\r\n") << "UTF-8";
  }
  void reads_encodings() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, encoding);
    folder_.write("text.txt", bytes);
    const Outcome outcome = read({{"path", "text.txt"}});
    COMPARE_TEXT(outcome.text, kTextLines);
    QCOMPARE(QString::fromStdString(outcome.details["encoding"]), encoding);
  }

  void reads_utf16_without_a_mark() {
    const QString text = QStringLiteral("Total: 12 apples\nSecond line\n");
    for (const auto encoding : {QStringConverter::Utf16LE, QStringConverter::Utf16BE}) {
      folder_.write("bare.txt", QByteArray(QStringEncoder(encoding).encode(text)));
      COMPARE_TEXT(read({{"path", "bare.txt"}}).text, "Total: 12 apples\nSecond line");
    }
  }

  void reads_latin1_and_windows_1252() {
    folder_.write("latin.txt", QByteArray("caf\xe9 \xa3"
                                          "10, \xdf\n\x93quoted\x94 \x80"));
    const Outcome outcome = read({{"path", "latin.txt"}});
    COMPARE_TEXT(outcome.text, "café £10, ß\n“quoted” €");
    COMPARE_TEXT(outcome.details["encoding"].get<std::string>(), "Windows-1252");
  }

  // Characters must not be damaged where one block of the reader ends and the next begins.
  void reads_characters_across_blocks() {
    for (int shift = 0; shift < 4; ++shift) {
      const QString text = QString(shift, 'x') + QString::fromUtf8("𝄞").repeated(40'000);
      ToolContext context = context_of({folder_.path()});
      context.result_limit_bytes = 1 << 20;
      folder_.write("utf8.txt", text.toUtf8());
      folder_.write(
          "utf16.txt",
          QByteArray(QStringEncoder(QStringConverter::Utf16BE, QStringConverter::Flag::WriteBom).encode(text)));
      for (const char* name : {"utf8.txt", "utf16.txt"})
        QCOMPARE(QString::fromStdString(call(tool_, {{"path", name}}, context).text), text);
    }
  }

  void tells_binary_files_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("expected");
    QTest::newRow("PNG") << QByteArray("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) << "PNG picture, 16 bytes";
    QTest::newRow("PDF") << QByteArray("%PDF-1.7\n% text only\n") << "PDF document, 21 bytes";
    QTest::newRow("ZIP") << QByteArray("PK\x03\x04\x14\0\0\0", 8) << "ZIP archive or office document, 8 bytes";
    QTest::newRow("zeros") << QByteArray(1500, '\0') << "binary data, 1.5 KB";
    QTest::newRow("controls") << QByteArray("\x01\x02\x03\x04 abc") << "binary data, 8 bytes";
  }
  void tells_binary_files() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, expected);
    folder_.write("data.bin", bytes);
    const Outcome outcome = read({{"path", "data.bin"}});
    QVERIFY(outcome.failed);
    QCOMPARE(QString::fromStdString(outcome.text), "error: data.bin is not a text file (" + expected + ")");
  }

  void takes_text_that_names_a_format_for_text() {
    for (const QByteArray text : {"GGUF is a format", "ID3 tags", "BZh", "\x1b[31mred\x1b[0m"}) {
      folder_.write("word.txt", text);
      COMPARE_TEXT(read({{"path", "word.txt"}}).text, text);
    }
  }

  void tells_an_empty_file() {
    folder_.write("empty.txt", "");
    COMPARE_TEXT(read({{"path", "empty.txt"}}).text, "[the file is empty]");
    folder_.write("blank.txt", "\n");
    COMPARE_TEXT(read({{"path", "blank.txt"}}).text, "");
  }

  void refuses_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("expected");
    QTest::newRow("missing") << "none.txt"
                             << "error: no such file: none.txt";
    QTest::newRow("missing folder") << "none/x.txt"
                                    << "error: no such file: none/x.txt";
    QTest::newRow("folder") << "sub"
                            << "error: sub is a folder";
    QTest::newRow("file as a folder") << "file.txt/"
                                      << "error: no such file: file.txt/";
    QTest::newRow("empty path") << ""
                                << "error: path is empty";
    QTest::newRow("pipe") << "pipe"
                          << "error: pipe is not a text file (pipe)";
    QTest::newRow("missing outside") << "/nowhere/x"
                                     << "error: no such file: /nowhere/x";
    QTest::newRow("line break") << "a\nb"
                                << "error: no such file: a\\u{a}b";
    QTest::newRow("outside") << "/etc/passwd"
                             << "error: not allowed: /etc/passwd";
  }
  void refuses() {
    QFETCH(QString, path);
    QFETCH(QString, expected);
    folder_.make_folder("sub");
    folder_.write("file.txt", "x");
    ::mkfifo(folder_.path("pipe").c_str(), 0600);
    const Outcome outcome = read({{"path", path.toStdString()}});
    QVERIFY(outcome.failed);
    QCOMPARE(QString::fromStdString(outcome.text), expected);
  }

  void refuses_what_the_user_may_not_read() {
    folder_.write("closed.txt", "x");
    ::chmod(folder_.path("closed.txt").c_str(), 0);
    ::chmod(folder_.path().c_str(), 0755);
    // Root may read everything, so the call is made as somebody else.
    constexpr uid_t kNobody = 65534;
    const bool was_root = ::geteuid() == 0;
    if (was_root) QCOMPARE(::seteuid(kNobody), 0);
    const Outcome outcome = read({{"path", "closed.txt"}});
    if (was_root) QCOMPARE(::seteuid(0), 0);
    COMPARE_TEXT(outcome.text, "error: not allowed: closed.txt");
  }

  void asks_for_a_path_outside_and_shows_where_it_leads() {
    Folder outside;
    outside.write("real.txt", "from outside");
    folder_.link(outside.path("real.txt"), "innocent.txt");
    ToolContext context = context_of({folder_.path()});
    const Outcome refused = call(tool_, {{"path", "innocent.txt"}}, context);
    QVERIFY(!refused.planned->inside_folders);
    COMPARE_TEXT(refused.planned->text, ("Read " + outside.path("real.txt")).c_str());
    COMPARE_TEXT(refused.text, "error: not allowed: innocent.txt");
    context.outside_allowed = true;
    COMPARE_TEXT(call(tool_, {{"path", "innocent.txt"}}, context).text, "from outside");
  }

  void shows_characters_that_can_not_be_seen() {
    Folder outside;
    const std::string name = "a\u202etxt.exe\u200b";
    outside.write(name, "x");
    const Outcome outcome = read({{"path", outside.path(name)}});
    COMPARE_TEXT(outcome.planned->text, ("Read " + outside.path("a\\u{202e}txt.exe\\u{200b}")).c_str());
    QCOMPARE(outcome.planned->paths, std::vector<std::string>{outside.path(name)});
  }

  void prefers_the_first_folder() {
    Folder second;
    folder_.write("both.txt", "first");
    second.write("both.txt", "second");
    second.write("only.txt", "second only");
    const ToolContext context = context_of({folder_.path(), second.path()});
    COMPARE_TEXT(call(tool_, {{"path", "both.txt"}}, context).text, "first");
    COMPARE_TEXT(call(tool_, {{"path", "only.txt"}}, context).text, "second only");
    QVERIFY(call(tool_, {{"path", "only.txt"}}, context).planned->inside_folders);
    QVERIFY(call(tool_, {{"path", second.path("both.txt")}}, context).planned->inside_folders);
  }

  void expands_the_home_folder() {
    folder_.write("at-home.txt", "home");
    const QByteArray before = qgetenv("HOME");
    qputenv("HOME", QByteArray::fromStdString(folder_.path()));
    const Outcome outcome = read({{"path", "~/at-home.txt"}});
    qputenv("HOME", before);
    COMPARE_TEXT(outcome.text, "home");
    QVERIFY(outcome.planned->inside_folders);
  }

  void reaches_a_folder_that_was_chosen_through_a_link() {
    Folder real;
    real.write("x.txt", "through the link");
    folder_.link(real.path(), "chosen");
    const ToolContext context = context_of({folder_.path("chosen")});
    for (const std::string& path : {std::string("x.txt"), folder_.path("chosen/x.txt"), real.path("x.txt")}) {
      const Outcome outcome = call(tool_, {{"path", path}}, context);
      COMPARE_TEXT(outcome.text, "through the link");
      QVERIFY(outcome.planned->inside_folders);
    }
  }

  void works_without_a_folder() {
    COMPARE_TEXT(call(tool_, {{"path", "x.txt"}}, context_of({})).text, "error: no such file: x.txt");
    COMPARE_TEXT(call(tool_, {{"path", "x.txt"}}, context_of({"/nowhere"})).text, "error: no such file: x.txt");
  }

  void stops() {
    folder_.write("ten.txt", numbered_lines(10));
    std::stop_source source;
    source.request_stop();
    ToolContext context = context_of({folder_.path()});
    context.stop = source.get_token();
    const Outcome outcome = call(tool_, {{"path", "ten.txt"}}, context);
    QVERIFY(outcome.failed);
    COMPARE_TEXT(outcome.text, "error: stopped by the user");
  }
};

QTEST_APPLESS_MAIN(ReadFileTest)
#include "read_file_test.moc"
