#pragma once

#include "engine/formats/formats.h"

namespace facet::engine {

// The vectorised decoder of a format, or null where the table's own has to do. The results have the same bits: both
// compute each element in the same order, without fused multiply-add.
DecodeFunction avx2_decoder(Format format);

}  // namespace facet::engine
