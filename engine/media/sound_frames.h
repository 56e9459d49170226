#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace facet::engine {

// Models without encoders take sound as it is, 640 samples (40 ms) for each soft token, the last filled up with zeros.
// They know neither a window nor a spectrum, and their first step, a norm, takes the loudness away.
inline constexpr std::size_t kSoundFrame = 640;

// ceil(samples / 640)
std::size_t raw_sound_tokens(std::size_t samples);
// That many rows of 640 values.
std::vector<float> raw_sound_frames(std::span<const float> samples);

}  // namespace facet::engine
