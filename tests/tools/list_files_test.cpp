#include <unistd.h>

#include <QtTest>

#include "tests/tools/tool_fixture.h"

using namespace facet::tools::test;

class ListFilesTest : public QObject {
  Q_OBJECT

 private:
  const Tool tool_ = facet::tools::list_files_tool();

 private slots:
  void declares_itself_as_the_practice_model_knows_it() {
    QCOMPARE(QString::fromStdString(tool_.name), QStringLiteral("list_files"));
    QCOMPARE(QString::fromStdString(tool_.description), QStringLiteral("List the files in a folder."));
    const Json expected = Json::parse(R"({"type": "object", "properties": {
        "path": {"type": "string", "description": "Folder to list; the working folder when left out."}}})");
    QCOMPARE(QString::fromStdString(tool_.parameters.dump()), QString::fromStdString(expected.dump()));
  }

  void lists_folders_first_in_natural_order() {
    const Folder folder;
    for (const char* name :
         {"plan 10.txt", "Plan 2.txt", "alpha.md", "Zebra.md", "émile.txt", ".hidden", "plan 03.txt"})
      folder.write(name, "x");
    folder.make_folder("notes");
    folder.make_folder("Archive");
    folder.make_folder(".git");
    const Outcome outcome = call(tool_, Json::object(), context_of({folder.path()}));
    COMPARE_TEXT(outcome.text, "Archive/\nnotes/\nalpha.md\nPlan 2.txt\nplan 03.txt\nplan 10.txt\nZebra.md\némile.txt");
    COMPARE_TEXT(outcome.planned->text, ("List " + folder.path()).c_str());
    const Json expected = {{"path", folder.path()}, {"folders", 2}, {"files", 6}, {"hidden", 2}};
    COMPARE_TEXT(outcome.details.dump(), expected.dump().c_str());
  }

  void lists_other_folders_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("expected");
    QTest::newRow("relative") << "notes"
                              << "a.txt";
    QTest::newRow("slash at the end") << "notes/"
                                      << "a.txt";
    QTest::newRow("dot") << "."
                         << "empty/\nnotes/\nprivate/\nfile.txt";
    QTest::newRow("empty path") << ""
                                << "empty/\nnotes/\nprivate/\nfile.txt";
    QTest::newRow("back inside") << "notes/.."
                                 << "empty/\nnotes/\nprivate/\nfile.txt";
    QTest::newRow("empty folder") << "empty"
                                  << "[the folder is empty]";
    QTest::newRow("hidden names only") << "private"
                                       << "[the folder has only hidden names]";
    QTest::newRow("missing") << "none"
                             << "error: no such folder: none";
    QTest::newRow("file") << "file.txt"
                          << "error: no such folder: file.txt";
    QTest::newRow("outside") << "/etc"
                             << "error: not allowed: /etc";
    QTest::newRow("above") << ".."
                           << "error: not allowed: ..";
  }
  void lists_other_folders() {
    QFETCH(QString, path);
    QFETCH(QString, expected);
    const Folder folder;
    folder.write("notes/a.txt", "x");
    folder.write("private/.key", "x");
    folder.write("file.txt", "x");
    folder.make_folder("empty");
    const Outcome outcome = call(tool_, {{"path", path.toStdString()}}, context_of({folder.path()}));
    QCOMPARE(QString::fromStdString(outcome.text), expected);
    QCOMPARE(outcome.failed, expected.startsWith("error: "));
  }

  void marks_links_to_folders_inside_only() {
    const Folder outside;
    outside.make_folder("there");
    const Folder folder;
    folder.make_folder("real");
    folder.write("file.txt", "x");
    folder.link("real", "a-link");
    folder.link("file.txt", "b-link");
    folder.link(outside.path("there"), "c-link");
    folder.link("missing", "d-link");
    const Outcome outcome = call(tool_, Json::object(), context_of({folder.path()}));
    COMPARE_TEXT(outcome.text, "a-link/\nreal/\nb-link\nc-link\nd-link\nfile.txt");
  }

  void cuts_long_lists() {
    const Folder folder;
    for (int i = 0; i < 530; ++i)
      folder.write("file " + std::to_string(i) + ".txt", "x");
    const Outcome outcome = call(tool_, Json::object(), context_of({folder.path()}));
    const QString text = QString::fromStdString(outcome.text);
    QCOMPARE(text.count('\n'), 500);
    QVERIFY(text.startsWith("file 0.txt\nfile 1.txt\nfile 2.txt\n"));
    QVERIFY(
        text.endsWith("file 499.txt\n[500 of 530 names; list one of the folders, or find a name with search_files]"));

    ToolContext context = context_of({folder.path()});
    context.result_limit_bytes = 300;
    const Outcome small = call(tool_, Json::object(), context);
    QVERIFY(small.text.size() <= 300);
    QVERIFY(QString::fromStdString(small.text).contains(" of 530 names; "));
  }

  void writes_odd_names_on_one_line() {
    const Folder folder;
    folder.write("two\nlines.txt", "x");
    folder.write("not \xff utf8.txt", "x");
    COMPARE_TEXT(call(tool_, Json::object(), context_of({folder.path()})).text,
                 "not \xef\xbf\xbd utf8.txt\ntwo\\u{a}lines.txt");
  }

  void stops() {
    const Folder folder;
    folder.write("a.txt", "x");
    std::stop_source source;
    source.request_stop();
    ToolContext context = context_of({folder.path()});
    context.stop = source.get_token();
    COMPARE_TEXT(call(tool_, Json::object(), context).text, "error: stopped by the user");
  }
};

QTEST_APPLESS_MAIN(ListFilesTest)
#include "list_files_test.moc"
