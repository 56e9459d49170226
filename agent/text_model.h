#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "agent/protocol.h"

namespace facet::agent {

// A piece of a prompt. Markers (`<|turn>` and its kin) are recognised in Template pieces only, so that nothing a user
// or a tool says can become control. Tokens repeats what the model itself generated earlier in this turn, id by id, so
// that the cached prefix stays valid.
struct PromptPiece {
  enum class Kind { Template, Data, Tokens };
  Kind kind = Kind::Data;
  std::string text;                  // for Tokens: the spelling, for hashing and for models that know no ids
  std::vector<std::int32_t> tokens;  // for Tokens

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
};

struct GenerateCallbacks {
  std::function<void(const ReplyPiece&)> piece;
  std::function<void(std::int64_t done, std::int64_t total)> prompt_progress;
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
  // Reads the beginning of a prompt that will probably be sent, so that its answer begins sooner, while `go_on` says
  // so. A model that gains nothing by it does nothing. What goes wrong is told when the prompt is sent.
  virtual void read_ahead(ConversationId, const std::vector<PromptPiece>& /*beginning*/, ReadAhead,
                          const std::function<bool()>& /*go_on*/, std::stop_token) {}
};

}  // namespace facet::agent
