#pragma once

#include <string>

#include "agent/store/database.h"
#include "engine/base/result.h"

// How rows are written, whatever they hold.
namespace facet::agent {

// Synced survives a power cut; Written survives the end of the process.
enum class Durability { Synced, Written };

// Runs `work`, which returns a Status or a Result, in one transaction.
template <typename Work>
auto write(Database& database, Durability durability, Work work) -> decltype(work()) {
  FACET_RETURN_IF_ERROR(
      database.execute(durability == Durability::Synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
  FACET_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database));
  auto outcome = work();
  if (!outcome.ok()) return outcome;
  FACET_RETURN_IF_ERROR(transaction.commit());
  return outcome;
}

// One statement that must find its row.
template <typename... Arguments>
Status change_row(Database& database, const char* what, const char* sql, const Arguments&... arguments) {
  FACET_RETURN_IF_ERROR(database.run(sql, arguments...));
  if (database.changed_rows() > 0) return {};
  return Error{Error::Code::NotFound, std::string("The ") + what + " does not exist any more."};
}

}  // namespace facet::agent
