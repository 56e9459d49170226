#pragma once

#include <string>
#include <vector>

namespace facet::tools::sandbox {

// What in the repositories beneath a folder decides what git runs: hooks, configuration, submodules. `read_only` may
// not be changed; `pinned` are the folders on the way there, which may not be moved away.
struct GitPlaces {
  std::vector<std::string> read_only;
  std::vector<std::string> pinned;
};

// Looks at a limited number of entries, those nearest to the folder first.
GitPlaces git_places_in(const std::string& folder);

}  // namespace facet::tools::sandbox
