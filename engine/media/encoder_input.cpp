#include "engine/media/encoder_input.h"

#include <string>

#include "engine/media/image_size.h"
#include "engine/media/log_mel.h"
#include "engine/media/resample.h"
#include "engine/media/sound_frames.h"

namespace facet::engine {

Result<Patches> patches_of(const RgbImage& image, std::uint32_t budget, const VisionConfig& config) {
  FACET_RETURN_IF_ERROR(check(image));
  FACET_ASSIGN_OR_RETURN(const TargetSize size, target_image_size(image.width, image.height, budget));
  return cut_patches(resample_bicubic(image, size.width, size.height), config.patch_side, PatchOrder::Planes);
}

Status check_sound(const PcmAudio& audio, const HearingConfig& config) {
  FACET_RETURN_IF_ERROR(check(audio));
  const std::size_t samples = audio.samples.size();
  if (samples > kMaxClipSamples)
    return Error{Error::Code::InvalidInput, "The sound is " + std::to_string(samples / kSampleRate) +
                                                " seconds long, and a model hears 30 at a time; cut it where nobody "
                                                "speaks."};
  const std::size_t tokens = config.has_encoder() ? encoded_sound_tokens(samples) : raw_sound_tokens(samples);
  if (tokens == 0)
    return Error{Error::Code::InvalidInput,
                 "The sound is too short to hear anything: " + std::to_string(samples) + " samples."};
  return {};
}

bool are_numbers(std::span<const float> values) {
  float sum = 0;  // of nothing but zeros, unless one of them is no number
  for (const float value : values)
    sum += value * 0.0F;
  return sum == 0.0F;
}

}  // namespace facet::engine
