#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/encoder_backend.h"

namespace facet::engine {

// Where the matrices lie that the CPU multiplies with: in the mapped file, or in memory of its own, to which the first
// product with each copies it in the order in which it is read. That makes every later one faster.
enum class MatrixPlace { InFile, Copied };

// A backend that computes on one device and knows what it takes of that device's memory. The planner asks before
// anything is set aside; the same functions decide what is.
class DeviceBackend : public EncoderBackend {
 public:
  // Puts an expert, rows as the file has them, into a matrix that was loaded without data; another one that was there is
  // gone. In order with the operations: what was called before still finds the old one.
  virtual Status replace_expert(const Weight& weight, std::uint32_t expert, std::span<const std::byte> rows) = 0;

  // Before anything is loaded; until then matrices are in the file. A device that reads no file's pages has no choice.
  virtual void place_matrices(MatrixPlace) {}

  // Bytes of the buffers that `load_weight` makes for a tensor; none for what stays in the mapped file.
  virtual std::vector<std::uint64_t> weight_parts(const GgufTensor& tensor, WeightUse use) const = 0;
  virtual std::uint64_t cache_bytes(const CacheShape& shape) const = 0;
  // What `reserve` sets aside, and what the backend works in since it was made.
  virtual std::uint64_t working_bytes(const LargestOperands& largest) const = 0;

  // What the backend has of the device's memory.
  virtual std::uint64_t taken_bytes() const = 0;
  // What it will have after `reserve` and the making of buffers of so many bytes, one after the other. More than their
  // sum where memory comes in blocks.
  virtual std::uint64_t bytes_with(const LargestOperands& largest, std::span<const std::uint64_t> buffers) const = 0;
  // What a new backend of this device may take of it; 0: nobody knows.
  virtual std::uint64_t unused_bytes() const = 0;
  // The most that a buffer or a cache may have. Weights are divided where they are larger.
  virtual std::uint64_t largest_buffer() const = 0;
};

}  // namespace facet::engine
