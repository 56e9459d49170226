#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QUrl>
#include <QtTest>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/tools/tool_fixture.h"
#include "tools/text_diff.h"

using namespace facet::tools;
using namespace facet::tools::test;
namespace fs = std::filesystem;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return file ? text.str() : "(not there)";
}

// Nothing half done may be left behind.
std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(path))
    names.push_back(fs::relative(entry.path(), path).string());
  std::sort(names.begin(), names.end());
  return names;
}

using Names = std::vector<std::string>;

// What a diff takes away and what it puts there, without where and what is around it.
std::string changes_in(const std::string& text) {
  std::istringstream lines(text.substr(std::min(text.size(), text.find("\n@@ "))));
  std::string changes;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with('+') || line.starts_with('-')) changes += line + "\n";
  return changes;
}

}  // namespace

// The tools that change files.
class ChangingToolsTest : public QObject {
  Q_OBJECT

 private slots:
  void init() {
    data_ = std::make_unique<QTemporaryDir>();
    qputenv("XDG_DATA_HOME", data_->path().toUtf8());
  }

  void a_new_file_is_written() {
    const Folder folder;
    const ToolContext context = context_of({folder.path()});
    const Outcome outcome = call(write_file_tool(), {{"path", "a/b/new.txt"}, {"content", "one\ntwo\n"}}, context);
    COMPARE_TEXT(outcome.text, "created a/b/new.txt");
    QCOMPARE(content_of(folder.path("a/b/new.txt")), std::string("one\ntwo\n"));
    QVERIFY(outcome.planned->effect == facet::agent::Effect::Write);
    QVERIFY(outcome.planned->inside_folders);
    QCOMPARE(outcome.planned->paths, Names{folder.path("a/b/new.txt")});
    QVERIFY(outcome.planned->text.starts_with("Create " + folder.path("a/b/new.txt") + "\n@@ "));
    COMPARE_TEXT(changes_in(outcome.planned->text), "+one\n+two\n");
    QCOMPARE(names_in(folder.path()), (Names{"a", "a/b", "a/b/new.txt"}));
    // As any other program of the user would make it.
    const mode_t mask = ::umask(0);
    ::umask(mask);
    struct stat status = {};
    QCOMPARE(::stat(folder.path("a/b/new.txt").c_str(), &status), 0);
    QCOMPARE(status.st_mode & 0777U, 0666U & ~mask);
  }

  void a_file_is_replaced_and_keeps_its_mode() {
    const Folder folder;
    folder.write("x.sh", "old\n");
    ::chmod(folder.path("x.sh").c_str(), 0751);
    const Outcome outcome =
        call(write_file_tool(), {{"path", "x.sh"}, {"content", "new\n"}}, context_of({folder.path()}));
    COMPARE_TEXT(outcome.text, "replaced x.sh");
    COMPARE_TEXT(outcome.planned->text, ("Replace " + folder.path("x.sh") + "\n@@ -1,1 +1,1 @@\n-old\n+new").c_str());
    QCOMPARE(content_of(folder.path("x.sh")), std::string("new\n"));
    struct stat status = {};
    ::stat(folder.path("x.sh").c_str(), &status);
    QCOMPARE(status.st_mode & 0777U, 0751U);
    QCOMPARE(names_in(folder.path()), Names{"x.sh"});
  }

  void planning_changes_nothing() {
    const Folder folder;
    folder.write("x.txt", "old\n");
    const ToolContext context = context_of({folder.path()});
    QVERIFY(write_file_tool().plan({{"path", "x.txt"}, {"content", "new"}}, context).ok());
    QVERIFY(write_file_tool().plan({{"path", "a/b.txt"}, {"content", "new"}}, context).ok());
    QVERIFY(edit_file_tool().plan({{"path", "x.txt"}, {"old_text", "old"}, {"new_text", "n"}}, context).ok());
    QVERIFY(move_file_tool().plan({{"from", "x.txt"}, {"to", "c/y.txt"}}, context).ok());
    QVERIFY(delete_file_tool().plan({{"path", "x.txt"}}, context).ok());
    QCOMPARE(names_in(folder.path()), Names{"x.txt"});
    QCOMPARE(content_of(folder.path("x.txt")), std::string("old\n"));
  }

  void an_edit_replaces_one_piece() {
    const Folder folder;
    folder.write("plan.md", "# Plan\n\nBudget: 10\nDate: May\nPlace: Oslo\nWho: Ann\nEnd\n");
    const Outcome outcome =
        call(edit_file_tool(), {{"path", "plan.md"}, {"old_text", "Budget: 10"}, {"new_text", "Budget: 12\nTax: 2"}},
             context_of({folder.path()}));
    QVERIFY(outcome.text.starts_with("changed plan.md:\n@@ "));
    COMPARE_TEXT(changes_in(outcome.text), "-Budget: 10\n+Budget: 12\n+Tax: 2\n");
    QVERIFY(outcome.planned->text.starts_with("Change " + folder.path("plan.md") + "\n@@ "));
    COMPARE_TEXT(changes_in(outcome.planned->text), "-Budget: 10\n+Budget: 12\n+Tax: 2\n");
    // With some of what is around it.
    QVERIFY(outcome.text.find("\n # Plan\n") != std::string::npos);
    QCOMPARE(content_of(folder.path("plan.md")),
             std::string("# Plan\n\nBudget: 12\nTax: 2\nDate: May\nPlace: Oslo\nWho: Ann\nEnd\n"));
  }

  void an_edit_keeps_the_ends_of_lines() {
    const Folder folder;
    folder.write("dos.txt", "one\r\ntwo\r\nthree\r\n");
    const Outcome outcome =
        call(edit_file_tool(), {{"path", "dos.txt"}, {"old_text", "one\ntwo"}, {"new_text", "1\n2"}},
             context_of({folder.path()}));
    QVERIFY2(!outcome.failed, outcome.text.c_str());
    QCOMPARE(content_of(folder.path("dos.txt")), std::string("1\r\n2\r\nthree\r\n"));
  }

  void every_occurrence_is_replaced_when_asked() {
    const Folder folder;
    folder.write("x.txt", "a b a b a");
    const ToolContext context = context_of({folder.path()});
    COMPARE_TEXT(call(edit_file_tool(), {{"path", "x.txt"}, {"old_text", "a"}, {"new_text", "aa"}}, context).text,
                 "error: old_text occurs 3 times in x.txt; give more of the text around it, or all=true");
    QVERIFY(!call(edit_file_tool(), {{"path", "x.txt"}, {"old_text", "a"}, {"new_text", "aa"}, {"all", true}}, context)
                 .failed);
    QCOMPARE(content_of(folder.path("x.txt")), std::string("aa b aa b aa"));
  }

  void a_file_is_moved() {
    const Folder folder;
    folder.write("x.txt", "x");
    folder.make_folder("there");
    const ToolContext context = context_of({folder.path()});
    COMPARE_TEXT(call(move_file_tool(), {{"from", "x.txt"}, {"to", "there"}}, context).text,
                 "moved x.txt to there/x.txt");
    const Outcome outcome = call(move_file_tool(), {{"from", "there/x.txt"}, {"to", "new/y.txt"}}, context);
    COMPARE_TEXT(outcome.text, "moved there/x.txt to new/y.txt");
    QCOMPARE(outcome.planned->paths, (Names{folder.path("there/x.txt"), folder.path("new/y.txt")}));
    QCOMPARE(names_in(folder.path()), (Names{"new", "new/y.txt", "there"}));
  }

  void a_file_goes_to_the_trash() {
    const Folder folder;
    folder.write("old notes ü.txt", "x");
    const ToolContext context = context_of({folder.path()});
    COMPARE_TEXT(call(delete_file_tool(), {{"path", "old notes ü.txt"}}, context).text,
                 "moved old notes ü.txt to the trash");
    QCOMPARE(names_in(folder.path()), Names{});
    const std::string trash = data_->path().toStdString() + "/Trash/";
    QCOMPARE(content_of(trash + "files/old notes ü.txt"), std::string("x"));
    const std::string note = content_of(trash + "info/old notes ü.txt.trashinfo");
    const std::string place =
        QUrl::toPercentEncoding(QString::fromStdString(folder.path("old notes ü.txt")), "/").toStdString();
    QVERIFY2(note.starts_with("[Trash Info]\nPath=" + place + "\nDeletionDate=2"), note.c_str());

    // Another one of that name does not replace it.
    folder.write("old notes ü.txt", "y");
    QVERIFY(!call(delete_file_tool(), {{"path", "old notes ü.txt"}}, context).failed);
    QCOMPARE(content_of(trash + "files/old notes ü.txt"), std::string("x"));
    QCOMPARE(content_of(trash + "files/old notes ü.txt.2"), std::string("y"));
    QVERIFY(fs::exists(trash + "info/old notes ü.txt.2.trashinfo"));

    folder.write("folder/a/b.txt", "z");
    const Outcome outcome = call(delete_file_tool(), {{"path", "folder"}}, context);
    COMPARE_TEXT(outcome.planned->text,
                 ("Move to the trash the folder " + folder.path("folder") + " with everything in it").c_str());
    QCOMPARE(content_of(trash + "files/folder/a/b.txt"), std::string("z"));
  }

  // The file manager of the user must find it: the same trash as another implementation of the specification uses.
  void other_programs_find_the_trash() {
    const Folder folder;
    folder.write("by_qt.txt", "x");
    QVERIFY(QFile::moveToTrash(QString::fromStdString(folder.path("by_qt.txt"))));
    folder.write("by_tool.txt", "x");
    QVERIFY(!call(delete_file_tool(), {{"path", "by_tool.txt"}}, context_of({folder.path()})).failed);
    const std::string trash = data_->path().toStdString() + "/Trash/";
    QVERIFY(fs::exists(trash + "files/by_qt.txt") && fs::exists(trash + "files/by_tool.txt"));
    const auto path_line = [&](const std::string& name) {
      const std::string note = content_of(trash + "info/" + name + ".trashinfo");
      return note.substr(0, note.find("\nDeletionDate"));
    };
    std::string expected = path_line("by_qt.txt");
    expected.replace(expected.find("by_qt"), 5, "by_tool");
    QCOMPARE(path_line("by_tool.txt"), expected);
  }

  void what_can_not_be_done_is_said_data() {
    QTest::addColumn<QString>("tool");
    QTest::addColumn<QByteArray>("arguments");
    QTest::addColumn<QString>("sentence");
    const auto row = [](const char* name, const char* tool, const char* arguments, const char* sentence) {
      QTest::newRow(name) << tool << QByteArray(arguments) << sentence;
    };
    row("empty path", "write_file", R"({"path":"","content":"x"})", "error: path is empty");
    row("write a folder", "write_file", R"({"path":"sub","content":"x"})", "error: sub is not a file");
    row("write beneath a file", "write_file", R"({"path":"x.txt/y","content":"x"})", "error: x.txt is not a folder");
    row("a name that ends in a slash", "write_file", R"({"path":"new/","content":"x"})", "error: no such folder: new/");
    row("up from nowhere", "write_file", R"({"path":"new/../y.txt","content":"x"})", "error: no such folder: new/..");
    row("replace what is no text", "write_file", R"({"path":"picture.png","content":"x"})",
        "error: picture.png is not a UTF-8 text file");
    row("edit what is no text", "edit_file", R"({"path":"picture.png","old_text":"P","new_text":"x"})",
        "error: picture.png is not a UTF-8 text file");
    row("edit what is not there", "edit_file", R"({"path":"no.txt","old_text":"P","new_text":"x"})",
        "error: no such file: no.txt");
    row("nothing to find", "edit_file", R"({"path":"x.txt","old_text":"","new_text":"x"})", "error: old_text is empty");
    row("not found", "edit_file", R"({"path":"x.txt","old_text":"missing","new_text":"x"})",
        "error: old_text does not occur in x.txt; read the file and take it from there");
    row("no change", "edit_file", R"({"path":"x.txt","old_text":"x","new_text":"x"})",
        "error: new_text is the same as old_text");
    row("move what is not there", "move_file", R"({"from":"no.txt","to":"y.txt"})", "error: no such file: no.txt");
    row("move over a file", "move_file", R"({"from":"x.txt","to":"picture.png"})", "is there already");
    row("move over a file in a folder", "move_file", R"({"from":"x.txt","to":"sub"})", "is there already");
    row("into itself", "move_file", R"({"from":"sub","to":"sub/below"})",
        "error: a folder can not be moved into itself");
    row("move the folder of the conversation", "move_file", R"({"from":".","to":"sub/below"})",
        "error: a folder of the conversation can not be moved");
    row("delete what is not there", "delete_file", R"({"path":"no.txt"})", "error: no such file: no.txt");
    row("delete the folder of the conversation", "delete_file", R"({"path":"."})",
        "error: a folder of the conversation can not be moved to the trash");
  }
  void what_can_not_be_done_is_said() {
    QFETCH(QString, tool);
    QFETCH(QByteArray, arguments);
    QFETCH(QString, sentence);
    const Folder folder;
    folder.write("x.txt", "x");
    folder.write("sub/x.txt", "x");
    folder.write("picture.png", QByteArray("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16));
    const Names before = names_in(folder.path());
    for (const Tool& each : all_tools()) {
      if (each.name != tool.toStdString()) continue;
      const Outcome outcome = call(each, Json::parse(arguments.toStdString()), context_of({folder.path()}));
      QVERIFY(outcome.failed);
      QVERIFY2(QString::fromStdString(outcome.text).contains(sentence), outcome.text.c_str());
    }
    QCOMPARE(names_in(folder.path()), before);
    QCOMPARE(content_of(folder.path("x.txt")), std::string("x"));
  }

  // Between what was shown and what runs lies the time in which a person reads.
  void what_has_changed_since_is_left_alone() {
    const Folder folder;
    const ToolContext context = context_of({folder.path()});
    const auto check = [&](const Tool& tool, const Json& arguments, const std::function<void()>& meanwhile) {
      folder.write("x.txt", "before");
      fs::remove_all(folder.path("y.txt"));
      const auto planned = tool.plan(arguments, context);
      QVERIFY(planned.ok());
      meanwhile();
      const ToolResult result = tool.run(arguments, *planned, context);
      QVERIFY(result.failed);
      QVERIFY2(result.content.find("changed since this was planned") != std::string::npos ||
                   result.content.find("is there already") != std::string::npos,
               result.content.c_str());
    };
    const auto other_content = [&] { folder.write("x.txt", "theirs"); };
    check(write_file_tool(), {{"path", "x.txt"}, {"content", "new"}}, other_content);
    QCOMPARE(content_of(folder.path("x.txt")), std::string("theirs"));
    check(edit_file_tool(), {{"path", "x.txt"}, {"old_text", "before"}, {"new_text", "after"}},
          [&] { folder.write("x.txt", "before and theirs"); });
    QCOMPARE(content_of(folder.path("x.txt")), std::string("before and theirs"));
    check(write_file_tool(), {{"path", "y.txt"}, {"content", "new"}}, [&] { folder.write("y.txt", "theirs"); });
    QCOMPARE(content_of(folder.path("y.txt")), std::string("theirs"));
    const auto another_file = [&] {
      folder.write("other.txt", "theirs");
      fs::rename(folder.path("other.txt"), folder.path("x.txt"));
    };
    check(delete_file_tool(), {{"path", "x.txt"}}, another_file);
    QCOMPARE(content_of(folder.path("x.txt")), std::string("theirs"));
    check(move_file_tool(), {{"from", "x.txt"}, {"to", "y.txt"}}, another_file);
    check(move_file_tool(), {{"from", "x.txt"}, {"to", "y.txt"}}, [&] { folder.write("y.txt", "theirs"); });
    QCOMPARE(content_of(folder.path("y.txt")), std::string("theirs"));
  }

  void a_full_disk_loses_nothing() {
    const Folder folder;
    folder.write("x.txt", "before");
    const std::string content(300'000, 'x');
    const Json arguments = {{"path", "x.txt"}, {"content", content}};
    const ToolContext context = context_of({folder.path()});
    const auto planned = write_file_tool().plan(arguments, context);
    QVERIFY(planned.ok());
    // A limit for files stands for a disk that is full.
    const rlimit before = file_limit(100'000);
    const ToolResult result = write_file_tool().run(arguments, *planned, context);
    set_file_limit(before);
    QVERIFY(result.failed);
    QVERIFY2(result.content.starts_with("error: writing failed: "), result.content.c_str());
    QCOMPARE(content_of(folder.path("x.txt")), std::string("before"));
    QCOMPARE(names_in(folder.path()), Names{"x.txt"});
  }

  void diffs_show_what_can_not_be_seen() {
    COMPARE_TEXT(unified_diff("a\tb\n", "a\tb\xe2\x80\xae\n"), "@@ -1,1 +1,1 @@\n-a\tb\n+a\tb\\u{202e}");
    COMPARE_TEXT(unified_diff("a\n", "a\n"), "(nothing changes)");
    COMPARE_TEXT(unified_diff("a\n", "a"), "(the end of the last line changes)");
    std::string many;
    for (int i = 0; i < 1000; ++i)
      many += std::to_string(i) + "\n";
    QVERIFY(unified_diff("", many).ends_with("\n+398\n(601 more lines)"));
  }

 private:
  static rlimit file_limit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit before = {};
    ::getrlimit(RLIMIT_FSIZE, &before);
    set_file_limit({bytes, before.rlim_max});
    return before;
  }
  static void set_file_limit(const rlimit& limit) { ::setrlimit(RLIMIT_FSIZE, &limit); }

  std::unique_ptr<QTemporaryDir> data_;
};

QTEST_APPLESS_MAIN(ChangingToolsTest)
#include "changing_tools_test.moc"
