#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "engine/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

// SQLite behind Result: the only place that calls its C API. Used by the store, its reader and its migrations.
namespace facet::agent {

class Database;

// A prepared statement whose parameters are bound in order and whose columns are read in order.
class Statement {
 public:
  Statement(Database& database, sqlite3_stmt* handle) : database_(&database), handle_(handle) {}

  void bind(std::int64_t value);
  void bind(std::string_view value);
  template <typename Enum>
  requires std::is_enum_v<Enum>
  void bind(Enum value) = delete;  // rows hold names, not numbers

  // Moves to the next row and to its first column. False when there is none.
  Result<bool> next();
  Status run_to_end();

  std::int64_t integer();
  std::string text();
  bool is_null() const;  // the column that would be read next
  void skip(int columns) { column_ += columns; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const;
  };
  Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  int bound_ = 0;
  int column_ = 0;
  int bind_failure_ = 0;
};

class Database {
 public:
  enum class Mode { Write, Read };

  // Write creates the file when it is missing. Neither mode looks at the schema.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& path, Mode mode);

  // Binds the arguments in order. The text of the statement is a literal of ours; values only ever come as arguments.
  template <typename... Arguments>
  Result<Statement> query(const char* sql, const Arguments&... arguments) {
    FACET_ASSIGN_OR_RETURN(Statement statement, prepare(sql));
    (bind(statement, arguments), ...);
    return statement;
  }

  template <typename... Arguments>
  Status run(const char* sql, const Arguments&... arguments) {
    FACET_ASSIGN_OR_RETURN(Statement statement, query(sql, arguments...));
    return statement.run_to_end();
  }

  // Several statements, without parameters.
  Status execute(const std::string& script);
  Result<std::int64_t> integer(const char* sql);

  std::int64_t last_id() const;
  std::int64_t changed_rows() const;
  // Copies everything into a new file at `target`, synced to the disk.
  Status copy_to(const std::filesystem::path& target);
  const std::filesystem::path& path() const { return path_; }

  // What a result code of SQLite means, as a sentence about this file.
  Error error(int code) const;

 private:
  explicit Database(std::filesystem::path path) : path_(std::move(path)) {}
  Result<Statement> prepare(const char* sql);

  template <typename Argument>
  static void bind(Statement& statement, const Argument& argument) {
    if constexpr (std::integral<Argument>) {
      statement.bind(static_cast<std::int64_t>(argument));
    } else {
      statement.bind(std::string_view(argument));
    }
  }

  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::filesystem::path path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// Rolls back unless it was committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace facet::agent
