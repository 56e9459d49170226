#include "tools/folder_entries.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "tools/text.h"

namespace facet::tools {
namespace {

// Sorting more would take longer than anyone waits for names of which a few hundred are shown.
constexpr std::size_t kMostEntries = 200'000;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

EntryKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return EntryKind::File;
  if (S_ISDIR(mode)) return EntryKind::Folder;
  if (S_ISLNK(mode)) return EntryKind::Symlink;
  return EntryKind::Other;
}

EntryKind kind_of(int folder, const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG:
      return EntryKind::File;
    case DT_DIR:
      return EntryKind::Folder;
    case DT_LNK:
      return EntryKind::Symlink;
    case DT_UNKNOWN: {  // some file systems do not say it here
      struct stat status = {};
      if (::fstatat(folder, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return EntryKind::Other;
      return kind_of(status.st_mode);
    }
    default:
      return EntryKind::Other;
  }
}

}  // namespace

Result<FolderEntries> read_folder(const Opened& folder, const std::stop_token& stop) {
  // A descriptor of its own, so that its position is at the beginning and closing it does not close the caller's.
  Descriptor copy(::openat(folder.descriptor.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, CloseFolder> stream(copy.valid() ? ::fdopendir(copy.number()) : nullptr);
  if (!stream) return Error{Error::Code::Denied, "the folder may not be read"};
  copy.release();  // the stream closes it

  FolderEntries result;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (stop.stop_requested()) return Error{Error::Code::Stopped, "stopped"};
    if (name.starts_with('.')) {
      ++result.hidden;
      continue;
    }
    if (result.entries.size() == kMostEntries) {
      result.complete = false;
      break;
    }
    result.entries.push_back({name, kind_of(::dirfd(stream.get()), *entry)});
  }
  if (result.complete && errno != 0) return Error{Error::Code::Io, "reading the folder failed"};
  std::sort(result.entries.begin(), result.entries.end(),
            [](const FolderEntry& a, const FolderEntry& b) { return natural_less(a.name, b.name); });
  return result;
}

}  // namespace facet::tools
