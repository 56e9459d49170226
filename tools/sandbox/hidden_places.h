#pragma once

#include <string>
#include <vector>

namespace facet::tools::sandbox {

// Whose files they are, and what of them is Facet's own.
struct Surroundings {
  std::vector<std::string> homes;        // home folders whose secrets can be read: the user's; of root all
  std::vector<std::string> own_folders;  // Facet's data, settings and caches
  std::vector<std::string> programs = {};  // folders in which programs are looked for
};
Surroundings own_surroundings(const std::vector<std::string>& own_folders);

// Keys, passwords, browsers, histories of shells, Facet's own folders: what no command sees. Absolute paths, not all of
// which exist.
std::vector<std::string> secret_places(const Surroundings& surroundings);

// What lies in home folders beside these folders, which are absolute and resolved: documents, other projects. Settings
// of programs and what they need to run are left out, and so is the repository that a folder is part of.
std::vector<std::string> other_documents(const std::vector<std::string>& folders, const Surroundings& surroundings);

// What runs by itself when somebody logs in, opens a shell or calls git: what no command changes.
std::vector<std::string> startup_places(const Surroundings& surroundings);

}  // namespace facet::tools::sandbox
