#include "tools/workspace.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>

namespace facet::tools {
namespace {

constexpr ResolveRules kBeneath = {.beneath = true, .follow_symlinks = true};
constexpr ResolveRules kExactlyBeneath = {.beneath = true, .follow_symlinks = false};
constexpr ResolveRules kAnywhere = {.beneath = false, .follow_symlinks = true};
constexpr ResolveRules kExactlyAnywhere = {.beneath = false, .follow_symlinks = false};

Error error_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      return {Error::Code::NotFound, "there is no such file"};
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EIO:
      return {Error::Code::Io, "the system could not open it"};
    default:
      return {Error::Code::Denied, "it may not be opened"};
  }
}

Error changed() {
  return {Error::Code::Io, "it was replaced while it was being opened"};
}

FileKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::File;
  if (S_ISDIR(mode)) return FileKind::Folder;
  if (S_ISFIFO(mode)) return FileKind::Pipe;
  if (S_ISSOCK(mode)) return FileKind::Socket;
  if (S_ISCHR(mode) || S_ISBLK(mode)) return FileKind::Device;
  return FileKind::Other;
}

bool same_file(const Descriptor& first, const Descriptor& second) {
  struct stat a = {};
  struct stat b = {};
  return ::fstat(first.number(), &a) == 0 && ::fstat(second.number(), &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

std::string home_folder() {
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') return home;
  std::array<char, 4096> buffer;
  passwd entry = {};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->pw_dir;
  return "/";
}

// What follows a folder in a path beneath it ("." for the folder itself); nothing when the path is not beneath it.
std::optional<std::string> rest_beneath(const std::string& folder, const std::string& path) {
  if (path == folder) return ".";
  const std::string prefix = folder == "/" ? folder : folder + "/";
  if (!path.starts_with(prefix)) return std::nullopt;
  return path.substr(prefix.size());
}

Result<Located> located(const Descriptor& descriptor, bool inside) {
  struct stat status = {};
  if (::fstat(descriptor.number(), &status) != 0) return error_of(errno);
  std::string path = kernel_path(descriptor);
  if (path.empty()) return Error{Error::Code::Io, "the system does not tell where it is"};
  return Located{std::move(path), inside, kind_of(status.st_mode)};
}

// What has been resolved, opened for reading, when it is a file or a folder.
Result<Opened> opened(const Descriptor& resolved) {
  struct stat status = {};
  if (::fstat(resolved.number(), &status) != 0) return error_of(errno);
  const FileKind kind = kind_of(status.st_mode);
  if (kind != FileKind::File && kind != FileKind::Folder)
    return Error{Error::Code::Denied, "it is neither a file nor a folder"};
  Descriptor descriptor = reopen_for_reading(resolved);
  if (!descriptor.valid()) return error_of(errno);
  std::string path = kernel_path(descriptor);
  if (path.empty()) return Error{Error::Code::Io, "the system does not tell where it is"};
  return Opened{std::move(descriptor), std::move(path), kind, status.st_size};
}

}  // namespace

Workspace::Workspace(const std::vector<std::string>& folders, Resolver resolver) : resolver_(resolver) {
  for (const std::string& folder : folders) {
    // The user chose the folder, so a symlink on the way to it is meant.
    Descriptor descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!descriptor.valid()) continue;
    std::string path = kernel_path(descriptor);
    if (!path.empty()) folders_.push_back({std::move(descriptor), std::move(path)});
  }
}

Result<Located> Workspace::locate(const std::string& path) const {
  if (path.find('\0') != std::string::npos) return error_of(EINVAL);
  if (path == "~" || path.starts_with("~/")) return locate_anywhere(home_folder() + path.substr(1));
  if (path.starts_with('/')) return locate_anywhere(path);
  if (folders_.empty()) return locate_anywhere(home_folder() + "/" + path);
  Error error = error_of(ENOENT);
  for (const Folder& folder : folders_) {
    Result<Located> found = locate_in(folder, path);
    if (found.ok() || found.error().code != Error::Code::NotFound) return found;
  }
  return error;
}

Result<Located> Workspace::locate_in(const Folder& folder, const std::string& path) const {
  const Resolved resolved = resolve_path(folder.descriptor.number(), path.empty() ? "." : path, kBeneath, resolver_);
  if (resolved.error == 0) return located(resolved.descriptor, /*inside=*/true);
  if (resolved.error == EXDEV) return locate_anywhere(folder.path + "/" + path);
  return error_of(resolved.error);
}

Result<Located> Workspace::locate_anywhere(const std::string& path) const {
  for (const Folder& folder : folders_) {
    const std::optional<std::string> rest = rest_beneath(folder.path, path);
    if (!rest) continue;
    const Resolved resolved = resolve_path(folder.descriptor.number(), *rest, kBeneath, resolver_);
    if (resolved.error == 0) return located(resolved.descriptor, /*inside=*/true);
  }
  const Resolved resolved = resolve_path(-1, path, kAnywhere, resolver_);
  if (resolved.error != 0) return error_of(resolved.error);
  FACET_ASSIGN_OR_RETURN(Located result, located(resolved.descriptor, /*inside=*/false));
  // A path may leave a folder on its way and still end in one.
  for (const Folder& folder : folders_)
    result.inside = result.inside || holds(folder, result.path, resolved.descriptor);
  return result;
}

bool Workspace::holds(const Folder& folder, const std::string& path, const Descriptor& descriptor) const {
  const std::optional<std::string> rest = rest_beneath(folder.path, path);
  if (!rest) return false;
  const Resolved resolved = resolve_path(folder.descriptor.number(), *rest, kExactlyBeneath, resolver_);
  return resolved.error == 0 && same_file(resolved.descriptor, descriptor);
}

Result<Opened> Workspace::open(const std::string& path, bool inside) const {
  Resolved resolved = {Descriptor(), EXDEV};
  if (inside) {
    for (const Folder& folder : folders_) {
      const std::optional<std::string> rest = rest_beneath(folder.path, path);
      if (rest && resolved.error != 0)
        resolved = resolve_path(folder.descriptor.number(), *rest, kExactlyBeneath, resolver_);
    }
  } else {
    resolved = resolve_path(-1, path, kExactlyAnywhere, resolver_);
  }
  // The located path had no symlink left in it, so one that is there now was put there since.
  if (resolved.error == ELOOP || resolved.error == EXDEV) return changed();
  if (resolved.error != 0) return error_of(resolved.error);
  FACET_ASSIGN_OR_RETURN(Opened result, opened(resolved.descriptor));
  if (result.path != path) return changed();
  return result;
}

Result<Opened> Workspace::open_entry(const Opened& folder, const std::string& name) const {
  const Resolved resolved = resolve_path(folder.descriptor.number(), name, kExactlyBeneath, resolver_);
  if (resolved.error != 0) return error_of(resolved.error);
  return opened(resolved.descriptor);
}

std::string Workspace::relative(const std::string& path) const {
  if (folders_.empty()) return path;
  return rest_beneath(folders_.front().path, path).value_or(path);
}

std::string Workspace::folder_of(const std::string& path) const {
  for (const Folder& folder : folders_)
    if (rest_beneath(folder.path, path)) return folder.path;
  return {};
}

}  // namespace facet::tools
