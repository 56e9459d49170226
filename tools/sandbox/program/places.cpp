#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "tools/sandbox/program/failure.h"
#include "tools/sandbox/program/namespaces.h"

namespace facet::tools::sandbox {
namespace {

// Devices that give nothing away and take nothing in.
constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom", "tty"};

constexpr std::uint64_t kHarmless = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

// A copy of what is mounted at the path, with all that is mounted beneath, that is not mounted anywhere yet.
// The path has no symlinks: one that has become one since is another place.
int copy_of(const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  const int place = static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how));
  if (place < 0) give_up(path);
  const int copy = open_tree(place, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH);
  if (copy < 0) give_up(path);
  close(place);
  return copy;
}

void set_attributes(int mount, std::uint64_t attributes) {
  mount_attr wanted{};
  wanted.attr_set = attributes;
  if (mount_setattr(mount, "", AT_EMPTY_PATH | AT_RECURSIVE, &wanted, sizeof wanted) != 0) give_up("mount attributes");
}

void attach(int mount, const std::string& path) {
  if (move_mount(mount, "", AT_FDCWD, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) give_up(path);
  close(mount);
}

void make_folders(const std::string& path) {
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1))
    mkdir(path.substr(0, end).c_str(), 0755);
}

// Where a mount is to go in a scratch folder there is nothing yet. Elsewhere it is there, and making it fails.
void make_target(const std::string& path, bool is_folder) {
  make_folders(path);
  if (is_folder) {
    mkdir(path.c_str(), 0755);
  } else {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    if (file >= 0) close(file);
  }
}

bool is_folder(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) give_up("a place");
  return S_ISDIR(status.st_mode);
}

void mount_memory(const std::string& path, const std::string& options, unsigned long flags) {
  if (mount("tmpfs", path.c_str(), "tmpfs", flags | MS_NOSUID | MS_NODEV, options.c_str()) != 0) give_up(path);
}

void make_read_only(const std::string& path) {
  mount_attr wanted{};
  wanted.attr_set = MOUNT_ATTR_RDONLY;
  if (mount_setattr(AT_FDCWD, path.c_str(), 0, &wanted, sizeof wanted) != 0) give_up(path);
}

void make_devices(const std::vector<std::pair<std::string, int>>& devices, std::uint64_t scratch_bytes) {
  mount_memory("/dev", "mode=755,size=64k", MS_NOEXEC);
  for (const auto& [path, copy] : devices) {
    make_target(path, /*is_folder=*/false);
    attach(copy, path);
  }
  mkdir("/dev/shm", 01777);
  mount_memory("/dev/shm", "mode=1777,size=" + std::to_string(scratch_bytes), 0);
  mkdir("/dev/pts", 0755);
  if (mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620") != 0)
    give_up("/dev/pts");
  const std::pair<const char*, const char*> links[] = {{"pts/ptmx", "/dev/ptmx"},
                                                       {"/proc/self/fd", "/dev/fd"},
                                                       {"/proc/self/fd/0", "/dev/stdin"},
                                                       {"/proc/self/fd/1", "/dev/stdout"},
                                                       {"/proc/self/fd/2", "/dev/stderr"}};
  for (const auto& [target, link] : links)
    if (symlink(target, link) != 0) give_up(link);
  make_read_only("/dev");
}

void make_place(const Place& place, int copy, const Limits& limits) {
  switch (place.kind) {
    case PlaceKind::Scratch:
      mount_memory(place.path, "mode=1777,size=" + std::to_string(limits.scratch_bytes), 0);
      return;
    case PlaceKind::Writable:
      set_attributes(copy, kHarmless);
      break;
    case PlaceKind::Readable:
      set_attributes(copy, kHarmless | MOUNT_ATTR_RDONLY);
      break;
    case PlaceKind::Pinned:
      attach(copy_of(place.path), place.path);
      return;
    case PlaceKind::ReadOnly:
      copy = copy_of(place.path);
      set_attributes(copy, kHarmless | MOUNT_ATTR_RDONLY);
      attach(copy, place.path);
      return;
    case PlaceKind::EmptyFolder:
      mount_memory(place.path, "mode=755,size=4k", 0);
      make_read_only(place.path);
      return;
    case PlaceKind::EmptyFile:
      copy = copy_of("/dev/null");
      set_attributes(copy, MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY);
      attach(copy, place.path);
      return;
  }
  make_target(place.path, is_folder(copy));
  attach(copy, place.path);
}

}  // namespace

void arrange_places(const WallPlan& plan) {
  // Nothing that is mounted here is seen outside.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) give_up("mounts of its own");
  // What a scratch folder is going to cover.
  std::vector<int> copies;
  for (const Place& place : plan.places) {
    const bool is_covered = place.kind == PlaceKind::Writable || place.kind == PlaceKind::Readable;
    copies.push_back(is_covered ? copy_of(place.path) : -1);
  }
  std::vector<std::pair<std::string, int>> devices;
  for (const char* name : kDevices)
    if (const std::string path = std::string("/dev/") + name; access(path.c_str(), F_OK) == 0)
      devices.emplace_back(path, copy_of(path));

  const int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) give_up("/");
  set_attributes(root, kHarmless | MOUNT_ATTR_RDONLY);
  close(root);
  make_devices(devices, plan.limits.scratch_bytes);
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) give_up("/proc");
  limit_process_numbers(plan.limits.processes);
  make_read_only("/proc");
  for (std::size_t i = 0; i < plan.places.size(); ++i)
    make_place(plan.places[i], copies[i], plan.limits);
}

}  // namespace facet::tools::sandbox
