#include "agent/turn.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/call_runner.h"
#include "agent/model_runner.h"
#include "agent/part_writer.h"
#include "agent/turn_prompt.h"
#include "agent/untaken_media.h"

namespace facet::agent {

namespace {

// The model may ask the same twice: it may have good reason. It is told so, and the third time ends the turn.
constexpr int kMaxSameCalls = 3;
constexpr const char* kSameCallHint =
    "\n\nnote: the same call was made before in this turn; use its result, or do something else.";

// Equal for calls of the same tool with the same arguments.
std::string identity_of(const ParsedCall& call) {
  const std::string arguments =
      call.problem.empty() ? call.arguments.dump(-1, ' ', false, Json::error_handler_t::replace) : call.raw;
  return call.name + '\n' + arguments;
}

// How a turn ends, and what the user is told about it in the message: nothing when the answer speaks for itself.
struct Ending {
  Finish finish = Finish::Done;
  std::string notice;
};

class TurnLoop {
 public:
  TurnLoop(Turn turn, Store& store, const StoreReader& reader, TextModel* model, const TurnOptions& options,
           const TurnHooks& hooks, std::stop_token stop)
      : turn_(std::move(turn)),
        store_(store),
        reader_(reader),
        model_(model),
        options_(options),
        hooks_(hooks),
        stop_(std::move(stop)),
        writer_(store, hooks, turn_.assistant),
        caller_(turn_.conversation.id, store, reader, options, hooks, writer_) {}

  void run() {
    Result<Ending> ending = begin();
    finish(ending.ok() ? *ending : Ending{Finish::Failed, ending.error().message});
  }

 private:
  Result<Ending> begin() {
    if (stop_.stop_requested()) return Ending{Finish::Stopped, {}};
    if (!turn_.problem.empty()) return Ending{Finish::Failed, turn_.problem};
    if (model_ == nullptr) return Ending{Finish::Failed, "No model is loaded; choose one first."};
    prompt_.emplace(options_, turn_.conversation.folders, *model_);
    untaken_ = untaken_sentences(turn_.user, model_->info());
    FACET_RETURN_IF_ERROR(prompt_->read_history(reader_, turn_.conversation.id, turn_.user.id));
    return answer();
  }

  // The loop: prompt, model, calls, again. The error is one of the store or of the prompt; it ends the turn as failed.
  Result<Ending> answer() {
    ModelRunner runner(turn_.assistant, store_, *model_, options_, hooks_, writer_);
    for (int run = 0; run < options_.max_steps; ++run) {
      writer_.begin_run(run);
      FACET_ASSIGN_OR_RETURN(std::vector<PromptPiece> pieces, prompt_->render(turn_.assistant, outputs_));
      FACET_ASSIGN_OR_RETURN(Reply reply, runner.run(std::move(pieces), prompt_->declarations(), stop_));
      outputs_.push_back({std::move(reply.outcome.tokens), std::move(reply.outcome.text)});
      if (const std::optional<Ending> ending = ending_of(reply)) {
        FACET_RETURN_IF_ERROR(leave_calls(reply.calls, ending->finish));
        return *ending;
      }
      FACET_ASSIGN_OR_RETURN(const std::optional<Ending> ending, run_calls(reply.calls));
      if (ending) return *ending;
    }
    return Ending{Finish::Length, "Stopped after " + std::to_string(options_.max_steps) +
                                      " steps without a final answer; send a message to go on."};
  }

  // Nothing when there are calls to run.
  std::optional<Ending> ending_of(const Reply& reply) const {
    switch (reply.outcome.reason) {
      case GenerateOutcome::Reason::Stopped:
        return Ending{Finish::Stopped, {}};
      case GenerateOutcome::Reason::Failed:
        return Ending{Finish::Failed, reply.outcome.error};
      case GenerateOutcome::Reason::ContextFull:
        return Ending{Finish::Length, reply.outcome.error};
      case GenerateOutcome::Reason::Length:
        return Ending{Finish::Length, "The answer was cut off at its limit of " + std::to_string(options_.max_tokens) +
                                          " tokens; send a message to go on."};
      case GenerateOutcome::Reason::EndOfTurn:
      case GenerateOutcome::Reason::ToolResponse:
        break;
    }
    if (!reply.calls.empty()) return std::nullopt;
    if (reply.has_text) return Ending{Finish::Done, {}};
    return Ending{Finish::Failed, "The model gave no answer; ask again, or in other words."};
  }

  // The calls of a run that ended too early are shown, but not carried out.
  Status leave_calls(const std::vector<ParsedCall>& calls, Finish finish) {
    const bool stopped = finish == Finish::Stopped;
    for (const ParsedCall& call : calls)
      FACET_RETURN_IF_ERROR(caller_.record(
          call, stopped ? CallState::Stopped : CallState::Failed,
          stopped ? "error: stopped by the user" : "error: the answer was cut off before this could run"));
    return {};
  }

  Result<std::optional<Ending>> run_calls(const std::vector<ParsedCall>& calls) {
    std::optional<Ending> ending;
    for (const ParsedCall& call : calls) {
      if (stop_.stop_requested()) ending = Ending{Finish::Stopped, {}};
      if (!ending && is_steered()) ending = Ending{Finish::Done, {}};
      if (ending) {
        FACET_RETURN_IF_ERROR(caller_.record(call, CallState::Stopped, "error: the turn ended before this could run"));
        continue;
      }
      const int times = ++times_called_[identity_of(call)];
      if (times < kMaxSameCalls) {
        FACET_RETURN_IF_ERROR(caller_.run(call, times > 1 ? kSameCallHint : "", stop_));
        continue;
      }
      FACET_RETURN_IF_ERROR(caller_.record(call, CallState::Failed, "error: the same call was made too often"));
      ending = Ending{Finish::Failed, "The model kept making the same call (" + call.name +
                                          ") without getting on; ask in other words."};
    }
    if (!ending && is_steered()) ending = Ending{Finish::Done, {}};
    if (stop_.stop_requested()) ending = Ending{Finish::Stopped, {}};
    return ending;
  }

  // Then the turn ends here: the next one begins with all that was done, and with what the user says to it.
  bool is_steered() const { return hooks_.is_steered && hooks_.is_steered(); }

  void finish(Ending ending) {
    Status stored = writer_.close_text();
    if (stored.ok() && prompt_ && prompt_->leaves_out_unnoticed())
      stored = writer_.add_notice(Severity::Information, kLeftOut);
    if (stored.ok() && !untaken_.empty()) stored = writer_.add_notice(Severity::Warning, untaken_);
    if (stored.ok() && !ending.notice.empty())
      stored = writer_.add_notice(ending.finish == Finish::Failed ? Severity::Error : Severity::Warning, ending.notice);
    if (stored.ok()) stored = store_.finish_message(turn_.assistant.id, ending.finish);
    if (!stored.ok()) ending = {Finish::Failed, stored.error().message};
    hooks_.send(TurnFinished{turn_.conversation.id, turn_.assistant.id, ending.finish,
                             ending.finish == Finish::Failed ? ending.notice : std::string()});
  }

  Turn turn_;
  Store& store_;
  const StoreReader& reader_;
  TextModel* model_;
  const TurnOptions& options_;
  const TurnHooks& hooks_;
  const std::stop_token stop_;
  std::string untaken_;               // what of the question's files does not reach the model
  std::optional<TurnPrompt> prompt_;  // once there is a model to write it for
  std::vector<RunOutput> outputs_;
  std::map<std::string, int> times_called_;
  PartWriter writer_;
  CallRunner caller_;
};

}  // namespace

void run_turn(Turn turn, Store& store, const StoreReader& reader, TextModel* model, const TurnOptions& options,
              const TurnHooks& hooks, std::stop_token stop) {
  TurnLoop(std::move(turn), store, reader, model, options, hooks, std::move(stop)).run();
}

}  // namespace facet::agent
