#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/text/tokenizer.h"

namespace facet::engine {

// What a model's encoder made of a picture or a sound: a row for each soft token, which stands in the place of a
// token's embedding. It is the same wherever it stands, so it may be kept and used again.
struct MediaEmbedding {
  enum class Kind { Picture, Sound };

  Kind kind = Kind::Picture;
  std::string hash;         // of what was encoded and how: equal ones have equal rows
  std::uint32_t width = 0;  // of the model that reads it
  std::vector<float> rows;

  std::uint32_t tokens() const { return width == 0 ? 0 : static_cast<std::uint32_t>(rows.size() / width); }
};

// Soft tokens in a conversation: so many rows of an embedding from one on, usually all.
struct MediaSlice {
  std::shared_ptr<const MediaEmbedding> media;  // shared with the sequence that has evaluated it
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  static MediaSlice all_of(const std::shared_ptr<const MediaEmbedding>& media) { return {media, 0, media->tokens()}; }
};

// What a conversation consists of.
using SequenceItem = std::variant<Token, MediaSlice>;

}  // namespace facet::engine
