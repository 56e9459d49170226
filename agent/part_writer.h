#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/store/store.h"
#include "agent/turn.h"

namespace facet::agent {

// Writes the parts of one answer, each to its row first and then as an event. At most one part is open at a time; a
// text that grows reaches its row at most every 250 ms and when it is closed.
class PartWriter {
 public:
  PartWriter(Store& store, const TurnHooks& hooks, Message& message);

  void begin_run(int run) { run_ = run; }

  // Continue the open part, or close it and open one of the other kind.
  Status append_text(const std::string& text);
  Status append_thought(const std::string& text);
  Status close_text();

  Status add_notice(Severity severity, const std::string& text);

  // The ids of the call are filled in. finish_call takes a call in a final state.
  Status begin_call(Call& call);
  Status change_call(const Call& call);
  // News without a row: progress is worth nothing once the call has ended.
  void show_progress(Call call, std::string details_json) const;
  Status finish_call(const Call& call);

 private:
  template <typename Growing>
  Status append(std::string text);
  Status open(PartContent content);
  Status close();
  void announce_finished();
  void send_call(const Call& call) const;

  Store& store_;
  const TurnHooks& hooks_;
  Message& message_;
  int run_ = 0;
  std::optional<Part> open_;
  std::int64_t checkpoint_ms_ = 0;
};

}  // namespace facet::agent
