#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace facet::engine {

// Weight formats, named as in GGUF. The value is the type id in the file.
enum class Format : std::uint32_t { F32 = 0, F16 = 1, Q4_0 = 2, Q8_0 = 8, Q4_K = 12, Q6_K = 14, BF16 = 30 };

// One row of the format table. Everything that depends on a weight format (sizes, loading, decoding, messages) goes
// through this row; adding a format means adding a row and its decoder.
struct FormatInfo {
  Format format;
  std::string_view name;
  std::uint32_t block_elements;
  std::uint32_t block_bytes;
  // Decodes `count` elements (a multiple of block_elements) from `blocks` to float32.
  void (*decode)(const std::byte* blocks, float* out, std::size_t count);
};

// The whole table, in the order of the ids.
std::span<const FormatInfo> all_formats();
// Nothing for an id that is not in the table.
const FormatInfo* find_format(std::uint32_t gguf_type_id);
const FormatInfo& format_info(Format format);

// Bytes of a row of `elements` values; `elements` must be a multiple of the block length.
std::uint64_t row_bytes(Format format, std::uint64_t elements);

}  // namespace facet::engine
