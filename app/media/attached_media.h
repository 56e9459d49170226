#pragma once

#include <filesystem>
#include <memory>

#include "agent/media_source.h"

namespace facet::app::media {

// Pictures, sounds and videos for the agent: decoded by facet-media, which is `program`, and shown to models as
// engine/media plans it.
std::shared_ptr<agent::MediaSource> attached_media(const std::filesystem::path& program);

}  // namespace facet::app::media
