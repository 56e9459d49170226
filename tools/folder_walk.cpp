#include "tools/folder_walk.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace facet::tools {
namespace {

constexpr std::size_t kMostRuleBytes = std::size_t{256} * 1024;

std::string read_rules(const Opened& file) {
  std::string text;
  std::array<char, 16384> block;
  while (text.size() < kMostRuleBytes) {
    const ssize_t got = ::read(file.descriptor.number(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  return text;
}

void add_rules(const Workspace& workspace, const Opened& folder, const std::string& path, IgnoreRules& rules) {
  for (const char* name : {".gitignore", ".ignore"}) {
    const Result<Opened> file = workspace.open_entry(folder, name);
    if (file.ok() && file->kind == FileKind::File) rules.add(path, parse_ignore_rules(read_rules(*file)));
  }
}

}  // namespace

void FolderWalk::run(const Opened& folder, const Visit& visit) {
  const std::string top = workspace_.folder_of(folder.path);
  IgnoreRules rules;
  if (!top.empty() && top != folder.path) {
    rules_prefix_ = folder.path.substr(top == "/" ? 1 : top.size() + 1) + "/";
    rules = rules_above(top, rules_prefix_);
  }
  enter(folder, "", std::move(rules), 0, visit);
}

// The rules of the folders from the top down to the one that contains the folder of the walk.
IgnoreRules FolderWalk::rules_above(const std::string& top, const std::string& path) const {
  IgnoreRules rules;
  std::size_t end = 0;
  while (end != std::string::npos) {
    const std::string relative = path.substr(0, end);
    const std::string absolute = relative.empty() ? top : (top == "/" ? "" : top) + "/" + relative;
    const Result<Opened> folder = workspace_.open(absolute, /*inside=*/true);
    if (folder.ok()) add_rules(workspace_, *folder, relative, rules);
    end = path.find('/', end == 0 ? 0 : end + 1);
    if (end != std::string::npos && end + 1 == path.size()) break;
  }
  return rules;
}

bool FolderWalk::enter(const Opened& folder, const std::string& path, IgnoreRules rules, std::size_t depth,
                       const Visit& visit) {
  const Result<FolderEntries> entries = read_folder(folder, stop_);
  if (!entries.ok()) {
    ++unreadable_folders_;
    return !stop_.stop_requested();
  }
  cut_ = cut_ || !entries->complete;
  add_rules(workspace_, folder, rules_prefix_ + path, rules);

  const std::string prefix = path.empty() ? "" : path + "/";
  for (const FolderEntry& entry : entries->entries) {
    if (stop_.stop_requested()) return false;
    const std::string entry_path = prefix + entry.name;
    if (entry.kind != EntryKind::File || rules.ignored(rules_prefix_ + entry_path, EntryType::File)) continue;
    if (files_ == limits_.files) {
      cut_ = true;
      return false;
    }
    ++files_;
    if (!visit({folder, entry.name, entry_path})) return false;
  }
  for (const FolderEntry& entry : entries->entries) {
    const std::string entry_path = prefix + entry.name;
    if (entry.kind != EntryKind::Folder || rules.ignored(rules_prefix_ + entry_path, EntryType::Folder)) continue;
    if (depth == limits_.depth) {
      cut_ = true;
      continue;
    }
    const Result<Opened> below = workspace_.open_entry(folder, entry.name);
    if (!below.ok()) {
      ++unreadable_folders_;
    } else if (below->kind == FileKind::Folder && !enter(*below, entry_path, rules, depth + 1, visit)) {
      return false;
    }
  }
  return true;
}

}  // namespace facet::tools
