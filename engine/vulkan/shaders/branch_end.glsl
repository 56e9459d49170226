// sum = factor * (sum + rms_norm(branch)), then next = rms_norm(sum), for one row; all threads of the workgroup call it.
layout(binding = FACET_BINDING_NORM, std430) readonly buffer Norm { float norm_weight[]; };
layout(binding = FACET_BINDING_NEXT_NORM, std430) readonly buffer NextNorm { float next_norm_weight[]; };
layout(binding = FACET_BINDING_SUM, std430) buffer Sum { float sum_cells[]; };
layout(binding = FACET_BINDING_NEXT, std430) writeonly buffer Next { float next_cells[]; };

void end_branch(uint row, uint width, uint branch, BranchEndParams end) {
  const uint thread = gl_LocalInvocationID.x;
  const uint sum_row = end.sum_offset + row * end.sum_stride;
  precise float squares = 0.0;
  for (uint i = thread; i < width; i += FACET_GROUP_SIZE)
    squares = fma(results0[branch + i], results0[branch + i], squares);
  const float inverse = 1.0 / sqrt(group_sum(squares) / float(width) + end.eps);
  precise float sum_squares = 0.0;
  for (uint i = thread; i < width; i += FACET_GROUP_SIZE) {
    precise float value = results0[branch + i] * inverse;
    if ((end.flags & FACET_BRANCH_NORM) != 0u) value = value * norm_weight[i];
    value = (sum_cells[sum_row + i] + value) * end.factor;
    sum_cells[sum_row + i] = value;
    sum_squares = fma(value, value, sum_squares);
  }
  if ((end.flags & FACET_BRANCH_NEXT) == 0u) return;
  const float next_inverse = 1.0 / sqrt(group_sum(sum_squares) / float(width) + end.eps);
  const uint next_row = end.next_offset + row * end.next_stride;
  // A thread reads what it has itself written.
  for (uint i = thread; i < width; i += FACET_GROUP_SIZE) {
    precise float value = sum_cells[sum_row + i] * next_inverse;
    if ((end.flags & FACET_BRANCH_NEXT_NORM) != 0u) value = value * next_norm_weight[i];
    next_cells[next_row + i] = value;
  }
}
