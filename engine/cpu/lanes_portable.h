// Eight float lanes in plain C++, which compilers turn into whatever vector registers the target has. Included by one
// source file; lanes_avx2.h has the same names.
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace facet::engine {
namespace {

constexpr std::size_t kLanes = 8;

struct Lanes {
  float v[kLanes];
};

template <typename Function>
inline Lanes each_lane(Function function) {
  Lanes result;
  for (std::size_t i = 0; i < kLanes; ++i)
    result.v[i] = function(i);
  return result;
}

inline Lanes all(float value) {
  return each_lane([=](std::size_t) { return value; });
}
inline Lanes load(const float* p) {
  return each_lane([=](std::size_t i) { return p[i]; });
}
// The first `count` lanes, zeros in the others.
inline Lanes load_part(const float* p, std::size_t count) {
  return each_lane([=](std::size_t i) { return i < count ? p[i] : 0.0F; });
}
inline void store(float* p, const Lanes& a) {
  for (std::size_t i = 0; i < kLanes; ++i)
    p[i] = a.v[i];
}
inline void store_part(float* p, const Lanes& a, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    p[i] = a.v[i];
}

inline Lanes add(const Lanes& a, const Lanes& b) {
  return each_lane([&](std::size_t i) { return a.v[i] + b.v[i]; });
}
inline Lanes subtract(const Lanes& a, const Lanes& b) {
  return each_lane([&](std::size_t i) { return a.v[i] - b.v[i]; });
}
inline Lanes multiply(const Lanes& a, const Lanes& b) {
  return each_lane([&](std::size_t i) { return a.v[i] * b.v[i]; });
}
inline Lanes divide(const Lanes& a, const Lanes& b) {
  return each_lane([&](std::size_t i) { return a.v[i] / b.v[i]; });
}
inline Lanes multiply_add(const Lanes& a, const Lanes& b, const Lanes& c) {
  return each_lane([&](std::size_t i) { return a.v[i] * b.v[i] + c.v[i]; });
}
inline Lanes larger(const Lanes& a, const Lanes& b) {
  return each_lane([&](std::size_t i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
inline Lanes smaller(const Lanes& a, const Lanes& b) {
  return each_lane([&](std::size_t i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}

// The nearest whole number of each lane, for magnitudes below 2^22: adding 1.5 * 2^23 leaves no room for a fraction.
inline Lanes nearest(const Lanes& a) {
  return each_lane([&](std::size_t i) { return (a.v[i] + 0x1.8p23F) - 0x1.8p23F; });
}
// 2^a for whole numbers from -126 to 127.
inline Lanes power_of_two(const Lanes& a) {
  return each_lane([&](std::size_t i) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(static_cast<std::int32_t>(a.v[i]) + 127) << 23U);
  });
}

inline float sum(const Lanes& a) {
  return ((a.v[0] + a.v[1]) + (a.v[2] + a.v[3])) + ((a.v[4] + a.v[5]) + (a.v[6] + a.v[7]));
}
inline float largest(const Lanes& a) {
  float result = a.v[0];
  for (std::size_t i = 1; i < kLanes; ++i)
    result = a.v[i] > result ? a.v[i] : result;
  return result;
}

}  // namespace
}  // namespace facet::engine
