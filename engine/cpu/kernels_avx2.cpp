// Compiled for AVX2, FMA and F16C; nothing here may run before `avx2_kernels` has found them in the processor.
#include "engine/cpu/decode_avx2.h"
#include "engine/cpu/kernels.h"
// The order of these two matters: the second is written in terms of the first.
#include "engine/cpu/lanes_avx2.inc"

#include "engine/cpu/kernels.inc"

namespace facet::engine {

extern const Kernels kAvx2Kernels;
const Kernels kAvx2Kernels = {
    .name = "AVX2",
    .decoder =
        [](Format format) {
          const DecodeFunction fast = avx2_decoder(format);
          return fast != nullptr ? fast : format_info(format).decode;
        },
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

}  // namespace facet::engine
