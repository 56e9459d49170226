#include <array>
#include <ctime>

#include "tools/all_tools.h"

namespace facet::tools {
namespace {

// "Sunday, 2026-11-22 14:03:09 CET (UTC+01:00)", as strftime names days and zones.
std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  ::localtime_r(&now, &parts);
  std::array<char, 128> text = {};
  std::strftime(text.data(), text.size(), "%A, %Y-%m-%d %H:%M:%S %Z (UTC%z)", &parts);
  std::string result = text.data();
  // %z is +0100; people write +01:00.
  if (const std::size_t end = result.rfind(')'); end != std::string::npos && end > 2) result.insert(end - 2, ":");
  return result;
}

}  // namespace

agent::Tool clock_tool() {
  return {"clock",
          "Tell the date, the time, the day of the week and the time zone of this computer.",
          {{"type", "object"}, {"properties", agent::Json::object()}},
          agent::Effect::Read,
          [](const agent::Json&, const agent::ToolContext&) {
            agent::PlannedEffect planned;
            planned.text = "Look at the clock";
            return Result<agent::PlannedEffect>(planned);
          },
          [](const agent::Json&, const agent::PlannedEffect&, const agent::ToolContext&) {
            return agent::ToolResult{local_time(), agent::Json::object(), false};
          }};
}

}  // namespace facet::tools
