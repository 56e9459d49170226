// Whether this workgroup is the last of `groups` to get here: then it sees what all have written to coherent buffers.
// The counter is left as it was found.
layout(binding = FACET_BINDING_STEP, std430) coherent buffer Step { StepState step_state; };
shared bool is_last;

bool is_last_group(uint counter, uint groups) {
  memoryBarrierBuffer();
  barrier();
  if (gl_LocalInvocationID.x == 0u) {
    is_last = atomicAdd(step_state.counters[counter], 1u) + 1u == groups;
    if (is_last) step_state.counters[counter] = 0u;
  }
  barrier();
  memoryBarrierBuffer();
  return is_last;
}
