#include "tools/trash.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>

#include "tools/text.h"

namespace facet::tools {
namespace {

constexpr mode_t kPrivate = 0700;
constexpr int kMostTries = 1000;

// The two folders of a trash.
struct Trash {
  Descriptor files;
  Descriptor info;
};

Descriptor open_folder(int at, const char* name) {
  return Descriptor(::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

Descriptor open_or_make(int at, const char* name) {
  if (::mkdirat(at, name, kPrivate) != 0 && errno != EEXIST) return {};
  return open_folder(at, name);
}

std::optional<Trash> parts_of(const Descriptor& folder) {
  if (!folder.valid()) return std::nullopt;
  Trash trash{open_or_make(folder.number(), "files"), open_or_make(folder.number(), "info")};
  if (!trash.files.valid() || !trash.info.valid()) return std::nullopt;
  return trash;
}

std::optional<Trash> home_trash() {
  std::string data;
  if (const char* const set = std::getenv("XDG_DATA_HOME"); set != nullptr && set[0] == '/') {
    data = set;
  } else if (const char* const home = std::getenv("HOME"); home != nullptr && home[0] == '/') {
    data = std::string(home) + "/.local/share";
  } else {
    return std::nullopt;
  }
  // The folders on the way are the user's own, symlinks included.
  for (std::size_t slash = data.find('/', 1);; slash = data.find('/', slash + 1)) {
    ::mkdir(data.substr(0, slash).c_str(), kPrivate);
    if (slash == std::string::npos) break;
  }
  const Descriptor folder(::open(data.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return std::nullopt;
  return parts_of(open_or_make(folder.number(), "Trash"));
}

// The folder in which the drive of an open folder is mounted, and its path.
struct Mount {
  Descriptor folder;
  std::string path;
};

Mount mount_of(const OpenPlace& place) {
  Mount mount{Descriptor(::openat(place.folder.descriptor.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), {}};
  struct stat own = {};
  if (!mount.folder.valid() || ::fstat(mount.folder.number(), &own) != 0) return {};
  for (;;) {
    Descriptor parent(::openat(mount.folder.number(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat above = {};
    const bool is_top = !parent.valid() || ::fstat(parent.number(), &above) != 0 || above.st_dev != own.st_dev ||
                        above.st_ino == own.st_ino;
    if (is_top) break;
    mount.folder = std::move(parent);
    own = above;
  }
  mount.path = kernel_path(mount.folder);
  return mount;
}

// An administrator's `.Trash` must be a folder, sticky and no symlink; otherwise each user has a folder of their own.
std::optional<Trash> drive_trash(const Mount& mount) {
  const std::string user = std::to_string(::getuid());
  if (const Descriptor shared = open_folder(mount.folder.number(), ".Trash"); shared.valid()) {
    struct stat status = {};
    if (::fstat(shared.number(), &status) == 0 && (status.st_mode & S_ISVTX) != 0)
      if (auto trash = parts_of(open_or_make(shared.number(), user.c_str()))) return trash;
  }
  const Descriptor own = open_or_make(mount.folder.number(), (".Trash-" + user).c_str());
  struct stat status = {};
  if (!own.valid() || ::fstat(own.number(), &status) != 0 || status.st_uid != ::getuid()) return std::nullopt;
  return parts_of(own);
}

std::string percent_encoded(const std::string& path) {
  static constexpr char kPlain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_.~";
  std::string encoded;
  for (const char byte : path) {
    if (std::strchr(kPlain, byte) != nullptr && byte != '\0') {
      encoded += byte;
    } else {
      char escape[4];
      std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned char>(byte));
      encoded += escape;
    }
  }
  return encoded;
}

std::string info_for(const std::string& path) {
  const std::time_t now = std::time(nullptr);
  std::tm local = {};
  ::localtime_r(&now, &local);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &local);
  return "[Trash Info]\nPath=" + percent_encoded(path) + "\nDeletionDate=" + date + "\n";
}

// The note about the file takes the name first, so that nobody else can have it. 0, or an errno.
int put_into(const Trash& trash, const OpenPlace& place, const std::string& path_in_info) {
  const std::string note = info_for(path_in_info);
  for (int i = 1; i <= kMostTries; ++i) {
    const std::string name = place.name + (i == 1 ? "" : "." + std::to_string(i));
    const std::string note_name = name + ".trashinfo";
    const Descriptor file(::openat(trash.info.number(), note_name.c_str(),
                                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!file.valid() && errno == EEXIST) continue;
    if (!file.valid()) return errno;
    int failure = 0;
    if (::write(file.number(), note.data(), note.size()) != static_cast<ssize_t>(note.size())) failure = EIO;
    if (failure == 0 && ::syscall(SYS_renameat2, place.folder.descriptor.number(), place.name.c_str(),
                                  trash.files.number(), name.c_str(), RENAME_NOREPLACE) != 0)
      failure = errno;
    if (failure == 0) return 0;
    ::unlinkat(trash.info.number(), note_name.c_str(), 0);
    if (failure != EEXIST) return failure;
  }
  return EEXIST;
}

}  // namespace

Status move_to_trash(const OpenPlace& place, const std::string& path) {
  int failure = EXDEV;
  if (const auto trash = home_trash()) failure = put_into(*trash, place, path);
  if (failure == EXDEV) {
    const Mount mount = mount_of(place);
    // Its notes name the path from the drive's own folder on.
    const std::string prefix = mount.path.ends_with('/') ? mount.path : mount.path + "/";
    if (mount.folder.valid() && path.starts_with(prefix))
      if (const auto trash = drive_trash(mount)) failure = put_into(*trash, place, path.substr(prefix.size()));
  }
  if (failure == 0) return {};
  if (failure == EXDEV) return Error{Error::Code::Unsupported, one_line(path) + " lies on a drive without a trash"};
  if (failure == ENOENT) return Error{Error::Code::NotFound, "no such file: " + one_line(path)};
  return Error{Error::Code::Io, "moving " + one_line(path) + " to the trash failed: " + std::strerror(failure)};
}

}  // namespace facet::tools
