#pragma once

#include <string>

#include "tools/descriptor.h"

// Turns a path into a descriptor under rules that the kernel enforces while it walks. Used by the workspace alone.
// Magic links (/proc/self/root, /proc/self/fd/3, ...) are never followed.
namespace facet::tools {

struct ResolveRules {
  // Stay beneath the base and on its mount; `..`, a symlink or a mount that leaves it fails with EXDEV, also on the
  // way. Without it the path must be absolute and the base is not used.
  bool beneath = true;
  bool follow_symlinks = true;
};

// Which code walks. The kernel's openat2 where it exists; the walk by components is for kernels before 5.6 and for
// containers that filter the call out.
enum class Resolver { Automatic, Walk };

// A descriptor opened with O_PATH, which neither blocks nor touches what it names, or an errno.
struct Resolved {
  Descriptor descriptor;
  int error = 0;
};

Resolved resolve_path(int base, const std::string& path, const ResolveRules& rules, Resolver resolver);

// The absolute path of a descriptor as the kernel sees it now; empty when it has none (deleted parents, another mount
// namespace, longer than the kernel tells).
std::string kernel_path(const Descriptor& descriptor);

// The same inode once more, opened for reading; does not block. Invalid when that fails, with errno set.
Descriptor reopen_for_reading(const Descriptor& descriptor);

}  // namespace facet::tools
