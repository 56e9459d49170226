#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/base/check.h"
#include "engine/cpu/cpu_backend.h"

namespace facet::engine {
namespace {

// Heads that share a pass over the keys and values, and keys per step of it. Steps are counted from the first key that
// a row sees, so that a row's result depends on its position alone.
constexpr std::uint32_t kHeadsAtOnce = 4;
constexpr std::uint32_t kKeysAtOnce = 128;

// Calls `part(first_slot, count, done)` for the one or two stretches of ring rows that hold `count` positions from
// `position` on.
template <typename Part>
void for_ring_parts(std::uint32_t position, std::uint32_t count, std::uint32_t ring_rows, const Part& part) {
  const std::uint32_t slot = position % ring_rows;
  const std::uint32_t before_wrap = std::min(count, ring_rows - slot);
  part(slot, before_wrap, 0U);
  if (before_wrap < count) part(0U, count - before_wrap, before_wrap);
}

}  // namespace

// One pass over the keys: the weights exp(s - m) are relative to the largest score m seen so far, and what has been
// summed is scaled down whenever a larger one comes.
void CpuBackend::attention_item(const AttentionOperands& o, const AttentionItem& item) const {
  const AttentionShape& shape = o.shape;
  const std::uint32_t position = o.first_position + item.row;
  const std::uint32_t seen = shape.window == 0 ? position + 1 : std::min(shape.window, position + 1);
  const std::uint32_t kv_column = item.first_head / (shape.heads / shape.kv_heads) * shape.head_dim;

  std::array<std::array<float, kKeysAtOnce>, kHeadsAtOnce> scores;
  std::array<const float*, kHeadsAtOnce> queries{};
  std::array<const float*, kHeadsAtOnce> score_rows{};
  std::array<float*, kHeadsAtOnce> score_out{};
  std::array<float*, kHeadsAtOnce> out{};
  std::array<float, kHeadsAtOnce> largest{};
  std::array<float, kHeadsAtOnce> total{};
  for (std::uint32_t h = 0; h < item.head_count; ++h) {
    const std::uint32_t column = (item.first_head + h) * shape.head_dim;
    queries[h] = o.q[item.row] + column;
    out[h] = o.out[item.row] + column;
    score_out[h] = scores[h].data();
    largest[h] = -std::numeric_limits<float>::infinity();
    std::fill_n(out[h], shape.head_dim, 0.0F);
  }

  for (std::uint32_t done = 0; done < seen; done += kKeysAtOnce) {
    const std::uint32_t first = position + 1 - seen + done;
    const std::uint32_t count = std::min(kKeysAtOnce, seen - done);
    for_ring_parts(first, count, o.ring_rows, [&](std::uint32_t slot, std::uint32_t keys, std::uint32_t before) {
      kernels_.dot_block(o.keys[slot] + kv_column, o.keys.stride, keys, queries.data(), item.head_count, 0,
                         shape.head_dim, score_out.data(), before, /*accumulate=*/false);
    });
    for (std::uint32_t h = 0; h < item.head_count; ++h) {
      const float top = std::max(largest[h], kernels_.maximum(scores[h].data(), count));
      const float shrink = std::exp(largest[h] - top);
      largest[h] = top;
      total[h] = total[h] * shrink + kernels_.exponentials(scores[h].data(), count, top);
      if (shrink != 1.0F) kernels_.scale(out[h], shrink, out[h], shape.head_dim);
    }
    for_ring_parts(first, count, o.ring_rows, [&](std::uint32_t slot, std::uint32_t keys, std::uint32_t before) {
      for (std::uint32_t h = 0; h < item.head_count; ++h)
        score_rows[h] = scores[h].data() + before;
      kernels_.weighted_sum(o.values[slot] + kv_column, o.values.stride, keys, score_rows.data(), item.head_count,
                            shape.head_dim, out.data());
    });
  }
  for (std::uint32_t h = 0; h < item.head_count; ++h)
    kernels_.scale(out[h], 1.0F / total[h], out[h], shape.head_dim);
}

void CpuBackend::attention(const View& q, const Buffer& keys, const Buffer& values, const AttentionShape& shape,
                           std::uint32_t first_position, const View& out) {
  const std::uint32_t group = shape.heads / shape.kv_heads;
  FACET_CHECK(q.rows == out.rows && q.width == shape.heads * shape.head_dim && out.width == q.width, "%u x %u", q.rows,
              q.width);
  FACET_CHECK(keys.width == shape.kv_heads * shape.head_dim && values.width == keys.width && values.rows == keys.rows,
              "%u x %u", keys.rows, keys.width);
  const AttentionOperands operands{rows_of(q),     rows_of(out), rows_of(View(keys)), rows_of(View(values)), keys.rows,
                                   first_position, shape};
  // The heads of a group in blocks; the last block of a group may be smaller.
  const std::uint32_t blocks = (group + kHeadsAtOnce - 1) / kHeadsAtOnce;
  const std::uint32_t items_per_row = shape.kv_heads * blocks;
  pool_.run(std::size_t{q.rows} * items_per_row, [&](std::size_t index) {
    const auto row = static_cast<std::uint32_t>(index / items_per_row);
    const auto place = static_cast<std::uint32_t>(index % items_per_row);
    const std::uint32_t first_in_group = place % blocks * kHeadsAtOnce;
    attention_item(operands,
                   {row, place / blocks * group + first_in_group, std::min(kHeadsAtOnce, group - first_in_group)});
  });
}

}  // namespace facet::engine
