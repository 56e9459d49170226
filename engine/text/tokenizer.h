#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace facet::engine {

class GgufFile;

using Token = std::int32_t;

// Whether marker strings such as `<turn|>` inside a text mean the marker. Only what the program itself writes is
// trusted; a user's message or a tool's result that spells a marker stays ordinary text.
enum class Trust { Template, Data };

struct TextSpan {
  std::string_view text;
  Trust trust = Trust::Data;
};

// The Gemma 4 tokenizer: byte-pair merges by rank over whole runs of text, byte tokens for the rest. Built from the
// metadata of a model file, whatever writer made it. Immutable, usable from any thread. An id outside the vocabulary is
// a mistake that nothing crashes on: it counts as unused and prints U+FFFD.
class Tokenizer {
 public:
  enum class Kind {
    Text,    // prints its text
    Byte,    // prints one byte of a UTF-8 sequence
    Marker,  // a special token; prints nothing, see marker_text
    Unused,  // reserved entry that encoding never produces
  };

  // The tokenizer looks into the mapped file, which must outlive it.
  static Result<std::unique_ptr<Tokenizer>> from_gguf(const GgufFile& file);
  ~Tokenizer();

  // Neighbouring spans merge across their border, as in the reference, except where a template marker stands between.
  // No BOS is added: templates write it as text.
  std::vector<Token> encode(std::span<const TextSpan> spans) const;
  std::vector<Token> encode(std::string_view text, Trust trust) const;

  // The whole text of the ids; invalid UTF-8 is replaced by U+FFFD. Markers print their spelling or nothing.
  enum class Markers { Print, Hide };
  std::string decode(std::span<const Token> tokens, Markers markers) const;

  std::int32_t vocabulary_size() const;
  Kind kind(Token token) const;
  // What the token adds to the output, as bytes: text with spaces restored, one byte, or nothing for markers.
  std::string_view bytes(Token token) const;
  // The spelling of the entry as stored in the vocabulary (`▁` for a space).
  std::string_view spelling(Token token) const;
  std::optional<Token> find(std::string_view spelling) const;

  Token bos() const;
  bool ends_generation(Token token) const;
  // Tokens that must never be sampled: placeholders, reserved entries, and what the file itself lists.
  std::span<const Token> suppressed() const;

 private:
  Tokenizer();
  struct State;
  std::unique_ptr<State> state_;
};

// Turns tokens into text while they arrive. Holds back at most three bytes of an unfinished UTF-8 sequence; bytes that
// can no longer become valid are replaced by U+FFFD, never dropped.
class StreamingDecoder {
 public:
  explicit StreamingDecoder(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}

  // The text that is complete after `token`. A marker flushes what was held and adds nothing.
  std::string push(Token token);
  // What is still held, at the end of a generation.
  std::string flush();

 private:
  const Tokenizer* tokenizer_;
  std::string held_;
};

}  // namespace facet::engine
