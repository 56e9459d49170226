#include "app/cli/float_rows.h"

#include <bit>
#include <fstream>

namespace facet::app::cli {

Status write_float_rows(const std::filesystem::path& path, std::span<const float> values) {
  static_assert(std::endian::native == std::endian::little, "the output is little-endian float32");
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
  out.close();
  if (!out) return Error{Error::Code::Io, "Cannot write " + path.string() + "."};
  return {};
}

}  // namespace facet::app::cli
