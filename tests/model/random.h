#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace facet::model_maker {

// Random numbers that are the same on every machine: 64 bits at a time, from a seed and a name, so that a tensor's
// values depend on neither its place in the file nor the other tensors.
class Random {
 public:
  Random(std::uint64_t seed, std::string_view name) : state_(seed * 0x9e3779b97f4a7c15ULL + 0x6a09e667f3bcc909ULL) {
    for (const char c : name)
      state_ = (next() ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }

  // splitmix64
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }

  // Below `limit`, which is small against 2^32.
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(((next() >> 32U) * limit) >> 32U); }

  // In [0, 1).
  double uniform() { return static_cast<double>(next() >> 11U) * 0x1p-53; }

  // Mean 0, deviation 1: the sum of twelve uniform numbers needs no library function that differs between machines.
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i)
      sum += uniform();
    return sum;
  }

 private:
  std::uint64_t state_;
};

}  // namespace facet::model_maker
