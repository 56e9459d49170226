#include "tools/media/media_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "tools/media/media_failure.h"

namespace facet::tools::media {

Result<MediaFile> MediaFile::open(const std::filesystem::path& path) {
  // A pipe without a writer would keep the opener waiting.
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  const int reason = errno;
  if (!descriptor.valid() && (reason == ENOENT || reason == ENOTDIR))
    return Error{Error::Code::NotFound, "There is no file " + in_quotes(path.string()) + "."};
  if (!descriptor.valid())
    return Error{reason == EACCES || reason == EPERM ? Error::Code::Denied : Error::Code::Io,
                 in_quotes(path.string()) + " can not be opened: " + std::strerror(reason) + "."};
  return take(std::move(descriptor), path.filename().string());
}

Result<MediaFile> MediaFile::take(Descriptor descriptor, std::string name) {
  struct stat status {};
  if (fstat(descriptor.number(), &status) != 0)
    return Error{Error::Code::Io, in_quotes(name) + " can not be read: " + std::strerror(errno) + "."};
  if (S_ISDIR(status.st_mode))
    return Error{Error::Code::InvalidInput, in_quotes(name) + " is a folder; choose a file in it."};
  if (!S_ISREG(status.st_mode))
    return Error{Error::Code::InvalidInput, in_quotes(name) + " is no file but a device or a pipe; choose a file."};
  if (status.st_size == 0) return Error{Error::Code::InvalidInput, in_quotes(name) + " is empty; choose another file."};
  return MediaFile{std::move(descriptor), std::move(name), status.st_size};
}

}  // namespace facet::tools::media
