#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QtTest>
#include <cstdio>

#include "tests/tools/hostile_paths.h"
#include "tools/workspace.h"

using namespace facet::tools;
using namespace facet::tools::test;

namespace {

// Runs a check in a process with mounts of its own. 0 when it held, 1 when not, 2 when mounts can not be made here.
int in_own_mount_namespace(const std::function<bool()>& prepare, const std::function<bool()>& check) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool own = ::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    if (!own || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 || !prepare()) ::_exit(2);
    ::_exit(check() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

bool bind_mount(const std::string& from, const std::string& to) {
  return ::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

void replace(const std::string& from, const std::string& to) {
  QVERIFY(std::rename(from.c_str(), to.c_str()) == 0);
}

}  // namespace

class ConfinementTest : public QObject {
  Q_OBJECT

 private slots:
  void nothing_escapes() {
    const HostileTree tree;
    check_nothing_escapes(tree);
  }

  void nothing_outside_changes() {
    const QTemporaryDir data;
    qputenv("XDG_DATA_HOME", data.path().toUtf8());
    check_nothing_outside_changes();
  }

  void the_paths_are_dangerous() {
    const HostileTree tree;
    check_the_paths_are_dangerous(tree);
  }

  void ordinary_paths_still_work_data() {
    QTest::addColumn<QString>("path");
    for (const char* path : {"plain.txt", "./plain.txt", "sub/../plain.txt", "sub//deep/../../plain.txt", "sub/in",
                             "sub/in_twice", "../work/plain.txt", "link_up/work/plain.txt", "absolute_in"})
      QTest::newRow(path) << path;
  }
  void ordinary_paths_still_work() {
    QFETCH(QString, path);
    const HostileTree tree;
    tree.base().link("../plain.txt", "work/sub/in");
    tree.base().link("in", "work/sub/in_twice");
    tree.base().link(tree.base().path("work/plain.txt"), "work/absolute_in");
    for (const std::string& form : {path.toStdString(), tree.base().path("work/" + path.toStdString())}) {
      const Outcome outcome = call(read_file_tool(), {{"path", form}}, context_of(tree.folders()));
      COMPARE_TEXT(outcome.text, "needle harmless");
      QVERIFY(outcome.planned->inside_folders);
      QCOMPARE(outcome.planned->paths.front(), tree.base().path("work/plain.txt"));
    }
  }

  // Without a chosen folder nothing is inside, so everything asks; names are those of the home folder.
  void without_folders_names_are_those_of_the_home_folder() {
    const Folder home;
    home.write("plan.txt", "deadline: May\n");
    qputenv("HOME", QByteArray::fromStdString(home.path()));
    const Tool read = read_file_tool();
    const auto planned = read.plan({{"path", "plan.txt"}}, context_of({}));
    QVERIFY(planned.ok());
    QVERIFY(!planned->inside_folders);
    COMPARE_TEXT(planned->paths.front(), home.path("plan.txt").c_str());
    QVERIFY(read.run({{"path", "plan.txt"}}, *planned, context_of({})).failed);
  }

  void mounts_inside_count_as_outside() {
    const HostileTree tree;
    tree.base().make_folder("work/mounted");
    const auto prepare = [&] {
      return bind_mount(tree.base().path("outside"), tree.base().path("work/mounted")) &&
             bind_mount(tree.base().path("secret.txt"), tree.base().path("work/plain.txt"));
    };
    const auto check = [&] {
      const ToolContext context = context_of(tree.folders());
      for (const Resolver resolver : {Resolver::Automatic, Resolver::Walk})
        for (const char* path : {"mounted", "mounted/inner.txt", "plain.txt", "sub/../mounted/../plain.txt"}) {
          const facet::Result<Located> located = Workspace(tree.folders(), resolver).locate(path);
          if (!located.ok() || located->inside) return false;
        }
      const Outcome search = call(search_files_tool(), {{"query", "needle"}}, context);
      return !search.failed && search.text.find("sub/deep/x.txt") != std::string::npos &&
             search.text.find(kSecret) == std::string::npos;
    };
    const int outcome = in_own_mount_namespace(prepare, check);
    if (outcome == 2) QSKIP("this process may not mount");
    QCOMPARE(outcome, 0);
  }

  // The file is replaced by a link after it was planned: what was shown is not what would be read.
  void a_link_put_in_place_after_planning_is_refused_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("replaced");
    QTest::addColumn<bool>("allowed");
    QTest::newRow("file inside") << "sub/deep/x.txt"
                                 << "work/sub/deep/x.txt" << false;
    QTest::newRow("folder on the way") << "sub/deep/x.txt"
                                       << "work/sub/deep" << false;
    QTest::newRow("file outside") << "../allowed/x.txt"
                                  << "allowed/x.txt" << true;
    QTest::newRow("folder outside") << "../allowed/x.txt"
                                    << "allowed" << true;
  }
  void a_link_put_in_place_after_planning_is_refused() {
    QFETCH(QString, path);
    QFETCH(QString, replaced);
    QFETCH(bool, allowed);
    const HostileTree tree;
    tree.base().write("allowed/x.txt", "needle harmless\n");
    tree.base().write("trap/x.txt", QByteArray("needle ") + kSecret);
    ToolContext context = context_of(tree.folders());
    context.outside_allowed = allowed;
    const Tool tool = read_file_tool();
    const Json arguments = {{"path", path.toStdString()}};
    const auto planned = tool.plan(arguments, context);
    QVERIFY(planned.ok());
    QCOMPARE(planned->inside_folders, !allowed);
    COMPARE_TEXT(tool.run(arguments, *planned, context).content, "needle harmless");

    const bool folder = !replaced.endsWith(".txt");
    tree.base().link(tree.base().path(folder ? "trap" : "trap/x.txt"), "new");
    const std::string target = tree.base().path(replaced.toStdString());
    replace(target, tree.base().path("moved"));
    replace(tree.base().path("new"), target);
    const ToolResult result = tool.run(arguments, *planned, context);
    QVERIFY(result.failed);
    COMPARE_TEXT(
        result.content,
        ("error: " + path.toStdString() + " could not be opened: it was replaced while it was being opened").c_str());
  }

  void a_plan_can_not_be_bent() {
    const HostileTree tree;
    const Tool tool = read_file_tool();
    const Json arguments = {{"path", "plain.txt"}};
    const ToolContext context = context_of(tree.folders());
    const auto run_with = [&](const std::string& path, bool inside) {
      PlannedEffect planned;
      planned.paths = {path};
      planned.inside_folders = inside;
      return tool.run(arguments, planned, context);
    };
    for (const char* path : {"secret.txt", "work/link_file", "work/../secret.txt", "work/link_folder/inner.txt"})
      for (const bool inside : {true, false})
        QVERIFY(run_with(tree.base().path(path), inside).failed);
    QVERIFY(tool.run(arguments, PlannedEffect{}, context).failed);
  }

  void special_files_are_refused_without_waiting() {
    const HostileTree tree;
    ToolContext context = context_of(tree.folders());
    context.outside_allowed = true;
    const Tool tool = read_file_tool();
    COMPARE_TEXT(call(tool, {{"path", "pipe"}}, context).text, "error: pipe is not a text file (pipe)");
    COMPARE_TEXT(call(tool, {{"path", "socket"}}, context).text, "error: socket is not a text file (socket)");
    COMPARE_TEXT(call(tool, {{"path", "/dev/zero"}}, context).text, "error: /dev/zero is not a text file (device)");

    // A pipe put in place of a planned file is not waited for either.
    const auto planned = tool.plan({{"path", "plain.txt"}}, context);
    QVERIFY(planned.ok());
    replace(tree.base().path("work/pipe"), tree.base().path("work/plain.txt"));
    COMPARE_TEXT(tool.run({{"path", "plain.txt"}}, *planned, context).content, "error: not allowed: plain.txt");
  }

  // The walk by components must agree with the kernel on every path.
  void both_resolvers_agree() {
    const HostileTree tree;
    const Workspace kernel(tree.folders(), Resolver::Automatic);
    const Workspace walk(tree.folders(), Resolver::Walk);
    for (const std::string& path : tree.paths()) {
      const facet::Result<Located> first = kernel.locate(path);
      const facet::Result<Located> second = walk.locate(path);
      const QByteArray where = QByteArray::fromStdString(path.substr(0, 200)).toPercentEncoding();
      // The plain links of /proc (self, thread-self, /dev/fd beneath them) are refused by the walk; the kernel follows
      // them.
      if (first.ok() && first->path.starts_with("/proc/")) continue;
      QVERIFY2(first.ok() == second.ok(), where.constData());
      if (!first.ok()) continue;
      QVERIFY2(first->path == second->path && first->inside == second->inside && first->kind == second->kind,
               where.constData());
    }
  }
};

QTEST_APPLESS_MAIN(ConfinementTest)
#include "confinement_test.moc"
