#include "tools/sandbox/places.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "tools/sandbox/git_places.h"

namespace facet::tools::sandbox {
namespace {

namespace fs = std::filesystem;

// Where programs leave what others can find, sockets above all.
constexpr const char* kShared[] = {"/tmp", "/var/tmp", "/run", "/var/run"};

bool lies_beneath(const std::string& path, const std::string& folder) {
  return folder == "/" || path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

bool lies_beneath_one(const std::string& path, const std::vector<std::string>& folders) {
  return std::any_of(folders.begin(), folders.end(), [&](const auto& folder) { return lies_beneath(path, folder); });
}

fs::file_type type_of(const std::string& path) {
  std::error_code failure;
  return fs::symlink_status(path, failure).type();
}

// The folder itself, or as much of what is in it as leaves out everything that is `kept_out`, whether that exists or
// not.
void add_parts(const std::string& path, const std::vector<std::string>& kept_out, const std::vector<std::string>& homes,
               std::vector<std::string>& parts) {
  if (lies_beneath_one(path, kept_out)) return;
  const bool holds_some = std::any_of(kept_out.begin(), kept_out.end(),
                                      [&](const std::string& place) { return lies_beneath(place, path); });
  if (!holds_some) {
    parts.push_back(path);
    return;
  }
  const bool is_home = std::find(homes.begin(), homes.end(), path) != homes.end();
  std::error_code failure;
  fs::directory_iterator entry(path, fs::directory_options::skip_permission_denied, failure);
  for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
    // Programs keep their settings there.
    if (is_home && entry->path().filename().string().starts_with('.')) continue;
    const fs::file_type type = type_of(entry->path().string());
    if (type == fs::file_type::directory || type == fs::file_type::regular)
      add_parts(entry->path().string(), kept_out, homes, parts);
  }
}

// What is there of the places, as the system knows it; what lies in another one is left to that.
std::vector<std::string> existing(const std::vector<std::string>& places) {
  std::vector<std::string> found;
  for (const std::string& place : places) {
    std::error_code failure;
    const fs::path real = fs::canonical(place, failure);
    if (!failure) found.push_back(real.string());
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> outermost;
  for (const std::string& place : found)
    if (!lies_beneath_one(place, outermost)) outermost.push_back(place);
  return outermost;
}

// Characters that would end a word are written as three octal digits.
std::string mount_point(const std::string& word) {
  std::string path;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const bool is_number = word[i] == '\\' && i + 3 < word.size();
    path += is_number ? static_cast<char>(std::stoi(word.substr(i + 1, 3), nullptr, 8)) : word[i];
    if (is_number) i += 3;
  }
  return path;
}

// File systems that are mounted inside the folder belong to somebody else.
std::vector<std::string> mounts_in(const std::string& folder) {
  std::vector<std::string> found;
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string id, parent, device, root, point;
    words >> id >> parent >> device >> root >> point;
    point = mount_point(point);
    if (point != folder && lies_beneath(point, folder) && type_of(point) != fs::file_type::not_found)
      found.push_back(point);
  }
  return found;
}

std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class Builder {
 public:
  Builder(const std::vector<std::string>& folders, const Surroundings& surroundings)
      : folders_(folders),
        surroundings_(surroundings),
        secrets_(joined(secret_places(surroundings), other_documents(folders, surroundings))) {
    kept_out_ = joined(joined(secrets_, existing(secrets_)), startup_places(surroundings));
  }

  std::vector<Place> behind_mounts(bool network) {
    std::vector<std::string> scratch;
    for (const char* path : kShared)
      if (type_of(path) == fs::file_type::directory) scratch.emplace_back(path);
    for (const std::string& path : scratch)
      add(PlaceKind::Scratch, path);
    if (network) add_name_servers(scratch);
    // A folder of which only parts can be changed has to be seen all the same.
    for (const std::string& folder : folders_)
      if (lies_beneath_one(folder, scratch) && !lies_beneath_one(folder, kept_out_)) add(PlaceKind::Readable, folder);
    for (const std::string& part : writable_parts(kept_out_)) {
      add(PlaceKind::Writable, part);
      seen_.push_back(part);
    }
    for (const std::string& part : std::vector<std::string>(seen_))
      protect(part);
    for (const std::string& secret : existing(secrets_))
      if (!lies_beneath_one(secret, scratch) || lies_beneath_one(secret, joined(seen_, folders_)))
        add(type_of(secret) == fs::file_type::directory ? PlaceKind::EmptyFolder : PlaceKind::EmptyFile, secret);
    return std::move(places_);
  }

  std::vector<Place> with_landlock(const std::string& private_folder) {
    std::vector<std::string> unreadable = joined(existing(secrets_), {"/proc", "/sys", "/dev"});
    unreadable.insert(unreadable.end(), std::begin(kShared), std::end(kShared));
    std::vector<std::string> readable;
    add_parts("/", unreadable, /*homes=*/{}, readable);
    for (const std::string& folder : folders_)
      if (!lies_beneath_one(folder, readable)) add_parts(folder, existing(secrets_), /*homes=*/{}, readable);
    for (const std::string& part : readable)
      add(PlaceKind::Readable, part);
    for (const char* path : {"/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime",
                             "/proc/version", "/proc/filesystems", "/sys/devices/system/cpu"})
      add(PlaceKind::Readable, path);
    add_name_servers({std::begin(kShared), std::end(kShared)});
    std::vector<std::string> kept_out = kept_out_;
    for (const std::string& folder : folders_) {
      kept_out = joined(std::move(kept_out), git_places_in(folder).read_only);
      kept_out = joined(std::move(kept_out), mounts_in(folder));
    }
    for (const std::string& part : writable_parts(kept_out))
      add(PlaceKind::Writable, part);
    if (!private_folder.empty()) add(PlaceKind::Writable, private_folder);
    return std::move(places_);
  }

 private:
  void add(PlaceKind kind, const std::string& path) { places_.push_back({kind, path}); }

  std::vector<std::string> writable_parts(const std::vector<std::string>& kept_out) const {
    std::vector<std::string> parts;
    for (const std::string& folder : folders_)
      add_parts(folder, kept_out, surroundings_.homes, parts);
    return parts;
  }

  void protect(const std::string& part) {
    for (const std::string& mount : mounts_in(part))
      add(PlaceKind::ReadOnly, mount);
    const GitPlaces git = git_places_in(part);
    for (const std::string& folder : git.pinned)
      add(PlaceKind::Pinned, folder);
    for (const std::string& place : git.read_only)
      add(PlaceKind::ReadOnly, place);
  }

  // Where names of machines are looked up, which many systems keep in a folder of running programs.
  void add_name_servers(const std::vector<std::string>& covered) {
    std::error_code failure;
    const fs::path real = fs::canonical("/etc/resolv.conf", failure);
    if (!failure && lies_beneath_one(real.string(), covered)) add(PlaceKind::Readable, real.string());
  }

  const std::vector<std::string>& folders_;
  const Surroundings& surroundings_;
  std::vector<std::string> secrets_;
  std::vector<std::string> kept_out_;
  std::vector<std::string> seen_;
  std::vector<Place> places_;
};

}  // namespace

std::vector<Place> places_for(Wall wall, const std::vector<std::string>& folders, const Surroundings& surroundings,
                              bool network, const std::string& private_folder) {
  Builder builder(folders, surroundings);
  switch (wall) {
    case Wall::Bubblewrap:
    case Wall::Namespaces:
      return builder.behind_mounts(network);
    case Wall::Landlock:
      return builder.with_landlock(private_folder);
    case Wall::None:
      return {};
  }
  return {};
}

}  // namespace facet::tools::sandbox
