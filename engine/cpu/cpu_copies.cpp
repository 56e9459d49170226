#include <algorithm>
#include <cstring>

#include "engine/base/mapped_file.h"
#include "engine/cpu/cpu_backend.h"

// Matrices that the backend copies from the file, in front of the first product with each. A token reads all of them,
// and most of its time goes by with that: in the copy they lie in large pages, in the order in which registers want
// them. What was copied is given back, so that it counts once.
namespace facet::engine {
namespace {

// Enough to be worth a claim and a call of the system.
constexpr std::uint64_t kCopiedAtOnce = 512U << 10U;

}  // namespace

CpuBackend::MatrixRows CpuBackend::matrix_of(const Weight& weight, std::uint32_t expert) const {
  const LoadedWeight& matrix = loaded(weight);
  const std::uint64_t skipped = std::uint64_t{expert} * weight.outputs * matrix.row_bytes;
  const bool is_copied = matrix.copy != nullptr && matrix.is_copied[expert];
  MatrixRows rows{&matrix, (is_copied ? matrix.copy : matrix.rows) + skipped, weight.inputs, weight.outputs, nullptr};
  if (matrix.panel != nullptr)
    rows.way = is_copied && matrix.panel->to_cells != nullptr ? &matrix.panel->in_cells : &matrix.panel->in_file;
  return rows;
}

void CpuBackend::copy_matrices(const Weight& weight, std::span<const std::uint32_t> experts) {
  LoadedWeight& matrix = weights_[weight.id - 1];
  if (matrix.copy == nullptr) return;
  const std::uint64_t per_item =
      std::max<std::uint64_t>(kCopiedAtOnce / matrix.row_bytes / kPanelRows * kPanelRows, kPanelRows);
  for (const std::uint32_t expert : experts) {
    if (matrix.is_copied[expert]) continue;
    const std::uint64_t first = std::uint64_t{expert} * weight.outputs;
    pool_.run((weight.outputs + per_item - 1) / per_item, [&](std::size_t item) {
      const std::uint64_t done = item * per_item;
      copy_rows(matrix, first + done, std::min(per_item, weight.outputs - done));
    });
    matrix.is_copied[expert] = true;
    // Pages between two items, and those that the system has brought along.
    if (matrix.is_mapped)
      give_back_pages({matrix.rows + first * matrix.row_bytes, std::size_t{weight.outputs} * matrix.row_bytes});
  }
}

// Rows that fill no panel stay as they are.
void CpuBackend::copy_rows(const LoadedWeight& weight, std::uint64_t first, std::uint64_t count) const {
  const std::byte* const from = weight.rows + first * weight.row_bytes;
  std::byte* const to = weight.copy + first * weight.row_bytes;
  std::uint64_t row = 0;
  if (weight.panel != nullptr && weight.panel->to_cells != nullptr)
    for (; row + kPanelRows <= count; row += kPanelRows)
      weight.panel->to_cells(from + row * weight.row_bytes, weight.row_bytes, to + row * weight.row_bytes);
  std::memcpy(to + row * weight.row_bytes, from + row * weight.row_bytes, (count - row) * weight.row_bytes);
  if (weight.is_mapped) give_back_pages({from, count * weight.row_bytes});
}

}  // namespace facet::engine
