#pragma once

#include "engine/encoder_backend.h"
#include "engine/trial/kernel_use.h"

namespace facet::engine {

// Runs every operation that a model uses on a backend and on the CPU, with the same random numbers, and compares. An
// error names the first operation that computes something else, or says what the backend complains of. Whoever does not
// trust the backend's driver calls this in a process of its own. Products may differ by what `product_tolerance` says
// (TwinOperands::compare), everything else by no more than the roundings of float32.
inline constexpr float kExactProducts = 2e-3F;
Status try_kernels(EncoderBackend& backend, const KernelUse& use, float product_tolerance = kExactProducts);

}  // namespace facet::engine
