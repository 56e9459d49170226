#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <QtTest>
#include <atomic>
#include <thread>

#include "tests/tools/tool_fixture.h"
#include "tools/workspace.h"

using namespace facet::tools;
using namespace facet::tools::test;

namespace {

constexpr int kRounds = 2000;
constexpr char kSecret[] = "XYZZY-1f3a";

// Two names are exchanged over and over while the test reads.
class Swapper {
 public:
  Swapper(std::string first, std::string second)
      : first_(std::move(first)), second_(std::move(second)), thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested())
            exchange();
        }) {}

  // Whether the file system can exchange names at all.
  bool exchange() const {
    return ::syscall(SYS_renameat2, AT_FDCWD, first_.c_str(), AT_FDCWD, second_.c_str(), RENAME_EXCHANGE) == 0;
  }

 private:
  std::string first_;
  std::string second_;
  std::jthread thread_;
};

std::string read_all(const Opened& opened) {
  std::array<char, 256> buffer;
  const ssize_t got = ::read(opened.descriptor.number(), buffer.data(), buffer.size());
  return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

}  // namespace

// A path is exchanged for a link to a secret while it is being read. What is read is the harmless file or nothing.
class RaceTest : public QObject {
  Q_OBJECT

 private slots:
  void nothing_secret_is_read_data() {
    QTest::addColumn<QString>("first");
    QTest::addColumn<QString>("second");
    QTest::addColumn<QString>("path");
    QTest::newRow("the file is exchanged") << "work/file.txt"
                                           << "work/link"
                                           << "file.txt";
    QTest::newRow("its folder is exchanged") << "work/folder"
                                             << "work/folder_link"
                                             << "folder/deep/file.txt";
  }
  void nothing_secret_is_read() {
    QFETCH(QString, first);
    QFETCH(QString, second);
    QFETCH(QString, path);
    const Folder base;
    base.write("secret.txt", kSecret);
    base.write("outside/deep/file.txt", kSecret);
    base.write("work/file.txt", "harmless");
    base.write("work/folder/deep/file.txt", "harmless");
    base.link("../secret.txt", "work/link");
    base.link("../outside", "work/folder_link");

    const ToolContext context = context_of({base.path("work")});
    const Tool read = read_file_tool();
    const Tool search = search_files_tool();
    const Tool list = list_files_tool();
    const Swapper swapper(base.path(first.toStdString()), base.path(second.toStdString()));
    if (!swapper.exchange()) QSKIP("the file system can not exchange names");
    const auto harmless = [](const std::string& text) { return text.find(kSecret) == std::string::npos; };
    for (int round = 0; round < kRounds; ++round) {
      QVERIFY(harmless(call(read, {{"path", path.toStdString()}}, context).text));
      if (round % 20 != 0) continue;
      QVERIFY(harmless(call(search, {{"query", "y"}}, context).text));
      QVERIFY(harmless(call(list, {{"path", "folder"}}, context).text));
    }
  }

  // Files are written, changed, moved and deleted in a folder that is exchanged for a link to another one.
  void nothing_outside_is_changed() {
    const QTemporaryDir data;
    qputenv("XDG_DATA_HOME", data.path().toUtf8());
    const Folder base;
    base.write("outside/deep/file.txt", kSecret);
    base.write("work/folder/deep/file.txt", "harmless");
    base.link("../outside", "work/folder_link");
    const ToolContext context = context_of({base.path("work")});
    const std::vector<std::pair<Tool, Json>> calls = {
        {write_file_tool(), {{"path", "folder/deep/new.txt"}, {"content", "x"}}},
        {read_file_tool(), {{"path", "folder/deep/file.txt"}}},
        {move_file_tool(), {{"from", "folder/deep/new.txt"}, {"to", "folder/deep/moved.txt"}}},
        {list_files_tool(), {{"path", "folder/deep"}}},
        {edit_file_tool(), {{"path", "folder/deep/file.txt"}, {"old_text", "harmless"}, {"new_text", "harmless!"}}},
        {read_file_tool(), {{"path", "folder/deep/moved.txt"}}},
        {delete_file_tool(), {{"path", "folder/deep/moved.txt"}}},
        {list_files_tool(), {{"path", "folder"}}},
        {delete_file_tool(), {{"path", "folder/deep/file.txt"}}},
        {write_file_tool(), {{"path", "folder/deep/file.txt"}, {"content", "harmless"}}},
    };
    const Swapper swapper(base.path("work/folder"), base.path("work/folder_link"));
    if (!swapper.exchange()) QSKIP("the file system can not exchange names");
    const QDir outside(QString::fromStdString(base.path("outside/deep")));
    int changed = 0;
    for (int round = 0; round < 10 * kRounds; ++round) {
      const auto& [tool, arguments] = calls[static_cast<std::size_t>(round) % calls.size()];
      const Outcome outcome = call(tool, arguments, context);
      QVERIFY2(outcome.text.find(kSecret) == std::string::npos, tool.name.c_str());
      if (tool.effect == facet::agent::Effect::Read) continue;
      if (!outcome.failed) ++changed;
      QCOMPARE(outside.entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot), QStringList{"file.txt"});
      QFile file(outside.filePath("file.txt"));
      QVERIFY(file.open(QIODevice::ReadOnly));
      QCOMPARE(file.readAll(), QByteArray(kSecret));
    }
    // Otherwise this would prove nothing.
    QVERIFY(changed > 100);
  }

  void nothing_secret_is_opened_data() {
    QTest::addColumn<int>("resolver");
    QTest::newRow("kernel") << static_cast<int>(Resolver::Automatic);
    QTest::newRow("walk") << static_cast<int>(Resolver::Walk);
  }
  void nothing_secret_is_opened() {
    QFETCH(int, resolver);
    const Folder base;
    base.write("secret.txt", kSecret);
    base.write("work/file.txt", "harmless");
    base.link("../secret.txt", "work/link");
    const Workspace workspace({base.path("work")}, static_cast<Resolver>(resolver));
    const Swapper swapper(base.path("work/file.txt"), base.path("work/link"));
    if (!swapper.exchange()) QSKIP("the file system can not exchange names");
    const std::string planned = base.path("work/file.txt");
    for (int round = 0; round < kRounds; ++round) {
      const facet::Result<Opened> inside = workspace.open(planned, /*inside=*/true);
      if (inside.ok()) QCOMPARE(read_all(*inside), std::string("harmless"));
      // The same path as one that the user has allowed: the link that may be there by now was not shown.
      const facet::Result<Opened> outside = workspace.open(planned, /*inside=*/false);
      if (outside.ok()) QCOMPARE(read_all(*outside), std::string("harmless"));
    }
  }
};

QTEST_APPLESS_MAIN(RaceTest)
#include "race_test.moc"
