#pragma once

#include <string>
#include <vector>

#include "agent/protocol.h"
#include "agent/store/database.h"
#include "engine/base/result.h"

// Rows of `memory` to the structs of the protocol.
namespace facet::agent {

// Newest first.
Result<std::vector<Memory>> read_memories(Database& database);
// `expression` is one of FTS5; best first. Nothing matches an empty one.
Result<std::vector<Memory>> find_memories(Database& database, const std::string& expression);

}  // namespace facet::agent
