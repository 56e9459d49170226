#pragma once

#include <array>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/device_backend.h"
#include "engine/vulkan/commands.h"
#include "engine/vulkan/device.h"
#include "engine/vulkan/memory.h"
#include "engine/vulkan/pipelines.h"
#include "engine/vulkan/shaders/params.h"

namespace facet::engine::vulkan {

// Kernels that a plainer one can stand in for, should a driver compute them wrongly.
struct Variants {
  Tiles tiles = Tiles::Floats;  // of products of many rows; without any, eight rows at a time
  bool wide_cells = true;       // cells are read four at a time where they lie so
  bool last_groups = true;   // the last workgroup of a kernel ends what all began; otherwise a kernel of its own does
  bool several_rows = true;  // a thread of a product works on several rows of the matrix
};

// The operations as kernels on a Vulkan device, recorded by each call and run at the latest by `finish` or `read`.
// Weights lie on the device in the format of the file and are decoded to float32 where they are multiplied; tables stay
// in the mapped file. What goes wrong between two calls of `finish` is what the second returns, and stays so: a lost
// device gives no more results.
class VulkanBackend final : public DeviceBackend {
 public:
  static Result<std::unique_ptr<VulkanBackend>> open(const std::string& wanted, const Variants& variants = {});
  ~VulkanBackend() override;

  const std::string& description() const override { return description_; }
  Result<Buffer> create_buffer(std::string_view name, std::uint32_t rows, std::uint32_t width) override;
  Result<Buffer> create_cache(std::string_view name, const CacheShape& shape) override;
  void release_buffer(const Buffer& buffer) override;
  Status reserve(const LargestOperands& largest) override;
  Result<Weight> load_weight(const GgufTensor& tensor, WeightUse use) override;
  void write(const View& to, std::span<const float> values) override;
  void read(const View& from, std::span<float> values) override;
  void start() override { commands_->submit(); }
  Status finish() override { return commands_->wait(); }
  DeviceWork work() const override { return {counts().dispatches, counts().seconds, 0, 0}; }
  Result<std::optional<double>> copy_bandwidth() override;

  Status replace_expert(const Weight& weight, std::uint32_t expert, std::span<const std::byte> rows) override;

  std::vector<std::uint64_t> weight_parts(const GgufTensor& tensor, WeightUse use) const override;
  std::uint64_t cache_bytes(const CacheShape& shape) const override;
  std::uint64_t working_bytes(const LargestOperands& largest) const override;
  std::uint64_t taken_bytes() const override { return memory_->taken_bytes(); }
  std::uint64_t bytes_with(const LargestOperands& largest, std::span<const std::uint64_t> buffers) const override;
  std::uint64_t unused_bytes() const override;
  std::uint64_t largest_buffer() const override { return largest_binding_; }

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
  void matmul_heads(const HeadWeights& weights, const View& x, const HeadInputs& inputs) override;
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

  // The largest range that a kernel is given of a tensor; larger ones are taken apart. Tests set it to see that.
  void limit_bindings(std::uint64_t bytes) { largest_binding_ = bytes; }
  // Weights go through the staging memory, as on a device with memory of its own, even where host and device share it.
  void stage_all() { stages_all_ = true; }
  const VulkanDevice& device() const { return device_->description(); }
  const Commands::Counts& counts() const { return commands_->counts(); }

 private:
  struct Cells {
    DeviceBuffer memory;
    CacheKind kind = CacheKind::F32;
    bool is_cache = false;
    std::uint32_t row_words = 0;
  };
  // Rows of a matrix, or whole experts, that fit one binding.
  struct Part {
    DeviceBuffer memory;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  struct LoadedWeight {
    WeightUse use = WeightUse::Matrix;
    const FormatInfo* format = nullptr;
    std::span<const std::byte> file_rows;
    std::uint64_t row_bytes = 0;     // in the file
    std::uint64_t packed_bytes = 0;  // of a row, on the device
    std::vector<Part> parts;
  };
  // Where a view lies: what a kernel needs of it.
  struct Operand {
    VkBuffer buffer;
    std::uint32_t offset;
    std::uint32_t stride;
  };

  VulkanBackend() = default;
  Operand operand_of(const View& view) const;
  const Cells& cells_of(std::uint32_t buffer) const;
  const LoadedWeight& loaded(const Weight& weight) const;
  Buffer keep(Cells cells, std::uint32_t rows, std::uint32_t width);
  Result<DeviceBuffer> create_memory(std::string_view name, std::uint64_t bytes);
  // Puts `units` of so many bytes each where they belong, as `fill(first, count, room)` gives them.
  using Fill = std::function<void(std::uint64_t first, std::uint64_t count, std::byte* room)>;
  Status upload(const DeviceBuffer& to, std::uint64_t units, std::uint64_t unit_bytes, const Fill& fill);
  // The same through the staging memory, so in order with the operations, from so many units on.
  Status stage(const DeviceBuffer& to, std::uint64_t first_unit, std::uint64_t units, std::uint64_t unit_bytes,
               const Fill& fill);
  // How a matrix is taken apart: into units of whole rows, or whole experts where there are any, so many to a part.
  struct Division {
    std::uint64_t rows_per_unit = 1;
    std::uint64_t unit_bytes = 0;
    std::uint64_t units = 0;
    std::uint64_t units_per_part = 0;
  };
  Division divide(const GgufTensor& tensor) const;
  Status load_parts(const GgufTensor& tensor, LoadedWeight& weight);
  // Writes the rows of a view, each filled by `fill(row, cells)`.
  void write_rows(const View& to, const std::function<void(std::uint32_t row, float* cells)>& fill);
  VkBuffer vector_of(const Weight& weight, std::uint32_t size) const;

  // Which buffer a kernel finds where.
  using Operands = std::initializer_list<std::pair<std::uint32_t, Dispatch::Operand>>;
  template <typename Params>
  void run(const Kernel& kernel, Operands operands, const Params& params, std::array<std::uint32_t, 3> groups,
           std::uint64_t work) {
    Dispatch dispatch;
    for (const auto& [binding, operand] : operands)
      dispatch.operands[binding] = operand;
    dispatch.kernel = kernel;
    dispatch.groups = groups;
    dispatch.work = work;
    run(dispatch, params);
  }
  template <typename Params>
  void run(Dispatch& dispatch, const Params& params) {
    static_assert(sizeof(Params) <= kParamBytes);
    std::memcpy(dispatch.params.data(), &params, sizeof params);
    run(dispatch);
  }
  void run(const Dispatch& dispatch);
  std::uint32_t relative(std::uint32_t position) const { return position - commands_->position(); }
  bool is_wide(const Operand& operand) const;
  void norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& out, bool add);
  void elementwise(Elementwise operation, const View& a, const View& b, float factor, const View& out, float limit = 0);

  // A product of few rows: what it takes besides matrices of one format and one part.
  struct SmallProduct {
    // Of heads those of queries, keys and values, as far as they are there.
    std::array<const LoadedWeight*, kMostProducts> weights = {};
    std::array<View, kMostProducts> outs;
    std::uint32_t matrices = 1;
    ProductKind kind = ProductKind::Plain;
    View up;                            // of GatedByCells
    const BranchEnd* end = nullptr;     // none: nothing follows
    const HeadInputs* heads = nullptr;  // the same
  };
  bool is_one_dispatch(const LoadedWeight& weight, const View& x) const;
  bool can_share(const LoadedWeight& a, const LoadedWeight& b) const;
  void multiply_few(const SmallProduct& product, const View& x);
  void multiply(const LoadedWeight& weight, const View& x, const View& out);
  void multiply_rows(const LoadedWeight& weight, const Part& part, const View& x, const View& out);
  // What a product of many rows reads: x, or what became of it when it was rounded.
  struct TileInput {
    Operand cells;
    const Shader* shader = nullptr;
    Format format = Format::F32;  // of the weights
    bool is_wide = false;
  };
  TileInput tile_input(const LoadedWeight& weight, const View& x);
  Kernel tile_kernel(const TileInput& x, bool experts) const;
  void multiply_tiles(const LoadedWeight& weight, const Part& part, const TileInput& x, std::uint32_t rows,
                      std::uint32_t inputs, const View& out);
  void multiply_sorted(const LoadedWeight& weight, const Weight& shape, const View& ids, const View& x,
                       const View& out);
  std::uint32_t rows_within_limit(std::uint64_t work_of_row, std::uint32_t per_group) const;
  std::uint32_t rows_per_thread(std::uint32_t outputs, std::uint32_t columns) const;
  // What ends a branch, in the places where branch_end.glsl looks for it.
  BranchEndParams give_branch_end(const BranchEnd& end, Dispatch& dispatch) const;
  // What makes heads ready, in the places where heads.glsl looks for it.
  HeadParams give_heads(const HeadInputs& inputs, Dispatch& dispatch) const;
  // The caches' format if a head is whole words of it, or none.
  CacheKind cache_of_heads(const HeadInputs& inputs) const;
  bool can_end_in_heads(const HeadWeights& weights, const View& x, const HeadInputs& inputs) const;

  // Attention of few queries whose keys are shared by many workgroups.
  struct AttentionTiles {
    std::uint32_t heads_per_tile;
    std::uint32_t rows_per_tile;
    std::uint32_t tiles_per_row;  // of all heads
  };
  static AttentionTiles tiles_of(const AttentionShape& shape);
  static std::uint32_t segments_of(const AttentionShape& shape, std::uint32_t rows, std::uint32_t end);
  static std::uint64_t segment_bytes(const AttentionShape& shape, std::uint32_t rows, std::uint32_t segments);
  static std::uint64_t segment_bytes(const LargestOperands& largest);
  std::uint32_t rounded_row_cells(std::uint32_t inputs) const;
  std::uint64_t rounded_bytes(const LargestOperands& largest) const;
  // Of what `reserve` sets aside.
  std::vector<std::uint64_t> working_parts(const LargestOperands& largest) const;
  static std::uint64_t sorted_bytes(const LargestOperands& largest);
  static std::uint64_t candidate_bytes(std::uint32_t vocabulary);
  // Makes sure that a memory to work in has so many bytes.
  bool make_room(DeviceBuffer& memory, std::uint64_t bytes, const char* name);

  std::unique_ptr<Device> device_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<Pipelines> pipelines_;
  std::unique_ptr<Commands> commands_;
  std::string description_;
  std::uint64_t largest_binding_ = 0;
  std::vector<Cells> buffers_;
  std::vector<std::uint32_t> free_ids_;
  std::vector<LoadedWeight> weights_;
  DeviceBuffer segments_;    // of attention
  DeviceBuffer sorted_;      // pairs of tokens and experts
  DeviceBuffer rounded_;     // rows of x in fewer bits
  DeviceBuffer candidates_;  // of which the largest logits are chosen
  Variants variants_;
  bool is_reserved_ = false;
  bool stages_all_ = false;
};

}  // namespace facet::engine::vulkan
