#include "agent/store/memory_rows.h"

#include <utility>

namespace facet::agent {

namespace {

// Columns: id, text, conversation, created_ms.
Result<std::vector<Memory>> read_rows(Statement rows) {
  std::vector<Memory> memories;
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return memories;
    Memory& memory = memories.emplace_back();
    memory.id = rows.integer();
    memory.text = rows.text();
    memory.conversation = rows.integer();
    memory.created_ms = rows.integer();
  }
}

}  // namespace

Result<std::vector<Memory>> read_memories(Database& database) {
  FACET_ASSIGN_OR_RETURN(
      Statement rows,
      database.query("SELECT id, text, ifnull(conversation_id, 0), created_ms FROM memory ORDER BY id DESC"));
  return read_rows(std::move(rows));
}

Result<std::vector<Memory>> find_memories(Database& database, const std::string& expression) {
  if (expression.empty()) return std::vector<Memory>();
  FACET_ASSIGN_OR_RETURN(
      Statement rows,
      database.query("SELECT memory.id, memory.text, ifnull(conversation_id, 0), created_ms FROM memory_search "
                     "JOIN memory ON memory.id = memory_search.rowid "
                     "WHERE memory_search MATCH ? ORDER BY rank, memory.id DESC",
                     expression));
  return read_rows(std::move(rows));
}

}  // namespace facet::agent
