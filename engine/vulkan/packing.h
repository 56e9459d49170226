#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/formats/formats.h"

// How rows of weights lie on the device. The blocks of most formats are no whole words long, and a kernel that reads
// such a block takes it apart byte by byte; so the fields of a row's blocks are put together, each field of all blocks
// after the other: first the codes, which kernels then read 16 bytes at a time. formats.glsl reads what is written
// here.
namespace facet::engine::vulkan {

// Of a row of so many elements, a multiple of 16.
std::uint64_t packed_row_bytes(Format format, std::uint64_t elements);

// `rows` consists of whole rows as the file has them; `to` has room for packed_row_bytes of each.
void pack_rows(Format format, std::uint64_t elements, std::span<const std::byte> rows, std::byte* to);

}  // namespace facet::engine::vulkan
