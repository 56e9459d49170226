#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/base/check.h"
#include "engine/cpu/cpu_backend.h"

namespace facet::engine {
namespace {

// Integer cells share buffers with floats, so they are copied, not pointed at.
std::uint32_t integer_at(const float* cell) {
  std::uint32_t value = 0;
  std::memcpy(&value, cell, sizeof value);
  return value;
}

void put_integer(float* cell, std::uint32_t value) {
  std::memcpy(cell, &value, sizeof value);
}

// The index of the largest value; the smallest such index.
std::uint32_t index_of_largest(const float* values, std::uint32_t count) {
  return static_cast<std::uint32_t>(std::max_element(values, values + count) - values);
}

}  // namespace

void CpuBackend::route_experts(const View& logits, const Weight& expert_scale, const View& ids, const View& weights) {
  FACET_CHECK(
      ids.rows == logits.rows && weights.rows == logits.rows && ids.width == weights.width && ids.width <= logits.width,
      "%u of %u", ids.width, logits.width);
  const float* scales = vector_of(expert_scale, logits.width);
  const Rows in = rows_of(logits);
  const Rows chosen = rows_of(ids);
  const Rows shares = rows_of(weights);
  // The normaliser over all experts cancels when the chosen ones are normalised again. A row's logits are used up.
  for_rows(logits.rows, logits.width, [&](std::uint32_t r) {
    float* probabilities = in[r];
    kernels_.exponentials(probabilities, logits.width, kernels_.maximum(probabilities, logits.width));
    float total = 0.0F;
    for (std::uint32_t s = 0; s < ids.width; ++s) {
      const std::uint32_t expert = index_of_largest(probabilities, logits.width);
      put_integer(chosen[r] + s, expert);
      shares[r][s] = probabilities[expert];
      total += probabilities[expert];
      probabilities[expert] = -1.0F;
    }
    for (std::uint32_t s = 0; s < ids.width; ++s) {
      const float scale = scales == nullptr ? 1.0F : scales[integer_at(chosen[r] + s)];
      shares[r][s] = shares[r][s] / total * scale;
    }
  });
}

// The pairs of row and slot are sorted by expert, so that an expert's rows are decoded once for all who chose it.
void CpuBackend::matmul_experts(const Weight& weight, const View& ids, const View& x, const View& out) {
  const std::uint32_t pairs = ids.rows * ids.width;
  const bool shared_input = x.rows == ids.rows;
  FACET_CHECK(
      x.width == weight.inputs && out.width == weight.outputs && out.rows == pairs && (shared_input || x.rows == pairs),
      "%u x %u to %u x %u", x.rows, x.width, out.rows, out.width);
  const LoadedWeight& matrix = loaded(weight);
  const Rows chosen = rows_of(ids);
  const Rows in = rows_of(x);
  const Rows result = rows_of(out);

  const auto expert_of = [&](std::uint32_t pair) {
    const std::uint32_t expert = integer_at(chosen[pair / ids.width] + pair % ids.width);
    FACET_CHECK(expert < weight.experts, "expert %u", expert);
    return expert;
  };
  // A counting sort: after it, the pairs of expert e are those from expert_begin_[e] to expert_begin_[e + 1].
  expert_begin_.assign(weight.experts + 2, 0);
  for (std::uint32_t pair = 0; pair < pairs; ++pair)
    ++expert_begin_[expert_of(pair) + 2];
  for (std::uint32_t e = 2; e < expert_begin_.size(); ++e)
    expert_begin_[e] += expert_begin_[e - 1];
  if (matrix.panel != nullptr) {
    round_rows(in, x.rows, x.width);
    column_rounded_.resize(pairs);
  }
  column_x_.resize(pairs);
  column_out_.resize(pairs);
  for (std::uint32_t pair = 0; pair < pairs; ++pair) {
    const std::uint32_t place = expert_begin_[expert_of(pair) + 1]++;
    const std::uint32_t row = shared_input ? pair / ids.width : pair;
    column_x_[place] = in[row];
    if (matrix.panel != nullptr) column_rounded_[place] = rounded_[row];
    column_out_[place] = result[pair];
  }

  expert_list_.clear();
  for (std::uint32_t expert = 0; expert < weight.experts; ++expert)
    if (expert_begin_[expert + 1] > expert_begin_[expert]) expert_list_.push_back(expert);
  copy_matrices(weight, expert_list_);
  const std::uint32_t per_item = rows_per_item(matrix_of(weight, 0), std::max<std::size_t>(1, pairs / weight.experts));
  const std::uint32_t items = (weight.outputs + per_item - 1) / per_item;
  pool_.run(std::size_t{weight.experts} * items, [&](std::size_t index) {
    const auto expert = static_cast<std::uint32_t>(index / items);
    const std::uint32_t begin = expert_begin_[expert];
    const std::uint32_t count = expert_begin_[expert + 1] - begin;
    if (count == 0) return;
    const auto first = static_cast<std::uint32_t>(index % items) * per_item;
    multiply_rows(matrix_of(weight, expert), first, std::min(per_item, weight.outputs - first),
                  {column_x_.data() + begin, column_rounded_.data() + begin, column_out_.data() + begin, count});
  });
}

void CpuBackend::combine_experts(const View& x, const View& weights, const View& out) {
  FACET_CHECK(x.rows == weights.rows * weights.width && out.rows == weights.rows && out.width == x.width, "%u x %u",
              x.rows, x.width);
  const Rows in = rows_of(x);
  const Rows shares = rows_of(weights);
  const Rows result = rows_of(out);
  for_rows(out.rows, std::uint64_t{out.width} * weights.width, [&](std::uint32_t r) {
    std::fill_n(result[r], out.width, 0.0F);
    for (std::uint32_t s = 0; s < weights.width; ++s)
      kernels_.add_scaled(in[std::uint64_t{r} * weights.width + s], shares[r][s], result[r], out.width);
  });
}

}  // namespace facet::engine
