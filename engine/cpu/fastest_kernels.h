#pragma once

#include <functional>
#include <span>

#include "engine/cpu/kernels.h"

namespace facet::engine {

// Of the sets that this machine runs, the one whose products of integers are the fastest, measured at the first call in
// about a millisecond. Only sets whose products are those of plain C++ but for the rounding of float32 are taken.
const Kernels& fastest_kernels();

// The same among these. The last is plain C++, which is taken when nothing else is right; of the others the ones in
// front are expected to be faster. `seconds` measures one. A set is preferred to those in front of it when it takes
// less than 0.9 of their time, so that the choice is the same every time.
const Kernels& choose_kernels(std::span<const Kernels* const> sets,
                              const std::function<double(const Kernels&)>& seconds);

}  // namespace facet::engine
