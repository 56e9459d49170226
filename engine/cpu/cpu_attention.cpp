#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/base/check.h"
#include "engine/cpu/cpu_backend.h"

// Attention in one pass over the keys. Positions are cut into segments of kSegment, counted from 0. For each segment
// that a row sees, its scores give the largest one, the sum of exp(score - largest), and that sum weighted with the
// values; the segments are then added up in their order, each scaled to the largest score so far. What a row comes to
// depends on its position alone: not on the rows or heads that share its tile, nor on who computes which segment.
namespace facet::engine {
namespace {

constexpr std::uint32_t kSegment = 256;
constexpr float kNothing = -std::numeric_limits<float>::infinity();

// Of many rows so many columns share a tile: every key is then read once for all of them, while their scores stay in
// the second-level cache. A multiple of the three that the kernels work on together. Of few rows fewer do, so that
// there is something for each thread.
constexpr std::uint32_t kMaxColumns = 126;
constexpr std::uint32_t kFewColumns = 16;

// The columns' sums: 32 KiB, for a second-level cache.
constexpr std::uint32_t kSumCells = 8192;
// Keys or values side by side: 18 KiB, little more than half of the smallest first-level cache.
constexpr std::uint32_t kGatheredCells = 4608;
// Half a cache line between them, so that neighbours lie in different banks and sets of the cache.
constexpr std::uint32_t kGap = 8;
// From so many columns on it is worth it to put those side by side that are float32 already.
constexpr std::uint32_t kColumnsWorthGathering = 9;

std::uint32_t columns_at_once(std::uint32_t head_dim, std::uint32_t most) {
  return std::clamp(kSumCells / head_dim, 1U, most);
}

// Of so many keys as many as make tiles of four, if there are any.
std::uint32_t whole_tiles(std::uint32_t keys) {
  return keys < 4 ? keys : keys / 4 * 4;
}

struct Range {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t size() const { return end - begin; }
};

// The positions that the token at `position` sees.
Range seen_from(std::uint32_t position, const AttentionShape& shape) {
  const bool sees_all = shape.window == 0 || position < shape.window;
  return {sees_all ? 0 : position + 1 - shape.window, std::max(position + 1, shape.seen_end)};
}

// Those of a segment; empty when there are none.
Range seen_in(std::uint32_t segment, std::uint32_t position, const AttentionShape& shape) {
  const Range seen = seen_from(position, shape);
  const std::uint32_t begin = std::max(seen.begin, segment * kSegment);
  return {begin, std::max(begin, std::min(seen.end, (segment + 1) * kSegment))};
}

Range intersection(Range a, Range b) {
  const std::uint32_t begin = std::max(a.begin, b.begin);
  return {begin, std::max(begin, std::min(a.end, b.end))};
}

// The segments that the tokens at the positions see.
Range segments_of(std::uint32_t first_position, std::uint32_t last_position, const AttentionShape& shape) {
  const std::uint32_t last_seen = seen_from(last_position, shape).end - 1;
  return {seen_from(first_position, shape).begin / kSegment, last_seen / kSegment + 1};
}

}  // namespace

// Of each column: the largest score, the sum of exp(score - largest), and the values weighted with it.
struct CpuBackend::AttentionSums {
  float* largest;
  float* total;
  float* const* values;
};

CpuBackend::CacheRows CpuBackend::cache_rows(const Buffer& cache) const {
  FACET_CHECK(cache.id >= 1 && cache.id <= buffers_.size() && buffers_[cache.id - 1].format != nullptr, "buffer %u",
              cache.id);
  const Memory& memory = buffers_[cache.id - 1];
  const Format format = memory.format->format;
  return {reinterpret_cast<const std::byte*>(memory.cells.get()), memory.row_bytes, cache.rows, memory.format,
          format == Format::F32 ? nullptr : kernels_.decoder(format)};
}

// Calls `use(position, count, cells, stride)` for pieces of `count` positions from `first` on, with `width` columns of
// them from `column` on as float32, for so many readers.
template <typename Use>
void CpuBackend::use_cache(const CacheRows& cache, std::uint32_t first, std::uint32_t count, std::uint32_t column,
                           std::uint32_t width, std::uint32_t readers, const Use& use) const {
  alignas(64) std::array<float, kGatheredCells> gathered;
  const std::uint64_t skipped = std::uint64_t{column / cache.format->block_elements} * cache.format->block_bytes;
  const bool stays = cache.decode == nullptr && readers < kColumnsWorthGathering;
  const std::uint32_t stride = width + kGap;
  const std::uint32_t most = stays ? count : whole_tiles(kGatheredCells / stride);
  for (std::uint32_t done = 0; done < count;) {
    const std::uint32_t slot = (first + done) % cache.count;
    const std::uint32_t piece = std::min({most, count - done, cache.count - slot});
    const std::byte* rows = cache.first + slot * cache.row_bytes + skipped;
    if (stays) {
      use(first + done, piece, reinterpret_cast<const float*>(rows), cache.row_bytes / sizeof(float));
    } else {
      for (std::uint32_t r = 0; r < piece; ++r) {
        float* const to = gathered.data() + std::size_t{r} * stride;
        if (cache.decode == nullptr)
          std::copy_n(reinterpret_cast<const float*>(rows + r * cache.row_bytes), width, to);
        else
          cache.decode(rows + r * cache.row_bytes, to, width);
      }
      use(first + done, piece, gathered.data(), stride);
    }
    done += piece;
  }
}

void CpuBackend::attend_segment(const AttentionOperands& o, const AttentionTile& tile, std::uint32_t segment,
                                const AttentionSums& sums) const {
  const AttentionShape& shape = o.shape;
  const std::uint32_t columns = tile.columns();
  const std::uint32_t kv_column = tile.first_head / (shape.heads / shape.kv_heads) * shape.head_dim;
  alignas(64) std::array<std::array<float, kSegment + kGap>, kMaxColumns> scores;
  std::array<Range, kMaxColumns> seen;
  std::array<const float*, kMaxColumns> queries;
  std::array<float*, kMaxColumns> score_out;
  const auto column_of = [&](std::uint32_t row, std::uint32_t head) { return row * tile.heads + head; };
  Range any = {UINT32_MAX, 0};
  for (std::uint32_t row = 0; row < tile.rows; ++row) {
    seen[row] = seen_in(segment, o.first_position + tile.first_row + row, shape);
    if (seen[row].size() > 0) any = {std::min(any.begin, seen[row].begin), std::max(any.end, seen[row].end)};
    for (std::uint32_t head = 0; head < tile.heads; ++head) {
      const std::uint32_t c = column_of(row, head);
      queries[c] = o.q[tile.first_row + row] + std::uint64_t{tile.first_head + head} * shape.head_dim;
      score_out[c] = scores[c].data();
      sums.largest[c] = kNothing;
      sums.total[c] = 0.0F;
      std::fill_n(sums.values[c], shape.head_dim, 0.0F);
    }
  }
  if (any.begin >= any.end) return;

  use_cache(o.keys, any.begin, any.size(), kv_column, shape.head_dim, columns,
            [&](std::uint32_t position, std::uint32_t count, const float* keys, std::size_t stride) {
              kernels_.dot_block(keys, stride, count, queries.data(), columns, 0, shape.head_dim, score_out.data(),
                                 position - any.begin, /*accumulate=*/false);
            });
  for (std::uint32_t c = 0; c < columns; ++c) {
    const Range range = seen[c / tile.heads];
    if (range.size() == 0) continue;
    float* row = scores[c].data() + (range.begin - any.begin);
    sums.largest[c] = kernels_.maximum(row, range.size());
    sums.total[c] = kernels_.exponentials(row, range.size(), sums.largest[c]);
  }
  // Columns of neighbouring rows that see a whole piece are weighted together.
  use_cache(o.values, any.begin, any.size(), kv_column, shape.head_dim, columns,
            [&](std::uint32_t position, std::uint32_t count, const float* values, std::size_t stride) {
              const Range piece = {position, position + count};
              for (std::uint32_t row = 0; row < tile.rows;) {
                const Range part = intersection(piece, seen[row]);
                std::uint32_t end = row + 1;
                while (end < tile.rows && part.size() == count && intersection(piece, seen[end]).size() == count)
                  ++end;
                std::array<const float*, kMaxColumns> weights;
                const std::uint32_t first_column = column_of(row, 0);
                const std::uint32_t used = (end - row) * tile.heads;
                for (std::uint32_t c = 0; c < used; ++c)
                  weights[c] = scores[first_column + c].data() + (part.begin - any.begin);
                if (part.size() > 0)
                  kernels_.weighted_sum(values + (part.begin - position) * stride, stride, part.size(), weights.data(),
                                        used, shape.head_dim, sums.values + first_column);
                row = end;
              }
            });
}

void CpuBackend::add_segment(const AttentionSums& segment, const AttentionSums& sums, std::uint32_t column,
                             std::uint32_t head_dim) const {
  const float largest = segment.largest[column];
  if (largest == kNothing) return;
  float* const out = sums.values[column];
  const float top = std::max(sums.largest[column], largest);
  const float shrink = std::exp(sums.largest[column] - top);
  const float share = std::exp(largest - top);
  sums.total[column] = sums.total[column] * shrink + segment.total[column] * share;
  sums.largest[column] = top;
  if (shrink != 1.0F) kernels_.scale(out, shrink, out, head_dim);
  kernels_.add_scaled(segment.values[column], share, out, head_dim);
}

void CpuBackend::attend_tile(const AttentionOperands& o, const AttentionTile& tile) const {
  const std::uint32_t head_dim = o.shape.head_dim;
  alignas(64) std::array<float, kSumCells> cells;
  std::array<float, kMaxColumns> largest;
  std::array<float, kMaxColumns> total{};
  std::array<float*, kMaxColumns> out;
  std::array<float, kMaxColumns> segment_largest;
  std::array<float, kMaxColumns> segment_total;
  std::array<float*, kMaxColumns> segment_out;
  largest.fill(kNothing);
  for (std::uint32_t c = 0; c < tile.columns(); ++c) {
    const std::uint32_t row = tile.first_row + c / tile.heads;
    out[c] = o.out[row] + std::uint64_t{tile.first_head + c % tile.heads} * head_dim;
    segment_out[c] = cells.data() + std::size_t{c} * head_dim;
    std::fill_n(out[c], head_dim, 0.0F);
  }
  const AttentionSums sums{largest.data(), total.data(), out.data()};
  const AttentionSums segment_sums{segment_largest.data(), segment_total.data(), segment_out.data()};
  const std::uint32_t first = o.first_position + tile.first_row;
  const Range segments = segments_of(first, first + tile.rows - 1, o.shape);
  for (std::uint32_t segment = segments.begin; segment < segments.end; ++segment) {
    attend_segment(o, tile, segment, segment_sums);
    for (std::uint32_t c = 0; c < tile.columns(); ++c)
      add_segment(segment_sums, sums, c, head_dim);
  }
  for (std::uint32_t c = 0; c < tile.columns(); ++c)
    kernels_.scale(out[c], 1.0F / total[c], out[c], head_dim);
}

// For the sums of one segment after the other, for the heads of a tile.
std::uint64_t CpuBackend::segment_cells(const AttentionShape& shape, std::uint32_t context) {
  const std::uint32_t heads = std::min(shape.heads / shape.kv_heads, columns_at_once(shape.head_dim, kFewColumns));
  const std::uint64_t all = (std::uint64_t{context} + kSegment - 1) / kSegment;
  // A window may begin in the middle of a segment, and end in one.
  const std::uint64_t in_window = (std::uint64_t{shape.window} + kSegment - 2) / kSegment + 1;
  const std::uint64_t segments = shape.window == 0 ? all : std::min(all, in_window);
  return segments * heads * (std::uint64_t{shape.head_dim} + 2);
}

// The segments of a single row side by side, then their sums one after the other.
void CpuBackend::attend_by_segments(const AttentionOperands& o, const AttentionTile& tile) {
  const std::uint32_t head_dim = o.shape.head_dim;
  const std::uint32_t position = o.first_position + tile.first_row;
  const Range segments = segments_of(position, position, o.shape);
  const std::uint64_t cells = std::uint64_t{tile.heads} * (head_dim + 2);
  float* const first = working_cells(segment_memory_, cells * segments.size());
  // The values of all heads, then the largest scores, then the totals.
  const auto sums_of = [&](std::uint32_t index, std::array<float*, kMaxColumns>& values) {
    float* const at = first + index * cells;
    for (std::uint32_t head = 0; head < tile.heads; ++head)
      values[head] = at + std::uint64_t{head} * head_dim;
    float* const largest = at + std::uint64_t{tile.heads} * head_dim;
    return AttentionSums{largest, largest + tile.heads, values.data()};
  };
  pool_.run(segments.size(), [&](std::size_t index) {
    std::array<float*, kMaxColumns> values;
    attend_segment(o, tile, segments.begin + static_cast<std::uint32_t>(index),
                   sums_of(static_cast<std::uint32_t>(index), values));
  });

  std::array<float, kMaxColumns> largest;
  std::array<float, kMaxColumns> total{};
  std::array<float*, kMaxColumns> out;
  largest.fill(kNothing);
  const AttentionSums sums{largest.data(), total.data(), out.data()};
  for (std::uint32_t head = 0; head < tile.heads; ++head) {
    out[head] = o.out[tile.first_row] + std::uint64_t{tile.first_head + head} * head_dim;
    std::fill_n(out[head], head_dim, 0.0F);
    for (std::uint32_t index = 0; index < segments.size(); ++index) {
      std::array<float*, kMaxColumns> values;
      add_segment(sums_of(index, values), sums, head, head_dim);
    }
    kernels_.scale(out[head], 1.0F / total[head], out[head], head_dim);
  }
}

void CpuBackend::attention(const View& q, const Buffer& keys, const Buffer& values, const AttentionShape& shape,
                           std::uint32_t first_position, const View& out) {
  FACET_CHECK(q.rows == out.rows && q.width == shape.heads * shape.head_dim && out.width == q.width, "%u x %u", q.rows,
              q.width);
  FACET_CHECK(keys.width == shape.kv_heads * shape.head_dim && values.width == keys.width && values.rows == keys.rows,
              "%u x %u", keys.rows, keys.width);
  FACET_CHECK(shape.head_dim + kGap <= kGatheredCells, "%u", shape.head_dim);
  const AttentionOperands operands{rows_of(q),         rows_of(out),   cache_rows(keys),
                                   cache_rows(values), first_position, shape};
  // The heads of a group in blocks, the last of which may be smaller; as many rows as fit.
  const std::uint32_t group = shape.heads / shape.kv_heads;
  const auto threads = static_cast<std::uint32_t>(pool_.threads());
  const std::uint64_t many = std::uint64_t{4} * threads * columns_at_once(shape.head_dim, kMaxColumns);
  const bool are_many = q.rows > 1 && std::uint64_t{q.rows} * shape.heads >= many;
  const std::uint32_t columns = columns_at_once(shape.head_dim, are_many ? kMaxColumns : kFewColumns);
  const std::uint32_t heads = std::min(group, columns);
  const std::uint32_t rows = std::max(1U, columns / heads);
  const std::uint32_t blocks = (group + heads - 1) / heads;
  const std::uint32_t row_tiles = (q.rows + rows - 1) / rows;
  // One head after the other, so that its keys and values are still near when the next rows want them.
  const auto tile_of = [&](std::size_t index) {
    const std::uint32_t first_row = static_cast<std::uint32_t>(index % row_tiles) * rows;
    const auto place = static_cast<std::uint32_t>(index / row_tiles);
    const std::uint32_t in_group = place % blocks * heads;
    return AttentionTile{first_row, std::min(rows, q.rows - first_row), place / blocks * group + in_group,
                         std::min(heads, group - in_group)};
  };
  const std::uint32_t tiles = row_tiles * shape.kv_heads * blocks;
  // What a row sees behind itself is no part of what `reserve` counted; a batch with such rows has many, in any case.
  const bool may_share = q.rows == 1 && shape.seen_end == 0;
  if (may_share && tiles < 2 * threads && first_position >= 2 * kSegment) {
    for (std::uint32_t index = 0; index < tiles; ++index)
      attend_by_segments(operands, tile_of(index));
  } else {
    pool_.run(tiles, [&](std::size_t index) { attend_tile(operands, tile_of(index)); });
  }
}

}  // namespace facet::engine
