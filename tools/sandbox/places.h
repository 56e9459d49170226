#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "tools/sandbox/hidden_places.h"
#include "tools/sandbox/wall_plan.h"

namespace facet::tools::sandbox {

// What a wall makes of the file system: the folders, which are absolute and resolved, can be changed except for what is
// protected inside them; secrets are hidden, and what else lies in home folders; everything else is as the wall has it by itself.
//
// Where something protected could still be made inside a folder, as a start-up file in a home folder, only what
// already lies beside it can be changed, and nothing new can be made at that place.
//
// `private_folder` is what a command gets for /tmp with Landlock alone, which can not put anything in its place.
std::vector<Place> places_for(Wall wall, const std::vector<std::string>& folders, const Surroundings& surroundings,
                              bool network, const std::string& private_folder = {});

}  // namespace facet::tools::sandbox
