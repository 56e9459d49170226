#pragma once

#include <cstdint>

#include "engine/base/result.h"

namespace facet::engine {

class GgufFile;
struct KvLayout;

// What evaluating one token reads.
struct TokenBytes {
  std::uint64_t weights = 0;  // whole matrices and vectors; of the experts those that are chosen; of tables nothing
  std::uint64_t cache = 0;    // keys and values of the tokens it sees

  std::uint64_t all() const { return weights + cache; }
};

// For a token with `position` tokens in front of it. `layout` is that of the sequence it belongs to.
Result<TokenBytes> token_bytes(const GgufFile& file, const KvLayout& layout, std::uint32_t position);

}  // namespace facet::engine
