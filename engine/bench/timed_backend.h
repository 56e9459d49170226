#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/encoder_backend.h"

namespace facet::engine {

// All calls of one operation with weights of one kind ("ffn_gate Q4_0 1536 x 6144").
struct OperationTime {
  std::string operation;
  std::string detail;
  std::uint64_t calls = 0;
  double seconds = 0;
  double products = 0;             // multiplications of a matrix or of attention
  std::uint64_t weight_bytes = 0;  // of matrices, as often as they were read
};

// Stands in front of a backend and measures every operation until it is done, by the device's own clock where it has
// one. Recording backends lose their overlap that way, so the sum is an upper bound there.
class TimedBackend final : public EncoderBackend {
 public:
  explicit TimedBackend(std::unique_ptr<Backend> inner) : inner_(std::move(inner)) {}
  // The same with the operations of encoders, which otherwise must not be called.
  explicit TimedBackend(std::unique_ptr<EncoderBackend> inner) : encoder_(inner.get()), inner_(std::move(inner)) {}

  // Whether calls are measured; at first they are not.
  enum class Clock { Stopped, Running };
  void set_clock(Clock clock) { clock_ = clock; }

  // What was measured since the last call, the longest first.
  std::vector<OperationTime> take();

  const std::string& description() const override { return inner_->description(); }
  Result<Buffer> create_buffer(std::string_view name, std::uint32_t rows, std::uint32_t width) override {
    return inner_->create_buffer(name, rows, width);
  }
  Result<Buffer> create_cache(std::string_view name, const CacheShape& shape) override {
    return inner_->create_cache(name, shape);
  }
  void release_buffer(const Buffer& buffer) override { inner_->release_buffer(buffer); }
  Status reserve(const LargestOperands& largest) override { return inner_->reserve(largest); }
  Result<Weight> load_weight(const GgufTensor& tensor, WeightUse use) override;
  void start() override { inner_->start(); }
  void write(const View& to, std::span<const float> values) override;
  void read(const View& from, std::span<float> values) override;
  Status finish() override;
  DeviceWork work() const override { return inner_->work(); }
  Result<std::optional<double>> copy_bandwidth() override { return inner_->copy_bandwidth(); }

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
  struct WeightInfo {
    std::string detail;
    std::uint64_t bytes = 0;
  };
  // What a call worked on, besides its time.
  struct Work {
    std::string detail = {};
    double products = 0;
    std::uint64_t weight_bytes = 0;
  };
  Work work_of(std::span<const Weight> weights, std::uint32_t rows) const;
  // How many different ones were chosen.
  std::size_t experts_in(const View& ids);
  Work work_of_experts(const Weight& weight, std::uint32_t pairs, std::size_t chosen) const;

  template <typename Call>
  void time(std::string_view operation, const Work& work, const Call& call);
  template <typename Call>
  double seconds_of(const Call& call);
  void keep(std::string_view operation, const Work& work, double seconds);
  const WeightInfo& info(const Weight& weight) const { return weights_[weight.id]; }

  EncoderBackend& encoder() const;

  EncoderBackend* encoder_ = nullptr;  // the inner one, where it has their operations
  std::unique_ptr<Backend> inner_;
  Clock clock_ = Clock::Stopped;
  Status failure_;                   // of an operation, for the next call of finish
  std::vector<WeightInfo> weights_;  // by id
  std::map<std::pair<std::string_view, std::string>, OperationTime, std::less<>> times_;
};

}  // namespace facet::engine
