#pragma once

#include <string>

#include "engine/base/result.h"
#include "tools/changed_path.h"

namespace facet::tools {

// Moves a file or folder to the trash of its drive, from where the user's file manager can restore it: the home trash,
// else the drive's own (the freedesktop.org trash specification 1.0). `path` is where it lies. NotFound when it is
// gone, Unsupported when the drive has no trash: nothing is ever deleted instead.
Status move_to_trash(const OpenPlace& place, const std::string& path);

}  // namespace facet::tools
