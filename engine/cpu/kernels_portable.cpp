#include "engine/cpu/kernels.h"
// The order of these matters: each is written in terms of those before it.
#include "engine/cpu/lanes_portable.inc"

#include "engine/cpu/kernels.inc"

#include "engine/cpu/quad_dot_portable.inc"

#include "engine/cpu/panel_formats.inc"

#include "engine/cpu/panel.inc"

namespace facet::engine {

extern const Kernels kPortableKernels;
const Kernels kPortableKernels = {
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
    .panels = kPanelKernels,
};

}  // namespace facet::engine
