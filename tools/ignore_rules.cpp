#include "tools/ignore_rules.h"

#include <algorithm>
#include <optional>
#include <span>

namespace facet::tools {
namespace {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> components;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) components.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return components;
}

// Takes one element of a pattern off its front and says whether it accepts `c`.
bool take_element(std::string_view& pattern, char c) {
  const char first = pattern.front();
  if (first == '\\' && pattern.size() > 1) {
    const bool equal = pattern[1] == c;
    pattern.remove_prefix(2);
    return equal;
  }
  if (first == '[') {
    std::size_t i = 1;
    const bool inverted = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
    if (inverted) ++i;
    bool found = false;
    bool first_in_set = true;
    while (i < pattern.size() && (first_in_set || pattern[i] != ']')) {
      first_in_set = false;
      if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
      const char low = pattern[i++];
      char high = low;
      if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
        high = pattern[i + 1];
        i += 2;
      }
      found = found || (static_cast<unsigned char>(low) <= static_cast<unsigned char>(c) &&
                        static_cast<unsigned char>(c) <= static_cast<unsigned char>(high));
    }
    if (i >= pattern.size()) return false;  // a set that is not closed matches nothing
    pattern.remove_prefix(i + 1);
    return found != inverted;
  }
  pattern.remove_prefix(1);
  return first == '?' || first == c;
}

// Matches a list of components; "**" takes any number of them. Going back to the last star is enough, as with the stars
// in a name.
bool matches_components(std::span<const std::string> pattern, std::span<const std::string> path) {
  std::optional<std::span<const std::string>> after_star;
  std::span<const std::string> star_path;
  while (!path.empty()) {
    if (!pattern.empty() && pattern.front() == "**") {
      after_star = pattern.subspan(1);
      star_path = path;
      // A trailing "/**" means what is inside, so it takes at least one component.
      if (after_star->empty()) return true;
      pattern = *after_star;
    } else if (!pattern.empty() && matches_name(pattern.front(), path.front())) {
      pattern = pattern.subspan(1);
      path = path.subspan(1);
    } else if (after_star) {
      star_path = star_path.subspan(1);
      pattern = *after_star;
      path = star_path;
    } else {
      return false;
    }
  }
  return pattern.empty();
}

std::optional<IgnoreRule> parse_rule(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  // Spaces at the end do not count unless a backslash keeps them.
  while (line.ends_with(' ') && !line.ends_with("\\ "))
    line.remove_suffix(1);
  if (line.empty() || line.front() == '#') return std::nullopt;
  IgnoreRule rule;
  if (line.front() == '!') {
    rule.negated = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    rule.folders_only = true;
    line.remove_suffix(1);
  }
  // A slash at the beginning or in the middle ties the pattern to the folder of its file.
  const bool anchored = line.find('/') != std::string_view::npos;
  rule.components = split_path(line);
  if (rule.components.empty()) return std::nullopt;
  if (!anchored) rule.components.insert(rule.components.begin(), "**");
  return rule;
}

}  // namespace

bool matches_name(std::string_view pattern, std::string_view name) {
  std::optional<std::string_view> after_star;
  std::string_view star_name;
  while (!name.empty()) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      after_star = pattern;
      star_name = name;
      continue;
    }
    std::string_view rest = pattern;
    if (!rest.empty() && take_element(rest, name.front())) {
      pattern = rest;
      name.remove_prefix(1);
    } else if (after_star) {
      star_name.remove_prefix(1);
      pattern = *after_star;
      name = star_name;
    } else {
      return false;
    }
  }
  return std::all_of(pattern.begin(), pattern.end(), [](char c) { return c == '*'; });
}

std::vector<IgnoreRule> parse_ignore_rules(std::string_view text) {
  std::vector<IgnoreRule> rules;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (std::optional<IgnoreRule> rule = parse_rule(text.substr(0, end))) rules.push_back(std::move(*rule));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return rules;
}

void IgnoreRules::add(const std::string& folder, std::vector<IgnoreRule> rules) {
  if (!rules.empty()) levels_.push_back({split_path(folder).size(), std::move(rules)});
}

bool IgnoreRules::ignored(const std::string& path, EntryType type) const {
  if (levels_.empty()) return false;
  const std::vector<std::string> components = split_path(path);
  bool verdict = false;
  for (const Level& level : levels_) {
    const auto below = std::span(components).subspan(std::min(level.depth, components.size()));
    for (const IgnoreRule& rule : level.rules) {
      if (rule.folders_only && type != EntryType::Folder) continue;
      if (matches_components(rule.components, below)) verdict = !rule.negated;
    }
  }
  return verdict;
}

}  // namespace facet::tools
