#include <algorithm>

#include "engine/base/check.h"
#include "engine/vulkan/vulkan_backend.h"

// Heads made ready for attention, by a kernel of their own or by the one that multiplies.
namespace facet::engine::vulkan {
namespace {

bool has_keys_or_values(const HeadInputs& inputs) {
  return inputs.k.rows > 0 || inputs.v.rows > 0;
}

void check(const HeadInputs& inputs) {
  const bool has_q = inputs.q.rows > 0;
  const bool has_kv = inputs.k.rows > 0;
  const std::uint32_t rows = has_q ? inputs.q.rows : inputs.k.rows;
  const std::uint32_t size = inputs.head_dim;
  const std::uint32_t parts = inputs.rope_parts;
  FACET_CHECK(size > 0 && size <= FACET_MOST_HEAD_DIM && inputs.rope.rows == rows && inputs.rope.width <= size &&
                  size % parts == 0 && inputs.rope.width % (2 * parts) == 0 && (!has_q || inputs.q.width % size == 0) &&
                  (!has_kv || (inputs.k.rows == rows && inputs.v.rows == rows && inputs.k.width % size == 0 &&
                               inputs.v.width == inputs.k.width)),
              "heads of %u", size);
}

}  // namespace

// A head must be whole words of the cache, or two workgroups would write the same one.
CacheKind VulkanBackend::cache_of_heads(const HeadInputs& inputs) const {
  if (!has_keys_or_values(inputs)) return CacheKind::None;
  const CacheKind kind = cells_of(inputs.keys.id).kind;
  const std::uint32_t whole = kind == CacheKind::F32 ? 1 : kind == CacheKind::F16 ? 2 : 64;
  return inputs.head_dim % whole == 0 && kind == cells_of(inputs.values.id).kind ? kind : CacheKind::None;
}

HeadParams VulkanBackend::give_heads(const HeadInputs& inputs, Dispatch& dispatch) const {
  HeadParams params{};
  params.head_dim = inputs.head_dim;
  params.eps = inputs.eps;
  params.parts = inputs.rope_parts;
  params.pairs = inputs.rope.width / 2 / inputs.rope_parts;
  params.first_position = relative(inputs.first_position);
  if (params.pairs > 0) {
    const Operand table = operand_of(inputs.rope);
    params.table_offset = table.offset;
    params.table_stride = table.stride;
    dispatch.operands[FACET_BINDING_TABLE] = {table.buffer, false};
  }
  if (inputs.q.rows > 0) {
    if (inputs.q_norm) params.flags |= FACET_HEADS_Q_NORM;
    dispatch.operands[FACET_BINDING_Q_NORM] = {vector_of(inputs.q_norm, inputs.head_dim), false};
  }
  if (inputs.k.rows > 0) {
    const Cells& cells = cells_of(inputs.keys.id);
    params.kv_width = inputs.k.width;
    params.key_rows = inputs.keys.rows;
    params.key_row_words = cells.row_words;
    if (inputs.k_norm) params.flags |= FACET_HEADS_K_NORM;
    if (inputs.values_are_keys) params.flags |= FACET_HEADS_VALUES_ARE_KEYS;
    dispatch.operands[FACET_BINDING_K_NORM] = {vector_of(inputs.k_norm, inputs.head_dim), false};
    dispatch.operands[FACET_BINDING_KEYS] = {cells.memory.handle, true};
  }
  if (inputs.v.rows > 0) {
    const Cells& cells = cells_of(inputs.values.id);
    params.kv_width = inputs.v.width;
    params.value_rows = inputs.values.rows;
    params.value_row_words = cells.row_words;
    dispatch.operands[FACET_BINDING_VALUES] = {cells.memory.handle, true};
  }
  return params;
}

void VulkanBackend::prepare_heads(const HeadInputs& inputs) {
  check(inputs);
  Dispatch dispatch;
  HeadsParams params{};
  params.heads = give_heads(inputs, dispatch);
  if (inputs.q.rows > 0) params.q_heads = inputs.q.width / inputs.head_dim;
  if (inputs.k.rows > 0) params.kv_heads = inputs.k.width / inputs.head_dim;
  const std::array<View, 3> views = {inputs.q, inputs.k, inputs.v};
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (views[i].rows == 0) continue;
    const Operand cells = operand_of(views[i]);
    params.offset[i] = cells.offset;
    params.stride[i] = cells.stride;
    dispatch.operands[FACET_BINDING_OUT + i] = {cells.buffer, true};
  }
  const CacheKind kind = cache_of_heads(inputs);
  const std::uint32_t heads = params.q_heads + params.kv_heads * (inputs.values_are_keys ? 1 : 2);
  dispatch.kernel = {&shader_of(Operation::Heads), {static_cast<std::uint32_t>(kind)}};
  dispatch.groups = {heads, inputs.rope.rows, 1};
  dispatch.work = std::uint64_t{4} * heads * inputs.head_dim * inputs.rope.rows;
  run(dispatch, params);
  if (inputs.k.rows > 0 && kind == CacheKind::None) {
    store(inputs.k, inputs.first_position, inputs.keys);
    store(inputs.v, inputs.first_position, inputs.values);
  }
}

// A workgroup must have outputs of a single head, and the rows of a head come one after the other in a single
// workgroup.
bool VulkanBackend::can_end_in_heads(const HeadWeights& weights, const View& x, const HeadInputs& inputs) const {
  if (!variants_.last_groups || x.rows > FACET_MOST_COLUMNS || inputs.head_dim % FACET_LANE_GROUPS != 0) return false;
  if (has_keys_or_values(inputs) && cache_of_heads(inputs) == CacheKind::None) return false;
  const auto fits = [&](const Weight& weight) {
    return !weight || (is_one_dispatch(loaded(weight), x) && weight.outputs / inputs.head_dim <= FACET_HEAD_COUNTERS);
  };
  return fits(weights.q) && fits(weights.k) && fits(weights.v);
}

// Matrices whose formats have one shader are one dispatch, and each makes its own heads ready.
void VulkanBackend::matmul_heads(const HeadWeights& weights, const View& x, const HeadInputs& inputs) {
  if (!can_end_in_heads(weights, x, inputs)) return Backend::matmul_heads(weights, x, inputs);
  check(inputs);
  const std::array<Weight, kMostProducts> matrices = {weights.q, weights.k, weights.v};
  const std::array<View, kMostProducts> outs = {inputs.q, inputs.k, inputs.v};
  std::array<bool, kMostProducts> is_done = {};
  const auto shader_of = [&](const Weight& weight) { return product_shader(loaded(weight).format->format); };
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    if (!matrices[i] || is_done[i]) continue;
    HeadInputs heads = inputs;
    SmallProduct product;
    product.matrices = kMostProducts;
    product.heads = &heads;
    for (std::size_t j = i; j < matrices.size(); ++j) {
      if (!matrices[j] || is_done[j] || shader_of(matrices[i]) != shader_of(matrices[j])) continue;
      const LoadedWeight& matrix = loaded(matrices[j]);
      FACET_CHECK(matrix.use == WeightUse::Matrix && x.width == matrices[j].inputs &&
                      outs[j].width == matrices[j].outputs && x.rows == outs[j].rows,
                  "%u x %u times %u x %u", matrices[j].outputs, matrices[j].inputs, x.rows, x.width);
      product.weights[j] = &matrix;
      is_done[j] = true;
    }
    // The others are none of this kernel's; values that are the keys come with these.
    if (product.weights[0] == nullptr) heads.q = {};
    if (product.weights[1] == nullptr) heads.k = {};
    if (product.weights[inputs.values_are_keys ? 1 : 2] == nullptr) heads.v = {};
    product.outs = {heads.q, heads.k, heads.v};
    multiply_few(product, x);
  }
}

}  // namespace facet::engine::vulkan
