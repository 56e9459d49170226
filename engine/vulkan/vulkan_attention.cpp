#include <algorithm>

#include "engine/base/check.h"
#include "engine/vulkan/vulkan_backend.h"

namespace facet::engine::vulkan {
namespace {

// With more rows there is work enough for every device without sharing that of one tile.
constexpr std::uint32_t kFewRows = 8;
// Workgroups that share the segments of a tile at most.
constexpr std::uint32_t kMostShares = 64;
constexpr std::uint32_t kMostGroups = 65535;

}  // namespace

// A tile is heads that share their keys, and rows where those heads are few.
VulkanBackend::AttentionTiles VulkanBackend::tiles_of(const AttentionShape& shape) {
  const std::uint32_t heads_per_kv = shape.heads / shape.kv_heads;
  const std::uint32_t heads = std::min<std::uint32_t>(heads_per_kv, FACET_QUERIES);
  return {heads, FACET_QUERIES / heads, shape.kv_heads * ((heads_per_kv + heads - 1) / heads)};
}

// Segments that some of the last rows see. Rounded up where it would grow with every so many tokens, so that the same
// commands serve many.
std::uint32_t VulkanBackend::segments_of(const AttentionShape& shape, std::uint32_t rows, std::uint32_t end) {
  constexpr std::uint32_t kAtOnce = 4;
  // A window may begin and end within a segment.
  const std::uint32_t seen = shape.window == 0 ? end : std::min(end, shape.window + rows + FACET_SEGMENT);
  return (seen / FACET_SEGMENT + kAtOnce) / kAtOnce * kAtOnce;
}

std::uint64_t VulkanBackend::segment_bytes(const AttentionShape& shape, std::uint32_t rows, std::uint32_t segments) {
  const AttentionTiles tiles = tiles_of(shape);
  const std::uint64_t count =
      std::uint64_t{tiles.tiles_per_row} * ((rows + tiles.rows_per_tile - 1) / tiles.rows_per_tile);
  return count * std::min(segments, kMostShares) * FACET_QUERIES * (shape.head_dim + 2) * sizeof(float);
}

// Enough for any position within the context.
std::uint64_t VulkanBackend::segment_bytes(const LargestOperands& largest) {
  std::uint64_t bytes = sizeof(float);
  for (const AttentionShape& shape : largest.attentions)
    bytes = std::max(bytes, segment_bytes(shape, kFewRows, segments_of(shape, kFewRows, largest.context)));
  return bytes;
}

void VulkanBackend::attention(const View& q, const Buffer& keys, const Buffer& values, const AttentionShape& shape,
                              std::uint32_t first_position, const View& out) {
  const Cells& key_cells = cells_of(keys.id);
  const Cells& value_cells = cells_of(values.id);
  FACET_CHECK(shape.head_dim <= FACET_MOST_HEAD_DIM && q.width == shape.heads * shape.head_dim &&
                  keys.width == shape.kv_heads * shape.head_dim && values.width == keys.width &&
                  key_cells.kind == value_cells.kind && out.rows == q.rows && out.width == q.width,
              "%u heads of %u", shape.heads, shape.head_dim);
  const AttentionTiles tiles = tiles_of(shape);
  const Operand from = operand_of(q);
  const Operand to = operand_of(out);
  AttentionParams params{};
  params.heads = shape.heads;
  params.heads_per_kv = shape.heads / shape.kv_heads;
  params.heads_per_tile = tiles.heads_per_tile;
  params.rows_per_tile = tiles.rows_per_tile;
  params.head_dim = shape.head_dim;
  params.window = shape.window;
  params.key_rows = keys.rows;
  params.value_rows = values.rows;
  params.key_row_words = key_cells.row_words;
  params.value_row_words = value_cells.row_words;
  params.kv_width = keys.width;
  params.q_stride = from.stride;
  params.out_stride = to.stride;

  const std::uint32_t end = std::max(first_position + q.rows, shape.seen_end);
  const std::uint32_t row_tiles = (q.rows + tiles.rows_per_tile - 1) / tiles.rows_per_tile;
  // Tiles that see one segment alone have nothing to share. What rows see behind themselves is no part of what
  // `reserve` counted; a batch with such rows has many, in any case.
  const bool is_split = variants_.last_groups && q.rows <= kFewRows && end > FACET_SEGMENT && shape.seen_end == 0 &&
                        std::uint64_t{tiles.tiles_per_row} * row_tiles < FACET_COUNTERS;
  const std::uint32_t segments = segments_of(shape, end - first_position, end);
  const std::uint32_t shares = is_split ? std::min(segments, kMostShares) : 1;
  params.segments_per_group = (segments + shares - 1) / shares;
  if (is_split && !make_room(segments_, segment_bytes(shape, q.rows, segments), "the sums of attention")) return;

  // By what segments hold, not by the position: for the next token it is the same.
  const std::uint64_t work_of_row = std::uint64_t{2} * q.width * segments * FACET_SEGMENT;
  const std::uint64_t rows_within_limit = commands_->work_limit() / std::max<std::uint64_t>(work_of_row, 1);
  const auto tiles_at_once = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(rows_within_limit / tiles.rows_per_tile, is_split ? row_tiles : 1, kMostGroups));
  const std::uint32_t rows_at_once = tiles_at_once * tiles.rows_per_tile;
  const bool is_wide = variants_.wide_cells && shape.head_dim % 4 == 0;
  for (std::uint32_t first = 0; first < q.rows; first += rows_at_once) {
    params.rows = std::min(rows_at_once, q.rows - first);
    params.first_position = relative(first_position + first);
    params.seen_rows = shape.seen_end == 0 ? 0 : shape.seen_end - (first_position + first);
    params.q_offset = from.offset + first * from.stride;
    params.out_offset = to.offset + first * to.stride;
    run({&shader_of(Operation::Attention),
         {static_cast<std::uint32_t>(key_cells.kind), is_split ? 1U : 0U, is_wide ? 1U : 0U}},
        {{0, {key_cells.memory.handle, false}},
         {1, {value_cells.memory.handle, false}},
         {FACET_BINDING_X, {from.buffer, false}},
         {FACET_BINDING_OUT, {to.buffer, true}},
         {FACET_BINDING_OUT + 1, {is_split ? segments_.handle : VK_NULL_HANDLE, true}}},
        params, {tiles.tiles_per_row, (params.rows + tiles.rows_per_tile - 1) / tiles.rows_per_tile, shares},
        work_of_row * params.rows);
  }
}

}  // namespace facet::engine::vulkan
