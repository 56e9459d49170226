#include "agent/store/migrations.h"

#include <QTemporaryDir>
#include <QtTest>
#include <array>

#include "agent/store/reader.h"
#include "agent/store/store.h"
#include "tests/agent/must.h"

using namespace facet;
using namespace facet::agent;

namespace {

namespace fs = std::filesystem;

constexpr const char* kFirst = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;";
constexpr const char* kSecond = "ALTER TABLE note ADD COLUMN colour TEXT NOT NULL DEFAULT 'white';";
constexpr const char* kFailing = "UPDATE note SET text = 'changed'; INSERT INTO nowhere VALUES (1);";

struct Files {
  QTemporaryDir folder;
  fs::path path = fs::path(folder.path().toStdString()) / "facet.sqlite";
  fs::path backup = path.string() + ".backup-v1";

  std::unique_ptr<Database> open() const { return must(Database::open(path, Database::Mode::Write)); }
  void write_first_version() const {
    const auto database = open();
    const std::array scripts{kFirst};
    must(migrate(*database, scripts));
    must(database->run("INSERT INTO note (text) VALUES ('kept')"));
  }
};

std::string first_text(Database& database, const char* sql) {
  Statement row = must(database.query(sql));
  if (!must(row.next())) return {};
  return row.text();
}

}  // namespace

class MigrationsTest : public QObject {
  Q_OBJECT

 private slots:
  void a_new_file_gets_the_newest_schema_and_no_copy();
  void an_older_file_is_copied_and_updated();
  void a_failing_update_rolls_back();
  void a_half_written_copy_of_an_earlier_try_is_replaced();
  void a_newer_version_is_refused_unchanged();
  void another_program_is_refused();
  void permissions_outlive_their_tables();
};

// Version 4 makes two tables again: rows, and the ids that were used, stay.
void MigrationsTest::permissions_outlive_their_tables() {
  const Files files;
  {
    const auto database = files.open();
    must(migrate(*database, store_migrations().first(3)));
    must(database->execute(
        "INSERT INTO conversation VALUES (1, 'Talk', '', 1, 1);"
        "INSERT INTO message VALUES (1, 1, 'assistant', 'done', 1);"
        "INSERT INTO part VALUES (1, 1, 0, 0, 'call', '', NULL, 1);"
        "INSERT INTO call VALUES (1, 1, 'read_file', '{}', 'succeeded', 'x', '{}', 1, 2);"
        "INSERT INTO approval VALUES (5, 1, 'Why', 'Read /etc/hosts', '/etc', 'allow_always_here', 1, 2);"
        "INSERT INTO \"grant\" VALUES (7, 'read', '/etc', 3), (9, 'write', '/gone', 3);"
        "DELETE FROM \"grant\" WHERE id = 9;"));
  }
  const auto store = must(Store::open(files.path));
  const auto reader = must(StoreReader::open(files.path));
  const std::vector<Grant> grants = must(reader->grants());
  QCOMPARE(grants.size(), std::size_t{1});
  QCOMPARE(grants[0].id, std::int64_t{7});
  QCOMPARE(grants[0].folder, std::string("/etc"));
  QCOMPARE(grants[0].conversation, ConversationId{0});
  const auto call = std::get<CallPart>(must(reader->messages(1))[0].parts[0].content).call;
  QCOMPARE(call.approval->id, ApprovalId{5});
  QVERIFY(call.approval->offers_always && call.approval->decision == Decision::AllowAlwaysHere);
  // An id that was used once is never used again.
  QVERIFY(must(store->add_grant(Effect::Read, "/var")).id > 9);
}

void MigrationsTest::a_new_file_gets_the_newest_schema_and_no_copy() {
  const Files files;
  must(Store::open(files.path));
  const auto database = files.open();
  QCOMPARE(must(database->integer("PRAGMA user_version")), std::int64_t(store_migrations().size()));
  QCOMPARE(must(database->integer("PRAGMA application_id")), std::int64_t{0x46636574});
  QCOMPARE(first_text(*database, "PRAGMA journal_mode"), std::string("wal"));
  QCOMPARE(first_text(*database, "PRAGMA integrity_check"), std::string("ok"));
  for (const auto& entry : fs::directory_iterator(files.path.parent_path()))
    QVERIFY2(entry.path().string().find("backup") == std::string::npos, entry.path().c_str());
}

void MigrationsTest::an_older_file_is_copied_and_updated() {
  const Files files;
  files.write_first_version();
  const auto database = files.open();
  const std::array scripts{kFirst, kSecond};
  must(migrate(*database, scripts));
  QCOMPARE(must(database->integer("PRAGMA user_version")), std::int64_t{2});
  QCOMPARE(first_text(*database, "SELECT text || colour FROM note"), std::string("keptwhite"));

  const auto copy = must(Database::open(files.backup, Database::Mode::Read));
  QCOMPARE(must(copy->integer("PRAGMA user_version")), std::int64_t{1});
  QCOMPARE(first_text(*copy, "SELECT text FROM note"), std::string("kept"));
  QCOMPARE(must(copy->integer("SELECT count(*) FROM pragma_table_info('note')")), std::int64_t{2});
}

void MigrationsTest::a_failing_update_rolls_back() {
  const Files files;
  files.write_first_version();
  const std::array scripts{kFirst, kSecond, kFailing};
  {
    const auto database = files.open();
    QVERIFY(!migrate(*database, scripts).ok());
  }
  const auto database = files.open();
  QCOMPARE(must(database->integer("PRAGMA user_version")), std::int64_t{1});
  QCOMPARE(first_text(*database, "SELECT text FROM note"), std::string("kept"));
  QCOMPARE(must(database->integer("SELECT count(*) FROM pragma_table_info('note')")), std::int64_t{2});
  QVERIFY(fs::exists(files.backup));
}

void MigrationsTest::a_half_written_copy_of_an_earlier_try_is_replaced() {
  const Files files;
  files.write_first_version();
  for (const std::string& name : {files.backup.string(), files.backup.string() + ".part"}) {
    QFile file(QString::fromStdString(name));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("half") == 4);
  }
  const auto database = files.open();
  const std::array scripts{kFirst, kSecond};
  must(migrate(*database, scripts));
  const auto copy = must(Database::open(files.backup, Database::Mode::Read));
  QCOMPARE(first_text(*copy, "SELECT text FROM note"), std::string("kept"));
  QVERIFY(!fs::exists(files.backup.string() + ".part"));
}

void MigrationsTest::a_newer_version_is_refused_unchanged() {
  const Files files;
  must(Store::open(files.path));
  must(files.open()->execute("PRAGMA user_version = 99"));
  const std::string expected = "The database " + files.path.string() +
                               " was written by a newer Facet (format 99, this one knows " +
                               std::to_string(store_migrations().size()) + "); update Facet to open it.";
  QCOMPARE(Store::open(files.path).error().message, expected);
  QCOMPARE(StoreReader::open(files.path).error().message, expected);
  QCOMPARE(must(files.open()->integer("PRAGMA user_version")), std::int64_t{99});
}

void MigrationsTest::another_program_is_refused() {
  const Files files;
  must(files.open()->execute("CREATE TABLE bookmark (id INTEGER PRIMARY KEY)"));
  const std::string expected =
      "The database " + files.path.string() + " belongs to another program; choose another data folder.";
  QCOMPARE(Store::open(files.path).error().message, expected);
  QCOMPARE(StoreReader::open(files.path).error().message, expected);
  QCOMPARE(must(files.open()->integer("SELECT count(*) FROM sqlite_schema")), std::int64_t{1});
}

QTEST_APPLESS_MAIN(MigrationsTest)
#include "migrations_test.moc"
