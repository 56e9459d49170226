#pragma once

#include "engine/base/result.h"

namespace facet::engine {

// Bytes per second that so many threads together read from memory: the limit of a program that reads every weight once
// for each token. Takes half a second and 512 MiB.
Result<double> measure_read_bandwidth(int threads);

}  // namespace facet::engine
