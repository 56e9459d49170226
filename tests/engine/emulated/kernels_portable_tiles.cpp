#include "engine/cpu/lanes_portable.inc"

#include "engine/cpu/kernels.inc"

#include "engine/cpu/quad_dot_portable.inc"

#include "engine/cpu/panel_formats.inc"

#include "engine/cpu/panel.inc"

#include "tiles_emulated.inc"
#define FACET_TILES

#include "engine/cpu/multiply_tiles.inc"

#include "engine/cpu/panel_table.inc"

#include "engine/cpu/kernels_table.inc"

namespace facet::engine {

extern const Kernels kPortableTilesKernels;
const Kernels kPortableTilesKernels =
    table_of_kernels("portable, tiles", [](Format format) { return format_info(format).decode; });

}  // namespace facet::engine
