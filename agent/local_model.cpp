#include "agent/local_model.h"

#include <chrono>
#include <list>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/prompt/markers.h"
#include "engine/engine.h"

namespace facet::agent {
namespace {

using engine::Token;

// Conversations whose keys and values stay in memory. Each costs what engine::MemoryPlan says for one sequence.
constexpr std::size_t kMaxSequences = 3;

constexpr const char* kPracticeName = "Practice model";
constexpr const char* kPracticeDescription =
    "A tiny model for trying Facet out: it lists, searches and reads your text files and knows nothing else. Open a "
    "Gemma 4 model (a GGUF file) for real work.";

std::int64_t milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
}

std::string describe(const engine::ModelDescription& model) {
  std::string text = "Gemma 4";
  if (!model.size_label.empty()) text += " " + model.size_label;
  return text + ", " + std::to_string(model.file_bytes / 1'000'000) + " MB";
}

std::string to_json(const engine::Sampling& sampling) {
  const nlohmann::json json = {{"temperature", sampling.temperature},
                               {"top_k", sampling.top_k},
                               {"top_p", sampling.top_p},
                               {"min_p", sampling.min_p},
                               {"repetition_penalty", sampling.repetition_penalty},
                               {"repetition_window", sampling.repetition_window}};
  return json.dump();
}

engine::Sampling with_overrides(engine::Sampling sampling, const SamplingOverrides& overrides, std::uint64_t seed) {
  sampling.temperature = overrides.temperature.value_or(sampling.temperature);
  sampling.top_k = overrides.top_k.value_or(sampling.top_k);
  sampling.top_p = overrides.top_p.value_or(sampling.top_p);
  sampling.min_p = overrides.min_p.value_or(sampling.min_p);
  sampling.repetition_penalty = overrides.repetition_penalty.value_or(sampling.repetition_penalty);
  sampling.seed = seed;
  return sampling;
}

class LocalModel : public TextModel {
 public:
  LocalModel(std::unique_ptr<engine::Engine> engine, const LocalModelOptions& options) : engine_(std::move(engine)) {
    const engine::ModelDescription& model = engine_->description();
    info_.name = options.built_in ? kPracticeName : model.name;
    info_.description = options.built_in ? kPracticeDescription : describe(model);
    info_.path = options.path.string();
    info_.device = engine_->device();
    info_.context_length = engine_->context_length();
    info_.variant =
        model.template_variant == engine::TemplateVariant::Large ? PromptVariant::Large : PromptVariant::Small;
    info_.built_in = options.built_in;
    tool_response_ = engine_->tokenizer().find(marker_text(Marker::ToolResponseOpen));
  }

  const TextModelInfo& info() const override { return info_; }

  std::int64_t count_tokens(const std::vector<PromptPiece>& prompt) const override {
    return static_cast<std::int64_t>(encode(prompt).size());
  }

  GenerateOutcome generate(const GenerateRequest& request, const GenerateCallbacks& callbacks,
                           std::stop_token stop) override {
    GenerateOutcome outcome;
    const engine::Sampling sampling = with_overrides(engine_->default_sampling(), request.sampling, request.seed);
    outcome.sampling_json = to_json(sampling);
    const std::vector<Token> prompt = encode(request.prompt);
    outcome.prompt_tokens = static_cast<std::int64_t>(prompt.size());
    if (outcome.prompt_tokens >= info_.context_length) {
      outcome.reason = GenerateOutcome::Reason::ContextFull;
      outcome.error = "The conversation has grown to " + std::to_string(prompt.size()) + " tokens, and " + info_.name +
                      " holds " + std::to_string(info_.context_length) + "; begin a new conversation.";
      return outcome;
    }
    engine::Sequence& sequence = sequence_of(request.conversation);
    if (!read_prompt(sequence, prompt, callbacks, stop, outcome)) return outcome;
    const auto begin = std::chrono::steady_clock::now();
    decode(sequence, request, sampling, callbacks, stop, outcome);
    outcome.decode_ms = milliseconds_since(begin);
    return outcome;
  }

 private:
  // Text merges across the borders of pieces, but never into ids that were generated.
  std::vector<Token> encode(const std::vector<PromptPiece>& prompt) const {
    std::vector<Token> ids;
    std::vector<engine::TextSpan> spans;
    const auto flush = [&] {
      const std::vector<Token> encoded = engine_->tokenizer().encode(spans);
      ids.insert(ids.end(), encoded.begin(), encoded.end());
      spans.clear();
    };
    for (const PromptPiece& piece : prompt) {
      if (piece.kind == PromptPiece::Kind::Tokens) {
        flush();
        ids.insert(ids.end(), piece.tokens.begin(), piece.tokens.end());
      } else {
        const bool trusted = piece.kind == PromptPiece::Kind::Template;
        spans.push_back({piece.text, trusted ? engine::Trust::Template : engine::Trust::Data});
      }
    }
    flush();
    return ids;
  }

  // The sequence of a conversation, the most recently used in front.
  engine::Sequence& sequence_of(ConversationId conversation) {
    for (auto entry = sequences_.begin(); entry != sequences_.end(); ++entry) {
      if (entry->first != conversation) continue;
      sequences_.splice(sequences_.begin(), sequences_, entry);
      return *sequences_.front().second;
    }
    if (sequences_.size() == kMaxSequences) sequences_.pop_back();
    sequences_.emplace_front(conversation, engine_->create_sequence());
    return *sequences_.front().second;
  }

  // False when the outcome is already decided.
  static bool read_prompt(engine::Sequence& sequence, const std::vector<Token>& prompt,
                          const GenerateCallbacks& callbacks, const std::stop_token& stop, GenerateOutcome& outcome) {
    engine::SyncOptions options;
    if (callbacks.prompt_progress) {
      options.progress = [&](std::size_t done, std::size_t total) {
        callbacks.prompt_progress(static_cast<std::int64_t>(done), static_cast<std::int64_t>(total));
      };
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto synced = sequence.sync(prompt, options, stop);
    outcome.prefill_ms = milliseconds_since(begin);
    if (!synced.ok()) {
      const bool stopped = synced.error().code == Error::Code::Stopped;
      outcome.reason = stopped ? GenerateOutcome::Reason::Stopped : GenerateOutcome::Reason::Failed;
      outcome.error = stopped ? "" : synced.error().message;
      return false;
    }
    outcome.cached_tokens = static_cast<std::int64_t>(synced->reused);
    return true;
  }

  void decode(engine::Sequence& sequence, const GenerateRequest& request, const engine::Sampling& sampling,
              const GenerateCallbacks& callbacks, const std::stop_token& stop, GenerateOutcome& outcome) {
    const engine::Tokenizer& tokenizer = engine_->tokenizer();
    engine::Sampler sampler(sampling, tokenizer.suppressed());
    engine::StreamingDecoder decoder(tokenizer);
    const auto say = [&](const ReplyPiece& piece) {
      if (callbacks.piece) callbacks.piece(piece);
    };
    const auto say_text = [&](std::string text) {
      if (text.empty()) return;
      outcome.text += text;
      say(std::move(text));
    };

    outcome.reason = GenerateOutcome::Reason::Length;
    while (static_cast<std::int64_t>(outcome.tokens.size()) < request.max_tokens) {
      if (stop.stop_requested()) {
        outcome.reason = GenerateOutcome::Reason::Stopped;
        break;
      }
      logits_.assign(sequence.last_logits().begin(), sequence.last_logits().end());
      const Token token = sampler.sample(logits_, sequence.tokens(), &tokenizer);
      outcome.tokens.push_back(token);
      say_text(decoder.push(token));
      if (tokenizer.kind(token) == engine::Tokenizer::Kind::Marker) {
        const std::string_view spelling = tokenizer.spelling(token);
        outcome.text += spelling;
        if (const auto marker = marker_at_start(spelling)) say(*marker);
      }
      if (tokenizer.ends_generation(token)) {
        outcome.reason =
            token == tool_response_ ? GenerateOutcome::Reason::ToolResponse : GenerateOutcome::Reason::EndOfTurn;
        break;
      }
      if (static_cast<std::int64_t>(sequence.tokens().size()) >= info_.context_length) {
        outcome.reason = GenerateOutcome::Reason::ContextFull;
        outcome.error = "The answer was cut off because the context of " + std::to_string(info_.context_length) +
                        " tokens is full; begin a new conversation.";
        break;
      }
      if (const Status appended = sequence.append(token); !appended.ok()) {
        outcome.reason = GenerateOutcome::Reason::Failed;
        outcome.error = appended.error().message;
        break;
      }
    }
    say_text(decoder.flush());
  }

  std::unique_ptr<engine::Engine> engine_;
  TextModelInfo info_;
  std::optional<Token> tool_response_;
  std::list<std::pair<ConversationId, std::unique_ptr<engine::Sequence>>> sequences_;
  std::vector<float> logits_;
};

}  // namespace

Result<std::unique_ptr<TextModel>> open_local_model(const LocalModelOptions& options) {
  engine::EngineOptions engine_options;
  engine_options.threads = options.threads;
  engine_options.context_length = options.context_length;
  FACET_ASSIGN_OR_RETURN(auto engine, engine::Engine::open(options.path, engine_options));
  return std::unique_ptr<TextModel>(std::make_unique<LocalModel>(std::move(engine), options));
}

}  // namespace facet::agent
