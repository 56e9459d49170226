#include "agent/store/database.h"

#include <sqlite3.h>

#include "engine/base/check.h"

namespace facet::agent {

namespace {

// How long a write waits for another connection; readers never block a writer, so this is for checkpoints.
constexpr int kBusyTimeoutMs = 5000;

// Defensive: no statement, also none in the schema of a crafted file, can write to the tables behind an index or to the
// schema itself.
void configure(sqlite3* handle) {
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* handle) const {
  sqlite3_finalize(handle);
}

void Statement::bind(std::int64_t value) {
  const int code = sqlite3_bind_int64(handle_.get(), ++bound_, value);
  if (code != SQLITE_OK) bind_failure_ = code;
}

void Statement::bind(std::string_view value) {
  const char* start = value.data() != nullptr ? value.data() : "";
  const int code = sqlite3_bind_text64(handle_.get(), ++bound_, start, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) bind_failure_ = code;
}

Result<bool> Statement::next() {
  FACET_CHECK(bound_ == sqlite3_bind_parameter_count(handle_.get()), "%d bound in %s", bound_,
              sqlite3_sql(handle_.get()));
  if (bind_failure_ != SQLITE_OK) return database_->error(bind_failure_);
  column_ = 0;
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->error(code);
}

Status Statement::run_to_end() {
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, next());
    if (!more) return {};
  }
}

std::int64_t Statement::integer() {
  return sqlite3_column_int64(handle_.get(), column_++);
}

std::string Statement::text() {
  const int column = column_++;
  const auto* start = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return start == nullptr ? std::string() : std::string(start, static_cast<std::size_t>(size));
}

bool Statement::is_null() const {
  return sqlite3_column_type(handle_.get(), column_) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path, Mode mode) {
  std::unique_ptr<Database> database(new Database(path));
  const int flags = mode == Mode::Write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  sqlite3* handle = nullptr;
  // One thread owns a connection, so SQLite needs no mutex of its own.
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  database->handle_.reset(handle);
  if (code != SQLITE_OK) return database->error(code);
  configure(handle);
  return database;
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql, -1, &handle, nullptr);
  if (code != SQLITE_OK) return error(code);
  return Statement(*this, handle);
}

Status Database::execute(const std::string& script) {
  const int code = sqlite3_exec(handle_.get(), script.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Result<std::int64_t> Database::integer(const char* sql) {
  FACET_ASSIGN_OR_RETURN(Statement statement, prepare(sql));
  FACET_ASSIGN_OR_RETURN(const bool found, statement.next());
  return found ? statement.integer() : 0;
}

std::int64_t Database::last_id() const {
  return sqlite3_last_insert_rowid(handle_.get());
}

std::int64_t Database::changed_rows() const {
  return sqlite3_changes64(handle_.get());
}

Status Database::copy_to(const std::filesystem::path& target) {
  FACET_ASSIGN_OR_RETURN(const auto copy, open(target, Mode::Write));
  sqlite3_backup* backup = sqlite3_backup_init(copy->handle_.get(), "main", handle_.get(), "main");
  if (backup == nullptr) return copy->error(sqlite3_extended_errcode(copy->handle_.get()));
  const int step = sqlite3_backup_step(backup, -1);
  const int finish = sqlite3_backup_finish(backup);
  if (step != SQLITE_DONE) return copy->error(finish != SQLITE_OK ? finish : step);
  return {};
}

Error Database::error(int code) const {
  using Code = Error::Code;
  const std::string file = path_.string();
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {Code::Io, "The disk is full, so nothing could be saved in " + file + "; free some space and try again."};
    case SQLITE_READONLY:
      return {Code::Denied, "The database " + file + " can not be written; check the permissions of its folder."};
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {Code::Denied, "The database " + file + " may not be opened; check its permissions."};
    case SQLITE_CANTOPEN:
      return {Code::Io, "The database " + file + " can not be opened; check that its folder exists and is yours."};
    case SQLITE_NOTADB:
      return {Code::CorruptFile, "The file " + file + " is not a database; move it away and start again."};
    case SQLITE_CORRUPT:
      return {Code::CorruptFile,
              "The database " + file + " is damaged; move it away to begin a new one, or put back a copy of it."};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::Io, "Another program is using the database " + file + "; close it and try again."};
    case SQLITE_NOMEM:
      return {Code::OutOfMemory, "There is not enough memory to use the database " + file + "."};
    case SQLITE_IOERR:
      return {Code::Io, "The database " + file + " could not be read or written (" + sqlite3_errstr(code) +
                            "); check the disk and its limits."};
    default: {
      const char* detail = handle_ != nullptr ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
      return {Code::Internal, "The database " + file + " refused a request: " + detail + "."};
    }
  }
}

Result<Transaction> Transaction::begin(Database& database) {
  // Immediate, so that a transaction which reads before it writes can not meet a busy database half-way.
  FACET_RETURN_IF_ERROR(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // Fails when SQLite has rolled back by itself, which is what is wanted.
  if (database_ != nullptr) (void)database_->execute("ROLLBACK");
}

Status Transaction::commit() {
  FACET_RETURN_IF_ERROR(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace facet::agent
