#include "engine/model/soft_tokens.h"

#include <algorithm>
#include <string>

#include "engine/base/check.h"

namespace facet::engine {
namespace {

Status check_slice(const MediaSlice& slice, std::uint32_t width, std::uint32_t most_rows) {
  const bool is_there = slice.media != nullptr && slice.count > 0 && slice.first < slice.media->tokens() &&
                        slice.count <= slice.media->tokens() - slice.first;
  if (!is_there)
    return Error{Error::Code::InvalidInput, "A part of a picture or a sound was asked for that is not there."};
  if (slice.media->width != width)
    return Error{Error::Code::InvalidInput, "A picture or a sound was encoded for a model of width " +
                                                std::to_string(slice.media->width) + ", and this one's is " +
                                                std::to_string(width) + "; encode it again."};
  if (slice.media->tokens() > most_rows)
    return Error{Error::Code::InvalidInput, "A picture or a sound has " + std::to_string(slice.media->tokens()) +
                                                " soft tokens, and at most " + std::to_string(most_rows) +
                                                " are possible."};
  return {};
}

}  // namespace

Result<std::vector<Token>> SoftTokens::ids_of(std::span<const SequenceItem> items, std::uint32_t width) {
  std::vector<Token> ids;
  for (const SequenceItem& item : items) {
    if (const Token* token = std::get_if<Token>(&item)) {
      ids.push_back(*token);
      continue;
    }
    const auto& slice = std::get<MediaSlice>(item);
    FACET_RETURN_IF_ERROR(check_slice(slice, width, kMostRows - 1));
    FACET_ASSIGN_OR_RETURN(const std::uint32_t place, place_for(slice.media));
    for (std::uint32_t row = slice.first; row < slice.first + slice.count; ++row)
      ids.push_back(-1 - static_cast<Token>(place * kMostRows + row));
  }
  return ids;
}

Result<std::uint32_t> SoftTokens::place_for(const std::shared_ptr<const MediaEmbedding>& media) {
  std::size_t place = embeddings_.size();
  for (std::size_t i = 0; i < embeddings_.size(); ++i) {
    if (embeddings_[i] == nullptr) place = std::min(place, i);
    if (embeddings_[i] != nullptr && embeddings_[i]->hash == media->hash) return static_cast<std::uint32_t>(i);
  }
  if (place == kMostEmbeddings)
    return Error{Error::Code::InvalidInput, "The conversation has too many pictures and sounds."};
  if (place == embeddings_.size()) embeddings_.emplace_back();
  embeddings_[place] = media;
  return static_cast<std::uint32_t>(place);
}

void SoftTokens::keep_only(std::span<const Token> tokens) {
  std::vector<bool> is_used(embeddings_.size());
  for (const Token token : tokens)
    if (is_soft(token)) is_used[place_of(token)] = true;
  for (std::size_t i = 0; i < embeddings_.size(); ++i)
    if (!is_used[i]) embeddings_[i].reset();
}

std::span<const float> SoftTokens::row(Token token) const {
  const std::uint32_t place = place_of(token);
  FACET_CHECK(is_soft(token) && place < embeddings_.size() && embeddings_[place] != nullptr, "token %d", token);
  const MediaEmbedding& media = *embeddings_[place];
  return std::span(media.rows).subspan(std::size_t{row_of(token)} * media.width, media.width);
}

// The last row of an embedding is never used, so that neighbouring ids are of one.
bool SoftTokens::are_of_one_picture(Token token, Token next) const {
  return is_soft(token) && next == token - 1 && embeddings_[place_of(token)]->kind == MediaEmbedding::Kind::Picture;
}

bool SoftTokens::divides_picture(std::span<const Token> tokens, std::size_t place) const {
  return place > 0 && place < tokens.size() && are_of_one_picture(tokens[place - 1], tokens[place]);
}

}  // namespace facet::engine
