#pragma once

#include "engine/engine.h"

namespace facet::engine {

class GgufFile;
struct ModelConfig;
struct WeightCount;

ModelDescription describe(const GgufFile& file, const ModelConfig& config, const WeightCount& weights);

// The publisher's sampling settings where the file has some; the family's defaults for the rest.
Sampling read_default_sampling(const GgufFile& file);

}  // namespace facet::engine
