#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "agent/meeting/sound_source.h"

namespace facet::agent {

// Recordings of which a test says what is to be heard; what is longer than that is the same over and over.
class FakeSound : public SoundSource {
 public:
  std::vector<float> samples;
  std::int64_t length = 0;  // in samples; 0: as many as there are
  std::atomic<int> opened = 0;
  std::atomic<std::uint64_t> skipped = 0;       // by the one who opened last
  std::atomic<std::int64_t> damaged_from = -1;  // a sample

  Result<std::unique_ptr<SoundReader>> open(const std::string&, std::uint64_t first, std::stop_token) override {
    ++opened;
    skipped = first;
    return std::unique_ptr<SoundReader>(std::make_unique<Reader>(*this, static_cast<std::int64_t>(first)));
  }

  std::int64_t whole_length() const { return length > 0 ? length : static_cast<std::int64_t>(samples.size()); }

 private:
  class Reader : public SoundReader {
   public:
    Reader(const FakeSound& sound, std::int64_t at) : sound_(sound), at_(at) {}

    Result<std::size_t> read(std::span<float> to) override {
      if (const std::int64_t damaged = sound_.damaged_from; damaged >= 0 && at_ >= damaged)
        return Error{Error::Code::CorruptFile, "The recording is damaged; get it again."};
      const auto left = static_cast<std::size_t>(std::max<std::int64_t>(0, sound_.whole_length() - at_));
      const std::size_t count = std::min(to.size(), left);
      for (std::size_t i = 0; i < count; ++i)
        to[i] = sound_.samples[static_cast<std::size_t>(at_++) % sound_.samples.size()];
      return count;
    }
    std::optional<double> seconds() const override { return static_cast<double>(sound_.whole_length()) / 16000; }

   private:
    const FakeSound& sound_;
    std::int64_t at_;
  };
};

}  // namespace facet::agent
