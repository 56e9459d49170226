#pragma once

#include <cstdint>
#include <string>

#include "engine/engine.h"

namespace facet::engine {

class GgufFile;
struct ModelConfig;
struct WeightCount;

// What the file alone tells, whatever its architecture: path, name, formats and bytes.
ModelDescription describe_file(const GgufFile& file);
ModelDescription describe(const GgufFile& file, const ModelConfig& config, const WeightCount& weights);

// The published size with this width; empty when there is none.
std::string size_label_of_width(std::uint32_t embedding_length);

// The publisher's sampling settings where the file has some; the family's defaults for the rest.
Sampling read_default_sampling(const GgufFile& file);

}  // namespace facet::engine
