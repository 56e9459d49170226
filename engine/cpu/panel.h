#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/formats/formats.h"

// Matrix products on integers.
//
// A column of activations is rounded to codes of 8 bits, 32 inputs sharing a scale:
//   x[i] ~ d * q[i],  d = max |x| / 127,  q[i] = x[i] * (127 / max |x|) rounded to the nearest, ties to even
// The weights of a quantised format are integers with scales as they are. A matrix is unpacked a panel at a time, 16 of
// its rows by some hundred inputs, to the form that all formats have in common:
//   w[i] = s * (c[i] - z) - m,  codes c from 0 to 255, one s and m for every group of 32 or 16 inputs
// So a format needs an unpacking of its own and no product of its own:
//   sum of w[i] * x[i] over a group = s * (d * sum(c * q) - z * moment) - m * moment,  moment = d * sum(q)
// A panel stays in the first-level cache while it is multiplied with all columns. The sums of integers are exact; those
// of groups are added in float32, one group after the other, so a result depends on its row and column alone.
namespace facet::engine {

inline constexpr std::size_t kPanelRows = 16;
inline constexpr std::size_t kPanelInputs = 512;  // a multiple of every block length
inline constexpr std::size_t kActivationGroup = 32;

struct Panel {
  // The codes of four neighbouring inputs, for each of the 16 rows; then the next four inputs.
  alignas(64) std::array<std::uint8_t, kPanelRows * kPanelInputs> codes;
  // Of group g and row r at g * 16 + r.
  alignas(64) std::array<float, kPanelRows * kPanelInputs / 16> scales;
  alignas(64) std::array<float, kPanelRows * kPanelInputs / 16> minima;
};

// A rounded column: `count` codes, and per group what the formula above calls d and moment; the moments also for groups
// of 16.
struct RoundedColumn {
  std::int8_t* codes;
  float* scales;
  float* moments;
  float* half_moments;
};

// Where the panel's products go: out[c][first_row + r] for r < rows, added to what is there, or not.
struct PanelResults {
  float* const* out;
  std::size_t first_row;
  std::size_t rows;
  bool accumulate;
};

// What can be done with rows that lie in memory in one way.
struct PanelRows {
  // Unpacks the first `inputs` inputs of `rows` rows, which begin `row_bytes` apart; the panel's other rows become
  // zeros. What lies at `next`, where the following panel begins, is asked for in advance.
  void (*unpack)(const std::byte* blocks, std::size_t row_bytes, std::size_t rows, std::size_t inputs,
                 const std::byte* next, Panel& panel) = nullptr;
  // Unpacks and multiplies at once, for 16 whole rows and a single column, with the same result: out[r] for r < 16.
  // Null where this would not be faster.
  void (*multiply_one)(const std::byte* blocks, std::size_t row_bytes, std::size_t inputs, const RoundedColumn& column,
                       float* out) = nullptr;
};

struct PanelFormat {
  PanelRows in_file;  // one row behind the other
  // Eight rows at a time, block by block: the halves of the eight rows side by side, where blocks have one apart, then
  // each four bytes of the block, of the eight rows side by side. So registers are loaded as they are multiplied. A row
  // takes as many bytes as in the file, and eight of them lie where they would. Only for 16 whole rows; null where the
  // instruction set has no use for it.
  PanelRows in_cells;
  // Writes 16 whole rows of a file in that order.
  void (*to_cells)(const std::byte* rows, std::size_t row_bytes, std::byte* out);
  // Multiplies with the inputs from `first_input` on of each column.
  void (*multiply)(const Panel& panel, std::size_t inputs, const RoundedColumn* columns, std::size_t count,
                   std::size_t first_input, const PanelResults& results);
};

// The part of a kernel table that computes with integers.
struct PanelKernels {
  // `count` is a multiple of 32. A value that is no number makes its group's scale or moments none, so that the sums it
  // is part of are none either.
  void (*round_column)(const float* x, std::size_t count, const RoundedColumn& out);
  // Null for formats that are no integers.
  const PanelFormat* (*format)(Format format);
};

}  // namespace facet::engine
