#pragma once

#include <memory>
#include <utility>

#include "engine/device_backend.h"

// A backend that hands every call on to another one: what tests change one thing about.
namespace facet::engine::forwarding_backend {

template <typename Base>
class Forwarding : public Base {
 public:
  explicit Forwarding(std::unique_ptr<Backend> inner) : inner_(std::move(inner)) {}

  const std::string& description() const override { return inner_->description(); }
  Result<Buffer> create_buffer(std::string_view name, std::uint32_t rows, std::uint32_t width) override {
    return inner_->create_buffer(name, rows, width);
  }
  Result<Buffer> create_cache(std::string_view name, const CacheShape& shape) override {
    return inner_->create_cache(name, shape);
  }
  void release_buffer(const Buffer& buffer) override { inner_->release_buffer(buffer); }
  Status reserve(const LargestOperands& largest) override { return inner_->reserve(largest); }
  Result<Weight> load_weight(const GgufTensor& tensor, WeightUse use) override {
    return inner_->load_weight(tensor, use);
  }
  void write(const View& to, std::span<const float> values) override { inner_->write(to, values); }
  void read(const View& from, std::span<float> values) override { inner_->read(from, values); }
  void start() override { inner_->start(); }
  Status finish() override { return inner_->finish(); }

  void embed(const Weight& table, std::span<const Token> tokens, float factor, const View& out) override {
    inner_->embed(table, tokens, factor, out);
  }
  void matmul(const Weight& weight, const View& x, const View& out) override { inner_->matmul(weight, x, out); }
  void matmul_all(std::span<const Weight> weights, const View& x, std::span<const View> outs) override {
    inner_->matmul_all(weights, x, outs);
  }
  void matmul_geglu(const Weight& gate, const Weight& up, const View& x, const View& scratch,
                    const View& out) override {
    inner_->matmul_geglu(gate, up, x, scratch, out);
  }
  void matmul_geglu(const Weight& gate, const View& up, const View& x, const View& out) override {
    inner_->matmul_geglu(gate, up, x, out);
  }
  void add_branch(const View& branch, const BranchEnd& end) override { inner_->add_branch(branch, end); }
  void matmul_add_branch(const Weight& weight, const View& x, const View& branch, const BranchEnd& end) override {
    inner_->matmul_add_branch(weight, x, branch, end);
  }
  void rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& out) override {
    inner_->rms_norm(x, weight, group, eps, out);
  }
  void add_rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& sum) override {
    inner_->add_rms_norm(x, weight, group, eps, sum);
  }
  void scale(const View& x, float factor) override { inner_->scale(x, factor); }
  void geglu(const View& gate, const View& up, const View& out) override { inner_->geglu(gate, up, out); }
  void softcap(const View& x, float cap) override { inner_->softcap(x, cap); }
  void top_k(const View& logits, float cap, const View& ids, const View& values) override {
    inner_->top_k(logits, cap, ids, values);
  }
  void rope_table(std::span<const double> frequencies, std::uint32_t first_position, const View& out) override {
    inner_->rope_table(frequencies, first_position, out);
  }
  void prepare_heads(const HeadInputs& inputs) override { inner_->prepare_heads(inputs); }
  void matmul_heads(const HeadWeights& weights, const View& x, const HeadInputs& inputs) override {
    inner_->matmul_heads(weights, x, inputs);
  }
  void store(const View& x, std::uint32_t first_position, const Buffer& cache) override {
    inner_->store(x, first_position, cache);
  }
  void attention(const View& q, const Buffer& keys, const Buffer& values, const AttentionShape& shape,
                 std::uint32_t first_position, const View& out) override {
    inner_->attention(q, keys, values, shape, first_position, out);
  }
  void route_experts(const View& logits, const Weight& expert_scale, const View& ids, const View& weights) override {
    inner_->route_experts(logits, expert_scale, ids, weights);
  }
  void matmul_experts(const Weight& weight, const View& ids, const View& x, const View& out) override {
    inner_->matmul_experts(weight, ids, x, out);
  }
  void combine_experts(const View& x, const View& weights, const View& out) override {
    inner_->combine_experts(x, weights, out);
  }
  bool apply_experts(const ExpertBranch& branch) override { return inner_->apply_experts(branch); }

 protected:
  Backend& inner() { return *inner_; }

 private:
  std::unique_ptr<Backend> inner_;
};

// The same for what is known of a device.
class ForwardingDevice : public Forwarding<DeviceBackend> {
 public:
  explicit ForwardingDevice(std::unique_ptr<DeviceBackend> inner)
      : Forwarding(std::move(inner)), device_(dynamic_cast<DeviceBackend*>(&this->inner())) {}

  Status replace_expert(const Weight& weight, std::uint32_t expert, std::span<const std::byte> rows) override {
    return device_->replace_expert(weight, expert, rows);
  }
  std::vector<std::uint64_t> weight_parts(const GgufTensor& tensor, WeightUse use) const override {
    return device_->weight_parts(tensor, use);
  }
  std::uint64_t cache_bytes(const CacheShape& shape) const override { return device_->cache_bytes(shape); }
  std::uint64_t working_bytes(const LargestOperands& largest) const override { return device_->working_bytes(largest); }
  std::uint64_t taken_bytes() const override { return device_->taken_bytes(); }
  std::uint64_t bytes_with(const LargestOperands& largest, std::span<const std::uint64_t> buffers) const override {
    return device_->bytes_with(largest, buffers);
  }
  std::uint64_t unused_bytes() const override { return device_->unused_bytes(); }
  std::uint64_t largest_buffer() const override { return device_->largest_buffer(); }

  void clamp(const View& x, float least, float most, const View& out) override { device_->clamp(x, least, most, out); }
  void sigmoid_gate(const View& x, const View& gate, const View& out) override { device_->sigmoid_gate(x, gate, out); }
  void add(const View& x, float factor, const View& sum) override { device_->add(x, factor, sum); }
  void shift(const View& x, const Weight& shift, float sign, const Weight& scale) override {
    device_->shift(x, shift, sign, scale);
  }
  void layer_norm(const View& x, const Weight& weight, const Weight& bias, std::uint32_t group, float eps,
                  const View& out) override {
    device_->layer_norm(x, weight, bias, group, eps, out);
  }
  void pool(const View& x, std::uint32_t columns, std::uint32_t side, float factor, const View& out) override {
    device_->pool(x, columns, side, factor, out);
  }
  void unfold(const View& x, std::uint32_t bands, std::uint32_t padding, const View& out) override {
    device_->unfold(x, bands, padding, out);
  }
  void convolve(const View& x, const Weight& weight, std::uint32_t kernel, const View& out) override {
    device_->convolve(x, weight, kernel, out);
  }
  void local_attention(const View& q, const View& k, const View& v, const View& relative, const LocalAttention& shape,
                       const View& out) override {
    device_->local_attention(q, k, v, relative, shape, out);
  }

 private:
  DeviceBackend* device_;
};

}  // namespace facet::engine::forwarding_backend
