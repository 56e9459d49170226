#include "app/event_json.h"

#include "agent/store/names.h"

namespace facet::app {

using nlohmann::json;

namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

const char* name_of(agent::Severity severity) {
  switch (severity) {
    case agent::Severity::Information:
      return "information";
    case agent::Severity::Warning:
      return "warning";
    case agent::Severity::Error:
      return "error";
  }
  return "";
}

// Arguments and details are stored as JSON text; what does not parse stays a string.
json parsed(const std::string& text) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_discarded() ? json(text) : value;
}

}  // namespace

const char* name_of(agent::Decision decision) {
  switch (decision) {
    case agent::Decision::Pending:
      return "pending";
    case agent::Decision::AllowOnce:
      return "allow_once";
    case agent::Decision::AllowInConversation:
      return "allow_in_conversation";
    case agent::Decision::AllowAlwaysHere:
      return "allow_always_here";
    case agent::Decision::Deny:
      return "deny";
  }
  return "";
}

const char* name_of(agent::CallState state) {
  switch (state) {
    case agent::CallState::Preparing:
      return "preparing";
    case agent::CallState::AwaitingApproval:
      return "awaiting_approval";
    case agent::CallState::Running:
      return "running";
    case agent::CallState::Succeeded:
      return "succeeded";
    case agent::CallState::Failed:
      return "failed";
    case agent::CallState::Denied:
      return "denied";
    case agent::CallState::Stopped:
      return "stopped";
  }
  return "";
}

const char* name_of(agent::Finish finish) {
  switch (finish) {
    case agent::Finish::Streaming:
      return "streaming";
    case agent::Finish::Done:
      return "done";
    case agent::Finish::Length:
      return "length";
    case agent::Finish::Stopped:
      return "stopped";
    case agent::Finish::Failed:
      return "failed";
  }
  return "";
}

json to_json(const std::vector<agent::PlanStep>& plan) {
  json steps = json::array();
  for (const agent::PlanStep& step : plan)
    steps.push_back({{"text", step.text}, {"status", agent::name_of(step.status)}});
  return steps;
}

json to_json(const agent::Memory& memory) {
  return {{"id", memory.id},
          {"text", memory.text},
          {"conversation", memory.conversation},
          {"created_ms", memory.created_ms}};
}

json to_json(const agent::Conversation& conversation) {
  return {{"id", conversation.id},
          {"title", conversation.title},
          {"model", conversation.model},
          {"folders", conversation.folders},
          {"created_ms", conversation.created_ms},
          {"updated_ms", conversation.updated_ms},
          {"thinking_tokens", conversation.thinking_tokens},
          {"plan", to_json(conversation.plan)}};
}

json to_json(const agent::AttachedMedia& media) {
  json out = {{"kind", agent::name_of(media.kind)}, {"tokens", media.tokens()}};
  if (media.kind != agent::MediaKind::Sound) {
    out["width"] = media.width;
    out["height"] = media.height;
    out["budget"] = media.budget;
    out["tiles"] = {media.tile_columns, media.tile_rows};
  }
  if (media.kind != agent::MediaKind::Picture) out["duration_ms"] = media.duration_ms;
  return out;
}

json to_json(const agent::AttachmentPart& file) {
  json out = {{"name", file.name},
              {"path", file.path},
              {"media_type", file.media_type},
              {"bytes", file.bytes},
              {"sha256", file.sha256}};
  if (file.media) out["media"] = to_json(*file.media);
  return out;
}

json to_json(const agent::Call& call) {
  json out = {{"id", call.id},
              {"tool", call.tool},
              {"arguments", parsed(call.arguments_json)},
              {"state", name_of(call.state)},
              {"result", call.result},
              {"started_ms", call.started_ms},
              {"finished_ms", call.finished_ms}};
  if (!call.details_json.empty()) out["details"] = parsed(call.details_json);
  for (const agent::AttachmentPart& picture : call.pictures)
    out["pictures"].push_back(to_json(picture));
  if (call.approval) {
    out["approval"] = {{"id", call.approval->id},
                       {"reason", call.approval->reason},
                       {"effect", call.approval->effect_text},
                       {"scope", call.approval->scope},
                       {"offers_always", call.approval->offers_always},
                       {"decision", name_of(call.approval->decision)}};
  }
  return out;
}

json to_json(const agent::Part& part) {
  json out = {{"id", part.id}, {"ordinal", part.ordinal}};
  std::visit(Overloaded{[&](const agent::TextPart& text) {
                          out["kind"] = "text";
                          out["text"] = text.text;
                        },
                        [&](const agent::ThoughtPart& thought) {
                          out["kind"] = "thought";
                          out["text"] = thought.text;
                        },
                        [&](const agent::CallPart& call) {
                          out["kind"] = "call";
                          out["call"] = to_json(call.call);
                        },
                        [&](const agent::AttachmentPart& file) {
                          out["kind"] = "attachment";
                          out.update(to_json(file));
                        },
                        [&](const agent::NoticePart& notice) {
                          out["kind"] = "notice";
                          out["severity"] = name_of(notice.severity);
                          out["text"] = notice.text;
                        }},
             part.content);
  return out;
}

json to_json(const agent::Message& message) {
  json parts = json::array();
  for (const agent::Part& part : message.parts)
    parts.push_back(to_json(part));
  return {{"id", message.id},
          {"conversation", message.conversation},
          {"role", message.role == agent::Role::User ? "user" : "assistant"},
          {"finish", name_of(message.finish)},
          {"created_ms", message.created_ms},
          {"parts", parts}};
}

json to_json(const agent::Step& step) {
  return {{"model", step.model},
          {"backend", step.backend},
          {"seed", step.seed},
          {"sampling", parsed(step.sampling_json)},
          {"prompt_sha256", step.prompt_sha256},
          {"prompt_tokens", step.prompt_tokens},
          {"cached_tokens", step.cached_tokens},
          {"completion_tokens", step.completion_tokens},
          {"prefill_ms", step.prefill_ms},
          {"decode_ms", step.decode_ms},
          {"finish_reason", step.finish_reason},
          {"thinking_tokens", step.thinking_tokens},
          {"tokens", step.tokens}};
}

json to_json(const agent::Transcript& transcript) {
  json out = {{"id", transcript.id},
              {"title", transcript.title},
              {"path", transcript.path},
              {"model", transcript.model},
              {"state", agent::name_of(transcript.state)},
              {"duration_ms", transcript.duration_ms},
              {"created_ms", transcript.created_ms},
              {"updated_ms", transcript.updated_ms}};
  if (!transcript.problem.empty()) out["problem"] = transcript.problem;
  return out;
}

json to_json(const agent::Segment& segment) {
  return {{"id", segment.id},
          {"begin_sample", segment.speech_begin},
          {"end_sample", segment.speech_end},
          {"text", segment.text},
          {"remark", agent::name_of(segment.remark)}};
}

json to_json(const agent::Event& event) {
  return std::visit(
      Overloaded{
          [](const agent::ConversationChanged& e) {
            return json{{"type", "conversation_changed"}, {"conversation", to_json(e.conversation)}};
          },
          [](const agent::PlanChanged& e) {
            return json{{"type", "plan_changed"}, {"conversation", e.conversation}, {"plan", to_json(e.plan)}};
          },
          [](const agent::ConversationRemoved& e) {
            return json{{"type", "conversation_removed"}, {"conversation", e.conversation}};
          },
          [](const agent::TurnStarted& e) {
            return json{{"type", "turn_started"},
                        {"conversation", e.conversation},
                        {"user", to_json(e.user)},
                        {"assistant", e.assistant}};
          },
          [](const agent::MediaProgress& e) {
            return json{
                {"type", "media_progress"}, {"conversation", e.conversation}, {"done", e.done}, {"total", e.total}};
          },
          [](const agent::PromptProgress& e) {
            return json{
                {"type", "prompt_progress"}, {"conversation", e.conversation}, {"done", e.done}, {"total", e.total}};
          },
          [](const agent::PartStarted& e) {
            return json{{"type", "part_started"}, {"message", e.message}, {"part", to_json(e.part)}};
          },
          [](const agent::PartDelta& e) {
            return json{{"type", "part_delta"}, {"message", e.message}, {"part", e.part}, {"text", e.text}};
          },
          [](const agent::PartFinished& e) {
            return json{{"type", "part_finished"}, {"message", e.message}, {"part", to_json(e.part)}};
          },
          [](const agent::CallChanged& e) {
            return json{{"type", "call_changed"}, {"message", e.message}, {"part", e.part}, {"call", to_json(e.call)}};
          },
          [](const agent::ReadingEstimated& e) {
            json line = {{"type", "reading_estimated"}, {"conversation", e.conversation}, {"tokens", e.tokens}};
            if (e.milliseconds) line["milliseconds"] = *e.milliseconds;
            return line;
          },
          [](const agent::AttachmentProgress& e) {
            return json{{"type", "attachment_progress"}, {"path", e.path}, {"done", e.done}};
          },
          [](const agent::AttachmentDescribed& e) {
            json line = {{"type", "attachment_described"}, {"path", e.path}, {"tokens", e.tokens}};
            if (!e.problem.empty()) line["problem"] = e.problem;
            return line;
          },
          [](const agent::ContextChanged& e) {
            return json{{"type", "context_changed"},          {"used_tokens", e.used_tokens},
                        {"context_length", e.context_length}, {"system_tokens", e.system_tokens},
                        {"tool_tokens", e.tool_tokens},       {"reserved_tokens", e.reserved_tokens}};
          },
          [](const agent::CompactionProgress& e) {
            return json{{"type", "compaction_progress"},
                        {"conversation", e.conversation},
                        {"done", e.done},
                        {"total", e.total}};
          },
          [](const agent::TurnFinished& e) {
            json out = {{"type", "turn_finished"},
                        {"conversation", e.conversation},
                        {"message", e.message},
                        {"finish", name_of(e.finish)}};
            if (!e.error.empty()) out["error"] = e.error;
            return out;
          },
          [](const agent::ModelChanged& e) {
            json out = {{"type", "model_changed"}, {"ready", e.ready}, {"name", e.name},
                        {"device", e.device},      {"path", e.path},   {"context_length", e.context_length},
                        {"built_in", e.built_in},  {"sees", e.sees},   {"hears", e.hears},
                        {"thinks", e.thinks}};
            if (!e.error.empty()) out["error"] = e.error;
            return out;
          },
          [](const agent::TranscriptChanged& e) {
            return json{{"type", "transcript_changed"}, {"transcript", to_json(e.transcript)}};
          },
          [](const agent::PermissionsChanged&) {
            return json{{"type", "permissions_changed"}};
          },
          [](const agent::MemoryChanged&) {
            return json{{"type", "memory_changed"}};
          },
          [](const agent::TranscriptRemoved& e) {
            return json{{"type", "transcript_removed"}, {"transcript", e.transcript}};
          },
          [](const agent::SegmentAdded& e) {
            return json{{"type", "segment_added"}, {"transcript", e.transcript}, {"segment", to_json(e.segment)}};
          },
          [](const agent::TranscriptProgress& e) {
            json line = {{"type", "transcript_progress"},
                         {"transcript", e.transcript},
                         {"done_ms", e.done_ms},
                         {"total_ms", e.total_ms}};
            if (e.left_ms) line["left_ms"] = *e.left_ms;
            return line;
          },
          [](const agent::ImportRefused& e) {
            return json{{"type", "import_refused"}, {"path", e.path}, {"error", e.error}};
          },
          [](const agent::Notice& e) {
            return json{{"type", "notice"}, {"severity", name_of(e.severity)}, {"text", e.text}};
          }},
      event);
}

}  // namespace facet::app
