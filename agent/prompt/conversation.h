#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/prompt/prompt.h"

// The messages of a conversation as the template goes through them: tool messages are attached to the calls they
// answer, and the first system message is set aside.
namespace facet::agent {

struct CallResult {
  std::string name;
  const Json* value = nullptr;
  // Native results come in the message of the call itself; the others are tool messages, whose value is their content.
  bool native = false;
};

struct TemplateMessage {
  const Json* json = nullptr;
  std::string role;  // as it is written: "model" for the assistant
  bool assistant = false;
  bool after_last_user = false;
  std::vector<const Json*> calls;  // the "function" objects: name and arguments
  std::vector<CallResult> results;
};

struct TemplateConversation {
  const Json* system = nullptr;  // a leading system or developer message
  std::vector<TemplateMessage> messages;
};

Result<TemplateConversation> read_conversation(const Json& messages, PromptOptions::Mode mode);

// A field of an object; null where it is absent.
const Json& field(const Json& object, std::string_view name);

}  // namespace facet::agent
