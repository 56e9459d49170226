#include <algorithm>

#include "agent/store/reader.h"
#include "agent/transcript.h"
#include "agent/utf8.h"
#include "tools/all_tools.h"
#include "tools/planned_path.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::Message;
using agent::PlannedEffect;
using agent::StoreReader;
using agent::ToolContext;
using agent::ToolResult;

constexpr std::size_t kNoteBytes = 120;  // kept free for the last line
constexpr std::size_t kHeadBytes = 100;

const char kDescription[] =
    "Read again what was left out of this conversation: the whole result of a call, or a message. Without either it "
    "lists the messages.";

Json parameters() {
  const auto number = [](const char* what, int least) {
    return Json{{"type", "integer"}, {"description", what}, {"minimum", least}};
  };
  return {{"type", "object"},
          {"properties",
           {{"call", number("Number of the call.", 1)},
            {"message", number("Number of the message.", 1)},
            {"from", number("Byte to begin with.", 0)}}}};
}

std::string role_of(const Message& message) {
  return message.role == agent::Role::User ? "user" : "assistant";
}

std::string text_of(const Message& message) {
  std::string text;
  for (const agent::Part& part : message.parts) {
    if (const auto* words = std::get_if<agent::TextPart>(&part.content)) text += words->text + "\n";
    if (const auto* file = std::get_if<agent::AttachmentPart>(&part.content)) text += "[file " + file->path + "]\n";
    if (const auto* call = std::get_if<agent::CallPart>(&part.content))
      text +=
          "[call " + std::to_string(call->call.id) + ": " + call->call.tool + " " + call->call.arguments_json + "]\n";
  }
  return text;
}

// One line for each message, the newest where not all find room.
ToolResult list(const std::vector<Message>& messages, const ToolContext& context) {
  std::vector<std::string> lines;
  std::size_t bytes = 0;
  for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
    std::string line = std::to_string(message->id) + " " + role_of(*message) + ": " +
                       agent::in_one_line(text_of(*message), kHeadBytes) + "\n";
    bytes += line.size();
    if (bytes + kNoteBytes > context.result_limit_bytes) break;
    lines.push_back(std::move(line));
  }
  ToolResult result;
  if (lines.size() < messages.size())
    result.content = "[" + std::to_string(messages.size() - lines.size()) + " earlier messages are not listed]\n";
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    result.content += *line;
  result.details = {{"messages", messages.size()}, {"shown", lines.size()}};
  return result;
}

// From a byte on, as much as finds room; whole characters.
ToolResult part_of(const std::string& text, std::int64_t from, const ToolContext& context) {
  if (from < 0 || static_cast<std::size_t>(from) > text.size())
    return ToolResult::failure("it has " + std::to_string(text.size()) + " bytes, and none from " +
                               std::to_string(from) + " on");
  auto begin = static_cast<std::size_t>(from);
  const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U; };
  while (begin < text.size() && continues(begin))
    ++begin;
  const std::size_t room = context.result_limit_bytes - std::min(kNoteBytes, context.result_limit_bytes / 2);
  const std::string_view shown = agent::utf8_prefix(std::string_view(text).substr(begin), room);
  const std::size_t end = begin + shown.size();
  ToolResult result;
  result.content = shown;
  if (end < text.size())
    result.content += "\n[bytes " + std::to_string(begin) + " to " + std::to_string(end) + " of " +
                      std::to_string(text.size()) + "; go on with \"from\": " + std::to_string(end) + "]";
  if (result.content.empty()) result.content = "[it is empty]";
  result.details = {{"from", begin}, {"bytes", shown.size()}, {"of", text.size()}};
  return result;
}

ToolResult run(const std::filesystem::path& database, const Json& arguments, const ToolContext& context) {
  const auto reader = StoreReader::open(database);
  const auto unreadable = [](const Error& error) {
    return ToolResult::failure("the conversation could not be read: " + error.message);
  };
  if (!reader.ok()) return unreadable(reader.error());
  const std::int64_t from = number_argument(arguments, "from", 0);
  if (const std::int64_t call = number_argument(arguments, "call", 0); call != 0) {
    const auto output = (*reader)->output(context.conversation, call);
    if (!output.ok()) return unreadable(output.error());
    if (!*output) return ToolResult::failure("this conversation has no result of a call " + std::to_string(call));
    return part_of(**output, from, context);
  }
  const auto messages = (*reader)->messages(context.conversation);
  if (!messages.ok()) return unreadable(messages.error());
  const std::int64_t wanted = number_argument(arguments, "message", 0);
  if (wanted == 0) return list(*messages, context);
  const auto message =
      std::find_if(messages->begin(), messages->end(), [&](const Message& known) { return known.id == wanted; });
  if (message == messages->end())
    return ToolResult::failure("this conversation has no message " + std::to_string(wanted));
  return part_of(text_of(*message), from, context);
}

}  // namespace

agent::Tool read_earlier_tool(const std::filesystem::path& database) {
  return {agent::kReadEarlier,
          kDescription,
          parameters(),
          agent::Effect::Read,
          [](const Json& arguments, const ToolContext&) -> Result<PlannedEffect> {
            if (arguments.contains("call") && arguments.contains("message"))
              return Error{Error::Code::InvalidInput, "name a call or a message, not both"};
            PlannedEffect planned;
            planned.text = "Read earlier parts of this conversation";
            return planned;
          },
          [database](const Json& arguments, const PlannedEffect&, const ToolContext& context) {
            return run(database, arguments, context);
          }};
}

}  // namespace facet::tools
