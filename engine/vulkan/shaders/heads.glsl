// Makes a head of queries, keys or values ready for attention: its norm, its rotation, and what the caches keep of it.
// Queries are in results0, keys in results1 and values in results2; kHeadCells is as large as a head, and kCacheFormat
// the caches' format, or kNoCache.
layout(binding = FACET_BINDING_TABLE, std430) readonly buffer Table { float table[]; };
layout(binding = FACET_BINDING_Q_NORM, std430) readonly buffer QNorm { float q_norm[]; };
layout(binding = FACET_BINDING_K_NORM, std430) readonly buffer KNorm { float k_norm[]; };
layout(binding = FACET_BINDING_KEYS, std430) writeonly buffer Keys { uint keys[]; };
layout(binding = FACET_BINDING_VALUES, std430) writeonly buffer Values { uint cached_values[]; };

#include "cache.glsl"

const uint kQuery = 0u;
const uint kKey = 1u;
const uint kValue = 2u;
shared float head[kHeadCells];
shared float ready[kHeadCells];
bool stores_keys;

float source_cell(uint i) {
  return ready[i];
}
void put_word(uint at, uint word) {
  if (stores_keys)
    keys[at] = word;
  else
    cached_values[at] = word;
}
#include "store_block.glsl"

float normed(uint i, float inverse, uint kind, HeadParams h) {
  precise float value = head[i] * inverse;
  if (kind == kQuery && (h.flags & FACET_HEADS_Q_NORM) != 0u) value = value * q_norm[i];
  if (kind == kKey && (h.flags & FACET_HEADS_K_NORM) != 0u) value = value * k_norm[i];
  return value;
}

float rotated(uint i, float inverse, uint kind, uint angles, HeadParams h) {
  const uint part_size = h.head_dim / h.parts;
  const uint half_size = part_size / 2u;
  const uint part = i / part_size;
  const uint in_part = i % part_size;
  const float own = normed(i, inverse, kind, h);
  const uint pair = in_part < half_size ? in_part : in_part - half_size;
  if (pair >= h.pairs) return own;
  const float other = normed(in_part < half_size ? i + half_size : i - half_size, inverse, kind, h);
  const uint at = angles + 2u * part * h.pairs + pair;
  const float cosine = table[at];
  const float sine = table[at + h.pairs];
  precise float product = other * sine;
  precise float first = own * cosine - product;
  precise float second = own * cosine + product;
  return in_part < half_size ? first : second;
}

// What is in `ready` goes to a cache, in whole words.
void store_head(uint position, uint row_words, uint rows, uint column, HeadParams h) {
  const uint thread = gl_LocalInvocationID.x;
  const uint row = position % rows * row_words;
  barrier();
  if (kCacheFormat == kCacheF32) {
    for (uint i = thread; i < h.head_dim; i += FACET_GROUP_SIZE)
      put_word(row + column + i, floatBitsToUint(ready[i]));
  } else if (kCacheFormat == kCacheF16) {
    for (uint i = thread; i < h.head_dim / 2u; i += FACET_GROUP_SIZE)
      put_word(row + column / 2u + i, half_bits(ready[2u * i]) | (half_bits(ready[2u * i + 1u]) << 16));
  } else if (kCacheFormat == kCacheQ8_0) {
    for (uint i = thread; i < h.head_dim / 64u; i += FACET_GROUP_SIZE) {
      const uint to = row + column / 4u + 16u * i;
      const uint first = store_block(64u * i, to);
      const uint second = store_block(64u * i + 32u, to + 8u);
      put_word(row + h.kv_width / 4u + column / 64u + i, first | (second << 16));
    }
  }
}

// The head of a row that begins with this column and lies at these cells; of keys, `values_at` is where its values belong
// if they are made of the keys. All threads of the workgroup call it.
void prepare_head(uint kind, uint row, uint column, uint at, uint values_at, HeadParams h) {
  const uint thread = gl_LocalInvocationID.x;
  const uint position = step_state.position + h.first_position + row;
  precise float squares = 0.0;
  for (uint i = thread; i < h.head_dim; i += FACET_GROUP_SIZE) {
    const float value = kind == kQuery ? results0[at + i] : kind == kKey ? results1[at + i] : results2[at + i];
    head[i] = value;
    squares = fma(value, value, squares);
  }
  const float inverse = 1.0 / sqrt(group_sum(squares) / float(h.head_dim) + h.eps);

  if (kind == kValue || (kind == kKey && (h.flags & FACET_HEADS_VALUES_ARE_KEYS) != 0u)) {
    const uint to = kind == kValue ? at : values_at;
    for (uint i = thread; i < h.head_dim; i += FACET_GROUP_SIZE) {
      precise float value = head[i] * inverse;
      ready[i] = value;
      results2[to + i] = value;
    }
    stores_keys = false;
    if (kCacheFormat != kNoCache) store_head(position, h.value_row_words, h.value_rows, column, h);
    barrier();
  }
  if (kind == kValue) return;
  const uint angles = h.table_offset + row * h.table_stride;
  for (uint i = thread; i < h.head_dim; i += FACET_GROUP_SIZE) {
    const float value = rotated(i, inverse, kind, angles, h);
    ready[i] = value;
    if (kind == kQuery)
      results0[at + i] = value;
    else
      results1[at + i] = value;
  }
  stores_keys = true;
  if (kind == kKey && kCacheFormat != kNoCache) store_head(position, h.key_row_words, h.key_rows, column, h);
}
