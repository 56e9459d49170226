#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/large_pages.h"
#include "engine/base/thread_pool.h"
#include "engine/cpu/fastest_kernels.h"
#include "engine/cpu/kernels.h"
#include "engine/device_backend.h"
#include "engine/text/top_k.h"

namespace facet::engine {

// How matrices in integer formats are multiplied: decoded to float32, or as integers with activations that are rounded
// to 8 bits (cpu/panel.h), which is several times as fast and changes logits by what the rounding does.
enum class Products { Float32, Int8 };

// The operations on the CPU, each done when its call returns. Matrices keep their own format, in the mapped file or in
// a copy, and are unpacked a few rows at a time, so a weight is read once for all columns of a batch.
class CpuBackend final : public DeviceBackend {
 public:
  explicit CpuBackend(int threads, Products products = Products::Float32, const Kernels& kernels = fastest_kernels());
  ~CpuBackend() override;

  const std::string& description() const override { return description_; }
  Result<Buffer> create_buffer(std::string_view name, std::uint32_t rows, std::uint32_t width) override;
  Result<Buffer> create_cache(std::string_view name, const CacheShape& shape) override;
  void release_buffer(const Buffer& buffer) override;
  Status reserve(const LargestOperands& largest) override;
  Result<Weight> load_weight(const GgufTensor& tensor, WeightUse use) override;
  void write(const View& to, std::span<const float> values) override;
  void read(const View& from, std::span<float> values) override;
  Status finish() override { return {}; }
  Status replace_expert(const Weight& weight, std::uint32_t expert, std::span<const std::byte> rows) override;

  void place_matrices(MatrixPlace place) override { matrix_place_ = place; }
  std::vector<std::uint64_t> weight_parts(const GgufTensor& tensor, WeightUse use) const override;
  std::uint64_t cache_bytes(const CacheShape& shape) const override;
  std::uint64_t working_bytes(const LargestOperands& largest) const override;
  std::uint64_t taken_bytes() const override;
  std::uint64_t bytes_with(const LargestOperands& largest, std::span<const std::uint64_t> buffers) const override;
  std::uint64_t unused_bytes() const override;
  std::uint64_t largest_buffer() const override { return UINT64_MAX; }

  void embed(const Weight& table, std::span<const Token> tokens, float factor, const View& out) override;
  void matmul(const Weight& weight, const View& x, const View& out) override;
  void matmul_all(std::span<const Weight> weights, const View& x, std::span<const View> outs) override;
  void matmul_geglu(const Weight& gate, const Weight& up, const View& x, const View& scratch, const View& out) override;
  void matmul_geglu(const Weight& gate, const View& up, const View& x, const View& out) override;
  void add_branch(const View& branch, const BranchEnd& end) override;
  void matmul_add_branch(const Weight& weight, const View& x, const View& branch, const BranchEnd& end) override;
  void rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& out) override;
  void add_rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& sum) override;
  void scale(const View& x, float factor) override;
  void geglu(const View& gate, const View& up, const View& out) override;
  void softcap(const View& x, float cap) override;
  void top_k(const View& logits, float cap, const View& ids, const View& values) override;
  void rope_table(std::span<const double> frequencies, std::uint32_t first_position, const View& out) override;
  void prepare_heads(const HeadInputs& inputs) override;
  void store(const View& x, std::uint32_t first_position, const Buffer& cache) override;
  void attention(const View& q, const Buffer& keys, const Buffer& values, const AttentionShape& shape,
                 std::uint32_t first_position, const View& out) override;
  void route_experts(const View& logits, const Weight& expert_scale, const View& ids, const View& weights) override;
  void matmul_experts(const Weight& weight, const View& ids, const View& x, const View& out) override;
  void combine_experts(const View& x, const View& weights, const View& out) override;

  void clamp(const View& x, float least, float most, const View& out) override;
  void sigmoid_gate(const View& x, const View& gate, const View& out) override;
  void add(const View& x, float factor, const View& sum) override;
  void shift(const View& x, const Weight& shift, float sign, const Weight& scale) override;
  void layer_norm(const View& x, const Weight& weight, const Weight& bias, std::uint32_t group, float eps,
                  const View& out) override;
  void pool(const View& x, std::uint32_t columns, std::uint32_t side, float factor, const View& out) override;
  void unfold(const View& x, std::uint32_t bands, std::uint32_t padding, const View& out) override;
  void convolve(const View& x, const Weight& weight, std::uint32_t kernel, const View& out) override;
  void local_attention(const View& q, const View& k, const View& v, const View& relative, const LocalAttention& shape,
                       const View& out) override;

 private:
  struct FreeMemory {
    void operator()(float* memory) const;
  };
  struct Memory {
    std::unique_ptr<float, FreeMemory> cells;
    std::uint64_t count = 0;
    // Of a cache, which has no cells but blocks.
    const FormatInfo* format = nullptr;
    std::uint64_t row_bytes = 0;
  };
  struct LoadedWeight {
    const std::byte* rows = nullptr;  // in the mapped file, or in `own_rows`
    std::vector<std::byte> own_rows;  // of a matrix that came without data
    std::byte* copy = nullptr;        // memory for the file's rows; null where they stay there
    std::vector<bool> is_copied;      // of each expert, whether its rows are in the copy
    bool is_mapped = false;
    std::uint64_t row_bytes = 0;
    std::uint32_t block_elements = 1;
    std::uint32_t block_bytes = 0;
    DecodeFunction decode = nullptr;
    const float* floats = nullptr;       // the rows themselves, where they are aligned float32
    const PanelFormat* panel = nullptr;  // how they are multiplied as integers, where they are
    std::vector<float> vector;           // the decoded values, for WeightUse::Vector
  };
  // Where a view lies, and a row of it.
  struct Rows {
    float* cells;
    std::uint64_t stride;
    float* operator[](std::uint64_t row) const { return cells + row * stride; }
  };
  // A matrix to be multiplied with some columns.
  struct MatrixRows {
    const LoadedWeight* weight;
    const std::byte* rows;
    std::uint32_t inputs;
    std::uint32_t outputs;
    const PanelRows* way;  // how whole panels of it are read; null for a matrix that has none
  };
  // Some elements of some rows of one.
  struct PieceRange {
    std::uint32_t row;
    std::uint32_t rows;
    std::uint32_t element;
    std::uint32_t elements;
  };
  // The columns of a product: `count` addresses of inputs, rounded ones for a matrix that has panels, and of results.
  struct Columns {
    const float* const* x;
    const RoundedColumn* rounded;
    float* const* out;
    std::size_t count;
  };
  // The keys or values of a conversation, rows of blocks.
  struct CacheRows {
    const std::byte* first;
    std::uint64_t row_bytes;
    std::uint32_t count;
    const FormatInfo* format;
    DecodeFunction decode;  // null where the rows are float32
  };
  struct AttentionOperands {
    Rows q;
    Rows out;
    CacheRows keys;
    CacheRows values;
    std::uint32_t first_position;
    AttentionShape shape;
  };
  // Some heads of some rows, all of which read the same keys and values. A column is one head of one row.
  struct AttentionTile {
    std::uint32_t first_row;
    std::uint32_t rows;
    std::uint32_t first_head;
    std::uint32_t heads;
    std::uint32_t columns() const { return rows * heads; }
  };
  struct AttentionSums;

  // Cells that begin a cache line; null when there is no memory for them.
  static Memory allocate(std::uint64_t count);
  // What so many of them take.
  static std::uint64_t memory_bytes(std::uint64_t cells);
  std::uint32_t keep(Memory memory);
  // Makes sure that a memory to work in has so many cells.
  float* working_cells(Memory& memory, std::uint64_t cells) const;
  // A matrix without data gets it later.
  static bool has_own_rows(const GgufTensor& tensor, WeightUse use);
  bool is_to_be_copied(const GgufTensor& tensor, WeightUse use) const;
  Rows rows_of(const View& view) const;
  const LoadedWeight& loaded(const Weight& weight) const;
  // The matrix of an expert where it lies now.
  MatrixRows matrix_of(const Weight& weight, std::uint32_t expert) const;
  // Copies the matrices of these experts, as far as they are to be copied and were not.
  void copy_matrices(const Weight& weight, std::span<const std::uint32_t> experts);
  void copy_rows(const LoadedWeight& weight, std::uint64_t first, std::uint64_t count) const;
  const float* vector_of(const Weight& weight, std::uint32_t size) const;

  // Calls `task(row)` for every row, on several threads when the cells are many.
  template <typename Task>
  void for_rows(std::uint32_t rows, std::uint64_t cells_per_row, const Task& task);
  // Calls `task(row, first_column, column_count)` for pieces of rows.
  template <typename Task>
  void for_pieces(const View& shape, const Task& task);

  std::uint32_t rows_per_item(const MatrixRows& matrix, std::size_t columns) const;
  void multiply_rows(const MatrixRows& matrix, std::uint32_t first, std::uint32_t count, const Columns& columns) const;
  void multiply_decoded(const MatrixRows& matrix, std::uint32_t first, std::uint32_t count,
                        const Columns& columns) const;
  void multiply_many(const MatrixRows& matrix, std::uint32_t first, std::uint32_t count, const Columns& columns) const;
  void decode_piece(const MatrixRows& matrix, const PieceRange& range, float* scratch) const;
  void multiply_panels(const MatrixRows& matrix, std::uint32_t first, std::uint32_t count,
                       const Columns& columns) const;
  // Cells that a rounded row takes, and that the sums of the segments take, up to a position.
  static std::uint64_t rounded_row_cells(std::uint32_t width);
  static std::uint64_t segment_cells(const AttentionShape& shape, std::uint32_t context);
  std::uint64_t rounded_cells(const LargestOperands& largest) const;
  static std::uint64_t segment_cells(const LargestOperands& largest);
  // Rounds the rows of x, into rounded_.
  void round_rows(const Rows& x, std::uint32_t rows, std::uint32_t width);
  CacheRows cache_rows(const Buffer& cache) const;
  template <typename Use>
  void use_cache(const CacheRows& cache, std::uint32_t first, std::uint32_t count, std::uint32_t column,
                 std::uint32_t width, std::uint32_t readers, const Use& use) const;
  void attend_segment(const AttentionOperands& operands, const AttentionTile& tile, std::uint32_t segment,
                      const AttentionSums& sums) const;
  void add_segment(const AttentionSums& segment, const AttentionSums& sums, std::uint32_t column,
                   std::uint32_t head_dim) const;
  void attend_tile(const AttentionOperands& operands, const AttentionTile& tile) const;
  void attend_by_segments(const AttentionOperands& operands, const AttentionTile& tile);

  const Kernels& kernels_;
  const Products products_;
  ThreadPool pool_;
  std::string description_;
  std::vector<Memory> buffers_;
  std::vector<std::uint32_t> free_ids_;
  std::vector<LoadedWeight> weights_;
  MatrixPlace matrix_place_ = MatrixPlace::InFile;
  LargePages copies_;
  // The columns of the matmul at hand; they grow to the largest batch once.
  std::vector<const float*> column_x_;
  std::vector<RoundedColumn> column_rounded_;
  std::vector<float*> column_out_;
  std::vector<RoundedColumn> rounded_;
  Memory rounded_memory_;
  std::vector<std::uint32_t> expert_begin_;
  std::vector<std::uint32_t> expert_list_;
  std::vector<Candidate> candidates_;
  // What the segments of a row's keys come to, when several threads share them.
  Memory segment_memory_;
  bool is_reserved_ = false;
};

template <typename Task>
void CpuBackend::for_rows(std::uint32_t rows, std::uint64_t cells_per_row, const Task& task) {
  // Below this a fork costs more than it saves.
  constexpr std::uint64_t kCellsWorthAFork = 16384;
  const std::uint64_t rows_per_task =
      std::max<std::uint64_t>(1, kCellsWorthAFork / 2 / std::max<std::uint64_t>(1, cells_per_row));
  const std::uint64_t tasks = (rows + rows_per_task - 1) / rows_per_task;
  const auto run_task = [&](std::size_t index) {
    const std::uint64_t end = std::min<std::uint64_t>(rows, (index + 1) * rows_per_task);
    for (std::uint64_t row = index * rows_per_task; row < end; ++row)
      task(static_cast<std::uint32_t>(row));
  };
  if (rows * cells_per_row < kCellsWorthAFork) {
    for (std::size_t i = 0; i < tasks; ++i)
      run_task(i);
  } else {
    pool_.run(tasks, run_task);
  }
}

template <typename Task>
void CpuBackend::for_pieces(const View& shape, const Task& task) {
  constexpr std::uint32_t kPiece = 2048;
  const std::uint32_t pieces = (shape.width + kPiece - 1) / kPiece;
  for_rows(shape.rows * pieces, std::min(shape.width, kPiece), [&](std::uint32_t index) {
    const std::uint32_t first = index % pieces * kPiece;
    task(index / pieces, first, std::min(kPiece, shape.width - first));
  });
}

}  // namespace facet::engine
