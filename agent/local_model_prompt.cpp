#include "agent/local_model_prompt.h"

namespace facet::agent {

using engine::Token;

std::vector<PromptToken> encode(const engine::Tokenizer& tokenizer, const std::vector<PromptPiece>& prompt) {
  std::vector<PromptToken> ids;
  std::vector<engine::TextSpan> spans;
  const auto flush = [&] {
    const std::vector<Token> encoded = tokenizer.encode(spans);
    ids.insert(ids.end(), encoded.begin(), encoded.end());
    spans.clear();
  };
  for (const PromptPiece& piece : prompt) {
    if (piece.kind == PromptPiece::Kind::Tokens && !piece.tokens.empty()) {
      flush();
      ids.insert(ids.end(), piece.tokens.begin(), piece.tokens.end());
    } else if (piece.media) {
      flush();
      ids.emplace_back(&*piece.media);
    } else {
      // The output of a model that knows no ids has its markers spelled out.
      const bool trusted = piece.kind != PromptPiece::Kind::Data;
      spans.push_back({piece.text, trusted ? engine::Trust::Template : engine::Trust::Data});
    }
  }
  flush();
  if (ids.empty() || ids.front() != PromptToken(tokenizer.bos())) ids.insert(ids.begin(), tokenizer.bos());
  return ids;
}

std::vector<const MediaItem*> media_of(const std::vector<PromptToken>& prompt) {
  std::vector<const MediaItem*> items;
  for (const PromptToken& token : prompt)
    if (is_media(token)) items.push_back(std::get<const MediaItem*>(token));
  return items;
}

}  // namespace facet::agent
