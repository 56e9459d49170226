#pragma once

#include <string>
#include <vector>

#include "agent/protocol.h"
#include "agent/store/database.h"
#include "agent/store/names.h"
#include "engine/base/result.h"

// Rows to the structs of the protocol. A row that no version of Facet has written is damage.
namespace facet::agent {

Error damaged(const Database& database, const std::string& what);

template <typename Enum>
Status read_name(const Database& database, Statement& row, Enum& value) {
  const std::string name = row.text();
  const std::optional<Enum> known = from_name<Enum>(name);
  if (!known) return damaged(database, "nothing is called '" + name + "' there");
  value = *known;
  return {};
}

// All messages of a conversation with their parts, oldest first. Several queries: to be called inside of a transaction.
Result<std::vector<Message>> read_messages(Database& database, ConversationId id);

}  // namespace facet::agent
