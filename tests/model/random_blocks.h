#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/formats/formats.h"
#include "tests/model/random.h"

namespace facet::model_maker {

// Fills tensors with random values of a given standard deviation and mean zero, at the speed of memory: the codes of a
// block are random bits as they are, and its scales come from a small pool that was made before. The result is what a
// quantiser could have written for random weights. Formats: all that a model can be computed with.
class RandomBlocks {
 public:
  RandomBlocks(engine::Format format, double deviation, std::uint64_t seed, std::string_view name);

  // Whole blocks. Successive calls continue the sequence; its values do not depend on the sizes of the calls as long as
  // all but the last are a multiple of kChunkBlocks blocks.
  void fill(std::span<std::byte> blocks);

  static constexpr std::size_t kChunkBlocks = 4096;

 private:
  static constexpr std::size_t kPool = 256;

  void fill_bits(std::span<std::byte> bytes);
  void fill_floats(std::span<std::byte> values);
  void make_float_pool(double deviation);
  void make_head_pool(double deviation);
  void write_heads(std::span<std::byte> blocks) const;
  double deviation_at_scale_one();

  const engine::FormatInfo& format_;
  Random random_;
  std::array<std::uint64_t, 8> lanes_{};
  std::vector<std::byte> pool_;
};

}  // namespace facet::model_maker
