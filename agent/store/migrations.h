#pragma once

#include <cstdint>
#include <span>

#include "agent/store/database.h"

// The schema and its history. `schema.md` describes the tables.
namespace facet::agent {

// The scripts that lead from version n to n + 1, in order; their number is the version that this program writes.
std::span<const char* const> store_migrations();

// What version a file has; refuses (with a sentence) files of other programs and of newer versions of Facet.
Result<std::int64_t> schema_version(Database& database, std::span<const char* const> migrations);

// Brings the schema up to date in one transaction. An older file is copied to NAME.backup-vN before.
Status migrate(Database& database, std::span<const char* const> migrations);

}  // namespace facet::agent
