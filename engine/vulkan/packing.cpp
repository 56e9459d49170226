#include "engine/vulkan/packing.h"

#include <array>
#include <cstring>

#include "engine/base/check.h"

namespace facet::engine::vulkan {
namespace {

// A part of a block: where it lies in the file's block, and how long it is.
struct Field {
  std::uint32_t offset;
  std::uint32_t bytes;
};

// In the order in which formats.glsl finds their planes. Fields of no bytes end the list.
struct PackedFormat {
  Format format;
  std::array<Field, 4> fields;
};

constexpr std::array kPackedFormats = {
    PackedFormat{Format::F32, {{{0, 4}}}},
    PackedFormat{Format::F16, {{{0, 2}}}},
    PackedFormat{Format::BF16, {{{0, 2}}}},
    PackedFormat{Format::Q4_0, {{{2, 16}, {0, 2}}}},
    PackedFormat{Format::Q4_1, {{{4, 16}, {0, 4}}}},
    PackedFormat{Format::Q5_0, {{{6, 16}, {2, 4}, {0, 2}}}},
    PackedFormat{Format::Q5_1, {{{8, 16}, {4, 4}, {0, 4}}}},
    PackedFormat{Format::Q8_0, {{{2, 32}, {0, 2}}}},
    PackedFormat{Format::Q2_K, {{{16, 64}, {0, 16}, {80, 4}}}},
    PackedFormat{Format::Q3_K, {{{32, 64}, {0, 32}, {96, 12}, {108, 2}}}},
    PackedFormat{Format::Q4_K, {{{16, 128}, {0, 16}}}},
    PackedFormat{Format::Q5_K, {{{48, 128}, {16, 32}, {0, 16}}}},
    PackedFormat{Format::Q6_K, {{{0, 128}, {128, 64}, {192, 16}, {208, 2}}}},
    PackedFormat{Format::IQ4_NL, {{{2, 16}, {0, 2}}}},
    PackedFormat{Format::IQ4_XS, {{{8, 128}, {0, 8}}}},
    PackedFormat{Format::MXFP4, {{{1, 16}, {0, 1}}}},
};

const PackedFormat& packed_format(Format format) {
  for (const PackedFormat& packed : kPackedFormats)
    if (packed.format == format) return packed;
  FACET_CHECK(false, "format %u", static_cast<unsigned>(format));
  return kPackedFormats.front();
}

std::uint64_t plane_bytes(std::uint64_t blocks, const Field& field) {
  return (blocks * field.bytes + 15) / 16 * 16;
}

// One field of all blocks of a row. The lengths that occur often are written out, so that copies become moves.
template <std::uint32_t kBytes>
void copy_field(const std::byte* from, std::uint64_t block_bytes, std::uint64_t blocks, std::byte* to) {
  for (std::uint64_t b = 0; b < blocks; ++b)
    std::memcpy(to + b * kBytes, from + b * block_bytes, kBytes);
}

void copy_field(const Field& field, const std::byte* row, std::uint64_t block_bytes, std::uint64_t blocks,
                std::byte* to) {
  const std::byte* const from = row + field.offset;
  switch (field.bytes) {
    case 2:
      return copy_field<2>(from, block_bytes, blocks, to);
    case 4:
      return copy_field<4>(from, block_bytes, blocks, to);
    case 16:
      return copy_field<16>(from, block_bytes, blocks, to);
    case 32:
      return copy_field<32>(from, block_bytes, blocks, to);
    case 64:
      return copy_field<64>(from, block_bytes, blocks, to);
    case 128:
      return copy_field<128>(from, block_bytes, blocks, to);
    default:
      for (std::uint64_t b = 0; b < blocks; ++b)
        std::memcpy(to + b * field.bytes, from + b * block_bytes, field.bytes);
  }
}

}  // namespace

std::uint64_t packed_row_bytes(Format format, std::uint64_t elements) {
  const std::uint64_t blocks = elements / format_info(format).block_elements;
  std::uint64_t bytes = 0;
  for (const Field& field : packed_format(format).fields)
    bytes += plane_bytes(blocks, field);
  return bytes;
}

void pack_rows(Format format, std::uint64_t elements, std::span<const std::byte> rows, std::byte* to) {
  const FormatInfo& info = format_info(format);
  const PackedFormat& packed = packed_format(format);
  const std::uint64_t blocks = elements / info.block_elements;
  const std::uint64_t row_bytes = blocks * info.block_bytes;
  const std::uint64_t count = row_bytes == 0 ? 0 : rows.size() / row_bytes;
  for (std::uint64_t r = 0; r < count; ++r) {
    const std::byte* const row = rows.data() + r * row_bytes;
    for (const Field& field : packed.fields) {
      if (field.bytes == 0) continue;
      if (info.block_elements == 1)
        std::memcpy(to, row, row_bytes);
      else
        copy_field(field, row, info.block_bytes, blocks, to);
      const std::uint64_t plane = plane_bytes(blocks, field);
      std::memset(to + blocks * field.bytes, 0, plane - blocks * field.bytes);
      to += plane;
    }
  }
}

}  // namespace facet::engine::vulkan
