#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "tools/path_resolver.h"

// The folders that a conversation may read, held open. What lies inside is decided by the kernel's walk from a folder's
// descriptor, never by comparing the text of paths, so that symlinks, `..`, mounts and renames have nothing to fool.
//
// A path goes through twice. `locate` says what it means, without opening it for reading: that is what is shown and
// approved. `open` then opens exactly the located path, without following any symlink, and compares what it got with
// what was located.
namespace facet::tools {

enum class FileKind { File, Folder, Pipe, Socket, Device, Other };

struct Located {
  std::string path;  // absolute, symlinks followed, as the kernel sees it
  bool inside = false;
  FileKind kind = FileKind::Other;
};

struct Opened {
  Descriptor descriptor;  // for reading
  std::string path;
  FileKind kind = FileKind::Other;
  std::int64_t bytes = 0;
};

// One thread owns it; it lives for one call.
class Workspace {
 public:
  // Folders that can not be opened are left out.
  explicit Workspace(const std::vector<std::string>& folders, Resolver resolver = Resolver::Automatic);

  // What a path of the model means: `~` is the home folder, a relative path belongs to the first folder that has it, or
  // to the home folder, as something outside, when no folder was chosen.
  // The errors are NotFound, Denied and, for a path of which the kernel can not tell where it is, Io.
  Result<Located> locate(const std::string& path) const;

  // Opens a path that was located: beneath its folder when `inside`, otherwise as it is. Io when the path
  // leads elsewhere by now. Only files and folders are opened.
  Result<Opened> open(const std::string& path, bool inside) const;

  // Opens an entry of an open folder for reading. A symlink, a mount and anything but a file or a folder is Denied.
  Result<Opened> open_entry(const Opened& folder, const std::string& name) const;

  // How a located path is written for the model: relative when it is beneath the first folder.
  std::string relative(const std::string& path) const;

  // The folder in which a located path lies, or an empty string.
  std::string folder_of(const std::string& path) const;

 private:
  struct Folder {
    Descriptor descriptor;
    std::string path;
  };

  Result<Located> locate_in(const Folder& folder, const std::string& path) const;
  Result<Located> locate_anywhere(const std::string& path) const;
  bool holds(const Folder& folder, const std::string& path, const Descriptor& descriptor) const;

  std::vector<Folder> folders_;
  Resolver resolver_;
};

}  // namespace facet::tools
