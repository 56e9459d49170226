#include <algorithm>
#include <cmath>

#include "engine/base/check.h"
#include "engine/vulkan/vulkan_backend.h"

namespace facet::engine::vulkan {
namespace {

// No device takes fewer workgroups in one direction.
constexpr std::uint32_t kMostGroups = 65535;

std::uint32_t groups_for(std::uint64_t items, std::uint32_t per_group) {
  return static_cast<std::uint32_t>((items + per_group - 1) / per_group);
}

std::uint64_t cells_in(const View& view) {
  return std::uint64_t{view.rows} * view.width;
}

}  // namespace

template <typename Params>
void VulkanBackend::run(const Kernel& kernel, std::initializer_list<Dispatch::Operand> operands, const Params& params,
                        std::array<std::uint32_t, 3> groups, std::uint64_t work) {
  static_assert(sizeof(Params) <= kParamBytes);
  if (groups[0] == 0 || groups[1] == 0 || groups[2] == 0) return;
  FACET_CHECK(groups[0] <= kMostGroups && groups[1] <= kMostGroups && groups[2] <= kMostGroups, "%u x %u x %u groups",
              groups[0], groups[1], groups[2]);
  Dispatch dispatch;
  dispatch.kernel = kernel;
  std::copy(operands.begin(), operands.end(), dispatch.operands.begin());
  dispatch.params = std::as_bytes(std::span(&params, 1));
  dispatch.groups = groups;
  dispatch.work = work;
  commands_->dispatch(dispatch);
}

void VulkanBackend::embed(const Weight& table, std::span<const Token> tokens, float factor, const View& out) {
  const LoadedWeight& weight = loaded(table);
  FACET_CHECK(out.rows == tokens.size() && out.width == table.inputs, "%u x %u", out.rows, out.width);
  write_rows(out, [&](std::uint32_t row, float* cells) {
    const auto token = static_cast<std::uint64_t>(tokens[row]);
    FACET_CHECK(token < table.outputs, "token %llu", static_cast<unsigned long long>(token));
    weight.format->decode(weight.file_rows.data() + token * weight.row_bytes, cells, out.width);
    for (std::uint32_t c = 0; c < out.width; ++c)
      cells[c] *= factor;
  });
}

void VulkanBackend::rope_table(std::span<const double> frequencies, std::uint32_t first_position, const View& out) {
  const std::size_t pairs = frequencies.size();
  FACET_CHECK(out.width == 2 * pairs, "%u columns", out.width);
  write_rows(out, [&](std::uint32_t row, float* cells) {
    for (std::size_t i = 0; i < pairs; ++i) {
      const double angle = static_cast<double>(first_position + row) * frequencies[i];
      cells[i] = static_cast<float>(std::cos(angle));
      cells[pairs + i] = static_cast<float>(std::sin(angle));
    }
  });
}

// As many dispatches as the buffer, the number of workgroups and the time that one may take ask for. The rows of a
// matrix do not depend on each other, so this changes no result.
void VulkanBackend::multiply(const LoadedWeight& weight, const Part& part, ProductParams params, const Operand& x,
                             const Operand& out, std::uint32_t columns) {
  const std::uint32_t columns_at_once = std::min<std::uint32_t>(FACET_MOST_COLUMNS, columns);
  const std::uint64_t work_of_row = std::uint64_t{params.inputs} * columns;
  const std::uint64_t rows_within_limit =
      commands_->work_limit() / std::max<std::uint64_t>(work_of_row, 1) / FACET_OUTPUTS_PER_GROUP;
  const std::uint32_t rows_at_once = FACET_OUTPUTS_PER_GROUP * static_cast<std::uint32_t>(std::clamp<std::uint64_t>(
                                                                   rows_within_limit, 16, kMostGroups));
  const std::uint32_t all = params.outputs;
  const std::uint32_t first_output = params.out_offset;
  for (std::uint32_t first = 0; first < all; first += rows_at_once) {
    params.first_row = first;
    params.outputs = std::min(rows_at_once, all - first);
    params.out_offset = first_output + first;
    run({product_shader(weight.format->format), {columns_at_once, 0}},
        {{part.memory.handle, false}, {x.buffer, false}, {out.buffer, true}}, params,
        {groups_for(params.outputs, FACET_OUTPUTS_PER_GROUP), groups_for(columns, columns_at_once), 1},
        work_of_row * params.outputs);
  }
}

void VulkanBackend::matmul(const Weight& weight, const View& x, const View& out) {
  const LoadedWeight& matrix = loaded(weight);
  FACET_CHECK(matrix.use == WeightUse::Matrix && x.width == weight.inputs && out.width == weight.outputs &&
                  x.rows == out.rows && weight.experts <= 1,
              "%u x %u times %u x %u", weight.outputs, weight.inputs, x.rows, x.width);
  const Operand from = operand_of(x);
  const Operand to = operand_of(out);
  ProductParams params{};
  params.inputs = weight.inputs;
  params.row_bytes = static_cast<std::uint32_t>(matrix.row_bytes);
  params.columns = x.rows;
  params.x_offset = from.offset;
  params.x_stride = from.stride;
  params.out_stride = to.stride;
  for (const Part& part : matrix.parts) {
    params.outputs = part.count;
    params.out_offset = to.offset + part.first;
    multiply(matrix, part, params, from, to, x.rows);
  }
}

void VulkanBackend::matmul_experts(const Weight& weight, const View& ids, const View& x, const View& out) {
  const LoadedWeight& matrix = loaded(weight);
  const std::uint32_t chosen = ids.width;
  const std::uint32_t pairs = ids.rows * chosen;
  FACET_CHECK(x.width == weight.inputs && out.width == weight.outputs && out.rows == pairs &&
                  (x.rows == ids.rows || x.rows == pairs),
              "%u x %u times %u x %u", weight.outputs, weight.inputs, x.rows, x.width);
  const Operand from = operand_of(x);
  const Operand to = operand_of(out);
  const Operand chosen_ids = operand_of(ids);
  ProductParams params{};
  params.inputs = weight.inputs;
  params.outputs = weight.outputs;
  params.row_bytes = static_cast<std::uint32_t>(matrix.row_bytes);
  params.columns = pairs;
  params.x_offset = from.offset;
  params.x_stride = from.stride;
  params.out_offset = to.offset;
  params.out_stride = to.stride;
  params.ids_offset = chosen_ids.offset;
  params.ids_stride = chosen_ids.stride;
  params.chosen = chosen;
  params.columns_per_x = x.rows == pairs ? 1 : chosen;
  params.expert_rows = weight.outputs;
  for (const Part& part : matrix.parts) {
    params.first_expert = part.first;
    params.expert_count = part.count;
    run({product_shader(matrix.format->format), {1, 1}},
        {{part.memory.handle, false}, {from.buffer, false}, {to.buffer, true}, {chosen_ids.buffer, false}}, params,
        {groups_for(weight.outputs, FACET_OUTPUTS_PER_GROUP), pairs, 1},
        std::uint64_t{weight.inputs} * weight.outputs * pairs);
  }
}

void VulkanBackend::norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& out,
                         bool add) {
  FACET_CHECK(x.rows == out.rows && x.width == out.width && group > 0 && x.width % group == 0, "%u of %u", group,
              x.width);
  const Operand from = operand_of(x);
  const Operand to = operand_of(out);
  const VkBuffer vector = vector_of(weight, group);
  const NormParams params{group, x.width / group, eps, from.offset, from.stride, to.offset, to.stride};
  run({&shader_of(Operation::Norm), {weight ? 1U : 0U, add ? 1U : 0U}},
      {{vector != VK_NULL_HANDLE ? vector : from.buffer, false}, {from.buffer, false}, {to.buffer, true}}, params,
      {params.groups, x.rows, 1}, 2 * cells_in(x));
}

void VulkanBackend::rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& out) {
  norm(x, weight, group, eps, out, /*add=*/false);
}

void VulkanBackend::add_rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& sum) {
  norm(x, weight, group, eps, sum, /*add=*/true);
}

void VulkanBackend::elementwise(Elementwise operation, const View& a, const View& b, float factor, const View& out) {
  FACET_CHECK(a.rows == out.rows && a.width == out.width && b.rows == out.rows && b.width == out.width, "%u x %u",
              a.rows, a.width);
  const Operand first = operand_of(a);
  const Operand second = operand_of(b);
  const Operand to = operand_of(out);
  const ElementwiseParams params{a.width,       factor,        first.offset, first.stride,
                                 second.offset, second.stride, to.offset,    to.stride};
  run({&shader_of(Operation::Elementwise), {static_cast<std::uint32_t>(operation), 0}},
      {{first.buffer, false}, {second.buffer, false}, {to.buffer, true}}, params,
      {groups_for(a.width, FACET_GROUP_SIZE), a.rows, 1}, 16 * cells_in(a));
}

void VulkanBackend::scale(const View& x, float factor) {
  elementwise(Elementwise::Scale, x, x, factor, x);
}

void VulkanBackend::geglu(const View& gate, const View& up, const View& out) {
  elementwise(Elementwise::Geglu, gate, up, 0, out);
}

void VulkanBackend::softcap(const View& x, float cap) {
  elementwise(Elementwise::Softcap, x, x, cap, x);
}

void VulkanBackend::rope(const View& x, std::uint32_t head_dim, const View& table) {
  FACET_CHECK(head_dim > 0 && x.width % head_dim == 0 && table.rows == x.rows && table.width <= head_dim, "%u of %u",
              head_dim, x.width);
  if (table.width == 0) return;
  const Operand from = operand_of(x);
  const Operand angles = operand_of(table);
  const RopeParams params{x.width / head_dim, head_dim,      table.width / 2, from.offset,
                          from.stride,        angles.offset, angles.stride};
  run({&shader_of(Operation::Rope), {}}, {{from.buffer, true}, {angles.buffer, false}}, params,
      {params.heads, x.rows, 1}, 2 * cells_in(x));
}

void VulkanBackend::store(const View& x, std::uint32_t first_position, const Buffer& cache) {
  const Cells& cells = cells_of(cache.id);
  FACET_CHECK(cells.is_cache && x.width == cache.width && x.rows <= cache.rows, "%u x %u", x.rows, x.width);
  const Operand from = operand_of(x);
  const StoreParams params{x.width, first_position, cache.rows, cells.row_words, from.offset, from.stride};
  // Values that a thread writes: whole words, and of the blocks two.
  const std::uint32_t per_thread = cells.kind == CacheKind::F32 ? 1 : cells.kind == CacheKind::F16 ? 2 : 64;
  run({&shader_of(Operation::Store), {static_cast<std::uint32_t>(cells.kind), 0}},
      {{from.buffer, false}, {cells.memory.handle, true}}, params,
      {groups_for(groups_for(x.width, per_thread), FACET_GROUP_SIZE), x.rows, 1}, 4 * cells_in(x));
}

namespace {

// What the segments of the rows of one dispatch may take.
constexpr std::uint64_t kSegmentBytes = 16ULL << 20U;
// With more rows there is work enough for every device without sharing that of one row.
constexpr std::uint32_t kFewRows = 8;

std::uint64_t bytes_of_row(const AttentionShape& shape, std::uint32_t segments) {
  return std::uint64_t{shape.heads} * segments * (shape.head_dim + 2) * sizeof(float);
}

}  // namespace

// A window may begin and end within a segment.
std::uint32_t VulkanBackend::segments_of(const AttentionShape& shape, std::uint32_t context) {
  const std::uint32_t seen = shape.window == 0 ? context : std::min(context, shape.window + FACET_SEGMENT);
  return seen / FACET_SEGMENT + 1;
}

// None where the segments of a single row take too much.
std::uint32_t VulkanBackend::split_rows(const AttentionShape& shape, std::uint32_t context) {
  const std::uint64_t rows = kSegmentBytes / bytes_of_row(shape, segments_of(shape, context));
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(rows, kFewRows));
}

// Enough for any position within the context.
std::uint64_t VulkanBackend::segment_bytes(const LargestOperands& largest) {
  std::uint64_t bytes = sizeof(float);
  for (const AttentionShape& shape : largest.attentions)
    bytes = std::max(bytes, kFewRows * bytes_of_row(shape, segments_of(shape, largest.context)));
  return std::min(bytes, kSegmentBytes);
}

bool VulkanBackend::make_segments(std::uint64_t bytes) {
  if (segments_.bytes >= bytes) return true;
  FACET_CHECK(!is_reserved_, "%llu bytes", static_cast<unsigned long long>(bytes));
  if (!commands_->wait().ok()) return false;
  commands_->forget(segments_.handle);
  memory_->release(segments_);
  auto created = create_memory("the sums of attention", bytes);
  if (created.ok()) segments_ = *created;
  if (!created.ok()) commands_->fail(created.error());
  return created.ok();
}

void VulkanBackend::attention(const View& q, const Buffer& keys, const Buffer& values, const AttentionShape& shape,
                              std::uint32_t first_position, const View& out) {
  const Cells& key_cells = cells_of(keys.id);
  const Cells& value_cells = cells_of(values.id);
  FACET_CHECK(shape.head_dim <= FACET_MOST_HEAD_DIM && q.width == shape.heads * shape.head_dim &&
                  keys.width == shape.kv_heads * shape.head_dim && values.width == keys.width &&
                  key_cells.kind == value_cells.kind && out.rows == q.rows && out.width == q.width,
              "%u heads of %u", shape.heads, shape.head_dim);
  const Operand from = operand_of(q);
  const Operand to = operand_of(out);
  AttentionParams params{};
  params.heads = shape.heads;
  params.heads_per_kv = shape.heads / shape.kv_heads;
  params.head_dim = shape.head_dim;
  params.window = shape.window;
  params.key_rows = keys.rows;
  params.value_rows = values.rows;
  params.key_row_words = key_cells.row_words;
  params.value_row_words = value_cells.row_words;
  params.kv_width = keys.width;
  params.q_stride = from.stride;
  params.out_stride = to.stride;

  const std::uint32_t end = first_position + q.rows;
  const std::uint64_t work_of_row =
      std::uint64_t{2} * q.width * (shape.window == 0 ? end : std::min(end, shape.window));
  const auto rows_within_limit = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(commands_->work_limit() / std::max<std::uint64_t>(work_of_row, 1), 1, kMostGroups));
  // Rows that see one segment alone have nothing to share.
  const bool is_split = q.rows <= kFewRows && end > FACET_SEGMENT && split_rows(shape, end) > 0;
  const std::uint32_t rows_at_once = is_split ? split_rows(shape, end) : rows_within_limit;
  const auto kind = static_cast<std::uint32_t>(key_cells.kind);
  for (std::uint32_t first = 0; first < q.rows; first += rows_at_once) {
    const std::uint32_t rows = std::min(rows_at_once, q.rows - first);
    params.first_position = first_position + first;
    params.q_offset = from.offset + first * from.stride;
    params.out_offset = to.offset + first * to.stride;
    if (!is_split) {
      run({&shader_of(Operation::Attention), {kind, 0}},
          {{from.buffer, false},
           {key_cells.memory.handle, false},
           {value_cells.memory.handle, false},
           {to.buffer, true}},
          params, {shape.heads, rows, 1}, work_of_row * rows);
      continue;
    }
    const std::uint32_t seen_from =
        shape.window == 0 || params.first_position + 1 < shape.window ? 0 : params.first_position + 1 - shape.window;
    params.first_segment = seen_from / FACET_SEGMENT;
    params.segments = (params.first_position + rows - 1) / FACET_SEGMENT - params.first_segment + 1;
    if (!make_segments(bytes_of_row(shape, params.segments) * rows)) return;
    run({&shader_of(Operation::Attention), {kind, 1}},
        {{from.buffer, false},
         {key_cells.memory.handle, false},
         {value_cells.memory.handle, false},
         {segments_.handle, true}},
        params, {shape.heads, rows, params.segments}, work_of_row * rows);
    run({&shader_of(Operation::AttentionMerge), {}}, {{segments_.handle, false}, {to.buffer, true}}, params,
        {shape.heads, rows, 1}, std::uint64_t{q.width} * rows * params.segments);
  }
}

void VulkanBackend::route_experts(const View& logits, const Weight& expert_scale, const View& ids,
                                  const View& weights) {
  FACET_CHECK(
      ids.width <= logits.width && ids.rows == logits.rows && weights.rows == ids.rows && weights.width == ids.width,
      "%u of %u experts", ids.width, logits.width);
  const Operand from = operand_of(logits);
  const Operand to_ids = operand_of(ids);
  const Operand to_weights = operand_of(weights);
  const VkBuffer scale = vector_of(expert_scale, logits.width);
  const RouteParams params{logits.width,  ids.width,     from.offset,       from.stride,
                           to_ids.offset, to_ids.stride, to_weights.offset, to_weights.stride};
  run({&shader_of(Operation::Route), {expert_scale ? 1U : 0U, 0}},
      {{from.buffer, false},
       {scale != VK_NULL_HANDLE ? scale : from.buffer, false},
       {to_ids.buffer, true},
       {to_weights.buffer, true}},
      params, {logits.rows, 1, 1}, cells_in(logits) * logits.width);
}

void VulkanBackend::combine_experts(const View& x, const View& weights, const View& out) {
  FACET_CHECK(x.rows == out.rows * weights.width && x.width == out.width && weights.rows == out.rows, "%u x %u", x.rows,
              x.width);
  const Operand from = operand_of(x);
  const Operand shares = operand_of(weights);
  const Operand to = operand_of(out);
  const CombineParams params{x.width,       weights.width, from.offset, from.stride,
                             shares.offset, shares.stride, to.offset,   to.stride};
  run({&shader_of(Operation::Combine), {}}, {{from.buffer, false}, {shares.buffer, false}, {to.buffer, true}}, params,
      {groups_for(x.width, FACET_GROUP_SIZE), out.rows, 1}, cells_in(x));
}

}  // namespace facet::engine::vulkan
