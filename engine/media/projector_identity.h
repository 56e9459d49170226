#pragma once

#include <stop_token>
#include <string>

#include "engine/gguf/gguf_file.h"
#include "engine/media/media_folder.h"
#include "engine/media/projector_config.h"

namespace facet::engine {

// A digest of all that makes a projector what it is, its tensors above all: equal ones encode equally. It takes seconds
// for a large one, and is kept in the folder for a file that stays as it is. Empty after a stop, and for a file that
// can not be read.
std::string projector_identity(const GgufFile& file, const ProjectorConfig& config, MediaFolder& folder,
                               const std::stop_token& stop);

}  // namespace facet::engine
