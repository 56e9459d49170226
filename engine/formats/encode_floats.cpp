#include <cstring>

#include "engine/formats/encode.h"
#include "engine/formats/half.h"

namespace facet::engine {

void encode_f32(const float* values, std::byte* blocks, std::size_t count) {
  std::memcpy(blocks, values, count * sizeof(float));
}

void encode_f16(const float* values, std::byte* blocks, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    store_unaligned(blocks + 2 * i, float_to_half(values[i]));
}

void encode_bf16(const float* values, std::byte* blocks, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    store_unaligned(blocks + 2 * i, float_to_bfloat(values[i]));
}

}  // namespace facet::engine
