#pragma once

#include <cstdint>

#include "tools/media/program/file_bytes.h"

namespace facet::tools::media {

// Decodes the sound and answers with it, without its first `skipped` samples. Nothing is kept but what is being
// decoded.
//
// The samples' times are the file's: where its clock says that there is a pause, there is silence, and a sound that
// begins after the video does has silence in front.
[[noreturn]] void answer_sound(const FileBytes& file, std::uint64_t skipped);

}  // namespace facet::tools::media
