#pragma once

#include "engine/base/result.h"
#include "engine/device_backend.h"
#include "engine/gguf/gguf_file.h"
#include "engine/model/config.h"
#include "engine/trial/ability.h"

namespace facet::engine {

// Measures what the products of a token of this model cost on a device and on the CPU. Of each kind of matrix some
// megabytes of the model's own weights are multiplied, and the time stands for all of that kind. Takes about a second
// on a device that is worth it. An error when the device fails, or has no room.
Result<Ability> measure_ability(const GgufFile& file, const ModelConfig& config, Backend& device, Backend& cpu);

}  // namespace facet::engine
