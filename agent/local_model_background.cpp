#include "agent/local_model_background.h"

#include <chrono>
#include <exception>
#include <utility>
#include <vector>

#include "agent/local_model_prompt.h"
#include "agent/local_model_reply.h"
#include "engine/engine.h"

namespace facet::agent {
namespace {

using Reason = GenerateOutcome::Reason;
using Embedding = std::shared_ptr<const engine::MediaEmbedding>;

class LocalModelBackground : public BackgroundModel {
 public:
  explicit LocalModelBackground(const engine::Engine& engine)
      : engine_(engine), sequence_(engine.create_sequence(Priority::Background)) {}

  GenerateOutcome generate(const GenerateRequest& request, const GenerateCallbacks& callbacks,
                           std::stop_token stop) override {
    GenerateOutcome outcome;
    try {
      run(request, callbacks, stop, outcome);
    } catch (const std::exception& exception) {
      outcome.reason = Reason::Failed;
      outcome.error = std::string("The model could not answer: ") + exception.what() + ".";
    }
    return outcome;
  }

 private:
  void run(const GenerateRequest& request, const GenerateCallbacks& callbacks, const std::stop_token& stop,
           GenerateOutcome& outcome) {
    LocalModelReply reply(engine_, request, callbacks, outcome);
    const auto begin = std::chrono::steady_clock::now();
    const auto items = items_of(request.prompt, stop);
    if (!items.ok()) return set_failure(items.error(), outcome);
    for (const engine::SequenceItem& item : *items) {
      const auto* slice = std::get_if<engine::MediaSlice>(&item);
      outcome.prompt_tokens += slice == nullptr ? 1 : static_cast<std::int64_t>(slice->media->tokens());
    }
    if (outcome.prompt_tokens >= static_cast<std::int64_t>(engine_.context_length())) {
      outcome.reason = Reason::ContextFull;
      outcome.error = "A segment takes " + std::to_string(outcome.prompt_tokens) +
                      " tokens, and the context of the model is " + std::to_string(engine_.context_length()) +
                      "; open it with a longer one.";
      return;
    }
    engine::SyncOptions options;
    options.candidates = reply.candidates();
    const auto synced = sequence_->sync(*items, options, stop);
    outcome.prefill_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
    if (!synced.ok()) return set_failure(synced.error(), outcome);
    outcome.cached_tokens = static_cast<std::int64_t>(synced->reused);
    reply.speak(*sequence_, stop);
  }

  Result<std::vector<engine::SequenceItem>> items_of(const std::vector<PromptPiece>& prompt,
                                                     const std::stop_token& stop) {
    std::vector<engine::SequenceItem> items;
    for (const PromptToken& token : encode(engine_.tokenizer(), prompt)) {
      if (const auto* id = std::get_if<engine::Token>(&token)) {
        items.emplace_back(*id);
        continue;
      }
      FACET_ASSIGN_OR_RETURN(const Embedding embedding, heard(*std::get<const MediaItem*>(token), stop));
      items.emplace_back(engine::MediaSlice::all_of(embedding));
    }
    return items;
  }

  // The same sound is often asked about twice, one after the other, and never again.
  Result<Embedding> heard(const MediaItem& item, const std::stop_token& stop) {
    if (item.sound == nullptr)
      return Error{Error::Code::Unsupported, "In the background a model hears only what is given to it as sound."};
    if (item.sound == last_sound_ && last_embedding_ != nullptr) return last_embedding_;
    FACET_ASSIGN_OR_RETURN(last_embedding_, engine_.encode(*item.sound, Priority::Background, stop));
    last_sound_ = item.sound;
    return last_embedding_;
  }

  const engine::Engine& engine_;
  std::unique_ptr<engine::Sequence> sequence_;
  std::shared_ptr<const engine::PcmAudio> last_sound_;
  Embedding last_embedding_;
};

}  // namespace

std::unique_ptr<BackgroundModel> open_in_background(const engine::Engine& engine) {
  return std::make_unique<LocalModelBackground>(engine);
}

}  // namespace facet::agent
