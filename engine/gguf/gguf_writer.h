#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/formats/formats.h"
#include "engine/gguf/gguf_metadata.h"

namespace facet::engine {

// What the header of a file says about a tensor; its place follows from the order.
struct GgufTensorInfo {
  std::string name;
  Format format;
  std::array<std::uint64_t, 4> shape;  // missing dimensions are 1

  std::uint64_t bytes() const { return row_bytes(format, shape[0]) * shape[1] * shape[2] * shape[3]; }
};

// Writes a GGUF file (version 3) from front to back. It grows under a name of its own beside the target and takes the
// target's name only when it is complete, so that neither a failure nor a crash leaves half a model that looks like
// one. Owned by one thread.
class GgufWriter {
 public:
  // Reserves the whole file at once: a disk without room for it is noticed before the work begins.
  static Result<std::unique_ptr<GgufWriter>> create(const std::filesystem::path& target, const GgufMetadata& metadata,
                                                    std::vector<GgufTensorInfo> tensors);
  // Removes what was written when `finish` has not succeeded.
  ~GgufWriter();

  std::uint64_t file_bytes() const;

  // The data of the tensors in their order, in pieces of any size; what lies between tensors is filled in.
  Status append(std::span<const std::byte> data);
  // Precondition: the data of all tensors was appended.
  Status finish();

 private:
  GgufWriter();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace facet::engine
