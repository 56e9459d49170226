#pragma once

#include <cstddef>

// The encoders of the format table, for the formats that Facet writes. Floating types are rounded to nearest even.
// Q4_0, Q5_0 and Q8_0 give the bytes of the formats' reference quantisation. Q4_K and Q6_K leave the choice of scales
// to the encoder: these search for the ones with the least squared error. Values must be finite.
namespace facet::engine {

void encode_f32(const float* values, std::byte* blocks, std::size_t count);
void encode_f16(const float* values, std::byte* blocks, std::size_t count);
void encode_bf16(const float* values, std::byte* blocks, std::size_t count);

// Blocks of 32 elements.
void encode_q4_0(const float* values, std::byte* blocks, std::size_t count);
void encode_q5_0(const float* values, std::byte* blocks, std::size_t count);
void encode_q8_0(const float* values, std::byte* blocks, std::size_t count);

// Blocks of 256 elements.
void encode_q4_k(const float* values, std::byte* blocks, std::size_t count);
void encode_q6_k(const float* values, std::byte* blocks, std::size_t count);

}  // namespace facet::engine
