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

void VulkanBackend::run(const Dispatch& dispatch) {
  const auto& groups = dispatch.groups;
  if (groups[0] == 0 || groups[1] == 0 || groups[2] == 0) return;
  FACET_CHECK(groups[0] <= kMostGroups && groups[1] <= kMostGroups && groups[2] <= kMostGroups, "%u x %u x %u groups",
              groups[0], groups[1], groups[2]);
  commands_->dispatch(dispatch);
}

bool VulkanBackend::is_wide(const Operand& operand) const {
  return variants_.wide_cells && operand.offset % 4 == 0 && operand.stride % 4 == 0;
}

bool VulkanBackend::make_room(DeviceBuffer& memory, std::uint64_t bytes, const char* name) {
  if (memory.bytes >= bytes) return true;
  FACET_CHECK(!is_reserved_, "%llu bytes for %s", static_cast<unsigned long long>(bytes), name);
  if (!commands_->wait().ok()) return false;
  commands_->forget(memory.handle);
  memory_->release(memory);
  auto created = create_memory(name, bytes);
  if (created.ok()) memory = *created;
  if (!created.ok()) commands_->fail(created.error());
  return created.ok();
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
  // Where a pass begins; what follows is relative to it, and so the same for every token.
  commands_->set_position(first_position);
  write_rows(out, [&](std::uint32_t row, float* cells) {
    for (std::size_t i = 0; i < pairs; ++i) {
      const double angle = static_cast<double>(first_position + row) * frequencies[i];
      cells[i] = static_cast<float>(std::cos(angle));
      cells[pairs + i] = static_cast<float>(std::sin(angle));
    }
  });
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
      {{0, {vector, false}}, {1, {from.buffer, false}}, {2, {to.buffer, true}}}, params, {params.groups, x.rows, 1},
      2 * cells_in(x));
}

void VulkanBackend::rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& out) {
  norm(x, weight, group, eps, out, /*add=*/false);
}

void VulkanBackend::add_rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& sum) {
  norm(x, weight, group, eps, sum, /*add=*/true);
}

void VulkanBackend::elementwise(Elementwise operation, const View& a, const View& b, float factor, const View& out,
                                float limit) {
  FACET_CHECK(a.rows == out.rows && a.width == out.width && b.rows == out.rows && b.width == out.width, "%u x %u",
              a.rows, a.width);
  const Operand first = operand_of(a);
  const Operand second = operand_of(b);
  const Operand to = operand_of(out);
  const ElementwiseParams params{a.width,       factor,    first.offset, first.stride, second.offset,
                                 second.stride, to.offset, to.stride,    limit};
  run({&shader_of(Operation::Elementwise), {static_cast<std::uint32_t>(operation), 0}},
      {{0, {first.buffer, false}}, {1, {second.buffer, false}}, {2, {to.buffer, true}}}, params,
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

// What two passes leave, one behind the other: a value and an index of each candidate.
std::uint64_t VulkanBackend::candidate_bytes(std::uint32_t vocabulary) {
  const std::uint32_t of_first = groups_for(vocabulary, FACET_TOP_SLICE) * FACET_MOST_TOP;
  const std::uint32_t of_second = groups_for(of_first, FACET_TOP_SLICE) * FACET_MOST_TOP;
  return (std::uint64_t{of_first} + of_second) * 2 * sizeof(float);
}

void VulkanBackend::top_k(const View& logits, float cap, const View& ids, const View& values) {
  static_assert(kMostCandidates == FACET_MOST_TOP && FACET_MOST_TOP < FACET_TOP_SLICE);
  const std::uint32_t chosen = ids.width;
  FACET_CHECK(logits.rows == 1 && ids.rows == 1 && values.rows == 1 && chosen == values.width &&
                  chosen <= std::min(logits.width, kMostCandidates),
              "%u of %u", chosen, logits.width);
  if (!make_room(candidates_, candidate_bytes(logits.width), "candidates")) return;
  const Operand from = operand_of(logits);
  const Operand to_ids = operand_of(ids);
  const Operand to_values = operand_of(values);
  // Passes read and write the two parts of the candidates in turn.
  const std::uint32_t second_part = groups_for(logits.width, FACET_TOP_SLICE) * FACET_MOST_TOP * 2;
  TopParams params{logits.width, chosen, cap, from.offset, 0, to_ids.offset, to_values.offset};
  bool is_first = true;
  bool is_last = false;
  while (!is_last) {
    const std::uint32_t groups = groups_for(params.count, FACET_TOP_SLICE);
    is_last = groups == 1;
    run({&shader_of(Operation::Top), {is_first ? 1U : 0U, is_last ? 1U : 0U}},
        {{0, {from.buffer, is_first}},
         {1, {candidates_.handle, true}},
         {2, {to_ids.buffer, is_last}},
         {3, {to_values.buffer, is_last}}},
        params, {groups, 1, 1}, 64 * std::uint64_t{params.count});
    const std::uint32_t in_last_slice = params.count - (groups - 1) * FACET_TOP_SLICE;
    params.count = (groups - 1) * chosen + std::min(chosen, in_last_slice);
    params.in_offset = params.out_offset;
    params.out_offset = second_part - params.out_offset;
    is_first = false;
  }
}

BranchEndParams VulkanBackend::give_branch_end(const BranchEnd& end, Dispatch& dispatch) const {
  const Operand sum = operand_of(end.sum);
  BranchEndParams params{};
  params.sum_offset = sum.offset;
  params.sum_stride = sum.stride;
  params.eps = end.eps;
  params.factor = end.factor;
  dispatch.operands[FACET_BINDING_NORM] = {vector_of(end.norm, end.sum.width), false};
  dispatch.operands[FACET_BINDING_NEXT_NORM] = {vector_of(end.next_norm, end.sum.width), false};
  dispatch.operands[FACET_BINDING_SUM] = {sum.buffer, true};
  if (end.norm) params.flags |= FACET_BRANCH_NORM;
  if (end.next.rows > 0) {
    const Operand next = operand_of(end.next);
    params.next_offset = next.offset;
    params.next_stride = next.stride;
    params.flags |= FACET_BRANCH_NEXT;
    if (end.next_norm) params.flags |= FACET_BRANCH_NEXT_NORM;
    dispatch.operands[FACET_BINDING_NEXT] = {next.buffer, true};
  }
  return params;
}

void VulkanBackend::add_branch(const View& branch, const BranchEnd& end) {
  FACET_CHECK(branch.rows == end.sum.rows && branch.width == end.sum.width, "%u x %u", branch.rows, branch.width);
  const Operand from = operand_of(branch);
  Dispatch dispatch;
  const BranchParams params{branch.width, from.offset, from.stride, give_branch_end(end, dispatch)};
  dispatch.operands[FACET_BINDING_OUT] = {from.buffer, false};
  dispatch.kernel = {&shader_of(Operation::BranchEnd), {}};
  dispatch.groups = {branch.rows, 1, 1};
  dispatch.work = 4 * cells_in(branch);
  run(dispatch, params);
}

void VulkanBackend::store(const View& x, std::uint32_t first_position, const Buffer& cache) {
  const Cells& cells = cells_of(cache.id);
  FACET_CHECK(cells.is_cache && x.width == cache.width && x.rows <= cache.rows, "%u x %u", x.rows, x.width);
  const Operand from = operand_of(x);
  const StoreParams params{x.width, relative(first_position), cache.rows, cells.row_words, from.offset, from.stride};
  // Values that a thread writes: whole words, and of the blocks two.
  const std::uint32_t per_thread = cells.kind == CacheKind::F32 ? 1 : cells.kind == CacheKind::F16 ? 2 : 64;
  run({&shader_of(Operation::Store), {static_cast<std::uint32_t>(cells.kind)}},
      {{0, {from.buffer, false}}, {1, {cells.memory.handle, true}}}, params,
      {groups_for(groups_for(x.width, per_thread), FACET_GROUP_SIZE), x.rows, 1}, 4 * cells_in(x));
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
  run({&shader_of(Operation::Route), {expert_scale ? 1U : 0U}},
      {{0, {from.buffer, false}}, {1, {scale, false}}, {2, {to_ids.buffer, true}}, {3, {to_weights.buffer, true}}},
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
  run({&shader_of(Operation::Combine), {}},
      {{0, {from.buffer, false}}, {1, {shares.buffer, false}}, {2, {to.buffer, true}}}, params,
      {groups_for(x.width, FACET_GROUP_SIZE), out.rows, 1}, cells_in(x));
}

}  // namespace facet::engine::vulkan
