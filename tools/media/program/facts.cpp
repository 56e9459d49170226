#include "tools/media/program/facts.h"

#include <algorithm>
#include <utility>

#include "tools/media/program/answer.h"
#include "tools/media/program/picture.h"
#include "tools/media/program/video_stream.h"

namespace facet::tools::media {

bool is_picture(const FileBytes& file) {
  return picture_facts(file).has_value();
}

FactsMessage facts_of(const Container& container) {
  FactsMessage facts;
  facts.has_sound = container.best(AVMEDIA_TYPE_AUDIO) != nullptr ? 1 : 0;
  const AVStream* video = container.best(AVMEDIA_TYPE_VIDEO);
  if (video == nullptr && facts.has_sound == 0) fail(Failure::NotMedia);
  facts.kind = static_cast<std::uint32_t>(video != nullptr ? MediaKind::Video : MediaKind::Sound);
  if (video != nullptr) {
    const Size stored{video->codecpar->width, video->codecpar->height};
    Size shown = square_pixels(stored, video->sample_aspect_ratio);
    if (exchanges_sides(orientation_of(*video))) std::swap(shown.width, shown.height);
    facts.width = static_cast<std::uint32_t>(std::max(shown.width, 0));
    facts.height = static_cast<std::uint32_t>(std::max(shown.height, 0));
  }
  if (container.context()->duration > 0)
    facts.seconds = static_cast<double>(container.context()->duration) / AV_TIME_BASE;
  copy_name(facts.format, container.context()->iformat->name);
  return facts;
}

void answer_facts(const FileBytes& file) {
  if (const auto picture = picture_facts(file)) {
    FactsMessage facts;
    facts.kind = static_cast<std::uint32_t>(MediaKind::Picture);
    facts.width = picture->width;
    facts.height = picture->height;
    copy_name(facts.format, picture->format);
    send(facts);
    end(/*is_damaged=*/false);
  }
  const Container container(file);
  send(facts_of(container));
  end(/*is_damaged=*/false);
}

}  // namespace facet::tools::media
