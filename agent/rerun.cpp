#include "agent/rerun.h"

#include <algorithm>
#include <utility>

#include "agent/prompt/prompt.h"
#include "agent/turn_prompt.h"
#include "engine/base/sha256.h"

namespace facet::agent {
namespace {

SamplingOverrides sampling_of(const Step& step) {
  SamplingOverrides sampling;
  const Json json = Json::parse(step.sampling_json, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return sampling;
  const auto take = [&](const char* name, auto& value) {
    using Number = typename std::remove_reference_t<decltype(value)>::value_type;
    if (json.contains(name) && json[name].is_number()) value = json[name].get<Number>();
  };
  take("temperature", sampling.temperature);
  take("top_k", sampling.top_k);
  take("top_p", sampling.top_p);
  take("min_p", sampling.min_p);
  take("repetition_penalty", sampling.repetition_penalty);
  return sampling;
}

Message before_run(const Message& answer, int run) {
  Message before = answer;
  std::erase_if(before.parts, [&](const Part& part) { return part.run >= run; });
  return before;
}

// How the conversation was told when the answer was begun: the last way before it, or the summary that was written for
// it.
Compaction compaction_for(const std::vector<Compaction>& all, MessageId answer) {
  Compaction before;
  for (const Compaction& compaction : all) {
    if (compaction.answer > answer) break;
    const bool is_new_summary = compaction.answer == answer && compaction.summarised_to > before.summarised_to;
    if (compaction.answer < answer || is_new_summary) before = compaction;
    if (is_new_summary) break;
  }
  return before;
}

bool has_ended_by_itself(const Step& step) {
  return !step.tokens.empty() && step.finish_reason != "stopped" && step.finish_reason != "failed";
}

}  // namespace

Result<std::vector<RepeatedRun>> rerun(const StoreReader& reader, const Conversation& conversation, MessageId answer,
                                       TextModel& model, const TurnOptions& options,
                                       const std::function<void(const RepeatedRun&)>& done, std::stop_token stop) {
  FACET_ASSIGN_OR_RETURN(const std::vector<Message> messages, reader.messages(conversation.id));
  const auto found =
      std::find_if(messages.begin(), messages.end(), [&](const Message& message) { return message.id == answer; });
  if (found == messages.begin() || found == messages.end() || found->role != Role::Assistant)
    return Error{Error::Code::NotFound, "The conversation has no such answer."};
  FACET_ASSIGN_OR_RETURN(const std::vector<Step> steps, reader.steps(answer));
  FACET_ASSIGN_OR_RETURN(const std::vector<Compaction> compactions, reader.compactions(conversation.id));

  Conversation then = conversation;
  then.thinking_tokens = steps.empty() ? 0 : steps.front().thinking_tokens;
  TurnPrompt prompt(options, then, model);
  for (auto message = messages.begin(); message != found; ++message)
    prompt.append(*message);
  prompt.set_compaction(compaction_for(compactions, answer));
  FACET_RETURN_IF_ERROR(prompt.wants_summary());  // leaves results out as it did then

  std::vector<RunOutput> outputs;
  std::vector<RepeatedRun> runs;
  for (const Step& step : steps) {
    FACET_ASSIGN_OR_RETURN(auto pieces, prompt.render(before_run(*found, static_cast<int>(runs.size())), outputs));
    RepeatedRun& run = runs.emplace_back();
    run.tokens = static_cast<std::int64_t>(step.tokens.size());
    if (!has_ended_by_itself(step)) {
      run.result = RepeatedRun::Result::NotCompared;
    } else if (sha256_hex(prompt_text(pieces)) != step.prompt_sha256) {
      run.result = RepeatedRun::Result::OtherPrompt;
    } else {
      const GenerateRequest request{.conversation = conversation.id,
                                    .prompt = std::move(pieces),
                                    .sampling = sampling_of(step),
                                    .seed = step.seed,
                                    .max_tokens = options.limits.run_tokens + step.thinking_tokens,
                                    .grammar = options.grammar,
                                    .thinking_tokens = step.thinking_tokens};
      GenerateCallbacks callbacks;
      callbacks.piece = [](const ReplyPiece&) {};
      callbacks.prompt_progress = [](std::int64_t, std::int64_t) {};
      const GenerateOutcome outcome = model.generate(request, callbacks, stop);
      if (outcome.reason == GenerateOutcome::Reason::Stopped) return Error{Error::Code::Stopped, "Stopped."};
      const auto same =
          std::mismatch(step.tokens.begin(), step.tokens.end(), outcome.tokens.begin(), outcome.tokens.end());
      run.same_until = same.first - step.tokens.begin();
      if (outcome.tokens != step.tokens) run.result = RepeatedRun::Result::OtherTokens;
      outputs.push_back({outcome.tokens, outcome.text});
    }
    done(run);
    // What follows would be told something that the model has not said.
    if (run.result != RepeatedRun::Result::Same) break;
  }
  return runs;
}

}  // namespace facet::agent
