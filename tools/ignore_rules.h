#pragma once

#include <string>
#include <string_view>
#include <vector>

// The patterns of .gitignore and .ignore files, as gitignore(5) describes them.
namespace facet::tools {

// Matches one name against a pattern with `*`, `?`, `[a-z]` and backslash. Takes at most the product of the lengths.
bool matches_name(std::string_view pattern, std::string_view name);

// One pattern, divided at its slashes.
struct IgnoreRule {
  std::vector<std::string> components;  // "**" stands for any number of folders
  bool negated = false;
  bool folders_only = false;
};

std::vector<IgnoreRule> parse_ignore_rules(std::string_view text);

enum class EntryType { File, Folder };

// The rules that are in force in a folder: those of the folder itself and those of the folders above it. A copy is
// taken on the way down, so that leaving a folder needs nothing.
class IgnoreRules {
 public:
  // Adds the rules of an ignore file in `folder`, a path relative to the top, empty for the top itself.
  void add(const std::string& folder, std::vector<IgnoreRule> rules);

  // `path` is relative to the top. The last rule that matches decides, later files before earlier ones.
  bool ignored(const std::string& path, EntryType type) const;

 private:
  struct Level {
    std::size_t depth = 0;  // how many components of a path lead to the folder of the file
    std::vector<IgnoreRule> rules;
  };
  std::vector<Level> levels_;
};

}  // namespace facet::tools
