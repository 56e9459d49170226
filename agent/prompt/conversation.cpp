#include "agent/prompt/conversation.h"

#include <algorithm>

namespace facet::agent {
namespace {

using Mode = PromptOptions::Mode;

const Json kNull;

Error invalid(std::string message) {
  return {Error::Code::InvalidInput, std::move(message)};
}

bool is_filled_list(const Json& value) {
  return value.is_array() && !value.empty();
}

Status read_calls(const Json& message, TemplateMessage& entry) {
  const Json& calls = field(message, "tool_calls");
  if (calls.is_null()) return {};
  if (!calls.is_array()) return invalid("The tool calls of a message are not a list.");
  for (const Json& call : calls) {
    const Json& function = field(call, "function");
    if (!field(function, "name").is_string()) return invalid("A tool call has no function name.");
    const Json& arguments = field(function, "arguments");
    if (!arguments.is_null() && !arguments.is_object())
      return invalid("The arguments of a tool call must be an object; text has to be parsed first.");
    entry.calls.push_back(&function);
  }
  return {};
}

Status read_native_results(const Json& message, TemplateMessage& entry) {
  for (const Json& result : field(message, "tool_responses")) {
    if (!result.is_object()) return invalid("A tool response is not an object.");
    const Json& name = field(result, "name");
    entry.results.push_back({name.is_string() ? name.get<std::string>() : "unknown", &field(result, "response"),
                             /*native=*/true});
  }
  return {};
}

// Finds out which call each tool message answers.
class ResultNames {
 public:
  ResultNames(const Json& message, Mode mode) : calls_(field(message, "tool_calls")), mode_(mode) {
    answered_.resize(calls_.size(), false);
  }

  std::string name_of(const Json& tool_message) {
    const std::string own = field(tool_message, "name").is_string() ? tool_message["name"].get<std::string>() : "";
    return mode_ == Mode::Exact ? official_name(tool_message, own) : repaired_name(tool_message, own);
  }

  std::vector<std::string> unanswered() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (!answered_[i]) names.push_back(call_name(i));
    }
    return names;
  }

 private:
  std::string call_name(std::size_t index) const { return calls_[index]["function"]["name"].get<std::string>(); }

  // The last call with the same id, where two missing ids count as the same.
  std::string official_name(const Json& tool_message, const std::string& own) const {
    std::string name = own.empty() ? "unknown" : own;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (field(calls_[i], "id") == field(tool_message, "tool_call_id")) name = call_name(i);
    }
    return name;
  }

  // The call with that id; without ids the message's own name; without that the first call that has no answer yet.
  std::string repaired_name(const Json& tool_message, const std::string& own) {
    const Json& id = field(tool_message, "tool_call_id");
    std::size_t match = calls_.size();
    for (std::size_t i = calls_.size(); i-- > 0;) {
      const Json& call_id = field(calls_[i], "id");
      const bool same = !id.is_null() && !call_id.is_null() ? call_id == id : own.empty() || call_name(i) == own;
      if (same && !answered_[i]) match = i;
    }
    if (match == calls_.size()) return own.empty() ? "unknown" : own;
    answered_[match] = true;
    return call_name(match);
  }

  const Json& calls_;
  const Mode mode_;
  std::vector<bool> answered_;
};

// Takes the tool messages that follow `at` and gives unanswered calls a null result where somebody speaks after them.
void attach_results(const Json& messages, std::size_t at, Mode mode, TemplateMessage& entry) {
  ResultNames names(messages[at], mode);
  std::size_t next = at + 1;
  for (; next < messages.size() && messages[next]["role"] == "tool"; ++next) {
    std::string name = names.name_of(messages[next]);
    entry.results.push_back({std::move(name), &field(messages[next], "content"), /*native=*/false});
  }
  if (mode == Mode::Exact || (entry.results.empty() && next == messages.size())) return;
  for (std::string& name : names.unanswered())
    entry.results.push_back({std::move(name), &kNull, /*native=*/false});
}

Status check_roles(const Json& messages) {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (!field(messages[i], "role").is_string())
      return invalid("Message " + std::to_string(i + 1) + " of the conversation has no role.");
  }
  return {};
}

}  // namespace

const Json& field(const Json& object, std::string_view name) {
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

Result<TemplateConversation> read_conversation(const Json& messages, Mode mode) {
  FACET_RETURN_IF_ERROR(check_roles(messages));
  TemplateConversation conversation;
  std::size_t first = 0;
  if (!messages.empty() && (messages[0]["role"] == "system" || messages[0]["role"] == "developer")) {
    conversation.system = &messages[0];
    first = 1;
  }
  std::size_t after_user = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i]["role"] == "user") after_user = i + 1;
  }
  for (std::size_t i = first; i < messages.size(); ++i) {
    const Json& message = messages[i];
    const auto role = message["role"].get<std::string>();
    if (role == "tool") continue;
    TemplateMessage entry;
    entry.json = &message;
    entry.assistant = role == "assistant";
    entry.role = entry.assistant ? "model" : role;
    entry.after_last_user = i >= after_user;
    if (entry.assistant) {
      FACET_RETURN_IF_ERROR(read_calls(message, entry));
      if (is_filled_list(field(message, "tool_responses"))) {
        FACET_RETURN_IF_ERROR(read_native_results(message, entry));
      } else if (!entry.calls.empty()) {
        attach_results(messages, i, mode, entry);
      }
    }
    conversation.messages.push_back(std::move(entry));
  }
  return conversation;
}

}  // namespace facet::agent
