#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "app/cli/command.h"
#include "engine/base/result.h"
#include "engine/gguf/gguf_file.h"
#include "engine/media.h"

// Pictures, sounds and projectors that a command names.
namespace facet::app::cli {

// Decoded by facet-media. A picture of which a part is damaged is none.
Result<engine::RgbImage> read_picture(const std::filesystem::path& path);
Result<engine::PcmAudio> read_sound(const std::filesystem::path& path);

// --mmproj, or the projector in the model or beside it.
void projector_option(Arguments& arguments);
Result<std::unique_ptr<engine::GgufFile>> open_projector_file(const Arguments& arguments);

// What `name` says of the budgets that there are; an error is wrong usage.
Result<std::uint32_t> read_image_budget(const Arguments& arguments, const char* name, std::uint32_t fallback);

}  // namespace facet::app::cli
