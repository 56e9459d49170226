#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace facet::model_maker {

// A vocabulary that is made up but well-formed: the control, byte and white-space entries of the family at their real
// ids, single characters, and invented words with the merges that make them.
struct SyntheticTokenizer {
  std::vector<std::string> tokens;
  std::vector<std::int32_t> types;  // 1 ordinary, 3 control, 4 user-defined, 6 byte
  std::vector<std::string> merges;  // "left right", best first
};

// The least size that holds everything but words.
inline constexpr std::uint32_t kLeastVocabulary = 700;

// The same for the same size. At the real size (262144) the entries for pictures and sound have their real ids too, and
// there are about as many merges as in the real vocabulary; below it they are the last seven.
SyntheticTokenizer make_tokenizer(std::uint32_t size);

}  // namespace facet::model_maker
