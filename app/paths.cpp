#include "app/paths.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

namespace facet::app {

namespace fs = std::filesystem;

namespace {

Result<fs::path> platform_data_folder() {
  if (const char* xdg = std::getenv("XDG_DATA_HOME"); xdg != nullptr && xdg[0] == '/') return fs::path(xdg) / "facet";
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/')
    return fs::path(home) / ".local" / "share" / "facet";
  return Error{Error::Code::NotFound, "There is no home folder to keep conversations in; name one with --data DIR."};
}

// Empty where there is no home: then nothing is kept.
fs::path platform_cache_folder() {
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && xdg[0] == '/') return fs::path(xdg) / "facet";
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/')
    return fs::path(home) / ".cache" / "facet";
  return {};
}

Result<fs::path> find_resources() {
  std::vector<fs::path> candidates;
  if (const char* named = std::getenv("FACET_RESOURCES"); named != nullptr && named[0] != '\0')
    candidates.emplace_back(named);
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  candidates.push_back(folder.parent_path() / "share" / "facet");
  candidates.push_back(folder.parent_path() / "resources");
  for (const fs::path& candidate : candidates) {
    if (fs::exists(candidate / "prompts" / "system.txt", ignored)) return candidate;
  }
  return Error{Error::Code::NotFound, "Facet's own files (prompts, practice model) are missing beside " +
                                          folder.string() +
                                          "; install Facet again or name their folder in FACET_RESOURCES."};
}

}  // namespace

Result<Paths> find_paths(const fs::path& data) {
  Paths paths;
  if (data.empty()) {
    FACET_ASSIGN_OR_RETURN(paths.data, platform_data_folder());
    paths.cache = platform_cache_folder();
  } else {
    paths.data = fs::absolute(data);
    paths.cache = paths.data / "cache";
  }
  paths.database = paths.data / "facet.sqlite";
  FACET_ASSIGN_OR_RETURN(paths.resources, find_resources());
  return paths;
}

bool is_built_in(const std::string& model) {
  return model.empty() || model == "built-in";
}

fs::path resolve_model(const Paths& paths, const std::string& model) {
  return is_built_in(model) ? paths.built_in_model() : fs::path(model);
}

Result<std::string> read_text_file(const fs::path& path) {
  std::error_code failure;
  if (fs::is_directory(path, failure)) return Error{Error::Code::InvalidInput, path.string() + " is a folder."};
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return Error{Error::Code::NotFound, "Cannot open " + path.string() + "."};
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (stream.bad()) return Error{Error::Code::Io, "Cannot read " + path.string() + "."};
  return text;
}

}  // namespace facet::app
