#include "tools/changed_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "tools/text.h"

namespace facet::tools {
namespace {

Error not_allowed(const std::string& path) {
  return {Error::Code::Denied, "not allowed: " + one_line(path)};
}

Error changed(const std::string& what) {
  return {Error::Code::Io, what + " has changed since this was planned; look at it again"};
}

Error system_error(const std::string& doing, int number) {
  return {Error::Code::Io, doing + " failed: " + std::strerror(number)};
}

bool is_plain(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('\0') == std::string_view::npos;
}

// The last name of a path, and what stands before it.
struct Split {
  std::string folder;
  std::string name;
};

Split split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {path.substr(0, std::max<std::size_t>(slash, 1)), path.substr(slash + 1)};
}

// At most one byte more than may be changed, by which the caller knows that there is more.
Result<std::string> read_all(int descriptor) {
  std::string content;
  std::array<char, 65536> block;
  for (std::size_t left = kMostChangedBytes + 1; left > 0;) {
    const ssize_t got = ::read(descriptor, block.data(), std::min(left, block.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("reading", errno);
    if (got == 0) break;
    content.append(block.data(), static_cast<std::size_t>(got));
    left -= static_cast<std::size_t>(got);
  }
  return content;
}

Status write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t put = ::write(descriptor, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_error("writing", errno);
    content.remove_prefix(static_cast<std::size_t>(put));
  }
  if (::fsync(descriptor) != 0) return system_error("writing", errno);
  return {};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    if (step.length == 0 || step.code_point == 0) return false;
    text.remove_prefix(step.length);
  }
  return true;
}

// A file beside the one that it will replace, under a name that nobody guesses. Removed unless it was kept.
class Draft {
 public:
  Draft(int folder, mode_t mode) : folder_(folder) {
    std::random_device random;
    name_ = ".facet-" + std::to_string(random()) + std::to_string(random());
    file_ = Descriptor(::openat(folder, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    error_ = file_.valid() ? 0 : errno;
  }
  ~Draft() {
    if (file_.valid() && !kept_) ::unlinkat(folder_, name_.c_str(), 0);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  bool valid() const { return file_.valid(); }
  int error() const { return error_; }
  int number() const { return file_.number(); }

  // 0, or an errno: EEXIST when something has the name and may not be replaced.
  int rename_to(const std::string& name, bool replace) {
    const unsigned flags = replace ? 0U : RENAME_NOREPLACE;
    const long done = ::syscall(SYS_renameat2, folder_, name_.c_str(), folder_, name.c_str(), flags);
    if (done != 0) return errno;
    kept_ = true;
    return 0;
  }

 private:
  int folder_;
  std::string name_;
  Descriptor file_;
  int error_ = 0;
  bool kept_ = false;
};

// What the name stands for now, which must be a file with the expected content.
Status check_unchanged(const OpenPlace& place, const std::string& expected, struct stat& status) {
  const Descriptor file(
      ::openat(place.folder.descriptor.number(), place.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid() || ::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode))
    return changed(one_line(place.name));
  FACET_ASSIGN_OR_RETURN(const std::string content, read_all(file.number()));
  if (content != expected) return changed(one_line(place.name));
  return {};
}

}  // namespace

Result<Place> find_place(const Workspace& workspace, const std::string& path) {
  if (path.empty()) return Error{Error::Code::InvalidInput, "path is empty"};
  if (path.find('\0') != std::string::npos) return not_allowed(path);
  std::string rest = path;
  std::vector<std::string> names;  // that do not exist, the last first
  for (;;) {
    const Result<Located> located = workspace.locate(rest);
    if (located.ok()) {
      Place place{located->path, located->inside, located->kind};
      if (names.empty()) return place;
      if (located->kind != FileKind::Folder)
        return Error{Error::Code::InvalidInput, one_line(rest) + " is not a folder"};
      place.kind.reset();
      for (auto name = names.rbegin(); name != names.rend(); ++name)
        place.path += (place.path.ends_with('/') ? "" : "/") + *name;
      return place;
    }
    if (located.error().code != Error::Code::NotFound) return not_allowed(path);
    const Split parts = split(rest);
    // `..` behind what does not exist has no meaning yet, and a slash at the end asks for a folder.
    if (!is_plain(parts.name) || parts.folder == rest)
      return Error{Error::Code::NotFound, "no such folder: " + one_line(rest)};
    names.push_back(parts.name);
    rest = parts.folder;
  }
}

Result<OpenPlace> open_place(const Workspace& workspace, const std::string& path, bool inside, bool make_folders) {
  Split parts = split(path);
  if (!path.starts_with('/') || !is_plain(parts.name)) return not_allowed(path);
  const std::string name = parts.name;
  std::vector<std::string> missing;  // the last first
  for (;;) {
    Result<Opened> folder = workspace.open(parts.folder, inside);
    if (!folder.ok()) {
      if (folder.error().code != Error::Code::NotFound || !make_folders || parts.folder == "/")
        return Error{folder.error().code, one_line(parts.folder) + " could not be opened: " + folder.error().message};
      parts = split(parts.folder);
      missing.push_back(parts.name);
      continue;
    }
    if (folder->kind != FileKind::Folder) return not_allowed(path);
    for (auto next = missing.rbegin(); next != missing.rend(); ++next) {
      constexpr mode_t kFolderMode = 0777;
      if (::mkdirat(folder->descriptor.number(), next->c_str(), kFolderMode) != 0 && errno != EEXIST)
        return system_error("making the folder " + one_line(*next), errno);
      FACET_ASSIGN_OR_RETURN(Opened made, workspace.open_entry(*folder, *next));
      *folder = std::move(made);
      if (folder->kind != FileKind::Folder) return not_allowed(path);
    }
    return OpenPlace{std::move(*folder), name};
  }
}

Result<std::string> identity_of(const OpenPlace& place) {
  struct stat status = {};
  if (::fstatat(place.folder.descriptor.number(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return Error{Error::Code::NotFound, "no such file: " + one_line(place.name)};
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) + ":" +
         std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

Result<std::string> read_for_change(const Opened& file, const std::string& path) {
  const Error too_large{Error::Code::InvalidInput,
                        one_line(path) + " is larger than " + readable_size(kMostChangedBytes)};
  if (file.kind != FileKind::File) return Error{Error::Code::InvalidInput, one_line(path) + " is not a file"};
  if (file.bytes > kMostChangedBytes) return too_large;
  FACET_ASSIGN_OR_RETURN(std::string content, read_all(file.descriptor.number()));
  if (static_cast<std::int64_t>(content.size()) > kMostChangedBytes) return too_large;
  if (!is_utf8(content)) return Error{Error::Code::InvalidInput, one_line(path) + " is not a UTF-8 text file"};
  return content;
}

Status replace_file(const OpenPlace& place, const std::string& content, const std::optional<std::string>& expected) {
  // A new file has the mode that the user's programs give to new files; a draft of an old one is nobody else's to read.
  constexpr mode_t kNewFile = 0666;
  constexpr mode_t kOldFile = 0600;
  Draft draft(place.folder.descriptor.number(), expected ? kOldFile : kNewFile);
  if (!draft.valid()) return system_error("writing " + one_line(place.name), draft.error());
  FACET_RETURN_IF_ERROR(write_all(draft.number(), content));
  if (expected) {
    struct stat status = {};
    FACET_RETURN_IF_ERROR(check_unchanged(place, *expected, status));
    constexpr mode_t kPermissions = 0777;
    if (::fchmod(draft.number(), status.st_mode & kPermissions) != 0)
      return system_error("writing " + one_line(place.name), errno);
  }
  const int failure = draft.rename_to(place.name, expected.has_value());
  if (failure == EEXIST) return changed(one_line(place.name));
  if (failure != 0) return system_error("writing " + one_line(place.name), failure);
  return {};
}

bool may_reach(const agent::PlannedEffect& planned, const agent::ToolContext& context, std::size_t paths) {
  return planned.paths.size() == paths && (planned.inside_folders || context.outside_allowed);
}

}  // namespace facet::tools
