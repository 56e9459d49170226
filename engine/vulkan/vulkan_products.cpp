#include <algorithm>

#include "engine/base/check.h"
#include "engine/vulkan/vulkan_backend.h"

namespace facet::engine::vulkan {
namespace {

// With more rows of x, tiles read less; with fewer, most of a tile would be empty.
constexpr std::uint32_t kFewRows = 32;
constexpr std::uint32_t kMostGroups = 65535;

std::uint32_t groups_for(std::uint64_t items, std::uint32_t per_group) {
  return static_cast<std::uint32_t>((items + per_group - 1) / per_group);
}

bool rounds(Tiles tiles) {
  return tiles != Tiles::None && tiles != Tiles::Floats;
}

// Kernels are made for 1, 2, 4 and 8 columns.
std::uint32_t columns_at_once(std::uint32_t columns) {
  std::uint32_t at_once = 1;
  while (at_once < columns && at_once < FACET_MOST_COLUMNS)
    at_once *= 2;
  return at_once;
}

}  // namespace

// Several rows of the matrix share what a thread reads of x; a small matrix needs all threads for its rows. A software
// device computes threads one behind the other and reads slowly, so that it gains by every further row.
std::uint32_t VulkanBackend::rows_per_thread(std::uint32_t outputs, std::uint32_t columns) const {
  if (!variants_.several_rows) return 1;
  if (device().kind == VulkanDevice::Kind::Software) return std::min(8U, 16 / columns);
  if (columns > 2) return 1;
  return outputs >= 16384 ? 4 : outputs >= 4096 ? 2 : 1;
}

// How many rows of a matrix one dispatch multiplies: as many as the number of workgroups, of `per_group` rows each, and
// the time that a dispatch may take allow.
std::uint32_t VulkanBackend::rows_within_limit(std::uint64_t work_of_row, std::uint32_t per_group) const {
  const std::uint64_t groups = commands_->work_limit() / work_of_row / per_group;
  return per_group * static_cast<std::uint32_t>(std::clamp<std::uint64_t>(groups, 1, kMostGroups));
}

bool VulkanBackend::is_one_dispatch(const LoadedWeight& weight, const View& x) const {
  const Part& part = weight.parts.front();
  const std::uint64_t inputs = x.width;
  return weight.parts.size() == 1 && x.rows <= kFewRows && inputs * part.count * x.rows <= commands_->work_limit();
}

bool VulkanBackend::can_share(const LoadedWeight& a, const LoadedWeight& b) const {
  return a.format == b.format;
}

void VulkanBackend::multiply_few(const SmallProduct& product, const View& x) {
  const auto is_there = [](const LoadedWeight* weight) { return weight != nullptr; };
  const LoadedWeight& first = **std::find_if(product.weights.begin(), product.weights.end(), is_there);
  const Operand from = operand_of(x);
  ProductParams params{};
  params.inputs = x.width;
  params.columns = x.rows;
  params.x_offset = from.offset;
  params.x_stride = from.stride;

  Dispatch dispatch;
  const std::uint32_t columns = columns_at_once(x.rows);
  // Those that have results of their own.
  const std::uint32_t matrices = product.kind == ProductKind::GatedByProduct ? 1 : product.matrices;
  std::uint32_t outputs = 0;
  for (const View& out : product.outs)
    outputs = std::max(outputs, out.width);
  std::uint32_t rows = rows_per_thread(outputs, columns);
  // A workgroup's outputs are of a single head.
  while (product.heads != nullptr && product.heads->head_dim % (FACET_LANE_GROUPS * rows) != 0)
    rows /= 2;
  std::uint32_t groups = 0;
  std::array<Format, kMostProducts> formats;
  formats.fill(first.format->format);
  for (std::uint32_t i = 0; i < product.matrices; ++i) {
    if (const LoadedWeight* const weight = product.weights[i]) {
      formats[i] = weight->format->format;
      params.row_bytes[i] = static_cast<std::uint32_t>(weight->packed_bytes);
      dispatch.operands[FACET_BINDING_WEIGHTS + i] = {weight->parts.front().memory.handle, false};
      dispatch.work += std::uint64_t{x.width} * weight->parts.front().count * x.rows;
      if (i < matrices) params.outputs[i] = product.outs[i].width;
      groups += groups_for(params.outputs[i], FACET_LANE_GROUPS * rows);
    }
    if (i >= matrices || product.outs[i].rows == 0) continue;
    const Operand to = operand_of(product.outs[i]);
    params.out_offset[i] = to.offset;
    params.out_stride[i] = to.stride;
    dispatch.operands[FACET_BINDING_OUT + i] = {to.buffer, true};
  }
  dispatch.operands[FACET_BINDING_X] = {from.buffer, false};
  if (product.kind == ProductKind::GatedByCells) {
    const Operand up = operand_of(product.up);
    params.experts.ids_offset = up.offset;
    params.experts.ids_stride = up.stride;
    dispatch.operands[FACET_BINDING_IDS] = {up.buffer, false};
  }
  auto end = ProductEnd::None;
  auto cache = CacheKind::None;
  if (product.end != nullptr) {
    end = ProductEnd::Branch;
    params.end = give_branch_end(*product.end, dispatch);
  }
  if (product.heads != nullptr) {
    end = ProductEnd::Heads;
    cache = cache_of_heads(*product.heads);
    params.heads = give_heads(*product.heads, dispatch);
  }
  dispatch.kernel = {
      product_shader(first.format->format),
      {columns, rows, static_cast<std::uint32_t>(product.kind), is_wide(from) ? 1U : 0U,
       static_cast<std::uint32_t>(end), static_cast<std::uint32_t>(cache), matrices, formats_constant(formats)}};
  dispatch.groups = {groups, groups_for(x.rows, columns), 1};
  run(dispatch, params);
}

// The rows of a matrix do not depend on each other, so that several dispatches change no result.
void VulkanBackend::multiply_rows(const LoadedWeight& weight, const Part& part, const View& x, const View& out) {
  const Operand from = operand_of(x);
  const Operand to = operand_of(out);
  const std::uint32_t columns = columns_at_once(x.rows);
  const std::uint64_t work_of_row = std::max<std::uint64_t>(1, std::uint64_t{x.width} * x.rows);
  const std::uint32_t rows = rows_per_thread(part.count, columns);
  const std::uint32_t rows_at_once = rows_within_limit(work_of_row, FACET_LANE_GROUPS * rows);
  ProductParams params{};
  params.inputs = x.width;
  params.row_bytes[0] = static_cast<std::uint32_t>(weight.packed_bytes);
  params.columns = x.rows;
  params.x_offset = from.offset;
  params.x_stride = from.stride;
  params.out_stride[0] = to.stride;
  for (std::uint32_t first = 0; first < part.count; first += rows_at_once) {
    params.first_row = first;
    params.outputs[0] = std::min(rows_at_once, part.count - first);
    params.out_offset[0] = to.offset + part.first + first;
    run({product_shader(weight.format->format),
         {columns, rows, 0, is_wide(from) ? 1U : 0U, 0, 0, 1, formats_constant(weight.format->format)}},
        {{FACET_BINDING_WEIGHTS, {part.memory.handle, false}},
         {FACET_BINDING_X, {from.buffer, false}},
         {FACET_BINDING_OUT, {to.buffer, true}}},
        params, {groups_for(params.outputs[0], FACET_LANE_GROUPS * rows), groups_for(x.rows, columns), 1},
        work_of_row * params.outputs[0]);
  }
}

// Codes, scales and sums of half groups; or halves and a scale. A multiple of four cells.
std::uint32_t VulkanBackend::rounded_row_cells(std::uint32_t inputs) const {
  const std::uint32_t cells = variants_.tiles == Tiles::Codes ? inputs / 4 + inputs / 32 + inputs / 16 : inputs / 2 + 1;
  return (cells + 3) / 4 * 4;
}

std::uint64_t VulkanBackend::rounded_bytes(const LargestOperands& largest) const {
  std::uint64_t cells = 1;
  for (const LargestOperands::Product& product : largest.products)
    cells = std::max(cells, std::uint64_t{product.rows} * rounded_row_cells(product.inputs));
  return rounds(variants_.tiles) ? cells * sizeof(std::uint32_t) : sizeof(std::uint32_t);
}

VulkanBackend::TileInput VulkanBackend::tile_input(const LoadedWeight& weight, const View& x) {
  const Operand from = operand_of(x);
  const Format format = weight.format->format;
  const Shader* const rounding = tile_shader(format, variants_.tiles);
  if (!rounds(variants_.tiles) || rounding == nullptr || x.width % 32 != 0)
    return {from, tile_shader(format, Tiles::Floats), format, is_wide(from)};
  const std::uint32_t row_cells = rounded_row_cells(x.width);
  if (!make_room(rounded_, std::uint64_t{x.rows} * row_cells * sizeof(std::uint32_t), "rounded rows")) return {};
  const RoundParams params{x.width, from.offset, from.stride, row_cells};
  const bool to_codes = variants_.tiles == Tiles::Codes;
  const std::array<std::uint32_t, 3> groups = {to_codes ? groups_for(x.width / 32, FACET_GROUP_SIZE) : x.rows,
                                               to_codes ? x.rows : 1, 1};
  run({&shader_of(to_codes ? Operation::Round : Operation::Halve), {}},
      {{0, {from.buffer, false}}, {1, {rounded_.handle, true}}}, params, groups, 8 * std::uint64_t{x.width} * x.rows);
  return {{rounded_.handle, 0, row_cells}, rounding, format, false};
}

// Besides what it works with, a tile of matrices is told how many strips a subgroup has.
Kernel VulkanBackend::tile_kernel(const TileInput& x, bool experts) const {
  constexpr std::uint32_t kStripThreads = FACET_GROUP_SIZE / (FACET_TILE / 16);
  const std::uint32_t strips = std::max(1U, device().subgroup_size / kStripThreads);
  return {x.shader, {experts ? 1U : 0U, x.is_wide ? 1U : 0U, strips, 0, 0, 0, 0, formats_constant(x.format)}};
}

void VulkanBackend::multiply_tiles(const LoadedWeight& weight, const Part& part, const TileInput& x, std::uint32_t rows,
                                   std::uint32_t inputs, const View& out) {
  const Operand to = operand_of(out);
  const std::uint64_t work_of_row = std::max<std::uint64_t>(1, std::uint64_t{inputs} * rows);
  const std::uint32_t rows_at_once = rows_within_limit(work_of_row, FACET_TILE);
  ProductParams params{};
  params.inputs = inputs;
  params.row_bytes[0] = static_cast<std::uint32_t>(weight.packed_bytes);
  params.columns = rows;
  params.x_offset = x.cells.offset;
  params.x_stride = x.cells.stride;
  params.out_stride[0] = to.stride;
  for (std::uint32_t first = 0; first < part.count; first += rows_at_once) {
    params.first_row = first;
    params.outputs[0] = std::min(rows_at_once, part.count - first);
    params.out_offset[0] = to.offset + part.first + first;
    run(tile_kernel(x, /*experts=*/false),
        {{FACET_BINDING_WEIGHTS, {part.memory.handle, false}},
         {FACET_BINDING_X, {x.cells.buffer, false}},
         {FACET_BINDING_OUT, {to.buffer, true}}},
        params, {groups_for(params.outputs[0], FACET_TILE), groups_for(rows, FACET_TILE), 1},
        work_of_row * params.outputs[0]);
  }
}

void VulkanBackend::multiply(const LoadedWeight& weight, const View& x, const View& out) {
  if (is_one_dispatch(weight, x)) {
    SmallProduct product;
    product.weights[0] = &weight;
    product.outs[0] = out;
    return multiply_few(product, x);
  }
  const bool has_tiles = variants_.tiles != Tiles::None && x.rows > kFewRows;
  TileInput input;
  if (has_tiles) input = tile_input(weight, x);
  if (has_tiles && input.shader == nullptr) return;
  for (const Part& part : weight.parts) {
    if (has_tiles)
      multiply_tiles(weight, part, input, x.rows, x.width, out);
    else
      multiply_rows(weight, part, x, out);
  }
}

void VulkanBackend::matmul(const Weight& weight, const View& x, const View& out) {
  const LoadedWeight& matrix = loaded(weight);
  FACET_CHECK(matrix.use == WeightUse::Matrix && x.width == weight.inputs && out.width == weight.outputs &&
                  x.rows == out.rows && weight.experts <= 1,
              "%u x %u times %u x %u", weight.outputs, weight.inputs, x.rows, x.width);
  multiply(matrix, x, out);
}

// Matrices of one format are one dispatch; none waits for another in any case.
void VulkanBackend::matmul_all(std::span<const Weight> weights, const View& x, std::span<const View> outs) {
  FACET_CHECK(weights.size() == outs.size() && weights.size() <= kMostProducts, "%zu weights", weights.size());
  std::array<bool, kMostProducts> is_done = {};
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (is_done[i]) continue;
    const LoadedWeight& matrix = loaded(weights[i]);
    if (!is_one_dispatch(matrix, x)) {
      matmul(weights[i], x, outs[i]);
      continue;
    }
    SmallProduct product;
    product.matrices = 0;
    for (std::size_t j = i; j < weights.size(); ++j) {
      const LoadedWeight& other = loaded(weights[j]);
      FACET_CHECK(other.use == WeightUse::Matrix && x.width == weights[j].inputs &&
                      outs[j].width == weights[j].outputs && x.rows == outs[j].rows,
                  "%u x %u times %u x %u", weights[j].outputs, weights[j].inputs, x.rows, x.width);
      if (is_done[j] || !is_one_dispatch(other, x) || !can_share(matrix, other)) continue;
      product.weights[product.matrices] = &other;
      product.outs[product.matrices++] = outs[j];
      is_done[j] = true;
    }
    multiply_few(product, x);
  }
}

void VulkanBackend::matmul_geglu(const Weight& gate, const Weight& up, const View& x, const View& scratch,
                                 const View& out) {
  const LoadedWeight& gates = loaded(gate);
  const LoadedWeight& ups = loaded(up);
  if (!is_one_dispatch(gates, x) || !is_one_dispatch(ups, x) || !can_share(gates, ups)) {
    const std::array weights = {gate, up};
    const std::array outs = {out, scratch};
    matmul_all(weights, x, outs);
    geglu(out, scratch, out);
    return;
  }
  FACET_CHECK(x.width == gate.inputs && up.inputs == gate.inputs && up.outputs == gate.outputs &&
                  out.width == gate.outputs && out.rows == x.rows,
              "%u x %u", gate.outputs, gate.inputs);
  SmallProduct product;
  product.weights = {&gates, &ups};
  product.outs[0] = out;
  product.matrices = 2;
  product.kind = ProductKind::GatedByProduct;
  multiply_few(product, x);
}

void VulkanBackend::matmul_geglu(const Weight& gate, const View& up, const View& x, const View& out) {
  const LoadedWeight& gates = loaded(gate);
  if (!is_one_dispatch(gates, x)) {
    matmul(gate, x, out);
    geglu(out, up, out);
    return;
  }
  FACET_CHECK(x.width == gate.inputs && out.width == gate.outputs && up.width == out.width && up.rows == out.rows &&
                  out.rows == x.rows,
              "%u x %u", gate.outputs, gate.inputs);
  SmallProduct product;
  product.weights[0] = &gates;
  product.outs[0] = out;
  product.kind = ProductKind::GatedByCells;
  product.up = up;
  multiply_few(product, x);
}

void VulkanBackend::matmul_add_branch(const Weight& weight, const View& x, const View& branch, const BranchEnd& end) {
  const LoadedWeight& matrix = loaded(weight);
  // The rows' ends come one after the other in a single workgroup.
  if (!variants_.last_groups || x.rows > FACET_MOST_COLUMNS || !is_one_dispatch(matrix, x)) {
    matmul(weight, x, branch);
    add_branch(branch, end);
    return;
  }
  FACET_CHECK(x.width == weight.inputs && branch.width == weight.outputs && branch.rows == x.rows &&
                  end.sum.width == branch.width && end.sum.rows == branch.rows,
              "%u x %u", weight.outputs, weight.inputs);
  SmallProduct product;
  product.weights[0] = &matrix;
  product.outs[0] = branch;
  product.end = &end;
  multiply_few(product, x);
}

std::uint64_t VulkanBackend::sorted_bytes(const LargestOperands& largest) {
  return (std::uint64_t{largest.experts} + 1 + largest.expert_pairs) * sizeof(std::uint32_t);
}

// When experts have rows enough for tiles, the pairs of each are brought together first.
void VulkanBackend::multiply_sorted(const LoadedWeight& weight, const Weight& shape, const View& ids, const View& x,
                                    const View& out) {
  const std::uint32_t pairs = ids.rows * ids.width;
  const std::uint64_t bytes = (std::uint64_t{shape.experts} + 1 + pairs) * sizeof(std::uint32_t);
  if (!make_room(sorted_, bytes, "the order of experts")) return;
  const Operand chosen = operand_of(ids);
  const SortParams sort{shape.experts, pairs, ids.width, chosen.offset, chosen.stride};
  run({&shader_of(Operation::Sort), {}}, {{0, {chosen.buffer, false}}, {1, {sorted_.handle, true}}}, sort, {1, 1, 1},
      64 * std::uint64_t{pairs});
  const TileInput input = tile_input(weight, x);
  if (input.shader == nullptr) return;
  const Operand to = operand_of(out);
  ProductParams params{};
  params.inputs = shape.inputs;
  params.row_bytes[0] = static_cast<std::uint32_t>(weight.packed_bytes);
  params.columns = pairs;
  params.x_offset = input.cells.offset;
  params.x_stride = input.cells.stride;
  params.out_stride[0] = to.stride;
  params.experts.ids_offset = shape.experts + 1;
  params.experts.columns_per_x = x.rows == pairs ? 1 : ids.width;
  params.experts.expert_rows = shape.outputs;
  const std::uint64_t work_of_row = std::max<std::uint64_t>(1, std::uint64_t{shape.inputs} * pairs);
  const std::uint32_t rows_at_once = rows_within_limit(work_of_row, FACET_TILE);
  for (const Part& part : weight.parts) {
    params.experts.first_expert = part.first;
    for (std::uint32_t first = 0; first < shape.outputs; first += rows_at_once) {
      params.first_row = first;
      params.outputs[0] = std::min(rows_at_once, shape.outputs - first);
      params.out_offset[0] = to.offset + first;
      // A token does not choose an expert twice, so none has more pairs than there are tokens.
      run(tile_kernel(input, /*experts=*/true),
          {{FACET_BINDING_WEIGHTS, {part.memory.handle, false}},
           {FACET_BINDING_X, {input.cells.buffer, false}},
           {FACET_BINDING_OUT, {to.buffer, true}},
           {FACET_BINDING_IDS, {sorted_.handle, false}}},
          params, {groups_for(params.outputs[0], FACET_TILE), groups_for(ids.rows, FACET_TILE), part.count},
          work_of_row * params.outputs[0]);
    }
  }
}

void VulkanBackend::matmul_experts(const Weight& weight, const View& ids, const View& x, const View& out) {
  const LoadedWeight& matrix = loaded(weight);
  const std::uint32_t chosen = ids.width;
  const std::uint32_t pairs = ids.rows * chosen;
  FACET_CHECK(x.width == weight.inputs && out.width == weight.outputs && out.rows == pairs &&
                  (x.rows == ids.rows || x.rows == pairs),
              "%u x %u times %u x %u", weight.outputs, weight.inputs, x.rows, x.width);
  constexpr std::uint32_t kPairsWorthSorting = 4;
  if (variants_.tiles != Tiles::None && pairs >= kPairsWorthSorting * weight.experts &&
      weight.experts <= FACET_MOST_EXPERTS)
    return multiply_sorted(matrix, weight, ids, x, out);
  const Operand from = operand_of(x);
  const Operand to = operand_of(out);
  const Operand chosen_ids = operand_of(ids);
  ProductParams params{};
  params.inputs = weight.inputs;
  params.row_bytes[0] = static_cast<std::uint32_t>(matrix.packed_bytes);
  params.columns = pairs;
  params.x_offset = from.offset;
  params.x_stride = from.stride;
  params.out_stride[0] = to.stride;
  params.experts.ids_offset = chosen_ids.offset;
  params.experts.ids_stride = chosen_ids.stride;
  params.experts.chosen = chosen;
  params.experts.columns_per_x = x.rows == pairs ? 1 : chosen;
  params.experts.expert_rows = weight.outputs;
  const std::uint64_t work_of_row = std::max<std::uint64_t>(1, std::uint64_t{weight.inputs} * pairs);
  const std::uint32_t rows_at_once = rows_within_limit(work_of_row, FACET_LANE_GROUPS);
  for (const Part& part : matrix.parts) {
    params.experts.first_expert = part.first;
    params.experts.expert_count = part.count;
    for (std::uint32_t first = 0; first < weight.outputs; first += rows_at_once) {
      params.first_row = first;
      params.outputs[0] = std::min(rows_at_once, weight.outputs - first);
      params.out_offset[0] = to.offset + first;
      run({product_shader(matrix.format->format),
           {1, 1, static_cast<std::uint32_t>(ProductKind::Experts), is_wide(from) ? 1U : 0U, 0, 0, 1,
            formats_constant(matrix.format->format)}},
          {{FACET_BINDING_WEIGHTS, {part.memory.handle, false}},
           {FACET_BINDING_X, {from.buffer, false}},
           {FACET_BINDING_OUT, {to.buffer, true}},
           {FACET_BINDING_IDS, {chosen_ids.buffer, false}}},
          params, {groups_for(params.outputs[0], FACET_LANE_GROUPS), pairs, 1}, work_of_row * params.outputs[0]);
    }
  }
}

}  // namespace facet::engine::vulkan
