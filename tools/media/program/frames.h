#pragma once

#include <cstdint>

#include "tools/media/program/file_bytes.h"

namespace facet::tools::media {

// Answers with the frames of a video that `engine::sampled_frames` chooses, upright, with square pixels, each with the
// second in which it is shown.
[[noreturn]] void answer_frames(const FileBytes& file, std::uint32_t wanted);

}  // namespace facet::tools::media
