// What a product does besides: the last words of its parameters, as the structs of params.h have them, member by member.
ExpertParams expert_params() {
  return ExpertParams(p.besides[0], p.besides[1], p.besides[2], p.besides[3], p.besides[4], p.besides[5], p.besides[6]);
}

BranchEndParams branch_end_params() {
  return BranchEndParams(p.besides[0], p.besides[1], p.besides[2], p.besides[3], uintBitsToFloat(p.besides[4]),
                         uintBitsToFloat(p.besides[5]), p.besides[6]);
}

HeadParams head_params() {
  return HeadParams(p.besides[0], p.besides[1], p.besides[2], p.besides[3], uintBitsToFloat(p.besides[4]), p.besides[5],
                    p.besides[6], p.besides[7], p.besides[8], p.besides[9], p.besides[10], p.besides[11], p.besides[12]);
}
