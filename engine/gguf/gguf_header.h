#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/gguf/gguf_file.h"

namespace facet::engine {

enum class GgufType : std::uint32_t {
  U8 = 0,
  I8 = 1,
  U16 = 2,
  I16 = 3,
  U32 = 4,
  I32 = 5,
  F32 = 6,
  Bool = 7,
  String = 8,
  Array = 9,
  U64 = 10,
  I64 = 11,
  F64 = 12,
};

// Bytes of one value; 0 for strings and arrays, whose size is written in the file, and for ids that mean nothing.
std::size_t gguf_value_bytes(GgufType type);

// One metadata entry, still in the file's bytes: a scalar is an array of one. Strings in `data` keep the lengths in
// front of them, and all of them are known to lie inside `data`.
struct GgufEntry {
  std::string_view key;
  GgufType type;  // of the elements
  std::uint64_t count;
  std::span<const std::byte> data;
};

struct GgufHeader {
  std::vector<GgufEntry> entries;   // sorted by key
  std::vector<GgufTensor> tensors;  // in the file's order, ranges inside the file without a byte in common
};

// Reads everything in front of the tensor data. Allocates for what the bytes really hold, never for what they claim.
Result<GgufHeader> read_gguf_header(std::span<const std::byte> file);

// The bytes that a tensor's data must have, or the reason why its shape can not be.
Result<std::uint64_t> gguf_tensor_bytes(const GgufTensor& tensor);

}  // namespace facet::engine
