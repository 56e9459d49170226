#include "agent/store/writer_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace facet::agent {

Result<WriterLock> WriterLock::take(const std::filesystem::path& database) {
  const std::string path = database.string() + ".lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    const int cause = errno;
    return Error{cause == EACCES || cause == EROFS ? Error::Code::Denied : Error::Code::Io,
                 "The data folder " + database.parent_path().string() + " can not be written (" + std::strerror(cause) +
                     "); choose another one with --data."};
  }
  WriterLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const int cause = errno;
    if (cause == EWOULDBLOCK)
      return Error{Error::Code::Denied, "Facet is already running with the data folder " +
                                            database.parent_path().string() +
                                            "; close it first, or choose another folder with --data."};
    return Error{Error::Code::Io, "The lock " + path + " could not be taken: " + std::strerror(cause) + "."};
  }
  return lock;
}

WriterLock::~WriterLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace facet::agent
