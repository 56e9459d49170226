#pragma once

#include <cstddef>

// The decoders of the format table, one per format, exactly as the formats are specified: each element is computed in
// float32 in the order in which its formula is written above the function, so the results are bit-identical to any
// other faithful decoder. Vectorised twins live in engine/cpu and are tested against these.
namespace facet::engine {

void decode_f32(const std::byte* blocks, float* out, std::size_t count);
void decode_f16(const std::byte* blocks, float* out, std::size_t count);
void decode_bf16(const std::byte* blocks, float* out, std::size_t count);

// Blocks of 32 elements.
void decode_q4_0(const std::byte* blocks, float* out, std::size_t count);
void decode_q4_1(const std::byte* blocks, float* out, std::size_t count);
void decode_q5_0(const std::byte* blocks, float* out, std::size_t count);
void decode_q5_1(const std::byte* blocks, float* out, std::size_t count);
void decode_q8_0(const std::byte* blocks, float* out, std::size_t count);
void decode_iq4_nl(const std::byte* blocks, float* out, std::size_t count);
void decode_mxfp4(const std::byte* blocks, float* out, std::size_t count);

// Blocks of 256 elements.
void decode_q2_k(const std::byte* blocks, float* out, std::size_t count);
void decode_q3_k(const std::byte* blocks, float* out, std::size_t count);
void decode_q4_k(const std::byte* blocks, float* out, std::size_t count);
void decode_q5_k(const std::byte* blocks, float* out, std::size_t count);
void decode_q6_k(const std::byte* blocks, float* out, std::size_t count);
void decode_iq4_xs(const std::byte* blocks, float* out, std::size_t count);

}  // namespace facet::engine
