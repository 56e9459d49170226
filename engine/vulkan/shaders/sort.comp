// Puts the pairs of tokens and experts in the order of their experts: where each expert's begin, then the pairs. One
// workgroup; the order of one expert's pairs is any.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(push_constant, std430) uniform Params { SortParams p; };
layout(binding = 0, std430) readonly buffer Ids { uint ids[]; };
layout(binding = 1, std430) writeonly buffer Sorted { uint sorted_pairs[]; };

shared uint counts[FACET_MOST_EXPERTS];

uint expert_of(uint pair) {
  return min(ids[p.ids_offset + pair / p.chosen * p.ids_stride + pair % p.chosen], p.experts - 1u);
}

void main() {
  const uint thread = gl_LocalInvocationID.x;
  for (uint e = thread; e < p.experts; e += FACET_GROUP_SIZE)
    counts[e] = 0u;
  barrier();
  for (uint pair = thread; pair < p.pairs; pair += FACET_GROUP_SIZE)
    atomicAdd(counts[expert_of(pair)], 1u);
  barrier();
  if (thread == 0u) {
    uint begin = 0u;
    for (uint e = 0u; e < p.experts; ++e) {
      const uint count = counts[e];
      sorted_pairs[e] = begin;
      counts[e] = begin;
      begin += count;
    }
    sorted_pairs[p.experts] = begin;
  }
  barrier();
  for (uint pair = thread; pair < p.pairs; pair += FACET_GROUP_SIZE)
    sorted_pairs[p.experts + 1u + atomicAdd(counts[expert_of(pair)], 1u)] = pair;
}
