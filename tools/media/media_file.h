#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/base/result.h"
#include "tools/descriptor.h"

namespace facet::tools::media {

// A file that is open for reading, with the name that a person knows it by.
struct MediaFile {
  Descriptor descriptor;
  std::string name;
  std::int64_t bytes = 0;

  // Fails with a sentence when there is no such file, it is empty, or it is a folder, a pipe or a device.
  static Result<MediaFile> open(const std::filesystem::path& path);
  // One that is open already, as a confined tool has it.
  static Result<MediaFile> take(Descriptor descriptor, std::string name);
};

}  // namespace facet::tools::media
