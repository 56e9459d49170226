#include "engine/media/resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

#include "engine/base/check.h"

namespace facet::engine {
namespace {

constexpr std::size_t kChannels = 3;
constexpr std::int32_t kHalf = 1 << (kResampleBits - 1);

double cubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((kA + 2.0) * x - (kA + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * kA;
  return 0.0;
}

std::int32_t to_fixed(double weight) {
  return static_cast<std::int32_t>(weight * (1 << kResampleBits) + (weight < 0 ? -0.5 : 0.5));
}

// The absolute weights of an output sum up to less than 1.5, so 255 times that in 22 bits stays below 2^31.
std::uint8_t to_pixel(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kResampleBits, 0, 255));
}

// One pixel of the result from those of a row, all three channels at once.
void weigh_pixels(const std::uint8_t* pixels, std::span<const std::int32_t> weights, std::uint8_t* out) {
  std::int32_t red = kHalf;
  std::int32_t green = kHalf;
  std::int32_t blue = kHalf;
  for (const std::int32_t weight : weights) {
    red += weight * pixels[0];
    green += weight * pixels[1];
    blue += weight * pixels[2];
    pixels += kChannels;
  }
  out[0] = to_pixel(red);
  out[1] = to_pixel(green);
  out[2] = to_pixel(blue);
}

RgbImage resample_rows(const RgbImage& image, std::uint32_t width) {
  const ResampleWeights axis = bicubic_weights(image.width, width);
  RgbImage out{width, image.height, std::vector<std::uint8_t>(std::size_t{width} * image.height * kChannels)};
  std::uint8_t* pixel = out.pixels.data();
  for (std::size_t y = 0; y < image.height; ++y) {
    const std::uint8_t* row = image.pixels.data() + y * image.width * kChannels;
    for (std::size_t x = 0; x < width; ++x, pixel += kChannels)
      weigh_pixels(row + axis.first[x] * kChannels, {&axis.weights[x * axis.taps], axis.count[x]}, pixel);
  }
  return out;
}

// A row of the result is a sum of whole rows, in which all columns and channels are alike. Short pieces of the rows are
// taken in turn, so that their sums stay in the fastest memory.
RgbImage resample_columns(const RgbImage& image, std::uint32_t height) {
  constexpr std::size_t kPiece = 1024;
  const ResampleWeights axis = bicubic_weights(image.height, height);
  const std::size_t stride = std::size_t{image.width} * kChannels;
  RgbImage out{image.width, height, std::vector<std::uint8_t>(stride * height)};
  std::array<std::int32_t, kPiece> sums;
  for (std::size_t y = 0; y < height; ++y) {
    const std::span<const std::int32_t> weights(&axis.weights[y * axis.taps], axis.count[y]);
    for (std::size_t begin = 0; begin < stride; begin += kPiece) {
      const std::size_t length = std::min(kPiece, stride - begin);
      const std::uint8_t* row = image.pixels.data() + axis.first[y] * stride + begin;
      sums.fill(kHalf);
      for (const std::int32_t weight : weights) {
        for (std::size_t i = 0; i < length; ++i)
          sums[i] += weight * row[i];
        row += stride;
      }
      std::uint8_t* pixels = out.pixels.data() + y * stride + begin;
      for (std::size_t i = 0; i < length; ++i)
        pixels[i] = to_pixel(sums[i]);
    }
  }
  return out;
}

}  // namespace

ResampleWeights bicubic_weights(std::uint32_t in, std::uint32_t out) {
  const double scale = static_cast<double>(in) / out;
  const double stretch = std::max(scale, 1.0);
  const double narrow = 1.0 / stretch;
  const double support = 2.0 * stretch;
  ResampleWeights axis;
  axis.taps = static_cast<std::uint32_t>(std::ceil(support)) * 2 + 1;
  axis.first.resize(out);
  axis.count.resize(out);
  axis.weights.resize(std::size_t{out} * axis.taps);
  std::vector<double> weights;
  for (std::uint32_t i = 0; i < out; ++i) {
    const double centre = (i + 0.5) * scale;
    const auto first = static_cast<std::uint32_t>(std::max(centre - support + 0.5, 0.0));
    const auto end = std::min(in, static_cast<std::uint32_t>(centre + support + 0.5));
    axis.first[i] = first;
    axis.count[i] = end - first;
    FACET_CHECK(end > first && end - first <= axis.taps, "%u to %u at %u", in, out, i);
    weights.resize(end - first);
    double sum = 0;
    for (std::uint32_t j = first; j < end; ++j)
      sum += weights[j - first] = cubic((j - centre + 0.5) * narrow);
    for (std::size_t t = 0; t < weights.size(); ++t)
      axis.weights[i * std::size_t{axis.taps} + t] = to_fixed(weights[t] / sum);
  }
  return axis;
}

RgbImage resample_bicubic(const RgbImage& image, std::uint32_t width, std::uint32_t height) {
  FACET_CHECK(check(image).ok() && width > 0 && height > 0, "%u x %u", width, height);
  if (width == image.width) return height == image.height ? image : resample_columns(image, height);
  RgbImage rows = resample_rows(image, width);
  return height == rows.height ? rows : resample_columns(rows, height);
}

}  // namespace facet::engine
