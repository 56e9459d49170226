#pragma once

#include <optional>
#include <string>

namespace facet::agent {

// Files that act on their own later: what a shell runs when it starts, what a session starts, the hooks and settings of
// a git repository, keys. A change of one is never covered by a permission for a folder. Says what such a file does
// ("is run by your shell when it starts"), nothing for any other path. `path` is absolute with its symlinks followed;
// one that a protected name in the home folder leads to is protected as well.
std::optional<std::string> what_acts_on_its_own(const std::string& path, const std::string& home);

}  // namespace facet::agent
