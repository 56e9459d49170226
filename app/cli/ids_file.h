#pragma once

#include <filesystem>
#include <vector>

#include "engine/base/result.h"
#include "engine/text/tokenizer.h"

namespace facet::app::cli {

// An ids file is a JSON array of whole numbers.
Result<std::vector<engine::Token>> read_ids_file(const std::filesystem::path& path);
std::string ids_json(const std::vector<engine::Token>& ids);

}  // namespace facet::app::cli
