#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/protocol.h"
#include "agent/store/reader.h"
#include "agent/store/store.h"
#include "agent/text_model.h"
#include "agent/tool.h"
#include "agent/turn_limits.h"
#include "engine/base/result.h"

// One turn: a question, and what the model makes of it with its tools. Runs on the thread that owns the store.
namespace facet::agent {

class Attachments;

struct TurnOptions {
  std::string system_prompt;
  std::vector<Tool> tools;
  SamplingOverrides sampling;
  std::optional<std::uint64_t> seed;
  TurnLimits limits;
  // What replies may be: calls of these tools and, where there is a schema, answers that fit it.
  std::shared_ptr<const ReplyGrammar> grammar = {};
  std::optional<Json> answer_schema = {};
  std::vector<Effect> allowed_effects;
  OwnPlaces own_places;
  Attachments* attachments = nullptr;
};

using ToolProgress = std::function<void(std::string_view)>;

// What a turn needs of the thread that it runs on.
struct TurnHooks {
  std::function<void(const Event&)> send;
  // Waits for the user's answer. Nothing when the turn was stopped instead.
  std::function<std::optional<Decision>(const Approval&, std::stop_token)> ask;
  // Runs a tool on a thread of its own and waits for it. `progress` is called here, on the turn's thread.
  std::function<ToolResult(const std::function<ToolResult(const ToolProgress&)>& work, const ToolProgress& progress)>
      run_tool;
  // Called often while the model speaks, so that other operations need not wait for the end of the turn.
  std::function<void()> serve;
  std::function<std::int64_t()> now_ms;
  // Whether the user has written something new in this conversation, which the model should hear before it goes on.
  // May be empty: nobody can.
  std::function<bool()> is_steered = {};
};

// A question that is stored, with the answer that is about to grow.
struct Turn {
  Conversation conversation;
  Message user;
  Message assistant;
  std::string problem;  // why it can not be answered, one sentence; empty when it can
};

// Stores the question, in a new conversation where it names none. A file that can not be read is the turn's problem;
// the question is kept. Without `attachments` files are read and media are not.
Result<Turn> begin_turn(Store& store, const StoreReader& reader, const UserTurn& question,
                        Attachments* attachments = nullptr, std::stop_token stop = {});

// Answers it, after TurnStarted was sent. `model` may be null when the turn has a problem or is already stopped. Always
// ends with TurnFinished.
void run_turn(Turn turn, Store& store, const StoreReader& reader, TextModel* model, const TurnOptions& options,
              const TurnHooks& hooks, std::stop_token stop);

}  // namespace facet::agent
