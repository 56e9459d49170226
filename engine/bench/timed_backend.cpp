#include "engine/bench/timed_backend.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <set>
#include <utility>

#include "engine/base/check.h"
#include "engine/formats/formats.h"
#include "engine/gguf/gguf_file.h"

namespace facet::engine {
namespace {

// "ffn_gate Q4_0 1536 x 6144" of "blk.7.ffn_gate.weight", or of a tower's "v.blk.7.ffn_gate.weight": the same for every
// layer whose weight looks alike.
std::string detail_of(const GgufTensor& tensor) {
  std::string_view name = tensor.name;
  if (name.starts_with("v.blk.") || name.starts_with("a.blk.")) name.remove_prefix(2);
  if (name.starts_with("blk.")) name.remove_prefix(std::min(name.find('.', 4) + 1, name.size()));
  if (name.ends_with(".weight")) name.remove_suffix(std::string_view(".weight").size());
  std::string detail = std::string(name) + " " + std::string(format_info(tensor.format).name) + " " +
                       std::to_string(tensor.shape[0]) + " x " + std::to_string(tensor.shape[1]);
  if (tensor.shape[2] > 1) detail += " x " + std::to_string(tensor.shape[2]);
  return detail;
}

double products_of(const Weight& weight, std::uint32_t rows) {
  return static_cast<double>(weight.inputs) * weight.outputs * rows;
}

}  // namespace

std::vector<OperationTime> TimedBackend::take() {
  std::vector<OperationTime> all;
  for (auto& [key, time] : times_)
    all.push_back(std::move(time));
  times_.clear();
  std::stable_sort(all.begin(), all.end(),
                   [](const OperationTime& a, const OperationTime& b) { return a.seconds > b.seconds; });
  return all;
}

EncoderBackend& TimedBackend::encoder() const {
  FACET_CHECK(encoder_ != nullptr, "a backend without the operations of encoders");
  return *encoder_;
}

template <typename Call>
void TimedBackend::time(std::string_view operation, const Work& work, const Call& call) {
  if (clock_ == Clock::Stopped) return call();
  keep(operation, work, seconds_of(call));
}

template <typename Call>
double TimedBackend::seconds_of(const Call& call) {
  const double before = inner_->work().seconds;
  const auto start = std::chrono::steady_clock::now();
  call();
  const Status finished = inner_->finish();
  if (failure_.ok()) failure_ = finished;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const double by_the_device = inner_->work().seconds - before;
  return by_the_device > 0 ? by_the_device : elapsed.count();
}

void TimedBackend::keep(std::string_view operation, const Work& work, double seconds) {
  OperationTime& time = times_[{operation, std::string(work.detail)}];
  if (time.calls == 0) {
    time.operation = operation;
    time.detail = work.detail;
  }
  ++time.calls;
  time.seconds += seconds;
  time.products += work.products;
  time.weight_bytes += work.weight_bytes;
}

Result<Weight> TimedBackend::load_weight(const GgufTensor& tensor, WeightUse use) {
  FACET_ASSIGN_OR_RETURN(const Weight weight, inner_->load_weight(tensor, use));
  if (weights_.size() <= weight.id) weights_.resize(weight.id + 1);
  weights_[weight.id] = {detail_of(tensor), tensor.data.size()};
  return weight;
}

Status TimedBackend::finish() {
  const Status failure = std::exchange(failure_, Status());
  return failure.ok() ? inner_->finish() : failure;
}

void TimedBackend::write(const View& to, std::span<const float> values) {
  time("write", {}, [&] { inner_->write(to, values); });
}

void TimedBackend::read(const View& from, std::span<float> values) {
  time("read", {}, [&] { inner_->read(from, values); });
}

void TimedBackend::embed(const Weight& table, std::span<const Token> tokens, float factor, const View& out) {
  time("embed", {info(table).detail}, [&] { inner_->embed(table, tokens, factor, out); });
}

TimedBackend::Work TimedBackend::work_of(std::span<const Weight> weights, std::uint32_t rows) const {
  Work work;
  for (const Weight& weight : weights) {
    work.detail += (work.detail.empty() ? "" : ", ") + info(weight).detail;
    work.products += products_of(weight, rows);
    work.weight_bytes += info(weight).bytes;
  }
  return work;
}

void TimedBackend::matmul(const Weight& weight, const View& x, const View& out) {
  time("matmul", work_of({&weight, 1}, x.rows), [&] { inner_->matmul(weight, x, out); });
}

void TimedBackend::matmul_all(std::span<const Weight> weights, const View& x, std::span<const View> outs) {
  time("matmul", work_of(weights, x.rows), [&] { inner_->matmul_all(weights, x, outs); });
}

void TimedBackend::matmul_geglu(const Weight& gate, const Weight& up, const View& x, const View& scratch,
                                const View& out) {
  const std::array weights = {gate, up};
  time("matmul_geglu", work_of(weights, x.rows), [&] { inner_->matmul_geglu(gate, up, x, scratch, out); });
}

void TimedBackend::matmul_geglu(const Weight& gate, const View& up, const View& x, const View& out) {
  time("matmul_geglu", work_of({&gate, 1}, x.rows), [&] { inner_->matmul_geglu(gate, up, x, out); });
}

void TimedBackend::add_branch(const View& branch, const BranchEnd& end) {
  time("add_branch", {}, [&] { inner_->add_branch(branch, end); });
}

void TimedBackend::matmul_add_branch(const Weight& weight, const View& x, const View& branch, const BranchEnd& end) {
  time("matmul_add_branch", work_of({&weight, 1}, x.rows), [&] { inner_->matmul_add_branch(weight, x, branch, end); });
}

void TimedBackend::rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& out) {
  time("rms_norm", {}, [&] { inner_->rms_norm(x, weight, group, eps, out); });
}

void TimedBackend::add_rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& sum) {
  time("add_rms_norm", {}, [&] { inner_->add_rms_norm(x, weight, group, eps, sum); });
}

void TimedBackend::scale(const View& x, float factor) {
  time("scale", {}, [&] { inner_->scale(x, factor); });
}

void TimedBackend::geglu(const View& gate, const View& up, const View& out) {
  time("geglu", {}, [&] { inner_->geglu(gate, up, out); });
}

void TimedBackend::softcap(const View& x, float cap) {
  time("softcap", {}, [&] { inner_->softcap(x, cap); });
}

void TimedBackend::top_k(const View& logits, float cap, const View& ids, const View& values) {
  time("top_k", {}, [&] { inner_->top_k(logits, cap, ids, values); });
}

void TimedBackend::rope_table(std::span<const double> frequencies, std::uint32_t first_position, const View& out) {
  time("rope_table", {}, [&] { inner_->rope_table(frequencies, first_position, out); });
}

void TimedBackend::prepare_heads(const HeadInputs& inputs) {
  time("prepare_heads", {}, [&] { inner_->prepare_heads(inputs); });
}

void TimedBackend::matmul_heads(const HeadWeights& weights, const View& x, const HeadInputs& inputs) {
  std::vector<Weight> matrices;
  for (const Weight& weight : {weights.q, weights.k, weights.v})
    if (weight) matrices.push_back(weight);
  time("matmul_heads", work_of(matrices, x.rows), [&] { inner_->matmul_heads(weights, x, inputs); });
}

void TimedBackend::store(const View& x, std::uint32_t first_position, const Buffer& cache) {
  time("store", {}, [&] { inner_->store(x, first_position, cache); });
}

void TimedBackend::attention(const View& q, const Buffer& keys, const Buffer& values, const AttentionShape& shape,
                             std::uint32_t first_position, const View& out) {
  double seen = 0;
  for (std::uint32_t row = 0; row < q.rows; ++row) {
    const std::uint32_t position = first_position + row;
    seen += shape.window == 0 ? position + 1 : std::min(position + 1, shape.window);
    seen += std::max(shape.seen_end, position + 1) - (position + 1);
  }
  const std::string detail = (shape.window == 0 ? "full, " : "sliding, ") + std::to_string(shape.heads) + " heads of " +
                             std::to_string(shape.head_dim);
  time("attention", {detail, 2 * seen * shape.heads * shape.head_dim},
       [&] { inner_->attention(q, keys, values, shape, first_position, out); });
}

void TimedBackend::route_experts(const View& logits, const Weight& expert_scale, const View& ids, const View& weights) {
  time("route_experts", {}, [&] { inner_->route_experts(logits, expert_scale, ids, weights); });
}

std::size_t TimedBackend::experts_in(const View& ids) {
  std::vector<float> cells(std::size_t{ids.rows} * ids.width);
  inner_->read(ids, cells);
  std::set<std::uint32_t> chosen;
  for (const float cell : cells)
    chosen.insert(std::bit_cast<std::uint32_t>(cell));
  return chosen.size();
}

// Only the experts that some row has chosen are read.
TimedBackend::Work TimedBackend::work_of_experts(const Weight& weight, std::uint32_t pairs, std::size_t chosen) const {
  return {info(weight).detail, products_of(weight, pairs), info(weight).bytes / weight.experts * chosen};
}

void TimedBackend::matmul_experts(const Weight& weight, const View& ids, const View& x, const View& out) {
  time("matmul_experts", work_of_experts(weight, out.rows, experts_in(ids)),
       [&] { inner_->matmul_experts(weight, ids, x, out); });
}

void TimedBackend::combine_experts(const View& x, const View& weights, const View& out) {
  time("combine_experts", {}, [&] { inner_->combine_experts(x, weights, out); });
}

// What is done by the other operations is measured by them.
bool TimedBackend::apply_experts(const ExpertBranch& branch) {
  if (clock_ == Clock::Stopped) return inner_->apply_experts(branch);
  Work work;
  const std::size_t chosen = experts_in(branch.ids);
  for (const Weight& weight : {branch.gate_up, branch.gate, branch.up, branch.down}) {
    if (!weight) continue;
    const Work part = work_of_experts(weight, branch.results.rows, chosen);
    work.detail += (work.detail.empty() ? "" : ", ") + part.detail;
    work.products += part.products;
    work.weight_bytes += part.weight_bytes;
  }
  bool is_done = false;
  const double seconds = seconds_of([&] { is_done = inner_->apply_experts(branch); });
  if (is_done) keep("apply_experts", work, seconds);
  return is_done;
}

void TimedBackend::clamp(const View& x, float least, float most, const View& out) {
  time("clamp", {}, [&] { encoder().clamp(x, least, most, out); });
}

void TimedBackend::sigmoid_gate(const View& x, const View& gate, const View& out) {
  time("sigmoid_gate", {}, [&] { encoder().sigmoid_gate(x, gate, out); });
}

void TimedBackend::add(const View& x, float factor, const View& sum) {
  time("add", {}, [&] { encoder().add(x, factor, sum); });
}

void TimedBackend::shift(const View& x, const Weight& shift, float sign, const Weight& scale) {
  time("shift", {}, [&] { encoder().shift(x, shift, sign, scale); });
}

void TimedBackend::layer_norm(const View& x, const Weight& weight, const Weight& bias, std::uint32_t group, float eps,
                              const View& out) {
  time("layer_norm", {}, [&] { encoder().layer_norm(x, weight, bias, group, eps, out); });
}

void TimedBackend::pool(const View& x, std::uint32_t columns, std::uint32_t side, float factor, const View& out) {
  time("pool", {}, [&] { encoder().pool(x, columns, side, factor, out); });
}

void TimedBackend::unfold(const View& x, std::uint32_t bands, std::uint32_t padding, const View& out) {
  time("unfold", {}, [&] { encoder().unfold(x, bands, padding, out); });
}

void TimedBackend::convolve(const View& x, const Weight& weight, std::uint32_t kernel, const View& out) {
  time("convolve", {}, [&] { encoder().convolve(x, weight, kernel, out); });
}

// Each score has a product with a key and one with a distance.
void TimedBackend::local_attention(const View& q, const View& k, const View& v, const View& relative,
                                   const LocalAttention& shape, const View& out) {
  const std::string detail = std::to_string(shape.heads) + " heads of " + std::to_string(shape.head_dim);
  time("local_attention", {detail, 3.0 * q.rows * relative.rows * q.width},
       [&] { encoder().local_attention(q, k, v, relative, shape, out); });
}

}  // namespace facet::engine
