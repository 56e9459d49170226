#include "engine/cpu/kernels.h"
// The order of these two matters: the second is written in terms of the first.
#include "engine/cpu/lanes_portable.inc"

#include "engine/cpu/kernels.inc"

namespace facet::engine {

const Kernels& portable_kernels() {
  static constexpr Kernels kernels = {
      .name = "portable",
      .decoder = [](Format format) { return format_info(format).decode; },
      .dot_block = dot_block,
      .weighted_sum = weighted_sum,
      .sum_of_squares = sum_of_squares,
      .maximum = maximum,
      .exponentials = exponentials,
      .scale = scale,
      .scale_weighted = scale_weighted,
      .add_weighted = add_weighted,
      .add_scaled = add_scaled,
      .geglu = geglu,
      .softcap = softcap,
  };
  return kernels;
}

}  // namespace facet::engine
