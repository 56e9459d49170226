#include "agent/prompt/template_renderer.h"

#include "agent/media_json.h"
#include "agent/prompt/declaration.h"
#include "agent/prompt/schema_repair.h"
#include "agent/prompt/text_rules.h"
#include "agent/prompt/values.h"

namespace facet::agent {
namespace {

constexpr std::string_view kTurnEnd = "<turn|>\n";
constexpr std::string_view kModelTurn = "<|turn>model\n";
constexpr std::string_view kThoughtOpen = "<|channel>thought\n";
constexpr std::string_view kThoughtClose = "<channel|>";
constexpr std::string_view kResponseOpen = "<|tool_response>";
constexpr std::string_view kResponseClose = "<tool_response|>";

Error invalid(std::string message) {
  return {Error::Code::InvalidInput, std::move(message)};
}

// The placeholder of a media part; empty for other parts.
std::string_view placeholder(const Json& part) {
  const Json& type = field(part, "type");
  if (type == "image" || type == "image_url") return "<|image|>";
  if (type == "audio" || type == "input_audio") return "<|audio|>";
  if (type == "video") return "<|video|>";
  return {};
}

// The picture or the sound itself, with its markers; false for parts that are none of ours.
bool write_media(PieceWriter& out, const Json& part) {
  std::optional<MediaItem> item = media_item(field(part, "media"));
  if (!item) return false;
  if (field(part, "lead").is_string()) out.data(part["lead"].get_ref<const std::string&>());
  const bool is_sound = item->is_sound();
  out.markup(is_sound ? "<|audio>" : "<|image>");
  out.media(*std::move(item));
  out.markup(is_sound ? "<audio|>" : "<image|>");
  return true;
}

std::string part_text(const Json& part) {
  return field(part, "type") == "text" && field(part, "text").is_string() ? part["text"].get<std::string>() : "";
}

std::string reasoning_of(const Json& message) {
  for (const char* name : {"reasoning", "reasoning_content"}) {
    const Json& reasoning = field(message, name);
    if (reasoning.is_string() && !reasoning.get_ref<const std::string&>().empty()) return reasoning.get<std::string>();
  }
  return "";
}

}  // namespace

Result<std::vector<PromptPiece>> TemplateRenderer::render() {
  FACET_ASSIGN_OR_RETURN(const TemplateConversation conversation, read_conversation(messages_, options_.mode));
  out_.markup("<bos>");
  FACET_RETURN_IF_ERROR(write_system_turn(conversation));
  const auto& messages = conversation.messages;
  for (std::size_t i = 0; i < messages.size(); ++i)
    FACET_RETURN_IF_ERROR(write_message(messages[i], i + 1 < messages.size() ? &messages[i + 1] : nullptr));
  // The official template continues behind a result even where text and the end of the turn have followed it.
  if (!repaired() && !messages.empty() && messages.back().assistant && !messages.back().results.empty())
    at_ = At::Result;
  if (options_.add_generation_prompt) write_generation_prompt();
  return out_.take();
}

Status TemplateRenderer::write_system_turn(const TemplateConversation& conversation) {
  if (conversation.system == nullptr && tools_.empty() && !options_.enable_thinking) return {};
  out_.markup("<|turn>system\n");
  if (options_.enable_thinking) out_.markup("<|think|>\n");
  static const Json kNothing;
  const Json& content = conversation.system == nullptr ? kNothing : field(*conversation.system, "content");
  if (content.is_string()) {
    out_.data(trim(content.get_ref<const std::string&>()));
  } else if (content.is_array()) {
    for (const Json& part : content) {
      if (field(part, "type") != "text") continue;
      out_.data(trim(part_text(part)));
      out_.markup(" ");
    }
  } else if (!content.is_null()) {
    return invalid("The content of the system message must be text, a list of parts or null.");
  }
  for (const Json& tool : tools_)
    FACET_RETURN_IF_ERROR(write_declaration(out_, repaired() ? repair_tool(tool) : tool));
  out_.markup(kTurnEnd);
  return {};
}

bool TemplateRenderer::keeps_thought(const TemplateMessage& message) const {
  return message.after_last_user || (options_.preserve_thinking && !message.calls.empty());
}

Status TemplateRenderer::write_message(const TemplateMessage& message, const TemplateMessage* next) {
  if (repaired() && message.assistant) {
    FACET_ASSIGN_OR_RETURN(const bool written, write_generated(message, next));
    if (written) return {};
  }
  return write_from_fields(message, next);
}

Status TemplateRenderer::write_from_fields(const TemplateMessage& message, const TemplateMessage* next) {
  write_header(message);
  if (message.assistant && keeps_thought(message)) write_thought(message);
  // The official template writes text behind calls and results. A model writes it in front of its calls; behind them
  // it belongs only to messages that hold a whole exchange, native results included.
  const bool native = !message.results.empty() && message.results.front().native;
  const bool text_first = repaired() && !message.calls.empty() && !native;
  bool visible = false;
  if (text_first) {
    FACET_ASSIGN_OR_RETURN(const bool written, write_content(message));
    static_cast<void>(written);
  }
  write_calls(message);
  FACET_RETURN_IF_ERROR(write_results(message, /*first_is_open=*/false));
  if (!text_first) {
    FACET_ASSIGN_OR_RETURN(visible, write_content(message));
  }
  end_message(message, next, visible);
  return {};
}

void TemplateRenderer::write_header(const TemplateMessage& message) {
  // An assistant message after another one continues its turn.
  if (message.assistant && at_ != At::TurnEnd) return;
  out_.markup("<|turn>");
  out_.data(message.role);
  out_.markup("\n");
  at_ = At::OpenTurn;
}

void TemplateRenderer::write_thought(const TemplateMessage& message) {
  const std::string reasoning = reasoning_of(*message.json);
  if (reasoning.empty()) return;
  out_.markup(kThoughtOpen);
  out_.data(reasoning);
  out_.markup("\n");
  out_.markup(kThoughtClose);
}

void TemplateRenderer::write_calls(const TemplateMessage& message) {
  for (const Json* call : message.calls) {
    out_.markup("<|tool_call>call:");
    out_.data(field(*call, "name").get_ref<const std::string&>());
    out_.markup("{");
    if (field(*call, "arguments").is_object()) write_members(out_, field(*call, "arguments"));
    out_.markup("}<tool_call|>");
  }
}

// Writes the results; `first_is_open` when the model itself has written the marker that opens the first one.
Status TemplateRenderer::write_results(const TemplateMessage& message, bool first_is_open) {
  for (const CallResult& result : message.results) {
    if (!first_is_open) out_.markup(kResponseOpen);
    first_is_open = false;
    FACET_RETURN_IF_ERROR(write_result(result));
  }
  return {};
}

Status TemplateRenderer::write_result(const CallResult& result) {
  out_.markup("response:");
  out_.data(result.name);
  out_.markup("{");
  std::vector<const Json*> media;
  const Json& value = *result.value;
  if (value.is_object()) {
    if (!result.native && !repaired()) return invalid("The content of a tool message must not be an object.");
    write_members(out_, value);
  } else {
    out_.markup("value:");
    if (value.is_array() && !result.native) {
      std::string text;
      for (const Json& part : value) {
        text += part_text(part);
        if (!placeholder(part).empty()) media.push_back(&part);
      }
      write_string(out_, text);
    } else {
      write_value(out_, value);
    }
  }
  out_.markup("}");
  out_.markup(kResponseClose);
  for (const Json* part : media)
    if (!write_media(out_, *part)) out_.markup(placeholder(*part));
  return {};
}

// Says whether anything was written.
Result<bool> TemplateRenderer::write_content(const TemplateMessage& message) {
  const Json& content = field(*message.json, "content");
  if (content.is_null()) return false;
  if (content.is_array()) return write_content_parts(message, content);
  if (!content.is_string()) return invalid("The content of a message must be text, a list of parts or null.");
  const auto& text = content.get_ref<const std::string&>();
  const std::string visible = message.assistant ? strip_thoughts(text) : std::string(trim(text));
  out_.data(visible);
  return !visible.empty();
}

Result<bool> TemplateRenderer::write_content_parts(const TemplateMessage& message, const Json& parts) {
  bool written = false;
  for (const Json& part : parts) {
    const std::string text = part_text(part);
    const std::string visible = message.assistant ? strip_thoughts(text) : std::string(trim(text));
    out_.data(visible);
    if (!write_media(out_, part)) out_.markup(placeholder(part));
    written = written || !visible.empty() || !placeholder(part).empty();
  }
  return written;
}

void TemplateRenderer::end_message(const TemplateMessage& message, const TemplateMessage* next, bool visible_content) {
  if (!message.calls.empty() && message.results.empty()) {
    out_.markup(kResponseOpen);
    at_ = At::OpenResponse;
  } else if (message.assistant && next != nullptr && next->assistant) {
    at_ = message.results.empty() || visible_content ? At::OpenTurn : At::Result;
  } else if (!message.results.empty() && !visible_content && next == nullptr) {
    at_ = At::Result;
  } else {
    out_.markup(kTurnEnd);
    at_ = At::TurnEnd;
  }
}

// Repeats the model's own output where that is possible: in the turn that is still running always, in older turns when
// no thought has to be taken out. False when the message has to be written from its fields.
Result<bool> TemplateRenderer::write_generated(const TemplateMessage& message, const TemplateMessage* next) {
  FACET_ASSIGN_OR_RETURN(std::optional<Generated> generated, read_generated(*message.json));
  if (!generated) return false;
  const bool cued_thought = at_ == At::Result && options_.enable_thinking;
  const bool running = keeps_thought(message);
  const OutputShape shape = shape_of(generated->text, running && cued_thought);
  if (shape.ends_in_call || shape.ends_in_thought) return false;
  if (!running && (shape.has_thought || !reasoning_of(*message.json).empty())) return false;

  // In the running turn the output follows the generation prompt that it followed when it was made.
  if (running) {
    write_generation_prompt();
  } else {
    write_header(message);
  }
  FACET_RETURN_IF_ERROR(end_generated(message, next, std::move(*generated)));
  return true;
}

Status TemplateRenderer::end_generated(const TemplateMessage& message, const TemplateMessage* next,
                                       Generated generated) {
  const bool called = !message.calls.empty() || !message.results.empty();
  const bool turn_stays_open = !called && next != nullptr && next->assistant;
  const Marker wanted = called ? Marker::ToolResponseOpen : Marker::TurnClose;
  if (generated.ending != wanted || turn_stays_open) generated.drop_ending();
  const bool has_ending = generated.ending.has_value();
  out_.tokens(std::move(generated.tokens), std::move(generated.text));

  if (turn_stays_open) {
    at_ = At::OpenTurn;
  } else if (!called) {
    out_.markup(has_ending ? "\n" : kTurnEnd);
    at_ = At::TurnEnd;
  } else if (message.results.empty()) {
    if (!has_ending) out_.markup(kResponseOpen);
    at_ = At::OpenResponse;
  } else {
    FACET_RETURN_IF_ERROR(write_results(message, /*first_is_open=*/has_ending));
    const bool model_continues = next == nullptr || next->assistant;
    if (!model_continues) out_.markup(kTurnEnd);
    at_ = model_continues ? At::Result : At::TurnEnd;
  }
  return {};
}

void TemplateRenderer::write_generation_prompt() {
  if (at_ == At::TurnEnd) {
    out_.markup(kModelTurn);
    if (options_.variant == PromptVariant::Large && !options_.enable_thinking) {
      out_.markup(kThoughtOpen);
      out_.markup(kThoughtClose);
    }
  } else if (at_ == At::Result && options_.enable_thinking) {
    out_.markup(kThoughtOpen);
  }
}

}  // namespace facet::agent
