#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/result.h"
#include "engine/media.h"
#include "engine/media/patches.h"
#include "engine/media/projector_config.h"

namespace facet::engine {

// The picture as an encoder is given it: scaled to the budget and cut. Fails for a picture or a budget that can not be
// used.
Result<Patches> patches_of(const RgbImage& image, std::uint32_t budget, const VisionConfig& config);

// Whether a model can hear a sound at once: not one that is too long or too short.
Status check_sound(const PcmAudio& audio, const HearingConfig& config);

// Whether nothing that an encoder made is infinite or no number, as it would be of damaged weights.
bool are_numbers(std::span<const float> values);

}  // namespace facet::engine
