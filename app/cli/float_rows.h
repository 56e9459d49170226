#pragma once

#include <filesystem>
#include <span>

#include "engine/base/result.h"

namespace facet::app::cli {

// Writes little-endian float32, as `facet debug` leaves rows of numbers for other programs.
Status write_float_rows(const std::filesystem::path& path, std::span<const float> values);

}  // namespace facet::app::cli
