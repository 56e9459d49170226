// Sums over all threads of a workgroup, in an order that no device changes: pairs, pairs of pairs, and so on.
shared float group_cells[FACET_GROUP_SIZE];

float group_sum(float value) {
  const uint thread = gl_LocalInvocationID.x;
  barrier();
  group_cells[thread] = value;
  barrier();
  for (uint half_size = FACET_GROUP_SIZE / 2; half_size > 0u; half_size /= 2u) {
    if (thread < half_size) group_cells[thread] += group_cells[thread + half_size];
    barrier();
  }
  return group_cells[0];
}

float group_max(float value) {
  const uint thread = gl_LocalInvocationID.x;
  barrier();
  group_cells[thread] = value;
  barrier();
  for (uint half_size = FACET_GROUP_SIZE / 2; half_size > 0u; half_size /= 2u) {
    if (thread < half_size) group_cells[thread] = max(group_cells[thread], group_cells[thread + half_size]);
    barrier();
  }
  return group_cells[0];
}
