#include "engine/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace facet {
namespace {

Error open_error(const std::filesystem::path& path, int reason) {
  if (reason == ENOENT || reason == ENOTDIR)
    return {Error::Code::NotFound, "There is no file '" + path.string() + "'."};
  if (reason == EACCES || reason == EPERM)
    return {Error::Code::Denied, "The file '" + path.string() + "' may not be read by this user."};
  return {Error::Code::Io, "The file '" + path.string() + "' can not be read: " + std::strerror(reason) + "."};
}

// Closes the descriptor on every way out; a mapping stays valid without it.
struct Descriptor {
  int value = -1;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

}  // namespace

Result<std::unique_ptr<MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a pipe by mistake must fail below instead of waiting for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.value < 0) return open_error(path, errno);
  struct stat status {};
  if (::fstat(file.value, &status) != 0) return open_error(path, errno);
  if (S_ISDIR(status.st_mode)) return Error{Error::Code::InvalidInput, "'" + path.string() + "' is a folder."};
  if (!S_ISREG(status.st_mode))
    return Error{Error::Code::InvalidInput, "'" + path.string() + "' is not a regular file."};
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return Error{Error::Code::CorruptFile, "The file '" + path.string() + "' is empty."};
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.value, 0);
  if (memory == MAP_FAILED) return open_error(path, errno);
  return std::unique_ptr<MappedFile>(new MappedFile({static_cast<const std::byte*>(memory), size}));
}

MappedFile::~MappedFile() {
  lost_.reset();
  ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void give_back_pages(std::span<const std::byte> mapped) {
  static const auto page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(mapped.data());
  const std::uintptr_t skipped = (page_bytes - begin % page_bytes) % page_bytes;
  if (skipped >= mapped.size()) return;
  const std::size_t whole = (mapped.size() - skipped) / page_bytes * page_bytes;
  // A hint to the system: nothing depends on whether it is heeded.
  if (whole > 0) ::madvise(const_cast<std::byte*>(mapped.data()) + skipped, whole, MADV_DONTNEED);
}

}  // namespace facet
