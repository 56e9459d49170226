#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/media.h"
#include "engine/media/image_size.h"

namespace facet::engine {

// In which order a patch holds its values, which are side * side * 3 in both. Interleaved: as the models were trained,
// index (dy * side + dx) * 3 + channel. Planes: as the matrices of projector files expect it, index
// (channel * side + dy) * side + dx.
enum class PatchOrder { Interleaved, Planes };

// Where a patch lies: column and row.
struct PatchPosition {
  std::uint32_t x = 0;
  std::uint32_t y = 0;

  bool operator==(const PatchPosition&) const = default;
};

// A picture cut into squares, row by row. Values are pixel / 255, so 0 to 1: an encoder maps them to -1 to 1 itself,
// and a model without one takes them as they are.
struct Patches {
  Grid grid;
  std::uint32_t side = 0;     // pixels
  std::vector<float> values;  // grid.count() rows of side * side * 3

  std::size_t row_length() const { return std::size_t{side} * side * 3; }
  std::span<const float> row(std::size_t index) const {
    return std::span(values).subspan(index * row_length(), row_length());
  }
  PatchPosition position(std::size_t index) const {
    return {static_cast<std::uint32_t>(index % grid.columns), static_cast<std::uint32_t>(index / grid.columns)};
  }
};

// Precondition: both sides of the picture are multiples of `side`.
Patches cut_patches(const RgbImage& image, std::uint32_t side, PatchOrder order);

}  // namespace facet::engine
