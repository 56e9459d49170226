#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace facet::engine {

// The discrete Fourier transform of real numbers, X[k] = sum over n of x[n] e^(-2 pi i k n / size), in double
// precision. Written here and not taken from a library: one length, a few thousand transforms for half a minute of
// sound, so that a library's tuning would buy a hundredth of a second. Tables are made once; a transform is used by one
// thread at a time.
class RealFft {
 public:
  // Precondition: a power of two, at least 4.
  explicit RealFft(std::size_t size);

  std::size_t size() const { return size_; }
  // |X[k]| for k = 0 to size / 2, which are all there is to know of the others too.
  void magnitudes(std::span<const double> input, std::span<double> output);

 private:
  struct Complex {
    double re = 0;
    double im = 0;
  };
  static Complex turned(Complex value, Complex by) {
    return {value.re * by.re - value.im * by.im, value.re * by.im + value.im * by.re};
  }
  void transform();

  std::size_t size_;
  std::vector<Complex> turns_;         // e^(-2 pi i k / size) for k below size / 2
  std::vector<std::size_t> reversed_;  // the order in which pairs of samples are put down
  std::vector<Complex> values_;        // size / 2 of them
};

}  // namespace facet::engine
