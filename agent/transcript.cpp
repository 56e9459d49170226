#include "agent/transcript.h"

namespace facet::agent {

namespace {

constexpr const char* kUnfinishedCall = "error: this was stopped before it had a result";

std::string user_content(const std::vector<Part>& parts) {
  std::string files;
  std::string question;
  for (const Part& part : parts) {
    if (const auto* text = std::get_if<TextPart>(&part.content)) question += text->text;
    const auto* file = std::get_if<AttachmentPart>(&part.content);
    if (file == nullptr) continue;
    // A file whose text is not here is reached by the tools, which need its path.
    files += "File: " + (file->text.empty() ? file->path : file->name) + "\n\n";
    if (file->text.empty()) continue;
    files += file->text.substr(0, file->text.find_last_not_of(" \t\r\n") + 1) + "\n\n";
  }
  return files.empty() ? question : files + "Question: " + question;
}

// What one run of the model wrote, gathered from its parts.
struct Run {
  int number = 0;
  std::string thought;
  std::string text;
  std::vector<const Call*> calls;

  bool is_empty() const { return thought.empty() && text.empty() && calls.empty(); }
};

std::vector<Run> runs_of(const std::vector<Part>& parts) {
  std::vector<Run> runs;
  for (const Part& part : parts) {
    if (std::holds_alternative<NoticePart>(part.content)) continue;
    if (runs.empty() || runs.back().number != part.run)
      runs.push_back({.number = part.run, .thought = {}, .text = {}, .calls = {}});
    Run& run = runs.back();
    if (const auto* text = std::get_if<TextPart>(&part.content)) run.text += text->text;
    if (const auto* thought = std::get_if<ThoughtPart>(&part.content)) run.thought += thought->text;
    if (const auto* call = std::get_if<CallPart>(&part.content)) run.calls.push_back(&call->call);
  }
  return runs;
}

std::string call_id(const Call& call) {
  return "call_" + std::to_string(call.id);
}

Json call_json(const Call& call) {
  Json arguments = Json::parse(call.arguments_json, nullptr, /*allow_exceptions=*/false);
  if (!arguments.is_object()) arguments = Json::object();
  return {{"id", call_id(call)}, {"function", {{"name", call.tool}, {"arguments", std::move(arguments)}}}};
}

Json result_json(const Call& call) {
  return {
      {"role", "tool"},
      {"tool_call_id", call_id(call)},
      {"name", call.tool},
      {"content", call.result.empty() && (call.state == CallState::Stopped || !is_final(call.state)) ? kUnfinishedCall
                                                                                                     : call.result}};
}

void append_run(Json& messages, const Run& run, const std::vector<RunOutput>& outputs) {
  Json message = {{"role", "assistant"}, {"content", run.text}};
  if (!run.thought.empty()) message["reasoning"] = run.thought;
  for (const Call* call : run.calls)
    message["tool_calls"].push_back(call_json(*call));
  if (const auto index = static_cast<std::size_t>(run.number); index < outputs.size())
    message["generated"] = {{"tokens", outputs[index].tokens}, {"text", outputs[index].text}};
  messages.push_back(std::move(message));
  for (const Call* call : run.calls)
    messages.push_back(result_json(*call));
}

}  // namespace

void append_message(Json& messages, const Message& message, const std::vector<RunOutput>& outputs) {
  if (message.role == Role::User) {
    messages.push_back({{"role", "user"}, {"content", user_content(message.parts)}});
    return;
  }
  for (const Run& run : runs_of(message.parts))
    if (!run.is_empty()) append_run(messages, run, outputs);
}

Json system_message(const std::string& text) {
  return {{"role", "system"}, {"content", text}};
}

Json tool_declarations(const std::vector<Tool>& tools) {
  Json declarations = Json::array();
  for (const Tool& tool : tools)
    declarations.push_back(
        {{"type", "function"},
         {"function", {{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}}}});
  return declarations;
}

}  // namespace facet::agent
