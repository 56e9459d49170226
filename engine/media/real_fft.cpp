#include "engine/media/real_fft.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "engine/base/check.h"

namespace facet::engine {

RealFft::RealFft(std::size_t size) : size_(size) {
  FACET_CHECK(size >= 4 && (size & (size - 1)) == 0, "%zu", size);
  const std::size_t half = size / 2;
  for (std::size_t k = 0; k < half; ++k) {
    const double angle = -2.0 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size);
    turns_.push_back({std::cos(angle), std::sin(angle)});
  }
  reversed_.resize(half);
  for (std::size_t i = 0; i < half; ++i)
    reversed_[i] = reversed_[i / 2] / 2 + (i % 2) * (half / 2);
  values_.resize(half);
}

// The transform of size / 2 complex numbers, which lie in reversed order: lengths 2, 4, 8, ... are put together from
// two halves each. A turn by one part of such a length is one by size / length parts of the whole.
void RealFft::transform() {
  for (std::size_t length = 2; length <= values_.size(); length *= 2)
    for (std::size_t begin = 0; begin < values_.size(); begin += length)
      for (std::size_t k = 0; k < length / 2; ++k) {
        Complex& low = values_[begin + k];
        Complex& high = values_[begin + k + length / 2];
        const Complex other = turned(high, turns_[k * (size_ / length)]);
        high = {low.re - other.re, low.im - other.im};
        low = {low.re + other.re, low.im + other.im};
      }
}

// Even samples become real parts and odd ones imaginary parts. With Z their transform, the two share it as
// E = (Z[k] + Z*[half - k]) / 2 and O = (Z[k] - Z*[half - k]) / 2i, and X[k] = E + e^(-2 pi i k / size) O.
void RealFft::magnitudes(std::span<const double> input, std::span<double> output) {
  const std::size_t half = size_ / 2;
  FACET_CHECK(input.size() == size_ && output.size() == half + 1, "%zu to %zu", input.size(), output.size());
  for (std::size_t i = 0; i < half; ++i)
    values_[reversed_[i]] = {input[2 * i], input[2 * i + 1]};
  transform();
  output[0] = std::abs(values_[0].re + values_[0].im);
  output[half] = std::abs(values_[0].re - values_[0].im);
  for (std::size_t k = 1; k < half; ++k) {
    const Complex z = values_[k];
    const Complex mirrored = {values_[half - k].re, -values_[half - k].im};
    const Complex even = {(z.re + mirrored.re) / 2, (z.im + mirrored.im) / 2};
    const Complex odd = turned({(z.im - mirrored.im) / 2, (mirrored.re - z.re) / 2}, turns_[k]);
    const double re = even.re + odd.re;
    const double im = even.im + odd.im;
    output[k] = std::sqrt(re * re + im * im);
  }
}

}  // namespace facet::engine
