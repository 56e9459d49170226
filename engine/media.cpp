#include "engine/media.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace facet::engine {
namespace {

Error invalid(std::string message) {
  return {Error::Code::InvalidInput, std::move(message)};
}

std::string size_text(std::uint64_t width, std::uint64_t height) {
  return std::to_string(width) + " x " + std::to_string(height) + " pixels";
}

}  // namespace

Status check_image_size(std::uint64_t width, std::uint64_t height) {
  if (width == 0 || height == 0) return invalid("This picture has no pixels (" + size_text(width, height) + ").");
  if (width > kMaxImageSide || height > kMaxImageSide)
    return invalid("This picture is too large (" + size_text(width, height) + "); a side may have at most " +
                   std::to_string(kMaxImageSide) + " pixels.");
  if (width * height > kMaxImagePixels)
    return invalid("This picture is too large (" + size_text(width, height) + "); at most " +
                   std::to_string(kMaxImagePixels / 1000000) + " million pixels can be read.");
  return {};
}

Status check(const RgbImage& image) {
  FACET_RETURN_IF_ERROR(check_image_size(image.width, image.height));
  const std::size_t needed = std::size_t{image.width} * image.height * 3;
  if (image.pixels.size() != needed)
    return invalid("This picture is incomplete: " + std::to_string(image.pixels.size()) + " of " +
                   std::to_string(needed) + " values are there.");
  return {};
}

Status check(const PcmAudio& audio) {
  if (audio.samples.empty()) return invalid("This sound is empty.");
  if (audio.samples.size() > kMaxAudioSamples)
    return invalid("This sound is too long (" + std::to_string(audio.samples.size() / kSampleRate) +
                   " seconds); one piece may have at most " + std::to_string(kMaxAudioSamples / kSampleRate) + ".");
  if (!std::all_of(audio.samples.begin(), audio.samples.end(), [](float sample) { return std::isfinite(sample); }))
    return invalid("This sound holds a sample that is not a number.");
  return {};
}

}  // namespace facet::engine
