#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "agent/protocol.h"

namespace facet::engine {
struct PcmAudio;
}  // namespace facet::engine

namespace facet::agent {

struct ReplyGrammar;

// A picture or a sound in a prompt. It is decoded when a model has not seen or heard it yet.
struct MediaItem {
  MediaPiece piece;
  std::string file;          // where it is read from
  std::string name;          // as people know that file
  std::string sha256;        // of its bytes
  std::uint32_t budget = 0;  // as AttachedMedia::budget
  // A sound that is there already, for a BackgroundModel; shared because prompts are copied and it is large.
  std::shared_ptr<const engine::PcmAudio> sound = {};

  bool is_sound() const { return piece.kind == MediaPiece::Kind::Sound; }
  bool operator==(const MediaItem&) const = default;
};
// Equal for items that are shown alike, wherever the file lies: names it among what was encoded and in the prompt.
std::string key_of(const MediaItem& item);

// A piece of a prompt. Markers (`<|turn>` and its kin) are recognised in Template pieces only, so that nothing a user
// or a tool says can become control. Tokens repeats what the model itself generated earlier in this turn, id by id, so
// that the cached prefix stays valid. Media stands between the markers of its kind, which are Template.
struct PromptPiece {
  enum class Kind { Template, Data, Tokens, Media };
  Kind kind = Kind::Data;
  // For Tokens: the spelling, for hashing and for models that know no ids. For Media: its key.
  std::string text;
  std::vector<std::int32_t> tokens;     // for Tokens
  std::optional<MediaItem> media = {};  // for Media

  bool operator==(const PromptPiece&) const = default;
};

enum class Marker {
  ToolCallOpen,
  ToolCallClose,
  ToolResponseOpen,
  ToolResponseClose,
  StringDelimiter,
  ChannelOpen,
  ChannelClose,
  TurnOpen,
  TurnClose,
  EndOfSequence,
};

// What a model says, in order: ordinary text, or a marker that was generated as one special token.
using ReplyPiece = std::variant<std::string, Marker>;

// Overrides of the model's own sampling defaults; nothing means the default.
struct SamplingOverrides {
  std::optional<float> temperature;
  std::optional<int> top_k;
  std::optional<float> top_p;
  std::optional<float> min_p;
  std::optional<float> repetition_penalty;
};

struct GenerateRequest {
  // Requests of one conversation share a cached prefix; 0 is the one that is still to come.
  ConversationId conversation = 0;
  std::vector<PromptPiece> prompt;
  SamplingOverrides sampling;
  std::uint64_t seed = 0;
  std::int64_t max_tokens = 2048;
  // What the reply may be; null: anything, calls that can not be read and nothing at all included. Shared by all
  // requests of an agent, so that a model can tell that it is the same. A model that can not follow it ignores it.
  std::shared_ptr<const ReplyGrammar> grammar = {};
  // How many tokens of it may be thoughts; then the thought is closed. 0: no limit of their own.
  std::int64_t thinking_tokens = 0;
};

struct GenerateCallbacks {
  std::function<void(const ReplyPiece&)> piece;
  std::function<void(std::int64_t done, std::int64_t total)> prompt_progress;
  // Pictures and sounds that are encoded; called now and then while one is, with the same numbers.
  std::function<void(std::int64_t done, std::int64_t total)> media_progress = {};
};

struct GenerateOutcome {
  enum class Reason { EndOfTurn, ToolResponse, Length, ContextFull, Stopped, Failed };
  Reason reason = Reason::EndOfTurn;
  std::string error;                 // one sentence when Failed or ContextFull
  std::vector<std::int32_t> tokens;  // what was generated, the ending token included
  std::string text;                  // the same, markers spelled
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t prefill_ms = 0;
  std::int64_t decode_ms = 0;
  std::string sampling_json;  // what was really used
};

// How much of a prompt would have to be read, and how long that takes as far as it is known.
struct ReadingEstimate {
  std::int64_t tokens = 0;
  std::optional<std::int64_t> milliseconds;

  bool operator==(const ReadingEstimate&) const = default;
};

// How much is read before anybody has asked: a few tokens, so that everything that a model does once is done, and only
// where nothing else that was read is lost by it; or everything.
enum class ReadAhead { Little, Everything };

enum class PromptVariant { Small, Large };

struct TextModelInfo {
  std::string name;
  std::string description;
  std::string path;
  std::string device;
  std::int64_t context_length = 0;
  PromptVariant variant = PromptVariant::Small;
  bool built_in = false;
  bool sees = false;  // takes pictures, hears: takes sound
  bool hears = false;
  bool thinks = true;  // before it answers, where it is told to
  bool summarises = true;
  std::string media_remark = {};  // why it does not, where there is something to say
  // The only tools that it has learned to call; empty: it understands any that is declared to it.
  std::vector<std::string> learned_tools = {};
};

// The same model at a work that nobody waits for, besides the conversations, which go before it. It hears what is in
// the prompt itself (MediaItem::sound), remembers one prompt and keeps no sound. Goes before its model. Belongs to the
// thread that calls it, which may be another than the model's.
class BackgroundModel {
 public:
  virtual ~BackgroundModel() = default;
  virtual GenerateOutcome generate(const GenerateRequest& request, const GenerateCallbacks& callbacks,
                                   std::stop_token stop) = 0;
};

// Something that continues a prompt: the local engine, a remote endpoint, or a script in tests. Called from the agent
// thread alone. Throws nothing; whatever goes wrong is an outcome.
class TextModel {
 public:
  virtual ~TextModel() = default;
  virtual const TextModelInfo& info() const = 0;
  virtual GenerateOutcome generate(const GenerateRequest& request, const GenerateCallbacks& callbacks,
                                   std::stop_token stop) = 0;
  virtual std::int64_t count_tokens(const std::vector<PromptPiece>& prompt) const = 0;
  // Of a prompt that was not sent; nothing from a model that can not tell.
  virtual std::optional<ReadingEstimate> estimate_reading(ConversationId, const std::vector<PromptPiece>&) const {
    return std::nullopt;
  }
  // How long so many soft tokens of such items take to be made and read; nothing while that is not known.
  virtual std::optional<std::int64_t> milliseconds_for(const std::vector<MediaItem>&) const { return std::nullopt; }
  // Encodes what of a prompt that will probably be sent was not encoded before, while `go_on` says so.
  virtual void encode_ahead(const std::vector<PromptPiece>& /*prompt*/, const std::function<bool()>& /*go_on*/,
                            std::stop_token) {}
  // Reads the beginning of a prompt that will probably be sent, so that its answer begins sooner, while `go_on` says
  // so. A model that gains nothing by it does nothing. What goes wrong is told when the prompt is sent.
  virtual void read_ahead(ConversationId, const std::vector<PromptPiece>& /*beginning*/, ReadAhead,
                          const std::function<bool()>& /*go_on*/, std::stop_token) {}
  // Null from a model that can do one thing at a time only.
  virtual std::unique_ptr<BackgroundModel> in_background() { return nullptr; }
};

}  // namespace facet::agent
