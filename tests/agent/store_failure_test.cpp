// What the store says when the machine fails it. Each case runs on the real thing: a real full file system, real
// permissions, real damage.
#include <sys/resource.h>
#include <unistd.h>

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "agent/store/reader.h"
#include "agent/store/store.h"
#include "tests/agent/must.h"

using namespace facet;
using namespace facet::agent;

namespace {

namespace fs = std::filesystem;

struct Folder {
  QTemporaryDir folder;
  fs::path root = folder.path().toStdString();
  fs::path path = root / "facet.sqlite";
};

// Acts as an ordinary user while it exists, since permissions do not bind root.
class WithoutRoot {
 public:
  WithoutRoot() : was_root_(geteuid() == 0) {
    if (was_root_ && seteuid(65534) != 0) qFatal("seteuid");
  }
  ~WithoutRoot() {
    if (was_root_ && seteuid(0) != 0) qFatal("seteuid");
  }

 private:
  bool was_root_;
};

void overwrite(const fs::path& path, qint64 offset, const QByteArray& bytes) {
  QFile file(QString::fromStdString(path.string()));
  if (!file.open(QIODevice::ReadWrite) || !file.seek(offset) || file.write(bytes) != bytes.size()) qFatal("overwrite");
}

void fill_with_messages(Store& store, int count) {
  const Conversation conversation = must(store.create_conversation("t", "m", {}));
  for (int i = 0; i < count; ++i)
    must(store.add_user_message(conversation.id, {TextPart{std::string(2000, static_cast<char>('a' + i % 26))}}));
}

// Child mode: sends messages into `folder` until it is full, then makes room by removing the ballast and sends one
// more. Prints how many were acknowledged, the error, how many are there, and whether the next one went through.
int fill_up(const fs::path& folder) {
  std::signal(SIGXFSZ, SIG_IGN);
  const auto store = must(Store::open(folder / "facet.sqlite"));
  const auto reader = must(StoreReader::open(folder / "facet.sqlite"));
  const Conversation conversation = must(store->create_conversation("t", "m", {}));
  int acknowledged = 0;
  std::string error;
  while (error.empty()) {
    const auto sent = store->add_user_message(conversation.id, {TextPart{std::string(10'000, 'x')}});
    sent.ok() ? void(++acknowledged) : void(error = sent.error().message);
  }
  const std::size_t there = must(reader->messages(conversation.id)).size();
  fs::remove(folder / "ballast");
  rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  getrlimit(RLIMIT_FSIZE, &unlimited);
  unlimited.rlim_cur = unlimited.rlim_max;
  setrlimit(RLIMIT_FSIZE, &unlimited);
  const bool again = store->add_user_message(conversation.id, {TextPart{"after"}}).ok();
  std::printf("%d\n%s\n%zu\n%s\n", acknowledged, error.c_str(), there, again ? "again" : "never again");
  return 0;
}

QStringList run_child(const QString& program, const QStringList& arguments) {
  QProcess child;
  child.start(program, arguments);
  if (!child.waitForFinished(120'000)) return {};
  if (child.exitCode() != 0) return {QString::fromUtf8(child.readAllStandardError())};
  return QString::fromUtf8(child.readAllStandardOutput()).split('\n');
}

}  // namespace

class StoreFailureTest : public QObject {
  Q_OBJECT

 private slots:
  void a_second_writer_is_refused_until_the_first_ends();
  void a_folder_that_cannot_be_made();
  void a_folder_without_permission();
  void others_cannot_read_what_is_new();
  void a_path_that_is_a_folder();
  void not_a_database();
  void a_truncated_database();
  void damage_costs_only_what_lies_there();
  void a_reader_without_a_database();
  void a_full_disk();
  void a_file_size_limit();
};

void StoreFailureTest::a_second_writer_is_refused_until_the_first_ends() {
  const Folder f;
  auto first = must(Store::open(f.path));
  QCOMPARE(Store::open(f.path).error().message, "Facet is already running with the data folder " + f.root.string() +
                                                    "; close it first, or choose another folder with --data.");
  first.reset();
  QVERIFY(Store::open(f.path).ok());
}

void StoreFailureTest::a_folder_that_cannot_be_made() {
  const auto opened = Store::open("/proc/facet/facet.sqlite");
  QVERIFY(!opened.ok());
  QVERIFY2(opened.error().message.starts_with("The data folder /proc/facet can not be made ("),
           opened.error().message.c_str());
}

void StoreFailureTest::a_folder_without_permission() {
  const Folder f;
  must(Store::open(f.path));
  fs::permissions(f.root, fs::perms(0555));
  {
    const WithoutRoot user;
    if (access(f.root.c_str(), R_OK) != 0) QSKIP("The temporary folder can not be reached by an ordinary user.");
    QCOMPARE(Store::open(f.path).error().message, "The data folder " + f.root.string() +
                                                      " can not be written (Permission denied); choose another one "
                                                      "with --data.");
  }
  fs::permissions(f.root, fs::perms::owner_all);
}

void StoreFailureTest::others_cannot_read_what_is_new() {
  const Folder f;
  const fs::path path = f.root / "new" / "facet.sqlite";
  const auto store = must(Store::open(path));
  must(store->create_conversation("t", "m", {}));
  QVERIFY(fs::status(path.parent_path()).permissions() == fs::perms::owner_all);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"})
    QVERIFY2(fs::status(path.string() + suffix).permissions() == (fs::perms::owner_read | fs::perms::owner_write),
             suffix);
}

void StoreFailureTest::a_path_that_is_a_folder() {
  const Folder f;
  fs::create_directory(f.path);
  QCOMPARE(Store::open(f.path).error().message,
           "The database " + f.path.string() + " can not be opened; check that its folder exists and is yours.");
}

void StoreFailureTest::not_a_database() {
  const Folder f;
  overwrite(f.path, 0, QByteArray("This is a text, and not a short one. ").repeated(50));
  const std::string expected = "The file " + f.path.string() + " is not a database; move it away and start again.";
  QCOMPARE(Store::open(f.path).error().message, expected);
  QCOMPARE(StoreReader::open(f.path).error().message, expected);
  QVERIFY(fs::file_size(f.path) > 1000);  // and is left alone
}

void StoreFailureTest::a_truncated_database() {
  const Folder f;
  fill_with_messages(*must(Store::open(f.path)), 100);
  fs::resize_file(f.path, 8192);
  const auto opened = Store::open(f.path);
  QVERIFY(!opened.ok());
  QCOMPARE(opened.error().message, "The database " + f.path.string() +
                                       " is damaged; move it away to begin a new one, or put back a copy of it.");
}

void StoreFailureTest::damage_costs_only_what_lies_there() {
  const Folder f;
  fill_with_messages(*must(Store::open(f.path)), 200);
  fill_with_messages(*must(Store::open(f.path)), 1);
  const auto pages = static_cast<qint64>(fs::file_size(f.path)) / 4096;
  int readable = 0;
  int damaged = 0;
  for (qint64 page = pages / 4; page < pages; page += 7) {
    const Folder copy;
    fs::copy_file(f.path, copy.path);
    overwrite(copy.path, page * 4096, QByteArray(4096, '\x5a'));
    const auto reader = StoreReader::open(copy.path);
    if (!reader.ok()) continue;
    for (const ConversationId id : {1, 2}) {
      const auto messages = (*reader)->messages(id);
      messages.ok() ? ++readable : ++damaged;
      if (!messages.ok()) QVERIFY(messages.error().code == Error::Code::CorruptFile);
    }
  }
  QVERIFY2(readable > damaged, qPrintable(QString("%1 readable, %2 damaged").arg(readable).arg(damaged)));
}

void StoreFailureTest::a_reader_without_a_database() {
  const Folder f;
  QCOMPARE(StoreReader::open(f.path).error().message,
           "There are no conversations yet: " + f.path.string() + " does not exist.");
  QVERIFY(!fs::exists(f.path));
}

void StoreFailureTest::a_full_disk() {
  const QString mount =
      "mount -t tmpfs -o size=600k none \"$1\" && head -c 200000 /dev/zero > \"$1/ballast\" && "
      "exec \"$0\" --fill-up \"$1\"";
  const Folder f;
  const QString folder = QString::fromStdString(f.root.string());
  const QStringList lines = run_child("unshare", {"--user", "--map-root-user", "--mount", "sh", "-c", mount,
                                                  QCoreApplication::applicationFilePath(), folder});
  if (lines.size() < 4) QSKIP("A file system of our own can not be mounted here.");
  QVERIFY(lines[0].toInt() > 0);
  QCOMPARE(lines[1], "The disk is full, so nothing could be saved in " + folder +
                         "/facet.sqlite; free some space and try again.");
  QCOMPARE(lines[2], lines[0]);  // what was acknowledged is there, and nothing else
  QCOMPARE(lines[3], QString("again"));
}

void StoreFailureTest::a_file_size_limit() {
  const Folder f;
  const QString folder = QString::fromStdString(f.root.string());
  // The unit of the shell's limit is 512 bytes.
  const QStringList lines = run_child(
      "sh", {"-c", "ulimit -S -f 1000; exec \"$0\" --fill-up \"$1\"", QCoreApplication::applicationFilePath(), folder});
  QCOMPARE(lines.size(), 5);
  QVERIFY(lines[0].toInt() > 0);
  QCOMPARE(lines[1], "The database " + folder +
                         "/facet.sqlite could not be read or written (disk I/O error); check the disk and its limits.");
  QCOMPARE(lines[2], lines[0]);
  QCOMPARE(lines[3], QString("again"));
}

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--fill-up") == 0) return fill_up(argv[2]);
  QCoreApplication application(argc, argv);
  StoreFailureTest test;
  return QTest::qExec(&test, argc, argv);
}
#include "store_failure_test.moc"
