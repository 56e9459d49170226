#include "tools/sandbox/wall_plan.h"

#include <array>
#include <charconv>
#include <system_error>

namespace facet::tools::sandbox {
namespace {

constexpr std::array<std::string_view, 4> kWalls = {"bubblewrap", "namespaces", "landlock", "none"};
constexpr std::array<std::string_view, 7> kPlaces = {"scratch",  "writable",     "pinned",    "read-only",
                                                     "readable", "empty-folder", "empty-file"};
constexpr std::array<std::string_view, 6> kReports = {"exited",    "signalled", "memory",
                                                      "processes", "disk",      "not-confined"};

template <std::size_t count, typename Enum>
bool find_word(const std::array<std::string_view, count>& words, std::string_view word, Enum& value) {
  for (std::size_t i = 0; i < count; ++i) {
    if (words[i] != word) continue;
    value = static_cast<Enum>(i);
    return true;
  }
  return false;
}

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// A plan is a row of keys and values, each with a zero byte behind it: neither paths nor words can hold one.
void add(std::string& text, std::string_view key, std::string_view value) {
  text.append(key).push_back('\0');
  text.append(value).push_back('\0');
}

// The text up to the next zero byte, which is taken with it.
std::optional<std::string_view> take(std::string_view& text) {
  const std::size_t end = text.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view piece = text.substr(0, end);
  text.remove_prefix(end + 1);
  return piece;
}

bool read_entry(std::string_view key, std::string_view value, WallPlan& plan) {
  if (key == "wall") return find_word(kWalls, value, plan.wall);
  if (key == "network") {
    plan.network = value == "yes";
    return plan.network || value == "no";
  }
  if (key == "folder") {
    plan.folder = value;
    return true;
  }
  if (key == "argument") {
    plan.arguments.emplace_back(value);
    return true;
  }
  if (key == "environment") {
    plan.environment.emplace_back(value);
    return true;
  }
  if (key == "memory") return read_number(value, plan.limits.memory_bytes);
  if (key == "scratch-bytes") return read_number(value, plan.limits.scratch_bytes);
  if (key == "file-bytes") return read_number(value, plan.limits.file_bytes);
  if (key == "free-bytes") return read_number(value, plan.limits.free_bytes);
  if (key == "processes") return read_number(value, plan.limits.processes);
  if (key == "cpu-seconds") return read_number(value, plan.limits.cpu_seconds);
  Place place;
  if (!find_word(kPlaces, key, place.kind)) return false;
  place.path = value;
  plan.places.push_back(std::move(place));
  return value.starts_with('/');
}

}  // namespace

std::string written(const WallPlan& plan) {
  std::string text;
  add(text, "wall", kWalls[static_cast<std::size_t>(plan.wall)]);
  add(text, "network", plan.network ? "yes" : "no");
  add(text, "folder", plan.folder);
  for (const Place& place : plan.places)
    add(text, kPlaces[static_cast<std::size_t>(place.kind)], place.path);
  add(text, "memory", std::to_string(plan.limits.memory_bytes));
  add(text, "scratch-bytes", std::to_string(plan.limits.scratch_bytes));
  add(text, "file-bytes", std::to_string(plan.limits.file_bytes));
  add(text, "free-bytes", std::to_string(plan.limits.free_bytes));
  add(text, "processes", std::to_string(plan.limits.processes));
  add(text, "cpu-seconds", std::to_string(plan.limits.cpu_seconds));
  for (const std::string& argument : plan.arguments)
    add(text, "argument", argument);
  for (const std::string& variable : plan.environment)
    add(text, "environment", variable);
  return text;
}

std::optional<WallPlan> read_plan(std::string_view text) {
  WallPlan plan;
  while (!text.empty()) {
    const auto key = take(text);
    const auto value = take(text);
    if (!key || !value || !read_entry(*key, *value, plan)) return std::nullopt;
  }
  if (plan.arguments.empty() || !plan.folder.starts_with('/')) return std::nullopt;
  return plan;
}

std::string written(const Report& report) {
  std::string text;
  add(text, kReports[static_cast<std::size_t>(report.kind)], std::to_string(report.value));
  return text + report.text;
}

std::optional<Report> read_report(std::string_view text) {
  Report report;
  const auto kind = take(text);
  const auto value = take(text);
  if (!kind || !value || !find_word(kReports, *kind, report.kind) || !read_number(*value, report.value))
    return std::nullopt;
  report.text = text;
  return report;
}

}  // namespace facet::tools::sandbox
