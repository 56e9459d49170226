#include "agent/part_writer.h"

#include <utility>

namespace facet::agent {

namespace {

constexpr std::int64_t kCheckpointMs = 250;

bool is_text(const PartContent& content) {
  return std::holds_alternative<TextPart>(content) || std::holds_alternative<ThoughtPart>(content);
}

}  // namespace

PartWriter::PartWriter(Store& store, const TurnHooks& hooks, Message& message)
    : store_(store), hooks_(hooks), message_(message) {}

Status PartWriter::append_text(const std::string& text) {
  return append<TextPart>(text);
}

Status PartWriter::append_thought(const std::string& text) {
  return append<ThoughtPart>(text);
}

template <typename Growing>
Status PartWriter::append(std::string text) {
  if (open_ && !std::holds_alternative<Growing>(open_->content)) FACET_RETURN_IF_ERROR(close_text());
  // White space alone is no part, and none begins with it.
  if (!open_) text.erase(0, text.find_first_not_of(" \t\r\n"));
  if (text.empty()) return {};
  if (!open_) {
    FACET_RETURN_IF_ERROR(open(Growing{}));
    checkpoint_ms_ = hooks_.now_ms();
  }
  std::string& whole = std::get<Growing>(open_->content).text;
  whole += text;
  if (const std::int64_t now = hooks_.now_ms(); now - checkpoint_ms_ >= kCheckpointMs) {
    FACET_RETURN_IF_ERROR(store_.update_text(open_->id, whole));
    checkpoint_ms_ = now;
  }
  hooks_.send(PartDelta{message_.conversation, message_.id, open_->id, text});
  return {};
}

Status PartWriter::close_text() {
  if (!open_ || !is_text(open_->content)) return {};
  return close();
}

Status PartWriter::add_notice(Severity severity, const std::string& text) {
  FACET_RETURN_IF_ERROR(open(NoticePart{severity, text}));
  return close();
}

Status PartWriter::begin_call(Call& call) {
  FACET_RETURN_IF_ERROR(open(CallPart{call}));
  call = std::get<CallPart>(open_->content).call;
  return {};
}

Status PartWriter::change_call(const Call& call) {
  FACET_RETURN_IF_ERROR(store_.update_call(call));
  send_call(call);
  return {};
}

void PartWriter::show_progress(Call call, std::string details_json) const {
  call.details_json = std::move(details_json);
  send_call(call);
}

Status PartWriter::finish_call(const Call& call) {
  open_->content = CallPart{call};
  FACET_RETURN_IF_ERROR(store_.finish_part(open_->id, open_->content));
  send_call(call);
  announce_finished();
  return {};
}

void PartWriter::send_call(const Call& call) const {
  hooks_.send(CallChanged{message_.conversation, message_.id, open_->id, call});
}

Status PartWriter::open(PartContent content) {
  FACET_ASSIGN_OR_RETURN(Part part, store_.add_part(message_.id, std::move(content), run_));
  open_ = std::move(part);
  hooks_.send(PartStarted{message_.conversation, message_.id, *open_});
  return {};
}

Status PartWriter::close() {
  FACET_RETURN_IF_ERROR(store_.finish_part(open_->id, open_->content));
  announce_finished();
  return {};
}

void PartWriter::announce_finished() {
  Part part = *std::exchange(open_, std::nullopt);
  message_.parts.push_back(part);
  hooks_.send(PartFinished{message_.conversation, message_.id, std::move(part)});
}

}  // namespace facet::agent
