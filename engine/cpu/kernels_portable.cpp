// The order of these matters: each is written in terms of those before it.
#include "engine/cpu/lanes_portable.inc"

#include "engine/cpu/kernels.inc"

#include "engine/cpu/quad_dot_portable.inc"

#include "engine/cpu/panel_formats.inc"

#include "engine/cpu/panel.inc"

#include "engine/cpu/panel_table.inc"

#include "engine/cpu/kernels_table.inc"

namespace facet::engine {

extern const Kernels kPortableKernels;
const Kernels kPortableKernels = table_of_kernels("portable", [](Format format) { return format_info(format).decode; });

}  // namespace facet::engine
