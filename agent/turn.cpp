#include "agent/turn.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/call_runner.h"
#include "agent/model_runner.h"
#include "agent/part_writer.h"
#include "agent/plan.h"
#include "agent/summary.h"
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
    // What the user has chosen meanwhile.
    FACET_ASSIGN_OR_RETURN(const auto conversation, reader_.conversation(turn_.conversation.id));
    if (conversation) turn_.conversation = *conversation;
    prompt_.emplace(options_, turn_.conversation, *model_);
    untaken_ = untaken_sentences(turn_.user, model_->info());
    FACET_RETURN_IF_ERROR(prompt_->read_history(reader_, turn_.user.id));
    kept_compaction_ = prompt_->compaction();
    begin_ms_ = hooks_.now_ms();
    FACET_RETURN_IF_ERROR(summarise());
    return answer();
  }

  // Where the conversation before the question takes too much room.
  Status summarise() {
    constexpr std::int64_t kMostTokens = 512;
    constexpr std::int64_t kLeastTokens = 64;  // less says nothing
    constexpr std::int64_t kBytesPerToken = 4;
    FACET_ASSIGN_OR_RETURN(const bool is_wanted, prompt_->wants_summary());
    const std::int64_t room = std::min(kMostTokens, prompt_->ledger().for_conversation() / 8);
    if (!is_wanted || room < kLeastTokens) return {};
    const auto progress = [&](std::int64_t done) {
      hooks_.send(CompactionProgress{turn_.conversation.id, done, room});
      hooks_.serve();
    };
    progress(0);
    const auto by_model = [&]() -> Result<std::string> {
      if (!model_->info().summarises) return Error{Error::Code::Unsupported, "The model writes no summaries."};
      FACET_ASSIGN_OR_RETURN(auto request, prompt_->render_summary_request(room));
      return write_summary(*model_, turn_.conversation.id, std::move(request), room, options_.seed.value_or(0),
                           progress, stop_);
    };
    Result<std::string> summary = by_model();
    if (stop_.stop_requested()) return {};
    prompt_->summarise(summary.ok() ? *std::move(summary)
                                    : list_questions(prompt_->messages(), prompt_->compaction(), prompt_->summary_end(),
                                                     static_cast<std::size_t>(room * kBytesPerToken)));
    was_summarised_ = true;
    return keep_compaction();
  }

  // So that the next turn is told the same.
  Status keep_compaction() {
    Compaction now = prompt_->compaction();
    if (now == kept_compaction_) return {};
    now.conversation = turn_.conversation.id;
    now.answer = turn_.assistant.id;
    FACET_RETURN_IF_ERROR(store_.add_compaction(now));
    kept_compaction_ = prompt_->compaction();
    return {};
  }

  // The loop: prompt, model, calls, again. The error is one of the store or of the prompt; it ends the turn as failed.
  Result<Ending> answer() {
    ModelRunner runner(turn_.assistant, store_, *model_, options_, hooks_, writer_);
    const std::int64_t thinking_tokens = model_->info().thinks ? turn_.conversation.thinking_tokens : 0;
    const auto is_late = [&] { return left_ms() <= 0; };
    for (int run = 0; run < options_.limits.steps; ++run) {
      writer_.begin_run(run);
      FACET_ASSIGN_OR_RETURN(std::vector<PromptPiece> pieces, prompt_->render(turn_.assistant, outputs_));
      FACET_RETURN_IF_ERROR(keep_compaction());
      FACET_ASSIGN_OR_RETURN(Reply reply, runner.run(*prompt_, std::move(pieces), thinking_tokens, is_late, stop_));
      limit_results(reply);
      written_tokens_ += static_cast<std::int64_t>(reply.outcome.tokens.size());
      outputs_.push_back({std::move(reply.outcome.tokens), std::move(reply.outcome.text)});
      if (const std::optional<Ending> ending = ending_of(reply)) {
        FACET_RETURN_IF_ERROR(leave_calls(reply.calls, ending->finish));
        return *ending;
      }
      FACET_ASSIGN_OR_RETURN(const std::optional<Ending> ending, run_calls(reply.calls));
      if (ending) return *ending;
      if (written_tokens_ >= options_.limits.turn_tokens)
        return limit_reached(std::to_string(options_.limits.turn_tokens) + " tokens");
      if (is_late()) return late();
    }
    return limit_reached(options_.limits.steps == 1 ? "1 step" : std::to_string(options_.limits.steps) + " steps");
  }

  static Ending limit_reached(const std::string& limit) {
    return {Finish::Length, "Stopped after " + limit + " without a final answer; send a message to go on."};
  }
  Ending late() const {
    const std::int64_t seconds = options_.limits.milliseconds / 1000;
    return limit_reached(seconds % 60 == 0 ? std::to_string(seconds / 60) + " minutes"
                                           : std::to_string(seconds) + " seconds");
  }
  std::int64_t left_ms() const {
    return options_.limits.milliseconds - (hooks_.now_ms() - begin_ms_ - caller_.waited_ms());
  }

  // The results of a run have to fit beside what the model was just told, or, once older ones have been left out,
  // beside the rest of it; so each may take a part of that.
  void limit_results(const Reply& reply) {
    constexpr std::int64_t kBytesPerToken = 3;
    constexpr std::int64_t kLeastBytes = 512;
    constexpr std::int64_t kMostBytes = static_cast<std::int64_t>(kMaxResultBytes);
    const ContextLedger& ledger = prompt_->ledger();
    const auto calls = static_cast<std::int64_t>(reply.calls.size());
    if (!ledger.is_known() || calls == 0) return;
    const std::int64_t bytes = ledger.for_conversation() / 2 * kBytesPerToken / calls;
    caller_.limit_results(static_cast<std::size_t>(std::clamp(bytes, kLeastBytes, kMostBytes)));
  }

  // Nothing when there are calls to run.
  std::optional<Ending> ending_of(const Reply& reply) const {
    switch (reply.outcome.reason) {
      case GenerateOutcome::Reason::Stopped:
        if (reply.is_endless && !stop_.stop_requested())
          return Ending{Finish::Failed, "The model only repeated itself and was stopped; ask again, or in other words."};
        return stop_.stop_requested() || left_ms() > 0 ? Ending{Finish::Stopped, {}} : late();
      case GenerateOutcome::Reason::Failed:
        return Ending{Finish::Failed, reply.outcome.error};
      case GenerateOutcome::Reason::ContextFull:
        return Ending{Finish::Length, reply.outcome.error};
      case GenerateOutcome::Reason::Length:
        return Ending{Finish::Length, "The answer was cut off at its limit of " +
                                          std::to_string(options_.limits.run_tokens) +
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
        FACET_ASSIGN_OR_RETURN(const std::string news, news_of_plan());
        if (!news.empty() && call.name == kUpdatePlan) {
          // What the user has written is not written over by who does not know it.
          FACET_RETURN_IF_ERROR(caller_.record(call, CallState::Failed, "error: " + news));
        } else {
          const std::string note = news.empty() ? "" : "\n\nnote: " + news;
          FACET_RETURN_IF_ERROR(caller_.run(call, (times > 1 ? kSameCallHint : "") + note, stop_));
        }
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

  // What the user has changed in the plan since the model was told of it.
  Result<std::string> news_of_plan() {
    FACET_ASSIGN_OR_RETURN(const bool is_news, reader_.plan_is_news(turn_.conversation.id));
    if (!is_news) return std::string();
    FACET_ASSIGN_OR_RETURN(const auto conversation, reader_.conversation(turn_.conversation.id));
    FACET_RETURN_IF_ERROR(store_.settle_plan(turn_.conversation.id));
    return conversation ? plan_news(conversation->plan, "the user has") : std::string();
  }

  // Then the turn ends here: the next one begins with all that was done, and with what the user says to it.
  bool is_steered() const { return hooks_.is_steered && hooks_.is_steered(); }

  void finish(Ending ending) {
    Status stored = writer_.close_text();
    if (stored.ok() && prompt_ && prompt_->leaves_out_unnoticed())
      stored = writer_.add_notice(Severity::Information, kLeftOut);
    if (stored.ok() && was_summarised_) stored = writer_.add_notice(Severity::Information, kSummarised);
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
  bool was_summarised_ = false;
  Compaction kept_compaction_;  // as it is in the store
  std::int64_t begin_ms_ = 0;
  std::int64_t written_tokens_ = 0;
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
