#include "agent/local_model.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <exception>
#include <list>
#include <utility>
#include <variant>

#include "agent/local_model_background.h"
#include "agent/local_model_grammar.h"
#include "agent/local_model_media.h"
#include "agent/local_model_prompt.h"
#include "agent/local_model_reply.h"
#include "agent/prompt/markers.h"
#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"

namespace facet::agent {
namespace {

using engine::Token;
using Reason = GenerateOutcome::Reason;

// Conversations whose keys and values stay in memory, as far as all of them together stay within the budget.
constexpr std::uint64_t kMaxSequences = 3;
// Enough to measure the speed, and to copy or compile whatever the first tokens need.
constexpr std::size_t kLittle = 32;
constexpr std::uint64_t kCacheBudgetBytes = std::uint64_t{2} << 30U;

constexpr const char* kPracticeName = "Practice model";
constexpr const char* kPracticeDescription =
    "A tiny model for trying Facet out: it finds, reads and changes text files, runs commands, follows short plans, "
    "reads a line of text in a small picture, writes down simple sentences, and knows nothing else. Open a Gemma 4 "
    "model (a GGUF file) for real work.";
// Those of resources/built-in-model/eval/declarations.json.
constexpr std::array kPracticeTools = {"read_file",   "list_files",     "search_files",    "code_outline",
                                       "read_symbol", "write_file",     "edit_file",       "move_file",
                                       "delete_file", "search_history", "clock",           "remember",
                                       "recall",      "update_plan",    "take_screenshot", "run_command"};

std::int64_t milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
}

std::string describe(const engine::ModelDescription& model) {
  std::string text = "Gemma 4";
  if (!model.size_label.empty()) text += " " + model.size_label;
  return text + ", " + std::to_string(model.file_bytes / 1'000'000) + " MB";
}

class LocalModel : public TextModel {
 public:
  LocalModel(std::unique_ptr<engine::Engine> engine, const LocalModelOptions& options)
      : engine_(std::move(engine)), media_(*engine_, options.media) {
    const engine::ModelDescription& model = engine_->description();
    info_.name = options.built_in ? kPracticeName : model.name;
    info_.description = options.built_in ? kPracticeDescription : describe(model);
    info_.path = options.path.string();
    info_.device = engine_->device();
    info_.context_length = engine_->context_length();
    info_.variant =
        model.template_variant == engine::TemplateVariant::Large ? PromptVariant::Large : PromptVariant::Small;
    info_.built_in = options.built_in;
    if (options.built_in) info_.learned_tools.assign(kPracticeTools.begin(), kPracticeTools.end());
    info_.thinks = info_.summarises = !options.built_in;
    info_.sees = model.sees && options.media != nullptr;
    info_.hears = model.hears && options.media != nullptr;
    info_.media_remark = model.media_remark;
    const engine::MemoryPlan& memory = engine_->memory();
    const std::uint64_t affordable = kCacheBudgetBytes / std::max<std::uint64_t>(memory.cache_bytes, 1);
    const std::uint64_t most = std::min(affordable, memory.sequences);
    max_sequences_ = static_cast<std::size_t>(std::clamp<std::uint64_t>(most, 1, kMaxSequences));
  }

  const TextModelInfo& info() const override { return info_; }

  std::int64_t count_tokens(const std::vector<PromptPiece>& prompt) const override {
    return count(encode(engine_->tokenizer(), prompt));
  }

  std::optional<ReadingEstimate> estimate_reading(ConversationId conversation,
                                                  const std::vector<PromptPiece>& prompt) const override {
    const std::vector<PromptToken> ids = encode(engine_->tokenizer(), prompt);
    const auto entry = find_sequence(conversation);
    const std::int64_t cached =
        entry == sequences_.end() ? 0 : static_cast<std::int64_t>(entry->second->cached(known_items(ids)));
    ReadingEstimate estimate;
    estimate.tokens = count(ids) - cached;
    std::vector<MediaItem> missing;
    for (const MediaItem* item : media_of(ids))
      if (media_.find(*item) == nullptr) missing.push_back(*item);
    const auto encoding = media_.seconds_for(missing);
    const auto reading = engine_->seconds_to_read(static_cast<std::size_t>(estimate.tokens));
    if (reading && encoding) estimate.milliseconds = std::llround((*reading + *encoding) * 1000);
    return estimate;
  }

  std::optional<std::int64_t> milliseconds_for(const std::vector<MediaItem>& items) const override {
    std::int64_t tokens = 0;
    for (const MediaItem& item : items)
      tokens += item.piece.tokens;
    const auto encoding = media_.seconds_for(items);
    const auto reading = engine_->seconds_to_read(static_cast<std::size_t>(tokens));
    if (items.empty() || !encoding || !reading) return std::nullopt;
    return std::llround((*encoding + *reading) * 1000);
  }

  void read_ahead(ConversationId conversation, const std::vector<PromptPiece>& beginning, ReadAhead amount,
                  const std::function<bool()>& go_on, std::stop_token stop) override {
    try {
      if (!grammar_) grammar_.emplace(engine_->tokenizer());
      read_ahead(conversation, encode(engine_->tokenizer(), beginning), amount, go_on, stop);
    } catch (const std::exception&) {
      // Then it is read when it is sent.
    }
  }

  void encode_ahead(const std::vector<PromptPiece>& prompt, const std::function<bool()>& go_on,
                    std::stop_token stop) override {
    try {
      const std::vector<PromptToken> ids = encode(engine_->tokenizer(), prompt);
      if (count(ids) < info_.context_length) (void)encode_media(ids, go_on, stop);
    } catch (const std::exception&) {
      // Then it is encoded when it is sent.
    }
  }

  std::unique_ptr<BackgroundModel> in_background() override { return open_in_background(*engine_); }

  GenerateOutcome generate(const GenerateRequest& request, const GenerateCallbacks& callbacks,
                           std::stop_token stop) override {
    GenerateOutcome outcome;
    try {
      run(request, callbacks, stop, outcome);
    } catch (const std::exception& exception) {
      outcome.reason = Reason::Failed;
      outcome.error = std::string("The model could not answer: ") + exception.what() + ".";
    }
    // Another device may have taken over.
    info_.device = engine_->device();
    return outcome;
  }

 private:
  using Sequences = std::list<std::pair<ConversationId, std::unique_ptr<engine::Sequence>>>;

  void run(const GenerateRequest& request, const GenerateCallbacks& callbacks, const std::stop_token& stop,
           GenerateOutcome& outcome) {
    LocalModelReply reply(*engine_, request, callbacks, outcome, grammar_of(request));
    const std::vector<PromptToken> prompt = encode(engine_->tokenizer(), request.prompt);
    outcome.prompt_tokens = count(prompt);
    if (outcome.prompt_tokens >= info_.context_length) {
      outcome.reason = Reason::ContextFull;
      outcome.error = "The conversation has grown to " + std::to_string(outcome.prompt_tokens) + " tokens, and " +
                      info_.name + " holds " + std::to_string(info_.context_length) + "; begin a new conversation" +
                      (media_of(prompt).empty() ? "." : ", or attach less.");
      return;
    }
    const auto items = encode_media(prompt, callbacks, stop, outcome);
    if (!items) return;
    engine::Sequence& sequence = sequence_of(request.conversation);
    if (!read_prompt(sequence, *items, callbacks, reply.candidates(), stop, outcome)) return;
    reply.speak(sequence, stop);
  }

  // Null where the reply may be anything.
  LocalModelGrammar* grammar_of(const GenerateRequest& request) {
    if (request.grammar == nullptr) return nullptr;
    if (!grammar_) grammar_.emplace(engine_->tokenizer());
    grammar_->use(request.grammar);
    return &*grammar_;
  }

  // What was encoded is counted exactly; of what was not it is known well enough.
  std::int64_t count(const std::vector<PromptToken>& prompt) const {
    std::int64_t tokens = 0;
    for (const PromptToken& token : prompt) {
      if (!is_media(token)) {
        ++tokens;
        continue;
      }
      const MediaItem& item = *std::get<const MediaItem*>(token);
      const auto known = media_.find(item);
      tokens += known != nullptr ? known->tokens() : item.piece.tokens;
    }
    return tokens;
  }

  // Up to the first picture or sound that has to be encoded.
  std::vector<engine::SequenceItem> known_items(const std::vector<PromptToken>& prompt) const {
    std::vector<engine::SequenceItem> items;
    for (const PromptToken& token : prompt) {
      if (const auto* id = std::get_if<Token>(&token)) {
        items.emplace_back(*id);
        continue;
      }
      const auto known = media_.find(*std::get<const MediaItem*>(token));
      if (known == nullptr) break;
      items.emplace_back(engine::MediaSlice::all_of(known));
    }
    return items;
  }

  // The whole prompt, encoded as far as it was not. Ends early when `go_on` says no, which is an error of code Stopped.
  Result<std::vector<engine::SequenceItem>> encode_media(const std::vector<PromptToken>& prompt,
                                                         const LocalModelMedia::Tick& tick,
                                                         const std::stop_token& stop) {
    FACET_ASSIGN_OR_RETURN(const auto embeddings, media_.encode(media_of(prompt), Priority::Chat, tick, stop));
    std::vector<engine::SequenceItem> items;
    for (std::size_t next = 0; const PromptToken& token : prompt) {
      if (const auto* id = std::get_if<Token>(&token)) {
        items.emplace_back(*id);
      } else {
        items.emplace_back(engine::MediaSlice::all_of(embeddings[next++]));
      }
    }
    return items;
  }

  Result<std::vector<engine::SequenceItem>> encode_media(const std::vector<PromptToken>& prompt,
                                                         const std::function<bool()>& go_on,
                                                         const std::stop_token& stop) {
    std::stop_source ending;
    const std::stop_callback forwarded(stop, [&] { ending.request_stop(); });
    const LocalModelMedia::Tick tick = [&](std::int64_t, std::int64_t) {
      if (!go_on()) ending.request_stop();
    };
    return encode_media(prompt, tick, ending.get_token());
  }

  // Nothing when the outcome is already decided.
  std::optional<std::vector<engine::SequenceItem>> encode_media(const std::vector<PromptToken>& prompt,
                                                                const GenerateCallbacks& callbacks,
                                                                const std::stop_token& stop, GenerateOutcome& outcome) {
    const auto begin = std::chrono::steady_clock::now();
    auto items = encode_media(prompt, callbacks.media_progress, stop);
    outcome.prefill_ms = milliseconds_since(begin);
    if (items.ok()) return *std::move(items);
    set_failure(items.error(), outcome);
    return std::nullopt;
  }

  void read_ahead(ConversationId conversation, std::vector<PromptToken> ids, ReadAhead amount,
                  const std::function<bool()>& go_on, const std::stop_token& stop) {
    if (count(ids) >= info_.context_length) return;
    const auto entry = find_sequence(conversation);
    const std::size_t known = entry == sequences_.end() ? 0 : entry->second->cached(known_items(ids));
    // Of the last token the logits alone may be missing, and nobody asks for them.
    if (static_cast<std::int64_t>(known) + 1 >= count(ids)) return;
    if (amount == ReadAhead::Little) {
      const bool costs_another = entry == sequences_.end() && sequences_.size() == max_sequences_;
      if (costs_another || known >= kLittle) return;
      ids.erase(std::find_if(ids.begin(), ids.end(), is_media), ids.end());
      ids.resize(std::min(ids.size(), kLittle));
    }
    const auto items = encode_media(ids, go_on, stop);
    if (!items.ok()) return;
    std::stop_source ending;
    const std::stop_callback forwarded(stop, [&] { ending.request_stop(); });
    engine::SyncOptions options;
    options.candidates = 1;
    options.progress = [&](std::size_t, std::size_t) {
      if (!go_on()) ending.request_stop();
    };
    (void)sequence_of(conversation).sync(*items, options, ending.get_token());
  }

  Sequences::const_iterator find_sequence(ConversationId conversation) const {
    return std::find_if(sequences_.begin(), sequences_.end(),
                        [&](const auto& kept) { return kept.first == conversation; });
  }
  // The sequence of a conversation, the most recently used in front. What was read ahead for the next new conversation
  // is taken up by the first one that has none.
  engine::Sequence& sequence_of(ConversationId conversation) {
    auto entry = find_sequence(conversation);
    if (entry == sequences_.end()) entry = find_sequence(0);
    if (entry != sequences_.end()) {
      sequences_.splice(sequences_.begin(), sequences_, entry);
      sequences_.front().first = conversation;
      return *sequences_.front().second;
    }
    if (sequences_.size() == max_sequences_) sequences_.pop_back();
    sequences_.emplace_front(conversation, engine_->create_sequence());
    return *sequences_.front().second;
  }

  // False when the outcome is already decided.
  bool read_prompt(engine::Sequence& sequence, const std::vector<engine::SequenceItem>& prompt,
                   const GenerateCallbacks& callbacks, std::size_t candidates, const std::stop_token& stop,
                   GenerateOutcome& outcome) {
    engine::SyncOptions options;
    options.candidates = candidates;
    if (callbacks.prompt_progress) {
      options.progress = [&](std::size_t done, std::size_t total) {
        callbacks.prompt_progress(static_cast<std::int64_t>(done), static_cast<std::int64_t>(total));
      };
    }
    const auto begin = std::chrono::steady_clock::now();
    auto synced = sequence.sync(prompt, options, stop);
    // The other conversations can be read again when their turn has come.
    if (!synced.ok() && synced.error().code == Error::Code::OutOfMemory && sequences_.size() > 1) {
      sequences_.resize(1);
      synced = sequence.sync(prompt, options, stop);
    }
    outcome.prefill_ms += milliseconds_since(begin);
    if (!synced.ok()) {
      set_failure(synced.error(), outcome);
      return false;
    }
    outcome.cached_tokens = static_cast<std::int64_t>(synced->reused);
    return true;
  }

  std::unique_ptr<engine::Engine> engine_;
  LocalModelMedia media_;
  std::optional<LocalModelGrammar> grammar_;  // once it may be needed
  TextModelInfo info_;
  std::size_t max_sequences_ = 1;
  Sequences sequences_;
};

// The prompt renderer and the reply parser rely on these ids.
Status check_markers(const engine::Engine& engine) {
  for (const Marker marker : kAllMarkers) {
    if (engine.tokenizer().find(marker_text(marker)) == marker_id(marker)) continue;
    return Error{Error::Code::Unsupported, "'" + engine.description().path.filename().string() +
                                               "' can not be used for conversations: its vocabulary has " +
                                               std::string(marker_text(marker)) + " in another place than Gemma 4."};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<TextModel>> open_local_model(const LocalModelOptions& options) {
  FACET_ASSIGN_OR_RETURN(auto file, engine::GgufFile::open(options.path));
  return open_local_model(std::move(file), options);
}

Result<std::unique_ptr<TextModel>> open_local_model(std::unique_ptr<engine::GgufFile> file,
                                                    const LocalModelOptions& options) {
  engine::EngineOptions engine_options;
  engine_options.threads = options.threads;
  engine_options.backend = options.backend;
  engine_options.gpu_layers = options.gpu_layers;
  engine_options.gpu_memory_bytes = options.gpu_memory_bytes;
  engine_options.gpu_expert_bytes = options.gpu_expert_bytes;
  engine_options.context_length = options.context_length;
  engine_options.projector = options.projector;
  engine_options.media_folder = options.media_folder;
  engine_options.notice = options.notice;
  engine_options.try_device = options.try_device;
  FACET_ASSIGN_OR_RETURN(auto engine, engine::Engine::open(std::move(file), engine_options));
  FACET_RETURN_IF_ERROR(check_markers(*engine));
  return std::unique_ptr<TextModel>(std::make_unique<LocalModel>(std::move(engine), options));
}

}  // namespace facet::agent
