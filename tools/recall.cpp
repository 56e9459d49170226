#include "agent/store/reader.h"
#include "tools/all_tools.h"
#include "tools/planned_path.h"
#include "tools/text.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::Memory;
using agent::PlannedEffect;
using agent::ToolContext;
using agent::ToolResult;

constexpr std::size_t kMostShown = 20;

const char kDescription[] =
    "Look up what was kept with remember: facts about the user and wishes of theirs. Finds entries that have some of "
    "the words, without words the newest ones.";

Json parameters() {
  return {{"type", "object"},
          {"properties", {{"query", {{"type", "string"}, {"description", "Words to look for. Default: none."}}}}}};
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

Result<PlannedEffect> plan(const Json& arguments, const ToolContext&) {
  const std::string query = text_argument(arguments, "query");
  PlannedEffect planned;
  planned.text = is_blank(query) ? "Look up what is remembered" : "Look up what is remembered about " + plainly(query);
  return planned;
}

ToolResult listed(const std::vector<Memory>& found, const ToolContext& context) {
  ToolResult result;
  std::size_t shown = 0;
  for (const Memory& memory : found) {
    const std::string line = day_of(memory.created_ms) + ": " + one_line(memory.text);
    if (shown == kMostShown || result.content.size() + line.size() + 1 > context.result_limit_bytes) break;
    result.content += (shown == 0 ? "" : "\n") + line;
    ++shown;
  }
  if (shown < found.size())
    result.content += "\n[these are " + std::to_string(shown) + " of " + std::to_string(found.size()) +
                      " entries; words find others]";
  result.details = {{"entries", found.size()}, {"shown", shown}};
  return result;
}

ToolResult run(const std::filesystem::path& database, const Json& arguments, const ToolContext& context) {
  const auto failure = [](const Error& error) {
    return ToolResult::failure("what is remembered could not be read: " + error.message);
  };
  const auto reader = agent::StoreReader::open(database);
  if (!reader.ok()) return failure(reader.error());
  const std::string query = text_argument(arguments, "query");
  const auto found = is_blank(query) ? (*reader)->memories() : (*reader)->search_memories(query, agent::WordMatch::Any);
  if (!found.ok()) return failure(found.error());
  if (!found->empty()) return listed(*found, context);
  ToolResult result{is_blank(query) ? "nothing is remembered yet" : "nothing that is remembered has these words",
                    {{"entries", 0}, {"shown", 0}}};
  return result;
}

}  // namespace

agent::Tool recall_tool(const std::filesystem::path& database) {
  return {"recall",
          kDescription,
          parameters(),
          agent::Effect::Read,
          plan,
          [database](const Json& arguments, const PlannedEffect&, const ToolContext& context) {
            return run(database, arguments, context);
          }};
}

}  // namespace facet::tools
