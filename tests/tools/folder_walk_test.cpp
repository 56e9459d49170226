#include "tools/folder_walk.h"

#include <sys/stat.h>
#include <unistd.h>

#include <QtTest>

#include "tests/tools/tool_fixture.h"

using namespace facet::tools;
using namespace facet::tools::test;

namespace {

struct Visited {
  QStringList paths;
  bool cut = false;
  std::size_t unreadable_folders = 0;
};

Visited walk(const Folder& folder, const std::string& from = {}, WalkLimits limits = {}, int stop_after = 1000) {
  const Workspace workspace({folder.path()});
  const facet::Result<Opened> opened = workspace.open(folder.path(from), /*inside=*/true);
  Visited visited;
  FolderWalk walk(workspace, {}, limits);
  walk.run(*opened, [&](const FolderWalk::File& file) {
    visited.paths.append(QString::fromStdString(file.path));
    return visited.paths.size() < stop_after;
  });
  visited.cut = walk.cut();
  visited.unreadable_folders = walk.unreadable_folders();
  return visited;
}

}  // namespace

class FolderWalkTest : public QObject {
  Q_OBJECT

 private slots:
  void visits_files_before_folders() {
    const Folder folder;
    for (const char* name : {"b/2.txt", "b/10.txt", "b/c/x.txt", "a/y.txt", "z.txt", ".hidden/x.txt"})
      folder.write(name, "x");
    const Visited visited = walk(folder);
    QCOMPARE(visited.paths, QStringList({"z.txt", "a/y.txt", "b/2.txt", "b/10.txt", "b/c/x.txt"}));
    QVERIFY(!visited.cut);
    QCOMPARE(walk(folder, "b").paths, QStringList({"2.txt", "10.txt", "c/x.txt"}));
    QCOMPARE(walk(folder, "", {}, 2).paths, QStringList({"z.txt", "a/y.txt"}));
  }

  void ends_at_its_limits() {
    const Folder folder;
    for (const char* name : {"1.txt", "2.txt", "a/3.txt", "a/b/4.txt", "a/b/c/5.txt"})
      folder.write(name, "x");
    const Visited few = walk(folder, "", {.files = 3, .depth = 64});
    QCOMPARE(few.paths, QStringList({"1.txt", "2.txt", "a/3.txt"}));
    QVERIFY(few.cut);
    const Visited shallow = walk(folder, "", {.files = 100, .depth = 1});
    QCOMPARE(shallow.paths, QStringList({"1.txt", "2.txt", "a/3.txt"}));
    QVERIFY(shallow.cut);
    QVERIFY(!walk(folder, "", {.files = 5, .depth = 3}).cut);
  }

  void goes_on_behind_a_folder_that_can_not_be_read() {
    const Folder folder;
    folder.write("closed/x.txt", "x");
    folder.write("open/y.txt", "x");
    ::chmod(folder.path().c_str(), 0755);
    ::chmod(folder.path("closed").c_str(), 0);
    // Root may read everything, so the walk is made as somebody else.
    constexpr uid_t kNobody = 65534;
    const bool was_root = ::geteuid() == 0;
    if (was_root) QCOMPARE(::seteuid(kNobody), 0);
    const Visited visited = walk(folder);
    if (was_root) QCOMPARE(::seteuid(0), 0);
    ::chmod(folder.path("closed").c_str(), 0755);
    QCOMPARE(visited.paths, QStringList({"open/y.txt"}));
    QCOMPARE(visited.unreadable_folders, std::size_t{1});
    QVERIFY(!visited.cut);
  }
};

QTEST_APPLESS_MAIN(FolderWalkTest)
#include "folder_walk_test.moc"
