#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace facet::engine {

// Tensor formats, named as in GGUF. The value is the type id in the file.
// NOLINTBEGIN(readability-identifier-naming): the names are the format's own, as users meet them in file names.
enum class Format : std::uint32_t {
  F32 = 0,
  F16 = 1,
  Q4_0 = 2,
  Q4_1 = 3,
  Q5_0 = 6,
  Q5_1 = 7,
  Q8_0 = 8,
  Q8_1 = 9,
  Q2_K = 10,
  Q3_K = 11,
  Q4_K = 12,
  Q5_K = 13,
  Q6_K = 14,
  Q8_K = 15,
  IQ2_XXS = 16,
  IQ2_XS = 17,
  IQ3_XXS = 18,
  IQ1_S = 19,
  IQ4_NL = 20,
  IQ3_S = 21,
  IQ2_S = 22,
  IQ4_XS = 23,
  I8 = 24,
  I16 = 25,
  I32 = 26,
  I64 = 27,
  F64 = 28,
  IQ1_M = 29,
  BF16 = 30,
  TQ1_0 = 34,
  TQ2_0 = 35,
  MXFP4 = 39,
  NVFP4 = 40,
  Q1_0 = 41,
  Q2_0 = 42,
};
// NOLINTEND(readability-identifier-naming)

// Decodes `count` elements (a multiple of the block length) from `blocks`, which need no alignment, to float32.
using DecodeFunction = void (*)(const std::byte* blocks, float* out, std::size_t count);

// Encodes `count` float32 values (a multiple of the block length, all finite) as blocks, which need no alignment.
using EncodeFunction = void (*)(const float* values, std::byte* blocks, std::size_t count);

// One row of the format table. Everything that depends on a weight format (sizes, loading, decoding, messages) goes
// through this row; adding a format means adding a row and its decoder.
struct FormatInfo {
  Format format;
  std::string_view name;
  std::uint32_t block_elements;
  std::uint32_t block_bytes;
  // Null for a format that is known by name and size alone: a file may hold such tensors as long as the model does not
  // use them.
  DecodeFunction decode;
  // Null for a format that Facet reads and does not write.
  EncodeFunction encode = nullptr;
};

// The whole table, in the order of the ids.
std::span<const FormatInfo> all_formats();
// Nothing for an id that is not in the table.
const FormatInfo* find_format(std::uint32_t gguf_type_id);
const FormatInfo& format_info(Format format);

// Bytes of a row of `elements` values; `elements` must be a multiple of the block length.
std::uint64_t row_bytes(Format format, std::uint64_t elements);

}  // namespace facet::engine
