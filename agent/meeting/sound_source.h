#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "engine/base/result.h"

namespace facet::agent {

// A sound while it is read, at 16000 samples a second. Belongs to the thread that opened it.
class SoundReader {
 public:
  virtual ~SoundReader() = default;
  // The next samples; fewer than there is room for at the end alone, where there are none.
  virtual Result<std::size_t> read(std::span<float> to) = 0;
  // How long the whole is, as far as its file says so.
  virtual std::optional<double> seconds() const = 0;
};

// Where transcripts get the sound of recordings of any length. Any thread may call.
class SoundSource {
 public:
  virtual ~SoundSource() = default;
  // Without the first `skipped` samples. An error, one sentence, where there is no sound that can be decoded.
  virtual Result<std::unique_ptr<SoundReader>> open(const std::string& path, std::uint64_t skipped,
                                                    std::stop_token stop) = 0;
};

}  // namespace facet::agent
