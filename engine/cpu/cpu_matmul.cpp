#include <algorithm>
#include <array>

#include "engine/base/check.h"
#include "engine/cpu/cpu_backend.h"

namespace facet::engine {
namespace {

// Rows of a matrix that are decoded together, and how many of their elements at a time: 16 KiB, half of the smallest
// first-level cache. A multiple of every block length. Sums run over these pieces one after the other, for every batch
// size alike.
constexpr std::uint32_t kRowsAtOnce = 8;
constexpr std::uint32_t kElementsAtOnce = 512;
constexpr std::uint64_t kCacheLine = 64;
// From one row, or column, to the next: half a cache line more, so that neighbours lie in different banks and sets of
// the cache.
constexpr std::size_t kStride = kElementsAtOnce + 8;
constexpr std::size_t kScratch = kRowsAtOnce * kStride;

// Of many columns so many are multiplied together: their elements, 252 KiB, stay in the second-level cache while all
// rows of an item go by. A multiple of the three that share a tile.
constexpr std::size_t kColumnsAtOnce = 126;
// From so many on it is worth it.
constexpr std::size_t kManyColumns = 24;
constexpr std::uint32_t kMostRowsPerItem = 96;

}  // namespace

// Enough multiplications to be worth a claim, few enough to balance threads of which one may be slowed by other
// programs. Whole panels in any case.
std::uint32_t CpuBackend::rows_per_item(const MatrixRows& matrix, std::size_t columns) const {
  if (matrix.weight->panel == nullptr && columns >= kManyColumns) {
    // Columns are gathered once for each item, so few large ones are better, as long as there are some for each thread.
    constexpr std::uint32_t kStep = kPanelRows;
    const std::uint32_t rows = matrix.outputs / (4 * static_cast<std::uint32_t>(pool_.threads()));
    return std::clamp(rows / kStep * kStep, kStep, kMostRowsPerItem);
  }
  const std::uint64_t products = matrix.weight->panel != nullptr ? 262144 : 65536;
  const std::uint64_t rows = products / (std::uint64_t{matrix.inputs} * columns) / kPanelRows * kPanelRows;
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(rows, kPanelRows));
}

void CpuBackend::multiply_rows(const MatrixRows& matrix, std::uint32_t first, std::uint32_t count,
                               const Columns& columns) const {
  if (matrix.weight->panel != nullptr)
    multiply_panels(matrix, first, count, columns);
  else if (columns.count >= kManyColumns)
    multiply_many(matrix, first, count, columns);
  else
    multiply_decoded(matrix, first, count, columns);
}

// Some elements of some rows as float32.
void CpuBackend::decode_piece(const MatrixRows& matrix, const PieceRange& range, float* scratch) const {
  const LoadedWeight& weight = *matrix.weight;
  const std::byte* const blocks = matrix.rows + range.row * weight.row_bytes;
  const std::uint64_t skipped = std::uint64_t{range.element / weight.block_elements} * weight.block_bytes;
  const std::uint64_t bytes = std::uint64_t{range.elements / weight.block_elements} * weight.block_bytes;
  // What follows in each row, or the rows that come next.
  const bool is_end = range.element + range.elements == matrix.inputs;
  const std::uint64_t ahead = is_end ? kRowsAtOnce * weight.row_bytes - skipped : bytes;
  for (std::uint32_t r = 0; r < range.rows; ++r) {
    const std::byte* const part = blocks + r * weight.row_bytes + skipped;
    for (std::uint64_t at = 0; at < bytes; at += kCacheLine)
      __builtin_prefetch(part + ahead + at);
    weight.decode(part, scratch + r * kStride, range.elements);
  }
}

void CpuBackend::multiply_decoded(const MatrixRows& matrix, std::uint32_t first, std::uint32_t count,
                                  const Columns& columns) const {
  alignas(64) std::array<float, kScratch> scratch;
  const LoadedWeight& weight = *matrix.weight;
  for (std::uint32_t row = first; row < first + count; row += kRowsAtOnce) {
    const std::uint32_t rows = std::min(kRowsAtOnce, first + count - row);
    for (std::uint32_t i = 0; i < matrix.inputs; i += kElementsAtOnce) {
      const std::uint32_t elements = std::min(kElementsAtOnce, matrix.inputs - i);
      const bool stays = weight.floats != nullptr;
      if (!stays) decode_piece(matrix, {row, rows, i, elements}, scratch.data());
      const auto* const floats = reinterpret_cast<const float*>(matrix.rows + row * weight.row_bytes) + i;
      kernels_.dot_block(stays ? floats : scratch.data(), stays ? matrix.inputs : kStride, rows, columns.x, columns.count, i, elements, columns.out, row,
                         /*accumulate=*/i > 0);
    }
  }
}

// The same sums in the same order. Elements of some columns are put side by side, where neither pages nor the places
// in a cache are many, and then multiplied with one row after the other; these are decoded once for all of them.
void CpuBackend::multiply_many(const MatrixRows& matrix, std::uint32_t first, std::uint32_t count,
                               const Columns& columns) const {
  alignas(64) std::array<float, kScratch> scratch;
  alignas(64) std::array<float, kColumnsAtOnce * kStride> gathered;
  std::array<const float*, kColumnsAtOnce> x;
  for (std::size_t c = 0; c < kColumnsAtOnce; ++c)
    x[c] = gathered.data() + c * kStride;
  for (std::size_t done = 0; done < columns.count; done += kColumnsAtOnce) {
    const std::size_t together = std::min(kColumnsAtOnce, columns.count - done);
    for (std::uint32_t i = 0; i < matrix.inputs; i += kElementsAtOnce) {
      const std::uint32_t elements = std::min(kElementsAtOnce, matrix.inputs - i);
      for (std::size_t c = 0; c < together; ++c)
        std::copy_n(columns.x[done + c] + i, elements, gathered.data() + c * kStride);
      for (std::uint32_t row = first; row < first + count; row += kRowsAtOnce) {
        const std::uint32_t rows = std::min(kRowsAtOnce, first + count - row);
        decode_piece(matrix, {row, rows, i, elements}, scratch.data());
        kernels_.dot_block(scratch.data(), kStride, rows, x.data(), together, 0, elements, columns.out + done, row,
                           /*accumulate=*/i > 0);
      }
    }
  }
}

void CpuBackend::multiply_panels(const MatrixRows& matrix, std::uint32_t first, std::uint32_t count,
                                 const Columns& columns) const {
  Panel panel;
  const LoadedWeight& weight = *matrix.weight;
  const std::uint32_t end = first + count;
  for (std::uint32_t row = first; row < end; row += kPanelRows) {
    const std::size_t rows = std::min<std::size_t>(kPanelRows, end - row);
    const PanelRows& way = rows == kPanelRows ? *matrix.way : weight.panel->in_file;
    const std::byte* blocks = matrix.rows + row * weight.row_bytes;
    if (columns.count == 1 && rows == kPanelRows && way.multiply_one != nullptr) {
      way.multiply_one(blocks, weight.row_bytes, matrix.inputs, columns.rounded[0], columns.out[0] + row);
      continue;
    }
    // In cells, eight rows go on together.
    const std::uint64_t rows_together = &way == &weight.panel->in_file ? 1 : kPanelRows / 2;
    for (std::uint32_t i = 0; i < matrix.inputs; i += kPanelInputs) {
      const std::uint32_t inputs = std::min<std::uint32_t>(kPanelInputs, matrix.inputs - i);
      const std::uint64_t bytes = rows_together * (inputs / weight.block_elements) * weight.block_bytes;
      // The same rows further on, then the next rows, as far as there are whole panels.
      const std::byte* next = nullptr;
      if (i + inputs < matrix.inputs)
        next = blocks + bytes;
      else if (row + 2 * kPanelRows <= matrix.outputs)
        next = matrix.rows + (row + kPanelRows) * weight.row_bytes;
      way.unpack(blocks, weight.row_bytes, rows, inputs, next, panel);
      weight.panel->multiply(panel, inputs, columns.rounded, columns.count, i, {columns.out, row, rows, i > 0});
      blocks += bytes;
    }
  }
}

// Codes, scales, moments and half moments, in cells; each row begins a cache line.
std::uint64_t CpuBackend::rounded_row_cells(std::uint32_t width) {
  constexpr std::uint64_t kLine = 16;
  return (width / 4 + 4 * (std::uint64_t{width} / kActivationGroup) + kLine - 1) / kLine * kLine;
}

void CpuBackend::round_rows(const Rows& x, std::uint32_t rows, std::uint32_t width) {
  const std::uint64_t groups = width / kActivationGroup;
  const std::uint64_t cells = rounded_row_cells(width);
  float* const first = working_cells(rounded_memory_, cells * rows);
  rounded_.resize(rows);
  for_rows(rows, width, [&](std::uint32_t r) {
    float* floats = first + r * cells + width / 4;
    rounded_[r] = {reinterpret_cast<std::int8_t*>(floats - width / 4), floats, floats + groups, floats + 2 * groups};
    kernels_.panels.round_column(x[r], width, rounded_[r]);
  });
}

void CpuBackend::matmul(const Weight& weight, const View& x, const View& out) {
  matmul_all({&weight, 1}, x, {&out, 1});
}

// The input is rounded once, and one fork serves all matrices: a thread that is done with one goes on with the next.
void CpuBackend::matmul_all(std::span<const Weight> weights, const View& x, std::span<const View> outs) {
  struct Product {
    MatrixRows matrix;
    Columns columns;
    std::uint32_t rows_per_item;
    std::size_t first_item;
  };
  std::array<Product, kMostProducts> products;
  FACET_CHECK(weights.size() == outs.size() && weights.size() <= products.size(), "%zu weights", weights.size());
  const Rows in = rows_of(x);
  column_x_.resize(x.rows);
  for (std::uint32_t r = 0; r < x.rows; ++r)
    column_x_[r] = in[r];
  column_out_.resize(x.rows * weights.size());
  bool is_rounded = false;
  std::size_t items = 0;
  for (std::size_t p = 0; p < weights.size(); ++p) {
    const Weight& weight = weights[p];
    FACET_CHECK(x.width == weight.inputs && outs[p].width == weight.outputs && x.rows == outs[p].rows,
                "%u x %u to %u x %u", x.rows, x.width, outs[p].rows, outs[p].width);
    const LoadedWeight& matrix = loaded(weight);
    if (matrix.panel != nullptr && !is_rounded) {
      round_rows(in, x.rows, x.width);
      is_rounded = true;
    }
    const Rows result = rows_of(outs[p]);
    float** const out = column_out_.data() + p * x.rows;
    for (std::uint32_t r = 0; r < x.rows; ++r)
      out[r] = result[r];
    copy_matrices(weight, std::array{0U});
    products[p].matrix = matrix_of(weight, 0);
    products[p].columns = {column_x_.data(), rounded_.data(), out, x.rows};
    products[p].rows_per_item = rows_per_item(products[p].matrix, x.rows);
    products[p].first_item = items;
    items += (weight.outputs + products[p].rows_per_item - 1) / products[p].rows_per_item;
  }
  pool_.run(items, [&](std::size_t item) {
    std::size_t p = weights.size() - 1;
    while (item < products[p].first_item)
      --p;
    const Product& product = products[p];
    const auto first = static_cast<std::uint32_t>(item - product.first_item) * product.rows_per_item;
    multiply_rows(product.matrix, first, std::min(product.rows_per_item, product.matrix.outputs - first),
                  product.columns);
  });
}

void CpuBackend::matmul_geglu(const Weight& gate, const Weight& up, const View& x, const View& scratch,
                              const View& out) {
  const std::array weights = {gate, up};
  const std::array outs = {out, scratch};
  matmul_all(weights, x, outs);
  geglu(out, scratch, out);
}

void CpuBackend::matmul_geglu(const Weight& gate, const View& up, const View& x, const View& out) {
  matmul(gate, x, out);
  geglu(out, up, out);
}

void CpuBackend::matmul_add_branch(const Weight& weight, const View& x, const View& branch, const BranchEnd& end) {
  matmul(weight, x, branch);
  add_branch(branch, end);
}

}  // namespace facet::engine
