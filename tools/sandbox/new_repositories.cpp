#include "tools/sandbox/new_repositories.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>

#include "tools/sandbox/git_places.h"

namespace facet::tools::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr int kMostEntries = 20'000;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

// What `git init` and `git clone` write. Everything else could name a program, now or in a later git.
bool is_harmless(const std::string& section, const std::string& key, const std::string& value) {
  static const std::map<std::string, std::set<std::string>> kKnown = {
      {"core",
       {"repositoryformatversion", "filemode", "bare", "logallrefupdates", "ignorecase", "precomposeunicode",
        "symlinks", "sparsecheckout", "sparsecheckoutcone", "autocrlf", "eol"}},
      {"extensions", {"objectformat", "partialclone", "worktreeconfig"}},
      {"remote", {"url", "fetch", "promisor", "partialclonefilter", "tagopt"}},
      {"branch", {"remote", "merge", "rebase"}},
      {"submodule", {"active", "url"}},
      {"user", {"name", "email"}},
      {"init", {"defaultbranch"}}};
  const auto known = kKnown.find(section);
  if (known == kKnown.end() || !known->second.contains(key)) return false;
  // "ext::" and the like run helpers.
  return key != "url" || value.find("::") == std::string::npos;
}

bool names_programs(const fs::path& config) {
  std::ifstream file(config);
  std::string section;
  for (std::string line; std::getline(file, line);) {
    line = trimmed(line);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      const std::size_t end = line.find(']');
      // A setting may stand behind the bracket, and lines may go on in the next one: nobody writes them here.
      if (end == std::string::npos || end + 1 != line.size()) return true;
      section = lower(line.substr(1, line.find_first_of(" \t\"]") - 1));
      continue;
    }
    const std::size_t equals = line.find('=');
    const std::string key = lower(trimmed(line.substr(0, equals)));
    const std::string value = equals == std::string::npos ? "" : trimmed(line.substr(equals + 1));
    if (value.ends_with('\\') || !is_harmless(section, key, value)) return true;
  }
  return false;
}

bool is_setting(const fs::path& file) {
  return file.filename() == "config" || file.filename() == "config.worktree";
}

// `file` is no folder, but may be a link to one.
bool would_act(const fs::path& file) {
  // A repository that lies elsewhere, with whatever is there.
  if (file.filename() == ".git" || file.filename() == "hooks") return true;
  std::error_code failure;
  if (is_setting(file)) return fs::is_symlink(fs::symlink_status(file, failure)) || names_programs(file);
  const bool is_hook = file.parent_path().filename() == "hooks";
  return is_hook && file.extension() != ".sample" && file.extension() != kPutAside;
}

class Search {
 public:
  void look_at(const fs::path& path) {
    std::error_code failure;
    const fs::file_type type = fs::symlink_status(path, failure).type();
    if (type == fs::file_type::directory) return look_into(path);
    if (type != fs::file_type::not_found && would_act(path)) put_aside(path);
  }
  std::vector<std::string> found() { return std::move(found_); }

 private:
  void look_into(const fs::path& folder) {
    std::error_code failure;
    std::vector<fs::path> entries;
    fs::directory_iterator entry(folder, fs::directory_options::skip_permission_denied, failure);
    for (; !failure && entry != fs::directory_iterator() && entries_ < kMostEntries; entry.increment(failure)) {
      ++entries_;
      // Objects are content and act by nothing.
      if (entry->path().filename() != "objects") entries.push_back(entry->path());
    }
    for (const fs::path& path : entries)
      look_at(path);
  }
  void put_aside(const fs::path& path) {
    std::error_code failure;
    fs::rename(path, path.string() + kPutAside, failure);
    if (!failure) found_.push_back(path.string());
  }

  int entries_ = 0;
  std::vector<std::string> found_;
};

std::vector<std::string> places_in(const std::vector<std::string>& folders) {
  std::vector<std::string> places;
  for (const std::string& folder : folders) {
    const std::vector<std::string> found = git_places_in(folder).read_only;
    places.insert(places.end(), found.begin(), found.end());
  }
  return places;
}

}  // namespace

NewRepositories::NewRepositories(const std::vector<std::string>& folders) : folders_(folders) {
  for (std::string& place : places_in(folders))
    known_.insert(std::move(place));
}

std::vector<std::string> NewRepositories::put_aside() const {
  Search search;
  for (const std::string& place : places_in(folders_))
    if (!known_.contains(place)) search.look_at(place);
  return search.found();
}

}  // namespace facet::tools::sandbox
