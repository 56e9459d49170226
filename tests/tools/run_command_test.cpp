#include <QtTest>
#include <filesystem>

#include "tests/tools/tool_fixture.h"
#include "tools/sandbox/sandbox.h"

using namespace facet::tools::test;
using facet::Result;
using facet::agent::Effect;
using facet::tools::sandbox::Sandbox;
using facet::tools::sandbox::Wall;

namespace {

namespace fs = std::filesystem;

}  // namespace

class RunCommandTest : public QObject {
  Q_OBJECT

 private:
  Folder folder_;
  const Sandbox sandbox_{fs::path(FACET_PROGRAM).parent_path() / "facet-sandbox",
                         facet::tools::sandbox::Surroundings{}};
  const Tool tool_ = facet::tools::run_command_tool(sandbox_);

  ToolContext context() const { return context_of({folder_.path()}); }
  Outcome run(const Json& arguments) const { return call(tool_, arguments, context()); }

 private slots:
  void initTestCase() {
    if (sandbox_.wall().wall == Wall::None) QSKIP(sandbox_.wall().missing.c_str());
  }

  void tells_what_a_command_says() {
    folder_.write("notes/plan.md", "harbor: 12\n");
    const Outcome outcome = run({{"command", "cat plan.md; echo failing >&2; exit 3"}, {"folder", "notes"}});
    COMPARE_TEXT(outcome.text, "harbor: 12\nfailing\n[exit status 3]");
    QVERIFY(!outcome.failed);
    const Json expected = {{"ending", "exited"},
                           {"value", 3},
                           {"output_bytes", 19},
                           {"folder", folder_.path("notes")},
                           {"wall", facet::tools::sandbox::name_of(sandbox_.wall().wall)},
                           {"network", false}};
    COMPARE_TEXT(outcome.details.dump(), expected.dump().c_str());
    COMPARE_TEXT(run({{"command", "true"}}).text, "[no output]");
    COMPARE_TEXT(run({{"command", "printf '\\377\\0ok'"}}).text.substr(0, 3), "\xef\xbf\xbd");
  }

  // What a repository that was there has in it can not be changed at all (walls_test).
  void new_repositories_bring_no_programs() {
    const Outcome outcome = run({{"command", R"sh(
      for repository in new/.git bare; do
        mkdir -p $repository/hooks $repository/objects $repository/refs
        echo ref: refs/heads/main > $repository/HEAD
        printf '[core]\n\trepositoryformatversion = 0\n\tbare = false\n[remote "origin"]\n\turl = https://example.com/x\n' > $repository/config
        echo 'echo sample' > $repository/hooks/pre-push.sample
        echo 'touch /tmp/ran' > $repository/hooks/post-checkout; chmod +x $repository/hooks/post-checkout
      done
      printf '[core]\n\tFsMonitor = touch ran\n' > bare/config
      mkdir -p linked && echo 'gitdir: ../bare' > linked/.git
      mkdir -p other/.git/objects && ln -s ../../new other/.git/hooks
      mkdir -p quiet/.git/hooks && printf '[core]\n\tbare = false\n' > quiet/.git/config)sh"}});
    QVERIFY2(!outcome.failed, outcome.text.c_str());
    std::vector<std::string> put_aside = outcome.details["put_aside"];
    std::sort(put_aside.begin(), put_aside.end());
    const std::vector<std::string> expected = {
        folder_.path("bare/config"), folder_.path("bare/hooks/post-checkout"), folder_.path("linked/.git"),
        folder_.path("new/.git/hooks/post-checkout"), folder_.path("other/.git/hooks")};
    QCOMPARE(put_aside, expected);
    for (const std::string& file : expected) {
      QVERIFY(!fs::exists(fs::symlink_status(file)));
      QVERIFY(fs::exists(fs::symlink_status(file + ".put-aside")));
      QVERIFY2(outcome.text.find(file) != std::string::npos, outcome.text.c_str());
    }
    for (const char* file : {"new/.git/config", "new/.git/hooks/pre-push.sample", "quiet/.git/config"})
      QVERIFY(fs::exists(folder_.path(file)));
    // They are known by now, and nobody touches them again.
    QVERIFY(!run({{"command", "true"}}).details.contains("put_aside"));
    for (const char* folder : {"new", "bare", "linked", "other", "quiet"})
      fs::remove_all(folder_.path(folder));
  }

  void shows_what_would_run() {
    const Outcome outcome = run({{"command", "echo one\necho two"}, {"network", true}, {"timeout_seconds", 5}});
    const PlannedEffect& planned = *outcome.planned;
    QVERIFY(planned.effect == Effect::Execute);
    QVERIFY(planned.further == std::vector<Effect>{Effect::Network});
    QCOMPARE(planned.paths, std::vector<std::string>{folder_.path()});
    QVERIFY(planned.inside_folders && planned.unguarded.empty());
    const std::string expected = "Run in " + folder_.path() + "\nHeld by " +
                                 facet::tools::sandbox::name_of(sandbox_.wall().wall) + ": it changes files only in " +
                                 folder_.path() +
                                 "; with the network, services of this computer included\nEnded after 5 s\n/bin/bash -c\n    echo one\n    echo two";
    COMPARE_TEXT(planned.text, expected.c_str());
    COMPARE_TEXT(outcome.text, "one\ntwo");
  }

  void refuses_what_can_not_be_run_data() {
    QTest::addColumn<QByteArray>("arguments");
    QTest::addColumn<QString>("expected");
    const QString unseen =
        "error: the command has characters that can not be shown; write them as escapes, such as "
        "$'\\u200d'";
    QTest::newRow("empty") << QByteArray(R"({"command": ""})") << "error: command is empty";
    QTest::newRow("blank") << QByteArray(R"({"command": " \n"})") << "error: command is empty";
    QTest::newRow("control") << QByteArray(R"({"command": "ls \u0007"})") << unseen;
    QTest::newRow("zero") << QByteArray(R"({"command": "ls \u0000 x"})") << unseen;
    QTest::newRow("direction") << QByteArray(R"({"command": "ls \u202e x"})") << unseen;
    QTest::newRow("no width") << QByteArray(R"({"command": "ls\u200b x"})") << unseen;
    QTest::newRow("outside") << QByteArray(R"({"command": "ls", "folder": "/etc"})")
                             << "error: commands run in the folders of the conversation alone";
    QTest::newRow("parent") << QByteArray(R"({"command": "ls", "folder": ".."})")
                            << "error: commands run in the folders of the conversation alone";
    QTest::newRow("missing") << QByteArray(R"({"command": "ls", "folder": "nowhere"})")
                             << "error: no such folder: nowhere";
    QTest::newRow("a file") << QByteArray(R"({"command": "ls", "folder": "file"})") << "error: no such folder: file";
  }
  void refuses_what_can_not_be_run() {
    QFETCH(QByteArray, arguments);
    QFETCH(QString, expected);
    folder_.write("file", "x");
    const Outcome outcome = run(Json::parse(arguments.toStdString()));
    QCOMPARE(QString::fromStdString(outcome.text), expected);
    QVERIFY(outcome.failed && !outcome.planned);
  }

  void refuses_what_nobody_would_read() {
    const Outcome outcome = run({{"command", "echo " + std::string(20000, 'x')}});
    COMPARE_TEXT(outcome.text, "error: the command is longer than 16384 bytes; put it into a file");
    COMPARE_TEXT(call(tool_, {{"command", "ls"}}, context_of({})).text,
                 "error: no folder has been chosen in which commands may run");
  }

  // What was shown is what runs, or nothing does.
  void a_folder_that_changes_after_it_was_shown_is_refused() {
    folder_.make_folder("shown");
    folder_.make_folder("other");
    const Json arguments = {{"command", "echo x > made"}, {"folder", "shown"}};
    const Result<PlannedEffect> planned = tool_.plan(arguments, context());
    QVERIFY(planned.ok());
    fs::remove(folder_.path("shown"));
    folder_.link("other", "shown");
    const ToolResult result = tool_.run(arguments, *planned, context());
    COMPARE_TEXT(result.content, "error: the folders are not those any more that were shown; try again");
    Json changed = arguments;
    changed["command"] = "echo y > made";
    const Result<PlannedEffect> now = tool_.plan(arguments, context());
    QVERIFY(now.ok() && tool_.run(changed, *now, context()).failed);
    QVERIFY(!fs::exists(folder_.path("other/made")));
  }

  void long_output_keeps_its_ends() {
    ToolContext little = context();
    little.result_limit_bytes = 1000;
    const Outcome outcome = call(tool_, {{"command", "seq 1 100000"}}, little);
    const QString text = QString::fromStdString(outcome.text);
    QVERIFY(outcome.text.size() <= little.result_limit_bytes);
    QVERIFY(text.startsWith("1\n2\n3\n") && text.endsWith("\n99999\n100000"));
    QCOMPARE(text.count(QRegularExpression("\\n\\[\\d+ of 588895 bytes are left out here\\]\\n")), 1);
    QCOMPARE(outcome.details["output_bytes"], Json(588895));
  }

  void progress_is_the_output_so_far() {
    ToolContext watched = context();
    QStringList lines;
    watched.progress = [&](std::string_view line) { lines << QString::fromUtf8(line.data(), qsizetype(line.size())); };
    // Each goes on when the other has been heard of.
    const Outcome outcome = call(tool_, {{"command", "echo one; sleep 0.3; echo two; sleep 0.3; echo three"}}, watched);
    COMPARE_TEXT(outcome.text, "one\ntwo\nthree");
    QVERIFY(!lines.isEmpty());
    QCOMPARE(lines.front(), QString("one\n"));
    QCOMPARE(lines.back(), QString("one\ntwo\nthree\n"));
  }

  void limits_and_stops_are_said() {
    const Outcome slow = run({{"command", "echo begun; sleep 64.5"}, {"timeout_seconds", 1}});
    COMPARE_TEXT(
        slow.text,
        "error: the command did not come to its end\nbegun\n[ended after 1 s; timeout_seconds may be up to 600]");
    QVERIFY(slow.failed);
    ToolContext stopping = context();
    std::stop_source stop;
    stopping.stop = stop.get_token();
    stopping.progress = [&](std::string_view) { stop.request_stop(); };
    const Outcome stopped = call(tool_, {{"command", "echo begun; sleep 64.5"}}, stopping);
    COMPARE_TEXT(stopped.text, "error: the command did not come to its end\nbegun\n[stopped by the user]");
    COMPARE_TEXT(run({{"command", "kill -9 $$"}}).text,
                 "error: the command did not come to its end\n[ended by signal 9, Killed]");
  }
};

QTEST_GUILESS_MAIN(RunCommandTest)
#include "run_command_test.moc"
