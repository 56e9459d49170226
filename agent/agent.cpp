#include "agent/agent.h"

#include <thread>
#include <utility>

#include "agent/agent_loop.h"
#include "agent/grammar/reply_grammar.h"
#include "agent/transcript.h"

namespace facet::agent {

namespace {

// More than a person can submit; the senders never wait, and what finds no room is dropped.
constexpr std::size_t kMaxLetters = std::size_t{1} << 16;

}  // namespace

struct Agent::State {
  Channel<Letter> letters{kMaxLetters};
  StopBoard stops;
  std::thread thread;
};

Agent::Agent() : state_(std::make_unique<State>()) {}

Result<std::unique_ptr<Agent>> Agent::start(AgentOptions options) {
  FACET_ASSIGN_OR_RETURN(auto grammar, reply_grammar(tool_declarations(options.tools), options.answer_schema));
  FACET_ASSIGN_OR_RETURN(auto store, Store::open(options.database));
  FACET_RETURN_IF_ERROR(store->close_interrupted());
  FACET_ASSIGN_OR_RETURN(auto reader, StoreReader::open(options.database));
  std::unique_ptr<Agent> agent(new Agent());
  State& state = *agent->state_;
  auto loop = std::make_unique<AgentLoop>(std::move(options), std::move(grammar), std::move(store), std::move(reader),
                                          state.letters, state.stops);
  state.thread = std::thread([owned = std::move(loop)] { owned->run(); });
  return agent;
}

Agent::~Agent() {
  state_->stops.stop(/*conversation=*/0);
  state_->letters.close();
  if (state_->thread.joinable()) state_->thread.join();
}

void Agent::submit(Op op) {
  // What was read until now is kept.
  if (std::holds_alternative<UserTurn>(op) || std::holds_alternative<LoadModel>(op))
    state_->stops.stop(StopBoard::kReadingAhead);
  if (auto* question = std::get_if<UserTurn>(&op)) {
    const StopBoard::Ticket ticket = state_->stops.add(question->conversation);
    if (!state_->letters.try_send(AskedTurn{std::move(*question), ticket})) state_->stops.remove(ticket);
    return;
  }
  // Stopping can not wait for its turn; the letter that follows tells the agent thread to look.
  if (const auto* stop = std::get_if<StopTurn>(&op)) state_->stops.stop(stop->conversation);
  if (const auto* removal = std::get_if<RemoveConversation>(&op); removal != nullptr && removal->conversation != 0)
    state_->stops.stop(removal->conversation);
  (void)state_->letters.try_send(std::move(op));
}

}  // namespace facet::agent
