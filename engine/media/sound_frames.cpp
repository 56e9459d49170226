#include "engine/media/sound_frames.h"

namespace facet::engine {

std::size_t raw_sound_tokens(std::size_t samples) {
  return samples / kSoundFrame + (samples % kSoundFrame != 0 ? 1 : 0);
}

std::vector<float> raw_sound_frames(std::span<const float> samples) {
  std::vector<float> frames(samples.begin(), samples.end());
  frames.resize(raw_sound_tokens(samples.size()) * kSoundFrame);
  return frames;
}

}  // namespace facet::engine
