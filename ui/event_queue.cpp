#include "ui/event_queue.h"

namespace facet::ui {
namespace {

constexpr int kFrameMs = 16;

// Deltas of one part that arrive in one frame are one delta: a fast model must not cost a layout per token.
bool joins(agent::Event& last, const agent::Event& next) {
  auto* grown = std::get_if<agent::PartDelta>(&last);
  const auto* more = std::get_if<agent::PartDelta>(&next);
  if (grown == nullptr || more == nullptr || grown->part != more->part || grown->message != more->message) return false;
  grown->text += more->text;
  return true;
}

}  // namespace

EventQueue::EventQueue(std::function<void(const agent::Event&)> fold, QObject* parent)
    : QObject(parent), fold_(std::move(fold)) {
  frame_.setSingleShot(true);
  frame_.setInterval(kFrameMs);
  connect(&frame_, &QTimer::timeout, this, &EventQueue::drain);
}

void EventQueue::post(const agent::Event& event) {
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty() && joins(waiting_.back(), event)) return;
  const bool was_empty = waiting_.empty();
  waiting_.push_back(event);
  if (was_empty) QMetaObject::invokeMethod(&frame_, qOverload<>(&QTimer::start), Qt::QueuedConnection);
}

void EventQueue::drain() {
  std::vector<agent::Event> events;
  {
    const std::lock_guard lock(mutex_);
    events.swap(waiting_);
  }
  for (const agent::Event& event : events)
    fold_(event);
}

}  // namespace facet::ui
