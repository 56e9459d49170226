#pragma once

#include <filesystem>
#include <string>

#include "engine/base/result.h"

namespace facet::app {

// Where things are. The data folder holds the store; resources come with the program.
struct Paths {
  std::filesystem::path data;      // $XDG_DATA_HOME/facet, or what --data says
  std::filesystem::path database;  // data / "facet.sqlite"
  // What can be made again: $XDG_CACHE_HOME/facet, or in the folder that --data names; empty where there is no home.
  std::filesystem::path cache;
  std::filesystem::path resources;

  std::filesystem::path built_in_model() const { return resources / "built-in-model" / "practice-text.gguf"; }
  std::filesystem::path encoded_media() const { return cache.empty() ? cache : cache / "encoded-media"; }
  std::filesystem::path system_prompt() const { return resources / "prompts" / "system.txt"; }
};

// `data` empty means the platform's folder. Resources are looked for in $FACET_RESOURCES, beside the installed program
// (../share/facet) and in the source tree that the program was built in (../resources).
Result<Paths> find_paths(const std::filesystem::path& data);

// A model as the user names it ("built-in" or a path) as a path.
std::filesystem::path resolve_model(const Paths& paths, const std::string& model);
bool is_built_in(const std::string& model);

Result<std::string> read_text_file(const std::filesystem::path& path);

}  // namespace facet::app
