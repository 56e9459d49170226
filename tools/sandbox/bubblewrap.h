#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/sandbox/wall_plan.h"

namespace facet::tools::sandbox {

// Where the system has bubblewrap; empty without it.
std::string bubblewrap_program();

// The words by which bubblewrap makes the places of the plan and starts `program` inside, which does the rest.
std::vector<std::string> bubblewrap_words(const std::string& bubblewrap, const std::filesystem::path& program,
                                          const WallPlan& plan);

}  // namespace facet::tools::sandbox
