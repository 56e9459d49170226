#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/protocol.h"
#include "agent/store/names.h"

// Events as lines of text, and the order that protocol.h promises for them.
namespace facet::agent {

inline std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

inline std::string call_text(const Call& call) {
  std::string out = "call " + std::to_string(call.id) + " " + std::string(name_of(call.state));
  if (call.state == CallState::AwaitingApproval && call.approval)
    out += ": " + call.approval->reason + " [" + call.approval->effect_text + "] [" +
           (call.approval->offers_always ? "always: " : "conversation: ") + call.approval->scope + "]";
  if (call.state == CallState::Running && call.details_json != "{}") out += " " + call.details_json;
  if (is_final(call.state)) {
    out += ": " + quoted(call.result);
    if (call.details_json != "{}") out += " " + call.details_json;
    if (call.approval) out += " (" + std::string(name_of(call.approval->decision)) + ")";
  }
  return out;
}

inline std::string content_text(const PartContent& content) {
  struct Visitor {
    std::string operator()(const TextPart& part) const { return "text " + quoted(part.text); }
    std::string operator()(const ThoughtPart& part) const { return "thought " + quoted(part.text); }
    std::string operator()(const CallPart& part) const {
      return part.call.tool + " " + part.call.arguments_json + ", " + call_text(part.call);
    }
    std::string operator()(const AttachmentPart& part) const { return "file " + part.name; }
    std::string operator()(const NoticePart& part) const {
      return std::string(name_of(part.severity)) + " " + quoted(part.text);
    }
  };
  return std::visit(Visitor{}, content);
}

inline std::string event_text(const Event& event) {
  const auto number = [](std::int64_t value) { return std::to_string(value); };
  struct Visitor {
    decltype(number) n;
    std::string operator()(const ConversationChanged& e) const {
      return "conversation " + n(e.conversation.id) + ": " + quoted(e.conversation.title) +
             (e.conversation.model.empty() ? "" : ", " + e.conversation.model);
    }
    std::string operator()(const ConversationRemoved& e) const {
      return "conversation " + n(e.conversation) + " removed";
    }
    std::string operator()(const PlanChanged& e) const {
      std::string out = "plan in " + n(e.conversation);
      for (const PlanStep& step : e.plan)
        out += ", " + std::string(name_of(step.status)) + " " + quoted(step.text);
      return out;
    }
    std::string operator()(const TurnStarted& e) const {
      std::string out = "turn started in " + n(e.conversation) + ": message " + n(e.user.id);
      for (const Part& part : e.user.parts)
        out += ", " + content_text(part.content);
      return out + "; answer " + n(e.assistant);
    }
    std::string operator()(const MediaProgress& e) const { return "media " + n(e.done) + " of " + n(e.total); }
    std::string operator()(const AttachmentProgress& e) const {
      return "attachment " + e.path.substr(e.path.find_last_of('/') + 1) + ": " + n(static_cast<int>(e.done * 100)) +
             " percent";
    }
    std::string operator()(const AttachmentDescribed& e) const {
      return "attachment " + e.file.name + ": " + n(e.tokens) + (e.problem.empty() ? "" : ", " + quoted(e.problem));
    }
    std::string operator()(const PromptProgress& e) const { return "prompt " + n(e.done) + " of " + n(e.total); }
    std::string operator()(const PartStarted& e) const {
      return "part " + n(e.part.id) + " started: " + content_text(e.part.content);
    }
    std::string operator()(const PartDelta& e) const { return "part " + n(e.part) + " += " + quoted(e.text); }
    std::string operator()(const PartFinished& e) const {
      return "part " + n(e.part.id) + " finished: " + content_text(e.part.content);
    }
    std::string operator()(const CallChanged& e) const { return call_text(e.call); }
    std::string operator()(const ContextChanged& e) const {
      return "context " + n(e.used_tokens) + " of " + n(e.context_length);
    }
    std::string operator()(const CompactionProgress& e) const {
      return "compaction " + n(e.done) + " of " + n(e.total);
    }
    std::string operator()(const ReadingEstimated& e) const {
      return "would read " + n(e.tokens) + (e.milliseconds ? " in " + n(*e.milliseconds) + " ms" : "");
    }
    std::string operator()(const TurnFinished& e) const {
      return "turn finished in " + n(e.conversation) + ": " + std::string(name_of(e.finish)) +
             (e.error.empty() ? "" : ", " + quoted(e.error));
    }
    std::string operator()(const TranscriptChanged& e) const {
      return "transcript " + n(e.transcript.id) + " " + std::string(name_of(e.transcript.state)) + ": " +
             quoted(e.transcript.title) + (e.transcript.problem.empty() ? "" : ", " + quoted(e.transcript.problem));
    }
    std::string operator()(const PermissionsChanged&) const { return "permissions changed"; }
    std::string operator()(const MemoryChanged&) const { return "memory changed"; }
    std::string operator()(const TranscriptRemoved& e) const { return "transcript " + n(e.transcript) + " removed"; }
    std::string operator()(const SegmentAdded& e) const {
      return "segment " + n(e.segment.id) + " of " + n(e.transcript) + ": " + quoted(e.segment.text) +
             (e.segment.remark == SegmentRemark::None ? "" : ", " + std::string(name_of(e.segment.remark)));
    }
    std::string operator()(const TranscriptProgress& e) const {
      return "transcript " + n(e.transcript) + ": " + n(e.done_ms) + " of " + n(e.total_ms);
    }
    std::string operator()(const ImportRefused& e) const { return "import refused: " + quoted(e.error); }
    std::string operator()(const ModelChanged& e) const {
      return "model " + (e.ready ? e.name + " ready" : e.error.empty() ? "loading " + e.path : "failed: " + e.error);
    }
    std::string operator()(const Notice& e) const {
      return "notice: " + std::string(name_of(e.severity)) + " " + quoted(e.text);
    }
  };
  return std::visit(Visitor{number}, event);
}

// Follows the events of one conversation through the grammar of protocol.h. Empty results mean that all is well.
class TurnOrder {
 public:
  std::string operator()(const TurnStarted&) {
    if (in_turn_) return "a turn began inside another";
    *this = TurnOrder();
    in_turn_ = true;
    return {};
  }
  std::string operator()(const CompactionProgress&) { return reach(Stage::Compaction); }
  std::string operator()(const MediaProgress&) { return reach(Stage::Media); }
  std::string operator()(const PromptProgress&) { return reach(Stage::Prompt); }
  std::string operator()(const ContextChanged&) { return reach(Stage::Context); }
  std::string operator()(const PlanChanged&) { return {}; }
  std::string operator()(const PartStarted& e) {
    const bool is_call = std::holds_alternative<CallPart>(e.part.content);
    const bool is_notice = std::holds_alternative<NoticePart>(e.part.content);
    const std::string problem = reach(is_call ? Stage::Calls : is_notice ? Stage::Notices : Stage::Text);
    open_ = e.part;
    return problem;
  }
  std::string operator()(const PartDelta& e) {
    if (!open_ || open_->id != e.part) return "a delta of a part that is not open";
    if (auto* text = std::get_if<TextPart>(&open_->content))
      text->text += e.text;
    else if (auto* thought = std::get_if<ThoughtPart>(&open_->content))
      thought->text += e.text;
    else
      return "a delta of a part without text";
    return {};
  }
  std::string operator()(const CallChanged& e) {
    auto* open = open_ && open_->id == e.part ? std::get_if<CallPart>(&open_->content) : nullptr;
    if (open == nullptr || open->call.id != e.call.id) return "a change of a call that is not open";
    if (is_final(open->call.state)) return "a change after the final state";
    if (e.call.state < open->call.state && !is_final(e.call.state)) return "a call went backwards";
    const bool asks = e.call.state == CallState::AwaitingApproval;
    if (asks && (!e.call.approval || e.call.approval->id == 0)) return "an approval without a question";
    open->call = e.call;
    return {};
  }
  std::string operator()(const PartFinished& e) {
    if (!open_ || open_->id != e.part.id) return "the end of a part that is not open";
    if (content_text(open_->content) != content_text(e.part.content))
      return "a part ended as something else than it grew";
    const auto* call = std::get_if<CallPart>(&e.part.content);
    if (call != nullptr && !is_final(call->call.state)) return "a call ended without a final state";
    open_.reset();
    return {};
  }
  std::string operator()(const TurnFinished& e) {
    const bool was_stored = e.message != 0;
    if (in_turn_ != was_stored) return "a turn ended that had not begun, or without its message";
    if (open_) return "a turn ended with an open part";
    in_turn_ = false;
    return {};
  }
  std::string operator()(const auto&) { return {}; }

  bool is_in_turn() const { return in_turn_; }

 private:
  enum class Stage { Compaction, Media, Prompt, Text, Context, Calls, Notices };

  // Only calls lead to another run of the model.
  std::string reach(Stage stage) {
    if (!in_turn_) return "an event outside of a turn";
    if (open_) return "an event inside of a part";
    if (stage < stage_ && stage_ != Stage::Calls) return "an event of an earlier stage";
    stage_ = stage;
    return {};
  }

  bool in_turn_ = false;
  Stage stage_ = Stage::Compaction;
  std::optional<Part> open_;
};

// The first violation of the order that protocol.h promises, or nothing. A turn that has not finished is one.
inline std::string order_problem(const std::vector<Event>& events) {
  std::map<ConversationId, TurnOrder> orders;
  for (const Event& event : events) {
    const auto follow = [&](const auto& e) -> std::string {
      if constexpr (requires { std::int64_t{e.conversation}; }) {
        return orders[e.conversation](e);
      } else {
        return {};
      }
    };
    if (const std::string problem = std::visit(follow, event); !problem.empty())
      return problem + ": " + event_text(event);
  }
  for (const auto& [conversation, order] : orders)
    if (order.is_in_turn()) return "the turn of conversation " + std::to_string(conversation) + " has no end";
  return {};
}

}  // namespace facet::agent
