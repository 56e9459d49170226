#pragma once

#include <cstdint>
#include <vector>

#include "engine/media.h"

// Scaling as the models were trained with: Pillow's bicubic filter, to the last bit.
namespace facet::engine {

// What the samples of one axis are made of. Output i is the sum of weights[i * taps + t] * input[first[i] + t] over the
// `count[i]` first t; the others are 0. Weights are whole: 2^22 stands for 1.
struct ResampleWeights {
  std::uint32_t taps = 0;
  std::vector<std::uint32_t> first;
  std::vector<std::uint32_t> count;
  std::vector<std::int32_t> weights;
};

inline constexpr int kResampleBits = 22;

// The kernel of width 2 on either side (a = -0.5), stretched by in / out where a picture shrinks, so that every pixel
// counts. Sums of weights are 1 but for rounding. Both numbers are at least 1.
ResampleWeights bicubic_weights(std::uint32_t in, std::uint32_t out);

// First every row, then every column; between the two the values are rounded to 8 bits and clamped, as they are at the
// end. A direction whose size stays is left alone. Precondition: `check(image)` is fine, and both sides are at least 1.
RgbImage resample_bicubic(const RgbImage& image, std::uint32_t width, std::uint32_t height);

}  // namespace facet::engine
