// Eight float lanes in one AVX register. Included by one source file, which is compiled for AVX2, FMA and F16C; the
// names are those of lanes_portable.h, which has the comments.
#include <immintrin.h>

#include <cstddef>

namespace facet::engine {
namespace {

constexpr std::size_t kLanes = 8;

struct Lanes {
  __m256 v;
};

inline Lanes all(float value) {
  return {_mm256_set1_ps(value)};
}
inline Lanes load(const float* p) {
  return {_mm256_loadu_ps(p)};
}
inline void store(float* p, Lanes a) {
  _mm256_storeu_ps(p, a.v);
}

inline __m256i first_lanes(std::size_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline Lanes load_part(const float* p, std::size_t count) {
  return {_mm256_maskload_ps(p, first_lanes(count))};
}
inline void store_part(float* p, Lanes a, std::size_t count) {
  _mm256_maskstore_ps(p, first_lanes(count), a.v);
}

inline Lanes add(Lanes a, Lanes b) {
  return {_mm256_add_ps(a.v, b.v)};
}
inline Lanes subtract(Lanes a, Lanes b) {
  return {_mm256_sub_ps(a.v, b.v)};
}
inline Lanes multiply(Lanes a, Lanes b) {
  return {_mm256_mul_ps(a.v, b.v)};
}
inline Lanes divide(Lanes a, Lanes b) {
  return {_mm256_div_ps(a.v, b.v)};
}
inline Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}
inline Lanes larger(Lanes a, Lanes b) {
  return {_mm256_max_ps(a.v, b.v)};
}
inline Lanes smaller(Lanes a, Lanes b) {
  return {_mm256_min_ps(a.v, b.v)};
}

inline Lanes nearest(Lanes a) {
  return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline Lanes power_of_two(Lanes a) {
  const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(a.v), _mm256_set1_epi32(127));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23))};
}

inline float sum(Lanes a) {
  const __m256 pairs = _mm256_hadd_ps(a.v, a.v);
  const __m256 fours = _mm256_hadd_ps(pairs, pairs);
  return _mm_cvtss_f32(_mm_add_ss(_mm256_castps256_ps128(fours), _mm256_extractf128_ps(fours, 1)));
}
inline float largest(Lanes a) {
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  four = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(four, _mm_shuffle_ps(four, four, 1)));
}

}  // namespace
}  // namespace facet::engine
