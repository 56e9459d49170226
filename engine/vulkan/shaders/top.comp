// The largest of a row of logits. Each workgroup looks through a slice and leaves its largest, as candidates: cells with
// the value and the index. Further passes do the same with what the one before has left, until one workgroup sees it
// all and puts its choice in order.
//
// A workgroup finds the last value that it chooses digit by digit: it counts how many have each digit among those that
// agree with the digits found before. The digits are those of the value, then those of the index, smaller ones counting
// as larger, so that no two are equal.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(constant_id = 0) const bool kFirst = false;  // reads logits, not candidates
layout(constant_id = 1) const bool kLast = false;
layout(push_constant, std430) uniform Params { TopParams p; };
layout(binding = 0, std430) buffer Logits { float logits[]; };
layout(binding = 1, std430) buffer Candidates { uint candidates[]; };
layout(binding = 2, std430) writeonly buffer Ids { uint ids[]; };
layout(binding = 3, std430) writeonly buffer Values { float values[]; };

#include "exact.glsl"
#include "order.glsl"
#include "softcap.glsl"

#define DIGITS 256u
#define SUMS 16u

shared uint counts[DIGITS];
shared uint sums[SUMS];
shared uint found_digit;
shared uint found_above;
shared uint kept;
shared uvec2 kept_keys[FACET_MOST_TOP];

// The value's place in the order of all numbers, in front of which comes what is no number; and the index's.
uvec2 key_of(uint at) {
  const float value = kFirst ? logits[p.in_offset + at] : uintBitsToFloat(candidates[p.in_offset + 2u * at]);
  const uint index = kFirst ? at : candidates[p.in_offset + 2u * at + 1u];
  const bool is_number = (floatBitsToUint(value) & 0x7fffffffu) <= 0x7f800000u;
  return uvec2(is_number ? order_of(value) : 0xffffffffu, ~index);
}

// A digit of a key, and all in front of it: 0 to 3 are those of the value, 4 to 7 those of the index.
uint digit_of(uvec2 key, uint round) {
  return ((round < 4u ? key.x : key.y) >> (24u - 8u * (round % 4u))) & 0xffu;
}

uvec2 first_digits(uvec2 key, uint rounds) {
  const uint of_value = min(rounds, 4u);
  const uint of_index = rounds - of_value;
  return uvec2(of_value == 0u ? 0u : key.x >> (32u - 8u * of_value), of_index == 0u ? 0u : key.y >> (32u - 8u * of_index));
}

bool is_less(uvec2 a, uvec2 b) { return a.x != b.x ? a.x < b.x : a.y < b.y; }

// Finds the digit that the wanted-th largest has, and how many have a larger one.
void find_digit(uint wanted) {
  const uint thread = gl_LocalInvocationID.x;
  const uint width = DIGITS / SUMS;
  if (thread < SUMS) {
    uint sum = 0u;
    for (uint d = 0u; d < width; ++d)
      sum += counts[thread * width + d];
    sums[thread] = sum;
  }
  barrier();
  if (thread == 0u) {
    uint above = 0u;
    uint block = SUMS - 1u;
    while (block > 0u && above + sums[block] < wanted)
      above += sums[block--];
    uint digit = block * width + width - 1u;
    while (digit > block * width && above + counts[digit] < wanted)
      above += counts[digit--];
    found_digit = digit;
    found_above = above;
  }
  barrier();
}

void main() {
  const uint thread = gl_LocalInvocationID.x;
  const uint begin = gl_WorkGroupID.x * FACET_TOP_SLICE;
  const uint end = min(begin + FACET_TOP_SLICE, p.count);
  const uint chosen = min(p.chosen, end - begin);
  if (kFirst && p.cap != 0.0)
    for (uint at = begin + thread; at < end; at += FACET_GROUP_SIZE)
      logits[p.in_offset + at] = capped(logits[p.in_offset + at], p.cap);
  if (thread == 0u) kept = 0u;

  // Of `last`, the smallest key that is chosen, the first digits are known.
  uvec2 last = uvec2(0u);
  uint rounds = 0u;
  uint wanted = chosen;
  bool is_found = chosen == end - begin;
  while (rounds < 8u && !is_found) {
    for (uint digit = thread; digit < DIGITS; digit += FACET_GROUP_SIZE)
      counts[digit] = 0u;
    barrier();
    for (uint at = begin + thread; at < end; at += FACET_GROUP_SIZE) {
      const uvec2 key = key_of(at);
      if (first_digits(key, rounds) == first_digits(last, rounds)) atomicAdd(counts[digit_of(key, rounds)], 1u);
    }
    barrier();
    find_digit(wanted);
    const uint shift = 24u - 8u * (rounds % 4u);
    if (rounds < 4u) last.x |= found_digit << shift;
    else last.y |= found_digit << shift;
    wanted -= found_above;
    // All that agree so far are chosen: what follows is of no account.
    is_found = counts[found_digit] == wanted;
    ++rounds;
    barrier();
  }

  barrier();
  for (uint at = begin + thread; at < end; at += FACET_GROUP_SIZE) {
    const uvec2 key = key_of(at);
    if (is_less(first_digits(key, rounds), first_digits(last, rounds))) continue;
    const uint place = atomicAdd(kept, 1u);
    if (kLast) {
      kept_keys[place] = key;
      continue;
    }
    const uint to = p.out_offset + 2u * (gl_WorkGroupID.x * p.chosen + place);
    candidates[to] = kFirst ? floatBitsToUint(logits[p.in_offset + at]) : candidates[p.in_offset + 2u * at];
    candidates[to + 1u] = ~key.y;
  }
  if (!kLast) return;

  barrier();
  for (uint i = thread; i < chosen; i += FACET_GROUP_SIZE) {
    const uvec2 key = kept_keys[i];
    uint place = 0u;
    for (uint other = 0u; other < chosen; ++other)
      place += uint(is_less(key, kept_keys[other]));
    ids[p.ids_offset + place] = ~key.y;
    const uint bits = (key.x & 0x80000000u) != 0u ? key.x & 0x7fffffffu : ~key.x;
    values[p.values_offset + place] = uintBitsToFloat(bits);
  }
}
