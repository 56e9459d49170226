// out[r][h] = sum over j of softmax(q[r][h] . keys[j])[j] * values[j]. A workgroup has a tile of queries that read the
// same keys and values: heads that share them, and consecutive rows where those heads are few. Keys are taken in segments
// that begin at fixed positions, and segments are merged in their order, so that it does not matter which workgroup
// computed them: all of a tile (kSplit false), or some each, of which the last to be done merges all.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(constant_id = 0) const uint kFormat = 0;
layout(constant_id = 1) const bool kSplit = false;
// Whether heads are whole groups of four cells.
layout(constant_id = 2) const bool kWide = false;
layout(push_constant, std430) uniform Params { AttentionParams p; };
layout(binding = 0, std430) readonly buffer Keys { uint keys[]; };
layout(binding = 0, std430) readonly buffer WideKeys { uvec4 wide_keys[]; };
layout(binding = 1, std430) readonly buffer Values { uint cached_values[]; };
layout(binding = FACET_BINDING_X, std430) readonly buffer Q { float q[]; };
layout(binding = FACET_BINDING_OUT, std430) writeonly buffer Out { float results[]; };
// With kSplit, for each tile, segment and query: the largest score, the sum, then head_dim cells.
layout(binding = FACET_BINDING_OUT + 1, std430) coherent buffer Segments { float segments[]; };

#include "exact.glsl"
#include "cache.glsl"
#include "attention_merge.glsl"
#include "last_group.glsl"

const uint kCellsPerThread = FACET_MOST_HEAD_DIM / FACET_GROUP_SIZE;
const uint kThreadsPerQuery = FACET_GROUP_SIZE / FACET_QUERIES;
// No score is this small, and the difference of two such is still a number.
const float kUnseen = -3e38;

shared vec4 query[FACET_QUERIES * FACET_MOST_HEAD_DIM / 4];
// The scores of a key, for all queries together.
shared vec4 scores[FACET_SEGMENT * FACET_QUERIES / 4];
shared float partial[FACET_GROUP_SIZE];
shared float largest[FACET_QUERIES];
shared float total[FACET_QUERIES];
shared float old_factor[FACET_QUERIES];
shared float new_factor[FACET_QUERIES];

float code_at(uint word, uint column) {
  return float(int(word << (24u - 8u * (column & 3u))) >> 24);
}
float scale_in(uint word, uint column) {
  return half_value((word >> (16u * ((column / 32u) & 1u))) & 0xffffu);
}
float key_at(uint row, uint column) {
  if (kFormat == kCacheF32) return uintBitsToFloat(keys[row + column]);
  if (kFormat == kCacheF16) return half_value((keys[row + column / 2u] >> (16u * (column & 1u))) & 0xffffu);
  return code_at(keys[row + column / 4u], column) * scale_in(keys[row + p.kv_width / 4u + column / 64u], column);
}
// Four keys that begin at a multiple of four.
vec4 four_keys_at(uint row, uint column) {
  if (kFormat == kCacheF32) return uintBitsToFloat(wide_keys[(row + column) >> 2]);
  if (kFormat == kCacheF16) {
    const uint a = keys[row + column / 2u];
    const uint b = keys[row + column / 2u + 1u];
    return vec4(half_value(a & 0xffffu), half_value(a >> 16), half_value(b & 0xffffu), half_value(b >> 16));
  }
  const int word = int(keys[row + column / 4u]);
  return vec4((ivec4(word) << ivec4(24, 16, 8, 0)) >> 24) *
         scale_in(keys[row + p.kv_width / 4u + column / 64u], column);
}
float value_at(uint row, uint column) {
  if (kFormat == kCacheF32) return uintBitsToFloat(cached_values[row + column]);
  if (kFormat == kCacheF16) return half_value((cached_values[row + column / 2u] >> (16u * (column & 1u))) & 0xffffu);
  return code_at(cached_values[row + column / 4u], column) *
         scale_in(cached_values[row + p.kv_width / 4u + column / 64u], column);
}

uint first_seen(uint position) {
  return p.window == 0u || position + 1u < p.window ? 0u : position + 1u - p.window;
}

// Behind the last position that a row sees.
uint seen_end(uint position) {
  return max(position + 1u, p.seen_rows == 0u ? 0u : step_state.position + p.first_position + p.seen_rows);
}

// The queries of this tile, and the row and head of each.
uint kv_head;
uint first_head;
uint heads_here;
uint first_row;
uint position_of_first_row;

uint row_of(uint s) {
  return first_row + s / p.heads_per_tile;
}
uint head_of(uint s) {
  return first_head + s % p.heads_per_tile;
}
bool is_query(uint s) {
  return s / p.heads_per_tile < p.rows_per_tile && row_of(s) < p.rows && s % p.heads_per_tile < heads_here;
}

void find_tile() {
  const uint tiles_per_kv = (p.heads_per_kv + p.heads_per_tile - 1u) / p.heads_per_tile;
  const uint part = gl_WorkGroupID.x % tiles_per_kv * p.heads_per_tile;
  kv_head = gl_WorkGroupID.x / tiles_per_kv;
  first_head = kv_head * p.heads_per_kv + part;
  heads_here = min(p.heads_per_tile, p.heads_per_kv - part);
  first_row = gl_WorkGroupID.y * p.rows_per_tile;
  position_of_first_row = step_state.position + p.first_position + first_row;
}

void load_queries() {
  const uint quads = (p.head_dim + 3u) / 4u;
  for (uint i = gl_LocalInvocationID.x; i < FACET_QUERIES * quads; i += FACET_GROUP_SIZE) {
    const uint s = i / quads;
    const uint d = i % quads * 4u;
    vec4 cells = vec4(0.0);
    for (uint e = 0u; is_query(s) && e < 4u && d + e < p.head_dim; ++e)
      cells[e] = q[p.q_offset + row_of(s) * p.q_stride + head_of(s) * p.head_dim + d + e];
    query[s * quads + d / 4u] = cells;
  }
}

// The scores of one key for all queries.
void score_key(uint j, uint key_row) {
  const uint column = kv_head * p.head_dim;
  const uint quads = (p.head_dim + 3u) / 4u;
  vec4 sums[FACET_QUERIES];
  for (uint s = 0u; s < FACET_QUERIES; ++s)
    sums[s] = vec4(0.0);
  for (uint i = 0u; i < quads; ++i) {
    vec4 key = vec4(0.0);
    if (kWide)
      key = four_keys_at(key_row, column + 4u * i);
    else
      for (uint e = 0u; e < 4u && 4u * i + e < p.head_dim; ++e)
        key[e] = key_at(key_row, column + 4u * i + e);
    for (uint s = 0u; s < FACET_QUERIES; ++s) {
      precise vec4 sum = fma(query[s * quads + i], key, sums[s]);
      sums[s] = sum;
    }
  }
  for (uint s = 0u; s < FACET_QUERIES; ++s) {
    precise float score = (sums[s].x + sums[s].y) + (sums[s].z + sums[s].w);
    scores[2u * j + s / 4u][s % 4u] = score;
  }
}

void score_segment(uint segment, uint begin, uint end) {
  for (uint j = gl_LocalInvocationID.x; j < FACET_SEGMENT; j += FACET_GROUP_SIZE) {
    const uint key = segment * FACET_SEGMENT + j;
    const bool is_there = key >= begin && key < end;
    if (is_there) score_key(j, key % p.key_rows * p.key_row_words);
    for (uint s = 0u; s < FACET_QUERIES; ++s) {
      const uint position = position_of_first_row + s / p.heads_per_tile;
      if (!is_there || !is_query(s) || key >= seen_end(position) || key < first_seen(position))
        scores[2u * j + s / 4u][s % 4u] = kUnseen;
    }
  }
  barrier();
}

// Turns scores into shares of the largest, and says how they merge with those of the segments before.
void weigh_segment() {
  const uint thread = gl_LocalInvocationID.x;
  const uint s = thread / kThreadsPerQuery;
  const uint lane = thread % kThreadsPerQuery;
  float most = kUnseen;
  for (uint j = lane; j < FACET_SEGMENT; j += kThreadsPerQuery)
    most = max(most, scores[2u * j + s / 4u][s % 4u]);
  partial[thread] = most;
  barrier();
  for (uint l = 0u; l < kThreadsPerQuery; ++l)
    most = max(most, partial[s * kThreadsPerQuery + l]);
  barrier();
  precise float sum = 0.0;
  for (uint j = lane; j < FACET_SEGMENT; j += kThreadsPerQuery) {
    const float score = scores[2u * j + s / 4u][s % 4u];
    const float share = score == kUnseen ? 0.0 : exponential(score - most);
    scores[2u * j + s / 4u][s % 4u] = share;
    sum += share;
  }
  partial[thread] = sum;
  barrier();
  if (lane == 0u) {
    precise float segment_total = 0.0;
    for (uint l = 0u; l < kThreadsPerQuery; ++l)
      segment_total += partial[thread + l];
    const Shares shares = merge_largest(largest[s], most);
    total[s] = merge(total[s], segment_total, shares);
    largest[s] = max(largest[s], most);
    old_factor[s] = shares.old_factor;
    new_factor[s] = shares.new_factor;
  }
  barrier();
}

void main() {
  const uint thread = gl_LocalInvocationID.x;
  find_tile();
  load_queries();
  if (thread < FACET_QUERIES) {
    largest[thread] = kUnseen;
    total[thread] = 0.0;
  }
  barrier();

  const uint rows_here = min(p.rows_per_tile, p.rows - first_row);
  const uint first = first_seen(position_of_first_row);
  const uint last = seen_end(position_of_first_row + rows_here - 1u) - 1u;
  uint first_segment = first / FACET_SEGMENT;
  uint last_segment = last / FACET_SEGMENT;
  const uint segment_count = last_segment - first_segment + 1u;
  if (kSplit) {
    // There may be more workgroups than segments: then nothing is left for some.
    first_segment += gl_WorkGroupID.z * p.segments_per_group;
    last_segment = min(last_segment, first_segment + p.segments_per_group - 1u);
  }

  vec4 low[kCellsPerThread];
  vec4 high[kCellsPerThread];
  for (uint i = 0u; i < kCellsPerThread; ++i)
    low[i] = high[i] = vec4(0.0);
  for (uint segment = first_segment; segment <= last_segment; ++segment) {
    const uint begin = max(first, segment * FACET_SEGMENT);
    const uint end = min(last + 1u, (segment + 1u) * FACET_SEGMENT);
    score_segment(segment, begin, end);
    weigh_segment();
    vec4 new_low[kCellsPerThread];
    vec4 new_high[kCellsPerThread];
    for (uint i = 0u; i < kCellsPerThread; ++i)
      new_low[i] = new_high[i] = vec4(0.0);
    for (uint key = begin; key < end; ++key) {
      const uint row = key % p.value_rows * p.value_row_words;
      const uint j = key - segment * FACET_SEGMENT;
      const vec4 low_shares = scores[2u * j];
      const vec4 high_shares = scores[2u * j + 1u];
      for (uint i = 0u; i < kCellsPerThread; ++i) {
        const uint d = thread + i * FACET_GROUP_SIZE;
        if (d >= p.head_dim) continue;
        const vec4 value = vec4(value_at(row, kv_head * p.head_dim + d));
        precise vec4 low_sum = fma(low_shares, value, new_low[i]);
        precise vec4 high_sum = fma(high_shares, value, new_high[i]);
        new_low[i] = low_sum;
        new_high[i] = high_sum;
      }
    }
    for (uint i = 0u; i < kCellsPerThread; ++i) {
      for (uint s = 0u; s < 4u; ++s) {
        low[i][s] = merge(low[i][s], new_low[i][s], Shares(old_factor[s], new_factor[s]));
        high[i][s] = merge(high[i][s], new_high[i][s], Shares(old_factor[s + 4u], new_factor[s + 4u]));
      }
    }
    barrier();
  }

  const uint tile = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
  const uint length = p.head_dim + 2u;
  for (uint s = 0u; s < FACET_QUERIES; ++s) {
    if (!is_query(s)) continue;
    const uint to = kSplit ? ((tile * gl_NumWorkGroups.z + gl_WorkGroupID.z) * FACET_QUERIES + s) * length + 2u
                           : p.out_offset + row_of(s) * p.out_stride + head_of(s) * p.head_dim;
    for (uint i = 0u; i < kCellsPerThread; ++i) {
      const uint d = thread + i * FACET_GROUP_SIZE;
      if (d >= p.head_dim) continue;
      const float sum = s < 4u ? low[i][s] : high[i][s - 4u];
      if (kSplit) {
        segments[to + d] = sum;
      } else {
        precise float value = sum / total[s];
        results[to + d] = value;
      }
    }
    if (kSplit && thread == 0u) {
      segments[to - 2u] = largest[s];
      segments[to - 1u] = total[s];
    }
  }
  if (!kSplit || !is_last_group(1u + tile, gl_NumWorkGroups.z)) return;

  for (uint s = 0u; s < FACET_QUERIES; ++s) {
    if (!is_query(s)) continue;
    const uint from = (tile * gl_NumWorkGroups.z * FACET_QUERIES + s) * length;
    for (uint d = thread; d < p.head_dim; d += FACET_GROUP_SIZE) {
      float all_largest = kUnseen;
      float all_total = 0.0;
      float sum = 0.0;
      for (uint i = 0u; i * p.segments_per_group < segment_count; ++i) {
        const uint at = from + i * FACET_QUERIES * length;
        const Shares shares = merge_largest(all_largest, segments[at]);
        all_largest = max(all_largest, segments[at]);
        all_total = merge(all_total, segments[at + 1u], shares);
        sum = merge(sum, segments[at + 2u + d], shares);
      }
      precise float value = sum / all_total;
      results[p.out_offset + row_of(s) * p.out_stride + head_of(s) * p.head_dim + d] = value;
    }
  }
}
