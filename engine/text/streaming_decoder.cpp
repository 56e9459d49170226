#include "engine/text/tokenizer.h"
#include "engine/text/utf8.h"

namespace facet::engine {

std::string StreamingDecoder::push(Token token) {
  if (tokenizer_->kind(token) == Tokenizer::Kind::Marker) return flush();
  held_ += tokenizer_->bytes(token);
  std::string text;
  release_utf8(held_, text);
  return text;
}

std::string StreamingDecoder::flush() {
  if (held_.empty()) return {};
  held_.clear();
  return std::string(kReplacementCharacter);
}

}  // namespace facet::engine
