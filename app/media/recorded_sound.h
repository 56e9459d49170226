#pragma once

#include <filesystem>
#include <memory>

#include "agent/meeting/sound_source.h"

namespace facet::app::media {

// The sound of recordings and videos for transcripts. `program` is the one that decodes (tools/media), and does so in
// pieces: nothing of a file is decoded in this process, and no more is held than a pipe takes.
std::shared_ptr<agent::SoundSource> recorded_sound(const std::filesystem::path& program);

}  // namespace facet::app::media
