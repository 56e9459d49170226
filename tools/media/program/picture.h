#pragma once

#include <cstdint>
#include <optional>

#include "tools/media/program/file_bytes.h"

namespace facet::tools::media {

// What the header of a picture file says of the picture as it is shown.
struct PictureFacts {
  const char* format = "";
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};
// Nothing when the file is no picture.
std::optional<PictureFacts> picture_facts(const FileBytes& file);

// Decodes the picture, the first one where there are several, and answers with it.
[[noreturn]] void answer_picture(const FileBytes& file);

}  // namespace facet::tools::media
