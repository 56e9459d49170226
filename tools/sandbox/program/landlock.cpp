#include "tools/sandbox/program/landlock.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "tools/sandbox/program/failure.h"

namespace facet::tools::sandbox {
namespace {

// From the kernel's documentation of Landlock, for headers of Debian 12 end at version 2.
constexpr std::uint64_t kExecute = 1U << 0U;
constexpr std::uint64_t kWriteFile = 1U << 1U;
constexpr std::uint64_t kReadFile = 1U << 2U;
constexpr std::uint64_t kReadFolder = 1U << 3U;
constexpr std::uint64_t kTruncate = 1U << 14U;
constexpr std::uint64_t kDeviceControl = 1U << 15U;
constexpr std::uint64_t kEverything[] = {
    0, (1U << 13U) - 1, (1U << 14U) - 1, (1U << 15U) - 1, (1U << 15U) - 1, (1U << 16U) - 1};
constexpr int kNewestFileRights = 5;
constexpr int kVersionWithScopes = 6;
constexpr std::uint64_t kScopeAbstractSockets = 1U << 0U;
constexpr std::uint64_t kScopeSignals = 1U << 1U;

struct RulesetAttributes {
  std::uint64_t handled_files = 0;
  std::uint64_t handled_network = 0;
  std::uint64_t scoped = 0;
};

struct __attribute__((packed)) PathAttributes {
  std::uint64_t allowed = 0;
  std::int32_t parent = -1;
};

constexpr long kPathRule = 1;  // LANDLOCK_RULE_PATH_BENEATH
constexpr std::uint64_t kReading = kExecute | kReadFile | kReadFolder;
constexpr std::uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kDeviceControl;

class Ruleset {
 public:
  explicit Ruleset(int version) : files_(kEverything[version < kNewestFileRights ? version : kNewestFileRights]) {
    RulesetAttributes attributes;
    attributes.handled_files = files_;
    // An older kernel takes no more than the fields it knows.
    std::size_t size = sizeof attributes.handled_files;
    if (version >= kVersionWithScopes) {
      attributes.scoped = kScopeAbstractSockets | kScopeSignals;
      size = sizeof attributes;
    }
    descriptor_ = static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
    if (descriptor_ < 0) give_up("Landlock");
  }

  // Rights that only folders have are left out for a file. What is not there needs no right.
  void allow(const std::string& path, std::uint64_t rights) const {
    PathAttributes rule;
    rule.parent = open(path.c_str(), O_PATH | O_CLOEXEC);
    if (rule.parent < 0 && (errno == ENOENT || errno == EACCES)) return;
    struct stat status {};
    if (rule.parent < 0 || fstat(rule.parent, &status) != 0) give_up(path);
    rule.allowed = rights & files_ & (S_ISDIR(status.st_mode) ? ~std::uint64_t{0} : kOfFiles);
    if (syscall(SYS_landlock_add_rule, descriptor_, kPathRule, &rule, 0) != 0) give_up(path);
    close(rule.parent);
  }

  void enforce() const {
    if (syscall(SYS_landlock_restrict_self, descriptor_, 0) != 0) give_up("Landlock");
    close(descriptor_);
  }

 private:
  std::uint64_t files_;
  int descriptor_ = -1;
};

std::uint64_t rights_in(const Place& place) {
  switch (place.kind) {
    case PlaceKind::Scratch:
    case PlaceKind::Writable:
    case PlaceKind::Pinned:
      return ~std::uint64_t{0};
    case PlaceKind::ReadOnly:
    case PlaceKind::Readable:
      return kReading;
    case PlaceKind::EmptyFolder:
    case PlaceKind::EmptyFile:
      return 0;
  }
  return 0;
}

}  // namespace

int landlock_version() {
  constexpr int kAskVersion = 1;
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  return version > 0 ? static_cast<int>(version) : 0;
}

void restrict_files(const WallPlan& plan) {
  const int version = landlock_version();
  const bool is_alone = plan.wall == Wall::Landlock;
  if (is_alone && version < kVersionWithScopes) {
    errno = ENOSYS;
    give_up("Landlock 6 (Linux 6.12)");
  }
  if (version == 0) return;
  const Ruleset ruleset(version);
  for (const Place& place : plan.places)
    if (const std::uint64_t rights = rights_in(place); rights != 0) ruleset.allow(place.path, rights);
  if (is_alone) {
    for (const char* device : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"})
      ruleset.allow(device, kReadFile | kWriteFile);
  } else {
    ruleset.allow("/", kReading);
    ruleset.allow("/dev", kReading | kWriteFile | kTruncate | kDeviceControl);
    ruleset.allow("/dev/shm", ~std::uint64_t{0});
  }
  ruleset.enforce();
}

}  // namespace facet::tools::sandbox
