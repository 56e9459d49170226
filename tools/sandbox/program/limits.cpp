#include "tools/sandbox/program/limits.h"

#include <dirent.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "tools/sandbox/program/failure.h"

namespace facet::tools::sandbox {
namespace {

constexpr std::uint64_t kDescriptors = 4096;

void limit(__rlimit_resource_t resource, std::uint64_t most) {
  const rlimit both{most, most};
  if (setrlimit(resource, &both) == 0) return;
  // What is lower already stays.
  rlimit now{};
  if (getrlimit(resource, &now) != 0 || now.rlim_max > most) give_up("a limit");
}

}  // namespace

void drop_privileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up("no new privileges");
  // Fails for a number that the kernel does not know, and where there is nothing to be dropped.
  for (int capability = 0; capability < 64; ++capability)
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                               SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                               SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  if (syscall(SYS_capset, &header, none) != 0) give_up("dropping capabilities");
}

void limit_resources(const Limits& limits, std::uint64_t used_processes) {
  // With 0 the kernel would still start a program that takes the memory of one that crashed, as root.
  limit(RLIMIT_CORE, 1);
  limit(RLIMIT_DATA, limits.memory_bytes);
  limit(RLIMIT_FSIZE, limits.file_bytes);
  limit(RLIMIT_NOFILE, kDescriptors);
  limit(RLIMIT_NPROC, used_processes + limits.processes);
  limit(RLIMIT_CPU, limits.cpu_seconds);
  limit(RLIMIT_MEMLOCK, std::uint64_t{8} << 20U);
  limit(RLIMIT_MSGQUEUE, std::uint64_t{1} << 20U);
  limit(RLIMIT_RTPRIO, 0);
}

std::uint64_t count_of_own_tasks() {
  DIR* const processes = opendir("/proc");
  if (processes == nullptr) give_up("/proc");
  std::uint64_t count = 0;
  while (const dirent* entry = readdir(processes)) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    const std::string tasks = std::string("/proc/") + entry->d_name + "/task";
    struct stat status {};
    if (stat(tasks.c_str(), &status) != 0 || status.st_uid != getuid()) continue;
    // A folder has a link for itself, for its name, and for each folder in it.
    count += status.st_nlink > 2 ? status.st_nlink - 2 : 1;
  }
  closedir(processes);
  return count;
}

}  // namespace facet::tools::sandbox
