#include "engine/base/check.h"
#include "engine/vulkan/vulkan_backend.h"

// The operations that only encoders need.
namespace facet::engine::vulkan {
namespace {

std::uint32_t groups_for(std::uint64_t items) {
  return static_cast<std::uint32_t>((items + FACET_GROUP_SIZE - 1) / FACET_GROUP_SIZE);
}

std::uint64_t cells_in(const View& view) {
  return std::uint64_t{view.rows} * view.width;
}

}  // namespace

void VulkanBackend::clamp(const View& x, float least, float most, const View& out) {
  elementwise(Elementwise::Clamp, x, x, least, out, most);
}

void VulkanBackend::sigmoid_gate(const View& x, const View& gate, const View& out) {
  elementwise(Elementwise::SigmoidGate, x, gate, 0, out);
}

void VulkanBackend::add(const View& x, float factor, const View& sum) {
  elementwise(Elementwise::Add, x, x, factor, sum);
}

void VulkanBackend::shift(const View& x, const Weight& shift, float sign, const Weight& scale) {
  const Operand at = operand_of(x);
  const ShiftParams params{x.width, sign, at.offset, at.stride};
  run({&shader_of(Operation::Shift), {scale ? 1U : 0U}},
      {{0, {vector_of(shift, x.width), false}}, {1, {vector_of(scale, x.width), false}}, {2, {at.buffer, true}}},
      params, {groups_for(x.width), x.rows, 1}, cells_in(x));
}

void VulkanBackend::layer_norm(const View& x, const Weight& weight, const Weight& bias, std::uint32_t group, float eps,
                               const View& out) {
  FACET_CHECK(x.rows == out.rows && x.width == out.width && group > 0 && x.width % group == 0, "%u of %u", group,
              x.width);
  const Operand from = operand_of(x);
  const Operand to = operand_of(out);
  const LayerNormParams params{group, eps, from.offset, from.stride, to.offset, to.stride};
  run({&shader_of(Operation::LayerNorm), {bias ? 1U : 0U}},
      {{0, {vector_of(weight, group), false}},
       {1, {vector_of(bias, group), false}},
       {2, {from.buffer, false}},
       {3, {to.buffer, true}}},
      params, {x.width / group, x.rows, 1}, 4 * cells_in(x));
}

void VulkanBackend::pool(const View& x, std::uint32_t columns, std::uint32_t side, float factor, const View& out) {
  FACET_CHECK(columns % side == 0 && x.rows == out.rows * side * side && x.width == out.width, "%u rows in %u columns",
              x.rows, columns);
  const Operand from = operand_of(x);
  const Operand to = operand_of(out);
  const PoolParams params{x.width, columns, side, factor, from.offset, from.stride, to.offset, to.stride};
  run({&shader_of(Operation::Pool), {}}, {{0, {from.buffer, false}}, {1, {to.buffer, true}}}, params,
      {groups_for(x.width), out.rows, 1}, cells_in(x));
}

void VulkanBackend::unfold(const View& x, std::uint32_t bands, std::uint32_t padding, const View& out) {
  FACET_CHECK(x.rows % bands == 0 && out.rows % ((bands + 1) / 2) == 0 && out.width == 9 * x.width && padding <= 1,
              "%u rows of %u bands", x.rows, bands);
  const Operand from = operand_of(x);
  const Operand to = operand_of(out);
  const UnfoldParams params{x.width, x.rows / bands, bands, padding, from.offset, from.stride, to.offset, to.stride};
  run({&shader_of(Operation::Unfold), {}}, {{0, {from.buffer, false}}, {1, {to.buffer, true}}}, params,
      {groups_for(out.width), out.rows, 1}, cells_in(out));
}

void VulkanBackend::convolve(const View& x, const Weight& weight, std::uint32_t kernel, const View& out) {
  FACET_CHECK(x.rows == out.rows && x.width == out.width, "%u x %u", x.rows, x.width);
  const Operand from = operand_of(x);
  const Operand to = operand_of(out);
  const ConvolveParams params{x.width, kernel, from.offset, from.stride, to.offset, to.stride};
  run({&shader_of(Operation::Convolve), {}},
      {{0, {vector_of(weight, x.width * kernel), false}}, {1, {from.buffer, false}}, {2, {to.buffer, true}}}, params,
      {groups_for(x.width), x.rows, 1}, cells_in(x) * kernel);
}

void VulkanBackend::local_attention(const View& q, const View& k, const View& v, const View& relative,
                                    const LocalAttention& shape, const View& out) {
  static_assert(kMostDistances == FACET_MOST_DISTANCES && FACET_MOST_DISTANCES <= FACET_GROUP_SIZE);
  FACET_CHECK(q.width == shape.heads * shape.head_dim && k.rows == q.rows && k.width == q.width && v.rows == q.rows &&
                  v.width == q.width && out.rows == q.rows && out.width == q.width && relative.width == q.width &&
                  relative.rows >= 1 && relative.rows <= kMostDistances,
              "%u rows of %u heads of %u", relative.rows, shape.heads, shape.head_dim);
  const Operand queries = operand_of(q);
  const Operand keys = operand_of(k);
  const Operand values = operand_of(v);
  const Operand distances = operand_of(relative);
  const Operand to = operand_of(out);
  const LocalAttentionParams params{shape.head_dim, relative.rows,    shape.q_factor,   shape.k_factor, shape.cap,
                                    queries.offset, queries.stride,   keys.offset,      keys.stride,    values.offset,
                                    values.stride,  distances.offset, distances.stride, to.offset,      to.stride};
  run({&shader_of(Operation::LocalAttention), {}},
      {{0, {vector_of(shape.q_scale, shape.head_dim), false}},
       {1, {queries.buffer, false}},
       {2, {keys.buffer, false}},
       {3, {values.buffer, false}},
       {4, {distances.buffer, false}},
       {5, {to.buffer, true}}},
      params, {shape.heads, q.rows, 1}, 4 * cells_in(q) * relative.rows);
}

}  // namespace facet::engine::vulkan
