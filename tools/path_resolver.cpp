#include "tools/path_resolver.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <deque>
#include <optional>
#include <vector>

namespace facet::tools {
namespace {

constexpr int kMostSymlinks = 40;  // as the kernel counts
constexpr long kProcSuperMagic = 0x9fa0;

std::string proc_name(int number) {
  return "/proc/self/fd/" + std::to_string(number);
}

// openat2 answers EAGAIN when something above is renamed during a walk with `..`; the walk is then repeated.
constexpr int kRetries = 16;

Resolved resolve_by_kernel(int base, const std::string& path, const ResolveRules& rules) {
  open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  if (rules.beneath) how.resolve |= RESOLVE_BENEATH | RESOLVE_NO_XDEV;
  if (!rules.follow_symlinks) how.resolve |= RESOLVE_NO_SYMLINKS;
  for (int attempt = 0; attempt < kRetries; ++attempt) {
    const long number = ::syscall(SYS_openat2, base, path.c_str(), &how, sizeof how);
    if (number >= 0) return {Descriptor(static_cast<int>(number)), 0};
    if (errno != EAGAIN && errno != EINTR) break;
  }
  return {Descriptor(), errno};
}

// Bind mounts of one file system share its device number, so mounts are told apart by the kernel's mount id.
std::optional<long> mount_id(int number) {
  const std::string name = "/proc/self/fdinfo/" + std::to_string(number);
  std::FILE* file = std::fopen(name.c_str(), "re");
  if (file == nullptr) return std::nullopt;
  std::optional<long> id;
  std::array<char, 256> line;
  while (!id && std::fgets(line.data(), line.size(), file) != nullptr) {
    long value = 0;
    if (std::sscanf(line.data(), "mnt_id:%ld", &value) == 1) id = value;
  }
  std::fclose(file);
  return id;
}

// The same rules without openat2: one component at a time, each opened without following it. The folders passed are
// kept open, so that `..` goes back to the folder that was entered, whatever has been renamed meanwhile.
class Walk {
 public:
  explicit Walk(const ResolveRules& rules) : rules_(rules) {}

  Resolved run(int base, const std::string& path) {
    if (rules_.beneath && path.starts_with('/')) return {Descriptor(), EXDEV};
    if (path.empty()) return {Descriptor(), ENOENT};
    folders_.emplace_back(rules_.beneath ? ::openat(base, ".", O_PATH | O_DIRECTORY | O_CLOEXEC)
                                         : ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folders_.back().valid()) return {Descriptor(), errno};
    if (rules_.beneath) mount_ = mount_id(folders_.back().number());
    prepend(path);
    while (!rest_.empty()) {
      const std::string component = std::move(rest_.front());
      rest_.pop_front();
      if (const int error = step(component); error != 0) return {Descriptor(), error};
    }
    return {file_.valid() ? std::move(file_) : std::move(folders_.back()), 0};
  }

 private:
  // A slash at the end asks for a folder, which a "." says as well.
  void prepend(const std::string& path) {
    std::vector<std::string> components;
    std::size_t begin = 0;
    while (begin < path.size()) {
      const std::size_t end = std::min(path.find('/', begin), path.size());
      if (end > begin) components.push_back(path.substr(begin, end - begin));
      begin = end + 1;
    }
    if (path.ends_with('/')) components.emplace_back(".");
    rest_.insert(rest_.begin(), components.begin(), components.end());
  }

  int step(const std::string& component) {
    if (file_.valid()) return ENOTDIR;
    if (component == ".") return 0;
    if (component == "..") return leave();
    Descriptor next(::openat(folders_.back().number(), component.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid()) return errno;
    if (rules_.beneath && mount_id(next.number()) != mount_) return EXDEV;
    struct stat status = {};
    if (::fstat(next.number(), &status) != 0) return errno;
    if (S_ISLNK(status.st_mode)) return follow(next);
    if (S_ISDIR(status.st_mode)) {
      folders_.push_back(std::move(next));
    } else {
      file_ = std::move(next);
    }
    return 0;
  }

  int leave() {
    if (folders_.size() > 1) {
      folders_.pop_back();
      return 0;
    }
    return rules_.beneath ? EXDEV : 0;
  }

  int follow(const Descriptor& link) {
    if (!rules_.follow_symlinks || ++links_ > kMostSymlinks) return ELOOP;
    // Links of /proc may lead anywhere without looking like it. The few plain ones there are not worth the risk.
    struct statfs system = {};
    if (::fstatfs(link.number(), &system) != 0) return errno;
    if (system.f_type == kProcSuperMagic) return ELOOP;
    std::array<char, PATH_MAX> target;
    const ssize_t length = ::readlinkat(link.number(), "", target.data(), target.size());
    if (length < 0) return errno;
    if (length == 0) return ENOENT;
    const std::string path(target.data(), static_cast<std::size_t>(length));
    if (path.starts_with('/')) {
      if (rules_.beneath) return EXDEV;
      folders_.resize(1);
    }
    prepend(path);
    return 0;
  }

  const ResolveRules rules_;
  std::vector<Descriptor> folders_;  // from the base to where the walk is
  Descriptor file_;                  // set when the walk has reached something that is no folder
  std::deque<std::string> rest_;
  std::optional<long> mount_;
  int links_ = 0;
};

}  // namespace

Resolved resolve_path(int base, const std::string& path, const ResolveRules& rules, Resolver resolver) {
  // A NUL would end the path early for the kernel, and the rest would be shown but not used.
  if (path.find('\0') != std::string::npos) return {Descriptor(), EINVAL};
  if (path.size() >= PATH_MAX) return {Descriptor(), ENAMETOOLONG};
  if (!rules.beneath && !path.starts_with('/')) return {Descriptor(), EINVAL};
  if (resolver == Resolver::Automatic) {
    Resolved resolved = resolve_by_kernel(base, path, rules);
    // Filters of containers answer EPERM for a call that they do not know; the call itself never does with O_PATH.
    if (resolved.error != ENOSYS && resolved.error != EPERM) return resolved;
  }
  return Walk(rules).run(base, path);
}

std::string kernel_path(const Descriptor& descriptor) {
  std::array<char, PATH_MAX> buffer;
  const ssize_t length = ::readlink(proc_name(descriptor.number()).c_str(), buffer.data(), buffer.size());
  if (length <= 0 || static_cast<std::size_t>(length) >= buffer.size() || buffer[0] != '/') return {};
  return {buffer.data(), static_cast<std::size_t>(length)};
}

Descriptor reopen_for_reading(const Descriptor& descriptor) {
  return Descriptor(::open(proc_name(descriptor.number()).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

}  // namespace facet::tools
