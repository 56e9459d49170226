#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "engine/formats/encode.h"
#include "engine/formats/half.h"
#include "engine/formats/k_scales.h"

// A block has one or two halves as scales and a few bits per group that multiply them. For each group the scale with
// the least weighted squared error is searched, the group scales are rounded to their few bits, and the codes are
// chosen anew for what the decoder will make of them. Large values weigh more: they move a product most.
namespace facet::engine {
namespace {

constexpr std::size_t kBlock = 256;
// Below this a group counts as zero; its scale would vanish as a half.
constexpr float kNothing = 1e-15F;

// To the nearest of the whole numbers from `least` to `most`. Added to this number, a float has its nearest whole
// number in its last bits, and bits compare like the floats that they are; comparing them as integers keeps the loops
// free of branches.
float nearest_in(float value, std::int32_t least, std::int32_t most) {
  constexpr float kShift = 0x1.8p23F;
  constexpr auto kShiftBits = std::bit_cast<std::int32_t>(kShift);
  const auto bits = std::bit_cast<std::int32_t>(value + kShift);
  return static_cast<float>(std::min(std::max(bits, kShiftBits + least), kShiftBits + most) - kShiftBits);
}

// What a decoder reads back from the half that is stored.
float as_half(float value) {
  return half_to_float(float_to_half(value));
}

template <std::size_t kSize>
using Group = std::array<float, kSize>;

// Eight sums side by side, so that the additions are done many at a time.
template <std::size_t kSize>
float sum(const Group<kSize>& values) {
  constexpr std::size_t kLanes = 8;
  Group<kLanes> lanes{};
  for (std::size_t i = 0; i < kSize; i += kLanes)
    for (std::size_t l = 0; l < kLanes; ++l)
      lanes[l] += values[i + l];
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// A root mean square that keeps small values from counting nothing.
template <std::size_t kSize>
Group<kSize> weights_of(const float* values) {
  Group<kSize> weights;
  for (std::size_t i = 0; i < kSize; ++i)
    weights[i] = values[i] * values[i];
  const float floor = std::sqrt(sum(weights) / static_cast<float>(kSize));
  for (std::size_t i = 0; i < kSize; ++i)
    weights[i] = floor + std::abs(values[i]);
  return weights;
}

// value = scale * code - minimum, codes 0..15, neither negative.
struct Affine {
  float scale = 0;
  float minimum = 0;
};

constexpr std::size_t kAffineSize = 32;
constexpr std::int32_t kAffineMost = 15;

// The sums that the best scale and minimum for given codes depend on.
struct AffineSums {
  float w = 0, wx = 0, wq = 0, wqq = 0, wqx = 0;
};

AffineSums affine_sums(const float* x, const Group<kAffineSize>& w, float low, float inverse) {
  Group<kAffineSize> wx;
  Group<kAffineSize> wq;
  Group<kAffineSize> wqq;
  Group<kAffineSize> wqx;
  for (std::size_t i = 0; i < kAffineSize; ++i) {
    const float q = nearest_in((x[i] - low) * inverse, 0, kAffineMost);
    wx[i] = w[i] * x[i];
    wq[i] = w[i] * q;
    wqq[i] = wq[i] * q;
    wqx[i] = wq[i] * x[i];
  }
  return {sum(w), sum(wx), sum(wq), sum(wqq), sum(wqx)};
}

// Least squares, with the minimum held at zero where it would be negative.
Affine solve(const AffineSums& sums) {
  const float determinant = sums.w * sums.wqq - sums.wq * sums.wq;
  if (determinant > 0) {
    const float scale = (sums.w * sums.wqx - sums.wx * sums.wq) / determinant;
    const float minimum = (sums.wq * sums.wqx - sums.wqq * sums.wx) / determinant;
    if (scale > 0 && minimum >= 0) return {scale, minimum};
  }
  return {sums.wqq > 0 ? std::max(0.0F, sums.wqx / sums.wqq) : 0.0F, 0};
}

float affine_error(const float* x, const Group<kAffineSize>& w, const Affine& fit) {
  const float inverse = fit.scale > 0 ? 1.0F / fit.scale : 0.0F;
  Group<kAffineSize> error;
  for (std::size_t i = 0; i < kAffineSize; ++i) {
    const float q = nearest_in((x[i] + fit.minimum) * inverse, 0, kAffineMost);
    const float difference = fit.scale * q - fit.minimum - x[i];
    error[i] = w[i] * difference * difference;
  }
  return sum(error);
}

Affine fit_affine(const float* x, const Group<kAffineSize>& w) {
  const auto [least, most] = std::minmax_element(x, x + kAffineSize);
  const float low = std::min(*least, 0.0F);
  const float range = *most - low;
  if (range < kNothing) return {0, -low};
  Affine best{range / static_cast<float>(kAffineMost), -low};
  float best_error = affine_error(x, w, best);
  // Ranges from a little wider than the values to so narrow that the outermost are cut off.
  constexpr int kTrials = 20;
  for (int trial = 0; trial <= kTrials; ++trial) {
    const float steps = static_cast<float>(kAffineMost) - 1 + 0.15F * static_cast<float>(trial);
    const Affine fit = solve(affine_sums(x, w, low, steps / range));
    const float error = affine_error(x, w, fit);
    if (error < best_error) {
      best = fit;
      best_error = error;
    }
  }
  return best;
}

// value = scale * code, codes -32..31; the scale may be negative.
constexpr std::size_t kSymmetricSize = 16;
constexpr std::int32_t kSymmetricLeast = -32;
constexpr std::int32_t kSymmetricMost = 31;

float fit_symmetric(const float* x, const Group<kSymmetricSize>& w) {
  float extreme = 0;
  for (std::size_t i = 0; i < kSymmetricSize; ++i)
    if (std::abs(x[i]) > std::abs(extreme)) extreme = x[i];
  if (std::abs(extreme) < kNothing) return 0;
  float best_scale = 0;
  float best_gain = -1;
  constexpr int kTrials = 9;
  for (int trial = -kTrials; trial <= kTrials; ++trial) {
    const float inverse = (static_cast<float>(kSymmetricLeast) + 0.1F * static_cast<float>(trial)) / extreme;
    Group<kSymmetricSize> products;
    Group<kSymmetricSize> squares;
    for (std::size_t i = 0; i < kSymmetricSize; ++i) {
      const float q = nearest_in(x[i] * inverse, kSymmetricLeast, kSymmetricMost);
      products[i] = w[i] * q * x[i];
      squares[i] = w[i] * q * q;
    }
    const float wqx = sum(products);
    const float wqq = sum(squares);
    // The error of the best scale for these codes is a constant less this.
    const float gain = wqq > 0 ? wqx * wqx / wqq : 0.0F;
    if (gain > best_gain) {
      best_gain = gain;
      best_scale = wqq > 0 ? wqx / wqq : 0.0F;
    }
  }
  return best_scale;
}

float inverse_or_zero(float value) {
  return std::abs(value) >= 0x1p-126F ? 1.0F / value : 0.0F;
}

// The scale and minimum of a group in six bits each: of the neighbours of the fit, those with the least error.
KScale round_affine(const float* x, const Group<kAffineSize>& w, const Affine& fit, float d, float dmin) {
  const float scale = fit.scale * inverse_or_zero(d);
  const float minimum = fit.minimum * inverse_or_zero(dmin);
  float best_error = INFINITY;
  KScale best{};
  for (int ds = -1; ds <= 1; ++ds) {
    for (int dm = -1; dm <= 1; ++dm) {
      const float sc = nearest_in(scale + static_cast<float>(ds), 0, 63);
      const float mn = nearest_in(minimum + static_cast<float>(dm), 0, 63);
      const float error = affine_error(x, w, {d * sc, dmin * mn});
      if (error < best_error) {
        best_error = error;
        best = {static_cast<std::uint32_t>(sc), static_cast<std::uint32_t>(mn)};
      }
    }
  }
  return best;
}

}  // namespace

// d f16@0, dmin f16@2, scales@4, codes@16
void encode_q4_k(const float* values, std::byte* blocks, std::size_t count) {
  constexpr std::size_t kGroups = kBlock / kAffineSize;
  for (; count > 0; count -= kBlock, values += kBlock, blocks += 144) {
    std::array<Group<kAffineSize>, kGroups> weights;
    std::array<Affine, kGroups> fits;
    Affine largest;
    for (std::size_t k = 0; k < kGroups; ++k) {
      weights[k] = weights_of<kAffineSize>(values + kAffineSize * k);
      fits[k] = fit_affine(values + kAffineSize * k, weights[k]);
      largest.scale = std::max(largest.scale, fits[k].scale);
      largest.minimum = std::max(largest.minimum, fits[k].minimum);
    }
    const float d = as_half(largest.scale / 63);
    const float dmin = as_half(largest.minimum / 63);
    std::memset(blocks, 0, 144);
    store_unaligned(blocks, float_to_half(d));
    store_unaligned(blocks + 2, float_to_half(dmin));
    for (std::size_t k = 0; k < kGroups; ++k) {
      const float* x = values + kAffineSize * k;
      const KScale rounded = round_affine(x, weights[k], fits[k], d, dmin);
      set_k_scale(blocks + 4, k, rounded);
      const float inverse = inverse_or_zero(d * static_cast<float>(rounded.scale));
      const float minimum = dmin * static_cast<float>(rounded.minimum);
      for (std::size_t l = 0; l < kAffineSize; ++l) {
        const auto code = static_cast<unsigned>(nearest_in((x[l] + minimum) * inverse, 0, kAffineMost));
        blocks[16 + 32 * (k / 2) + l] |= static_cast<std::byte>(code << (4 * (k % 2)));
      }
    }
  }
}

// low nibbles@0, high bit pairs@128, scales i8@192, d f16@208
void encode_q6_k(const float* values, std::byte* blocks, std::size_t count) {
  constexpr std::size_t kGroups = kBlock / kSymmetricSize;
  for (; count > 0; count -= kBlock, values += kBlock, blocks += 210) {
    std::array<float, kGroups> scales;
    float extreme = 0;
    for (std::size_t g = 0; g < kGroups; ++g) {
      const float* x = values + kSymmetricSize * g;
      scales[g] = fit_symmetric(x, weights_of<kSymmetricSize>(x));
      if (std::abs(scales[g]) > std::abs(extreme)) extreme = scales[g];
    }
    const float d = as_half(extreme / -128);
    std::memset(blocks, 0, 210);
    store_unaligned(blocks + 208, float_to_half(d));
    for (std::size_t g = 0; g < kGroups; ++g) {
      const float scale = nearest_in(scales[g] * inverse_or_zero(d), -128, 127);
      blocks[192 + g] = static_cast<std::byte>(static_cast<std::int8_t>(scale));
      const float inverse = inverse_or_zero(d * scale);
      for (std::size_t l = 0; l < kSymmetricSize; ++l) {
        const float code = nearest_in(values[kSymmetricSize * g + l] * inverse, kSymmetricLeast, kSymmetricMost);
        const auto bits = static_cast<unsigned>(static_cast<int>(code) + 32);
        // Four runs of 32 in each half: two share the low nibbles of 64 bytes, four the bit pairs of 32.
        const std::size_t half = g / 8;
        const std::size_t run = g % 8 / 2;
        const std::size_t place = kSymmetricSize * (g % 2) + l;
        blocks[64 * half + 32 * (run % 2) + place] |= static_cast<std::byte>((bits & 15U) << (run < 2 ? 0U : 4U));
        blocks[128 + 32 * half + place] |= static_cast<std::byte>((bits >> 4U) << (2 * run));
      }
    }
  }
}

}  // namespace facet::engine
