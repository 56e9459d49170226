#include "agent/policy.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "agent/protected_places.h"

namespace facet::agent {

namespace {

namespace fs = std::filesystem;

bool lies_beneath(const std::string& path, const std::string& folder) {
  if (folder.empty() || !path.starts_with(folder)) return false;
  return path.size() == folder.size() || folder.back() == '/' || path[folder.size()] == '/';
}

bool is_covered(const PlannedEffect& planned, const std::vector<Grant>& grants) {
  const auto has_grant = [&](const std::string& path) {
    return std::any_of(grants.begin(), grants.end(), [&](const Grant& grant) {
      return grant.effect == planned.effect && lies_beneath(path, grant.folder);
    });
  };
  return !planned.paths.empty() && std::all_of(planned.paths.begin(), planned.paths.end(), has_grant);
}

// The path itself where it is a folder, otherwise the nearest folder above it that exists.
fs::path folder_around(fs::path path) {
  std::error_code failure;
  while (!fs::is_directory(path, failure) && path.has_relative_path())
    path = path.parent_path();
  return path;
}

fs::path common_folder(const fs::path& a, const fs::path& b) {
  const auto [end, unused] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  fs::path common;
  for (auto component = a.begin(); component != end; ++component)
    common /= *component;
  return common;
}

// Only what touches files, or runs in a folder, has one that can be granted; the whole file system is never on offer.
std::string scope_of(const PlannedEffect& planned) {
  const Effect effect = planned.effect;
  const bool has_folder = effect == Effect::Read || effect == Effect::Write || effect == Effect::Execute;
  if (planned.paths.empty() || !has_folder) return {};
  fs::path scope = folder_around(planned.paths.front());
  for (const std::string& path : planned.paths)
    scope = common_folder(scope, folder_around(path));
  return scope.has_relative_path() ? scope.string() : std::string();
}

std::string reason_to_ask(Effect effect, bool inside_folders) {
  switch (effect) {
    case Effect::Read:
      return "This is outside the folders of the conversation.";
    case Effect::Write:
      return inside_folders ? "This changes files." : "This changes files outside the folders of the conversation.";
    case Effect::Execute:
      return "This runs a program on your computer.";
    case Effect::Network:
      return "This sends data out of your computer.";
    case Effect::SeeScreen:
      return "This looks at your screen.";
    case Effect::Keep:
      return "This is kept by Facet.";
  }
  return {};
}

std::string reason_to_ask(const PlannedEffect& planned) {
  std::string reasons = reason_to_ask(planned.effect, planned.inside_folders);
  for (const Effect effect : planned.further)
    reasons += " " + reason_to_ask(effect, planned.inside_folders);
  return reasons;
}

}  // namespace

Verdict decide(const PlannedEffect& planned, const std::vector<Grant>& grants, const OwnPlaces& places) {
  const bool writes = planned.effect == Effect::Write;
  // What is above Facet's own folder brings that along when it is moved.
  const auto is_own = [&](const std::string& path) {
    return lies_beneath(path, places.facet) || (writes && !places.facet.empty() && lies_beneath(places.facet, path));
  };
  const bool changes = writes || planned.effect == Effect::Execute;
  if (changes && std::any_of(planned.paths.begin(), planned.paths.end(), is_own))
    return {Verdict::Kind::Forbid, "Facet's own data can not be changed by a tool", {}};
  if (writes)
    for (const std::string& path : planned.paths)
      if (const auto does = what_acts_on_its_own(path, places.home))
        return {
            Verdict::Kind::Ask, path + " " + *does + ": a change acts later, on its own.", {}, /*asks_always=*/true};
  if (!planned.unguarded.empty())
    return {Verdict::Kind::Ask, reason_to_ask(planned) + " " + planned.unguarded, {}, /*asks_always=*/true};
  // A grant is for one effect.
  if (!planned.further.empty()) return {Verdict::Kind::Ask, reason_to_ask(planned), {}};
  const bool reads_inside = planned.effect == Effect::Read && planned.inside_folders;
  const bool keeps = planned.effect == Effect::Keep;
  if (reads_inside || keeps || is_covered(planned, grants)) return {Verdict::Kind::Allow, {}, {}};
  Verdict verdict{Verdict::Kind::Ask, reason_to_ask(planned), scope_of(planned)};
  // A program may do anything that its walls let it, so it is never allowed for good.
  verdict.offers_always = !verdict.scope.empty() && planned.effect != Effect::Execute;
  return verdict;
}

}  // namespace facet::agent
