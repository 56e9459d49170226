#include <algorithm>

#include "agent/meeting/export.h"
#include "agent/store/reader.h"
#include "tools/all_tools.h"
#include "tools/planned_path.h"
#include "tools/text.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::PlannedEffect;
using agent::SearchHit;
using agent::ToolContext;
using agent::ToolResult;

constexpr std::int64_t kUsualHits = 10;
constexpr std::int64_t kMostHits = 50;

const char kDescription[] =
    "Search earlier conversations and transcripts of recordings for words. Quotes make a phrase.";

Json parameters() {
  return {
      {"type", "object"},
      {"properties",
       {{"query", {{"type", "string"}, {"description", "Words to look for."}}},
        {"limit",
         {{"type", "integer"}, {"description", "How many places at most."}, {"minimum", 1}, {"maximum", kMostHits}}}}},
      {"required", {"query"}}};
}

// The store marks what was found with isolates, for the window to colour.
std::string without_marks(std::string text) {
  for (const std::string_view mark : {"\xe2\x81\xa8", "\xe2\x81\xa9"})
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at))
      text.erase(at, mark.size());
  return text;
}

std::string line_of(const SearchHit& hit) {
  const std::string snippet = one_line(without_marks(hit.snippet));
  if (hit.transcript)
    return "recording \"" + one_line(hit.transcript->title) + "\", " + day_of(hit.transcript->updated_ms) + ", at " +
           agent::clock_time(hit.at_ms) + ": " + snippet;
  return "conversation \"" + one_line(hit.conversation.title) + "\", " + day_of(hit.conversation.updated_ms) + ": " +
         snippet;
}

ToolResult run(const std::filesystem::path& database, const Json& arguments, const ToolContext& context) {
  const auto reader = agent::StoreReader::open(database);
  if (!reader.ok()) return ToolResult::failure("the conversations could not be read: " + reader.error().message);
  const std::int64_t limit = std::clamp<std::int64_t>(number_argument(arguments, "limit", kUsualHits), 1, kMostHits);
  const auto hits = (*reader)->search(text_argument(arguments, "query"), static_cast<int>(limit));
  if (!hits.ok()) return ToolResult::failure("the conversations could not be read: " + hits.error().message);
  ToolResult result;
  std::size_t shown = 0;
  for (const SearchHit& hit : *hits) {
    const std::string line = line_of(hit);
    if (result.content.size() + line.size() + 1 > context.result_limit_bytes) break;
    result.content += (shown == 0 ? "" : "\n") + line;
    ++shown;
  }
  if (hits->empty()) result.content = "nothing was found";
  result.details = {{"hits", hits->size()}, {"shown", shown}};
  return result;
}

}  // namespace

agent::Tool search_history_tool(const std::filesystem::path& database) {
  return {"search_history",
          kDescription,
          parameters(),
          agent::Effect::Read,
          [](const Json& arguments, const ToolContext&) -> Result<PlannedEffect> {
            const std::string query = text_argument(arguments, "query");
            if (query.find_first_not_of(" \t\n") == std::string::npos)
              return Error{Error::Code::InvalidInput, "query is empty"};
            PlannedEffect planned;
            planned.text = "Search earlier conversations for " + plainly(query);
            return planned;
          },
          [database](const Json& arguments, const PlannedEffect&, const ToolContext& context) {
            return run(database, arguments, context);
          }};
}

}  // namespace facet::tools
