#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "tools/folder_entries.h"
#include "tools/ignore_rules.h"
#include "tools/workspace.h"

namespace facet::tools {

struct WalkLimits {
  std::size_t files = 50'000;
  std::size_t depth = 64;
};

// Goes through the files beneath a folder: those of a folder first, in natural order, then its folders. Symlinks,
// mounts, hidden names and what .gitignore and .ignore name are left out.
class FolderWalk {
 public:
  // `open` opens the file for reading; `path` is relative to the folder of the walk. Returns false to end the walk.
  struct File {
    const Opened& folder;
    const std::string& name;
    const std::string& path;
  };
  using Visit = std::function<bool(const File&)>;

  FolderWalk(const Workspace& workspace, std::stop_token stop, WalkLimits limits = {})
      : workspace_(workspace), stop_(std::move(stop)), limits_(limits) {}

  void run(const Opened& folder, const Visit& visit);

  std::size_t files() const { return files_; }
  // Whether the limits kept the walk from seeing everything.
  bool cut() const { return cut_; }
  std::size_t unreadable_folders() const { return unreadable_folders_; }

 private:
  IgnoreRules rules_above(const std::string& top, const std::string& path) const;
  bool enter(const Opened& folder, const std::string& path, IgnoreRules rules, std::size_t depth, const Visit& visit);

  const Workspace& workspace_;
  std::stop_token stop_;
  WalkLimits limits_;
  std::string rules_prefix_;  // from the top of the rules to the folder of the walk, "" or ending in a slash
  std::size_t files_ = 0;
  std::size_t unreadable_folders_ = 0;
  bool cut_ = false;
};

}  // namespace facet::tools
