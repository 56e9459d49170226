#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "agent/part_writer.h"
#include "agent/policy.h"
#include "agent/prompt/reply_parser.h"
#include "agent/turn.h"

namespace facet::agent {

// Takes one call through prepare, authorize, run and finish. Whatever goes wrong with the call itself is its result;
// only a failing store is an error.
class CallRunner {
 public:
  CallRunner(ConversationId conversation, Store& store, const StoreReader& reader, const TurnOptions& options,
             const TurnHooks& hooks, PartWriter& writer);

  // `hint` is appended to what the model is told.
  Status run(const ParsedCall& parsed, const std::string& hint, const std::stop_token& stop);
  // A call that is not carried out: its row and events, in a final state.
  Status record(const ParsedCall& parsed, CallState state, const std::string& result);

  // Results may take so much from now on.
  void limit_results(std::size_t bytes) { result_limit_bytes_ = bytes; }
  // How long the user was waited for so far.
  std::int64_t waited_ms() const { return waited_ms_; }

 private:
  // How a call ended.
  struct Answer {
    CallState state = CallState::Failed;
    std::string content;
    Json details = Json::object();
  };
  struct Permission {
    bool is_given = false;
    CallState refusal_state = CallState::Denied;
    std::string refusal;
  };

  Call new_call(const ParsedCall& parsed) const;
  Status finish(Call& call, Answer answer);
  Result<Answer> answer(const ParsedCall& parsed, Call& call, const std::stop_token& stop);
  Result<Permission> authorize(const PlannedEffect& planned, Call& call, const std::stop_token& stop);
  Result<Permission> ask(const PlannedEffect& planned, const Verdict& verdict, Call& call, const std::stop_token& stop);
  Status keep(const Call& call, std::string whole, std::string& content);
  Result<Answer> carry_out(const Tool& tool, const Json& arguments, const PlannedEffect& planned, ToolContext context,
                           Call& call);
  ToolResult run_in_agent(const Tool& tool, const Json& arguments) const;
  void take_pictures(ToolResult& result, Call& call, const std::stop_token& stop);
  const Tool* find(const std::string& name) const;

  ConversationId conversation_;
  Store& store_;
  const StoreReader& reader_;
  const TurnOptions& options_;
  const TurnHooks& hooks_;
  PartWriter& writer_;
  std::size_t result_limit_bytes_ = kMaxResultBytes;
  std::int64_t waited_ms_ = 0;
};

}  // namespace facet::agent
