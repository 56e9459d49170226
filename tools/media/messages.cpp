#include "tools/media/messages.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include "engine/base/printable.h"

namespace facet::tools::media {
namespace {

std::string text_of(const char (&name)[kNameBytes]) {
  return printable(std::string_view(name, strnlen(name, kNameBytes)));
}

bool is_kind(std::uint32_t kind) {
  return kind >= static_cast<std::uint32_t>(MediaKind::Picture) && kind <= static_cast<std::uint32_t>(MediaKind::Video);
}

// What a header says of a picture may be wrong; it is shown, not relied on.
std::uint32_t side(std::uint32_t claimed) {
  return claimed <= engine::kMaxImageSide ? claimed : 0;
}

}  // namespace

Result<MediaFacts> take_facts(DecoderProcess& process, const Message& message) {
  const auto said = message.as<FactsMessage>();
  if (message.kind != MessageKind::Facts || !said || !is_kind(said->kind)) return process.nonsense();
  MediaFacts facts;
  facts.kind = static_cast<MediaKind>(said->kind);
  facts.has_sound = said->has_sound != 0;
  facts.width = side(said->width);
  facts.height = side(said->height);
  if (std::isfinite(said->seconds) && said->seconds >= 0) facts.seconds = said->seconds;
  facts.format = text_of(said->format);
  return facts;
}

Result<double> take_progress(DecoderProcess& process, const Message& message) {
  const auto said = message.as<ProgressMessage>();
  if (!said || !(said->part >= 0 && said->part <= 1)) return process.nonsense();
  return said->part;
}

Result<IncomingImage> take_image(DecoderProcess& process, const Message& message) {
  const auto head = message.as<ImageMessage>();
  if (message.kind != MessageKind::Image || !head || !engine::check_image_size(head->width, head->height).ok() ||
      !std::isfinite(head->seconds))
    return process.nonsense();
  IncomingImage incoming{{head->width, head->height, {}}, head->seconds, head->is_damaged != 0};
  std::vector<std::uint8_t>& pixels = incoming.image.pixels;
  const std::size_t needed = std::size_t{head->width} * head->height * 3;
  pixels.reserve(needed);
  while (pixels.size() < needed) {
    FACET_ASSIGN_OR_RETURN(const Message piece, process.next());
    if (piece.kind != MessageKind::Pixels || piece.bytes.empty() || piece.bytes.size() > needed - pixels.size())
      return process.nonsense();
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(piece.bytes.data());
    pixels.insert(pixels.end(), bytes, bytes + piece.bytes.size());
  }
  return incoming;
}

Result<std::vector<float>> take_samples(DecoderProcess& process, const Message& message) {
  if (message.kind != MessageKind::Samples || message.bytes.empty() || message.bytes.size() % sizeof(float) != 0)
    return process.nonsense();
  std::vector<float> samples(message.bytes.size() / sizeof(float));
  std::memcpy(samples.data(), message.bytes.data(), message.bytes.size());
  const bool are_sound = std::all_of(samples.begin(), samples.end(), [](float s) { return s >= -1 && s <= 1; });
  if (!are_sound) return process.nonsense();
  return samples;
}

Result<bool> take_end(DecoderProcess& process, const Message& message) {
  const auto said = message.as<EndMessage>();
  if (message.kind != MessageKind::End || !said) return process.nonsense();
  return said->is_damaged != 0;
}

}  // namespace facet::tools::media
