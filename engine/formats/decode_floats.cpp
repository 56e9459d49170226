#include <cstring>

#include "engine/formats/decode.h"
#include "engine/formats/half.h"

namespace facet::engine {

void decode_f32(const std::byte* blocks, float* out, std::size_t count) {
  std::memcpy(out, blocks, count * sizeof(float));
}

void decode_f16(const std::byte* blocks, float* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    out[i] = load_half(blocks + 2 * i);
}

void decode_bf16(const std::byte* blocks, float* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    out[i] = bfloat_to_float(load_unaligned<std::uint16_t>(blocks + 2 * i));
}

}  // namespace facet::engine
