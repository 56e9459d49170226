#pragma once

#include <array>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/device_backend.h"
#include "engine/model/placement.h"
#include "engine/placed/area_set.h"
#include "engine/placed/expert_cache.h"

namespace facet::engine {

// Two backends as one. A weight lies where the placement says, and an operation runs where its weight lies, or without
// one where its input is. A buffer is there twice; of every cell it is known on which side it is out of date, and what
// an operation reads is copied first if need be. So the stream crosses over where the side of the layers changes, and
// nothing else does. Keys and values lie where a layer reads them: those that are read on both sides are stored twice.
//
// Of a layer whose experts lie on the CPU, the GPU may hold some: then each side computes those that it has, both at
// the same time, for up to kFewRows rows. With more, almost all experts are asked for, and the CPU computes them all.
//
// A failure of either side is the failure of both: the first one stays, nothing is computed any more, and what is read
// is no number.
class PlacedBackend final : public Backend {
 public:
  PlacedBackend(std::unique_ptr<Backend> cpu, std::unique_ptr<DeviceBackend> gpu, Placement placement);

  const std::string& description() const override { return description_; }
  static constexpr std::uint32_t kFewRows = 8;

  const Backend& on(Side side) const { return *backends_[index(side)]; }
  // How often cells were copied from a side to the other.
  std::uint64_t copies_from(Side side) const { return copies_[index(side)]; }

  Result<Buffer> create_buffer(std::string_view name, std::uint32_t rows, std::uint32_t width) override;
  Result<Buffer> create_cache(std::string_view name, const CacheShape& shape) override;
  void release_buffer(const Buffer& buffer) override;
  Status reserve(const LargestOperands& largest) override;
  Result<Weight> load_weight(const GgufTensor& tensor, WeightUse use) override;
  void write(const View& to, std::span<const float> values) override;
  void read(const View& from, std::span<float> values) override;
  Status finish() override;
  // Kernels only: how long an operation takes with all that is copied for it, no device's clock says.
  DeviceWork work() const override {
    return {backends_[0]->work().kernels + backends_[1]->work().kernels, 0, experts_, held_experts_};
  }

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
  bool apply_experts(const ExpertBranch& branch) override;

 private:
  static constexpr std::size_t kCount = 2;
  static std::size_t index(Side side) { return static_cast<std::size_t>(side); }

  // A buffer on each side, or a cache on those that keep it.
  struct Held {
    std::array<Buffer, kCount> on;
    std::array<AreaSet, kCount> stale;
    bool is_cache = false;
  };
  struct HeldWeight {
    std::array<Weight, kCount> on;
    Side side = Side::Cpu;  // that computes with it
    // Where the GPU holds some of its experts: these, and whose they are.
    Weight held;
    ExpertCache* cache = nullptr;
  };
  // A row's chosen experts: first those that the GPU holds, by their places there, then the others.
  struct Choice {
    std::vector<std::uint32_t> places;
    std::vector<std::uint32_t> absent;
    // Of these and of those; that of the CPU's whole sum, 1, stands behind the first.
    std::vector<float> place_shares;
    std::vector<float> absent_shares;
  };
  // The operands of an operation, as a side knows them.
  struct Local {
    const PlacedBackend& all;
    Side side;
    View operator()(const View& view) const;
    Weight operator()(const Weight& weight) const;
    Buffer operator()(const Buffer& buffer) const;
    BranchEnd operator()(BranchEnd end) const;
    HeadInputs operator()(HeadInputs inputs) const;
  };

  Backend& backend(Side side) { return *backends_[index(side)]; }
  const Held& held(std::uint32_t buffer) const;
  Held& held(std::uint32_t buffer);
  const HeldWeight& held(const Weight& weight) const;
  Area area_of(const View& view) const;
  Buffer keep(Held buffer, std::uint32_t rows, std::uint32_t width);

  bool has_failed() const { return !failure_.ok(); }
  void fail(const Status& status);
  Side side_of(const Weight& weight) const { return held(weight).side; }
  // Where a view can be read without copying.
  Side side_of(const View& view) const;
  bool is_there(const View& view, Side side) const;
  // Brings what a side does not have of a view; false after a failure.
  bool bring(const View& view, Side side);
  bool copy(std::uint32_t buffer, const Area& area, Side from);
  void was_written(const View& view, Side side);

  // Runs `call(backend, local)` on a side, with what it reads and what it writes.
  template <typename Call>
  void run(Side side, std::initializer_list<View> reads, std::initializer_list<View> writes, const Call& call);
  // These work beside the knowledge of what is out of date: on cells that are lost anyway.
  std::vector<std::uint32_t> chosen_ids(const ExpertBranch& branch);
  Choice choose(const ExpertBranch& branch, std::uint32_t row, std::span<const std::uint32_t> ids,
                const ExpertCache& cache);
  // On a side, experts of a row into the first of the row's results.
  void apply(Side side, const ExpertBranch& branch, std::uint32_t row, std::span<const std::uint32_t> ids);
  void apply_held(const ExpertBranch& branch, std::uint32_t row, const Choice& choice);
  void apply_absent(const ExpertBranch& branch, std::uint32_t row, const Choice& choice);
  void combine_held(const ExpertBranch& branch, std::uint32_t row, const Choice& choice);

  // What heads were stored on a side, on the other one, where that keeps it, too.
  void store_twin(const HeadInputs& inputs, Side side);

  Placement placement_;
  std::array<std::unique_ptr<Backend>, kCount> backends_;
  std::string description_;
  std::vector<Held> buffers_;
  std::vector<std::uint32_t> free_ids_;
  std::vector<HeldWeight> weights_;
  DeviceBackend* gpu_ = nullptr;                     // the same as that in `backends_`
  std::map<std::uint32_t, ExpertCache> experts_of_;  // by layer
  ExpertDeliveries deliveries_;
  std::uint64_t experts_ = 0;  // that were asked for one by one, where the GPU holds some
  std::uint64_t held_experts_ = 0;
  Side last_side_ = Side::Cpu;  // of the last operation
  std::vector<float> cells_;    // on their way from one side to the other
  std::array<std::uint64_t, kCount> copies_ = {};
  Status failure_;
};

}  // namespace facet::engine
