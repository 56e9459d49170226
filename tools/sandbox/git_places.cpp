#include "tools/sandbox/git_places.h"

#include <algorithm>
#include <cctype>
#include <deque>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace facet::tools::sandbox {
namespace {

namespace fs = std::filesystem;

// A walk of a tenth of a second or so.
constexpr int kMostEntries = 50'000;

// A folder of the repository in which the configuration says that hooks lie; empty without one.
std::string hooks_path(const fs::path& config) {
  std::ifstream file(config);
  for (std::string line; std::getline(file, line);) {
    std::string lower = line;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::size_t name = lower.find("hookspath");
    const std::size_t equals = name == std::string::npos ? name : line.find('=', name);
    if (equals == std::string::npos) continue;
    const std::size_t begin = line.find_first_not_of(" \t\"", equals + 1);
    const std::size_t end = line.find_last_not_of(" \t\"\r");
    if (begin != std::string::npos && end >= begin) return line.substr(begin, end - begin + 1);
  }
  return {};
}

bool is_real(const fs::path& path, fs::file_type type) {
  std::error_code failure;
  return fs::symlink_status(path, failure).type() == type;
}

class Search {
 public:
  explicit Search(const std::string& folder) : root_(folder) {}

  GitPlaces find() {
    std::deque<fs::path> left = {root_};
    int entries = 0;
    while (!left.empty() && entries < kMostEntries) {
      const fs::path folder = left.front();
      left.pop_front();
      std::error_code failure;
      int marks = 0;
      fs::directory_iterator entry(folder, fs::directory_options::skip_permission_denied, failure);
      for (; !failure && entry != fs::directory_iterator() && entries < kMostEntries; entry.increment(failure)) {
        ++entries;
        std::error_code ignored;
        const fs::path name = entry->path().filename();
        if (name == "HEAD" || name == "objects" || name == "refs") ++marks;
        if (name == ".git") {
          protect(entry->path());
        } else if (entry->symlink_status(ignored).type() == fs::file_type::directory) {
          left.push_back(entry->path());
        }
      }
      // By these git takes a folder of any name for a repository.
      if (marks == 3) protect(folder);
    }
    return std::move(found_);
  }

 private:
  void protect(const fs::path& git) {
    // A symlink can not be held in its place, so what it lies in is.
    if (is_real(git, fs::file_type::symlink)) return read_only(git.parent_path());
    const fs::path hooks = git / "hooks";
    const fs::path config = git / "config";
    // What is not there could be made.
    const bool is_whole = is_real(hooks, fs::file_type::directory) && is_real(config, fs::file_type::regular);
    if (!is_whole) return read_only(git);
    read_only(hooks);
    read_only(config);
    for (const char* name : {"modules", "config.worktree", "worktrees"}) {
      std::error_code failure;
      if (fs::exists(fs::symlink_status(git / name, failure))) read_only(git / name);
    }
    if (const std::string named = hooks_path(config); !named.empty()) {
      std::error_code failure;
      const fs::path elsewhere = fs::canonical(git.parent_path() / named, failure);
      if (!failure && lies_inside(elsewhere)) read_only(elsewhere);
    }
  }

  bool lies_inside(const fs::path& path) const { return path.string().starts_with(root_.string() + "/"); }

  void read_only(const fs::path& path) {
    found_.read_only.push_back(path.string());
    for (fs::path above = path.parent_path(); lies_inside(above); above = above.parent_path())
      if (std::find(found_.pinned.begin(), found_.pinned.end(), above.string()) == found_.pinned.end())
        found_.pinned.push_back(above.string());
  }

  fs::path root_;
  GitPlaces found_;
};

}  // namespace

GitPlaces git_places_in(const std::string& folder) {
  GitPlaces found = Search(folder).find();
  // From the outside inwards, so that what lies deeper is mounted on top.
  std::sort(found.pinned.begin(), found.pinned.end());
  return found;
}

}  // namespace facet::tools::sandbox
