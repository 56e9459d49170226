#include "tests/model/random_blocks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "engine/base/check.h"

namespace facet::model_maker {
namespace {

using engine::Format;

constexpr std::size_t kFloatPool = 4096;

// The nearest half. The scales of small tensors are subnormal in some formats.
std::uint16_t half_bits(double value) {
  const std::uint32_t sign = value < 0 ? 0x8000U : 0U;
  const double magnitude = std::abs(value);
  FACET_CHECK(magnitude < 65504, "%g", value);
  if (magnitude < 0x1p-14) return static_cast<std::uint16_t>(sign | std::lround(magnitude * 0x1p24));
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(magnitude));
  const std::uint32_t rounded = bits + 0xfffU + ((bits >> 13U) & 1U);
  return static_cast<std::uint16_t>(sign | ((rounded >> 13U) - (112U << 10U)));
}

std::uint16_t bfloat_bits(double value) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U);
}

void put_half(std::byte* at, double value) {
  const std::uint16_t bits = half_bits(value);
  std::memcpy(at, &bits, sizeof bits);
}

// Scale and minimum of eight sub-blocks in six bits each, as Q4_K and Q5_K keep them. Both are the same number, so that
// the values of every sub-block have the mean zero when the block's minimum is so many scales.
void put_packed_scales(std::byte* at, Random& random) {
  std::array<std::uint8_t, 12> packed{};
  for (std::size_t k = 0; k < 8; ++k) {
    const std::uint32_t scale = 32 + random.below(32);
    if (k < 4) {
      packed[k] = static_cast<std::uint8_t>(packed[k] | scale);
      packed[k + 4] = static_cast<std::uint8_t>(packed[k + 4] | scale);
    } else {
      packed[k + 4] = static_cast<std::uint8_t>((scale & 15U) | ((scale & 15U) << 4U));
      packed[k - 4] = static_cast<std::uint8_t>(packed[k - 4] | ((scale >> 4U) << 6U));
      packed[k] = static_cast<std::uint8_t>(packed[k] | ((scale >> 4U) << 6U));
    }
  }
  std::memcpy(at, packed.data(), packed.size());
}

void put_random_bytes(std::byte* at, std::size_t count, Random& random) {
  for (std::size_t i = 0; i < count; ++i)
    at[i] = static_cast<std::byte>(random.below(256));
}

// What of a block is not random bits: up to two ranges, and how they are written for a scale.
struct Head {
  struct Range {
    std::size_t offset = 0;
    std::size_t bytes = 0;
  };
  std::array<Range, 2> ranges;
  void (*write)(std::byte* block, double scale, Random& random);
};

void write_symmetric(std::byte* block, double scale, Random& /*random*/) {
  put_half(block, scale);
}
void write_q4_1(std::byte* block, double scale, Random& /*random*/) {
  put_half(block, scale);
  put_half(block + 2, -7.5 * scale);
}
void write_q5_1(std::byte* block, double scale, Random& /*random*/) {
  put_half(block, scale);
  put_half(block + 2, -15.5 * scale);
}
// A power of two, drawn so that the mean of the logarithm is that of the scale.
void write_mxfp4(std::byte* block, double scale, Random& random) {
  const double exponent = std::log2(std::abs(scale)) + random.uniform();
  block[0] = static_cast<std::byte>(127 + static_cast<int>(std::floor(exponent)));
}
void write_q2_k(std::byte* block, double scale, Random& random) {
  for (std::size_t i = 0; i < 16; ++i)
    block[i] = static_cast<std::byte>((8 + random.below(8)) * 0x11U);
  put_half(block + 80, std::abs(scale));
  put_half(block + 82, 1.5 * std::abs(scale));
}
void write_q3_k(std::byte* block, double scale, Random& random) {
  put_random_bytes(block + 96, 12, random);
  put_half(block + 108, scale);
}
void write_q4_k(std::byte* block, double scale, Random& random) {
  put_half(block, std::abs(scale));
  put_half(block + 2, 7.5 * std::abs(scale));
  put_packed_scales(block + 4, random);
}
void write_q5_k(std::byte* block, double scale, Random& random) {
  put_half(block, std::abs(scale));
  put_half(block + 2, 15.5 * std::abs(scale));
  put_packed_scales(block + 4, random);
}
void write_q6_k(std::byte* block, double scale, Random& random) {
  put_random_bytes(block + 192, 16, random);
  put_half(block + 208, scale);
}

Head head_of(Format format) {
  switch (format) {
    case Format::Q4_0:
    case Format::Q5_0:
    case Format::Q8_0:
    case Format::IQ4_NL:
    case Format::IQ4_XS:
      return {{{{0, 2}}}, write_symmetric};
    case Format::Q4_1:
      return {{{{0, 4}}}, write_q4_1};
    case Format::Q5_1:
      return {{{{0, 4}}}, write_q5_1};
    case Format::MXFP4:
      return {{{{0, 1}}}, write_mxfp4};
    case Format::Q2_K:
      return {{{{0, 16}, {80, 4}}}, write_q2_k};
    case Format::Q3_K:
      return {{{{96, 14}}}, write_q3_k};
    case Format::Q4_K:
      return {{{{0, 16}}}, write_q4_k};
    case Format::Q5_K:
      return {{{{0, 16}}}, write_q5_k};
    case Format::Q6_K:
      return {{{{192, 18}}}, write_q6_k};
    default:
      break;
  }
  FACET_CHECK(false, "no recipe for format %u", static_cast<unsigned>(format));
}

bool is_float(Format format) {
  return format == Format::F32 || format == Format::F16 || format == Format::BF16;
}

}  // namespace

RandomBlocks::RandomBlocks(Format format, double deviation, std::uint64_t seed, std::string_view name)
    : format_(engine::format_info(format)), random_(seed, name) {
  for (std::uint64_t& lane : lanes_)
    lane = random_.next() | 1U;
  if (is_float(format)) {
    make_float_pool(deviation);
  } else {
    make_head_pool(deviation);
  }
}

void RandomBlocks::fill(std::span<std::byte> blocks) {
  const std::size_t chunk = kChunkBlocks * format_.block_bytes;
  for (std::size_t at = 0; at < blocks.size(); at += chunk) {
    const std::span<std::byte> part = blocks.subspan(at, std::min(chunk, blocks.size() - at));
    if (is_float(format_.format)) {
      fill_floats(part);
    } else {
      fill_bits(part);
      write_heads(part);
    }
  }
}

// Eight xorshift generators side by side, for the compiler to put into vector registers.
void RandomBlocks::fill_bits(std::span<std::byte> bytes) {
  std::array<std::uint64_t, 8> lanes = lanes_;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof lanes) {
    for (std::uint64_t& lane : lanes) {
      lane ^= lane << 13U;
      lane ^= lane >> 7U;
      lane ^= lane << 17U;
    }
    std::memcpy(bytes.data() + at, lanes.data(), std::min(sizeof lanes, bytes.size() - at));
  }
  lanes_ = lanes;
  if (format_.format != Format::Q8_0) return;
  // A quantiser never writes -128.
  for (std::byte& byte : bytes)
    byte = byte == std::byte{0x80} ? std::byte{0x81} : byte;
}

void RandomBlocks::fill_floats(std::span<std::byte> values) {
  const std::size_t width = format_.block_bytes;
  for (std::size_t at = 0; at < values.size();) {
    std::uint64_t bits = random_.next();
    for (int i = 0; i < 5 && at < values.size(); ++i, at += width, bits >>= 12U)
      std::memcpy(values.data() + at, pool_.data() + bits % kFloatPool * width, width);
  }
}

void RandomBlocks::make_float_pool(double deviation) {
  pool_.resize(kFloatPool * format_.block_bytes);
  double value = 0;
  for (std::size_t i = 0; i < kFloatPool; ++i) {
    // Each with its negative, so that the mean is zero.
    value = i % 2 == 0 ? random_.normal() * deviation : -value;
    std::byte* to = pool_.data() + i * format_.block_bytes;
    if (format_.format == Format::F32) {
      const auto single = static_cast<float>(value);
      std::memcpy(to, &single, sizeof single);
    } else {
      const std::uint16_t bits = format_.format == Format::F16 ? half_bits(value) : bfloat_bits(value);
      std::memcpy(to, &bits, sizeof bits);
    }
  }
}

// Whole blocks of which only the heads are used. Scales differ between blocks by a fifth up and down, and in sign where
// the format has one, or else random codes would share a mean.
void RandomBlocks::make_head_pool(double deviation) {
  const Head head = head_of(format_.format);
  pool_.assign(kPool * format_.block_bytes, std::byte{0});
  const double scale = deviation / deviation_at_scale_one();
  for (std::size_t i = 0; i < kPool; ++i) {
    const double sign = i % 2 == 0 ? 1 : -1;
    head.write(pool_.data() + i * format_.block_bytes, sign * scale * (0.8 + 0.4 * random_.uniform()), random_);
  }
}

// Measured on some blocks instead of derived for each format.
double RandomBlocks::deviation_at_scale_one() {
  constexpr std::size_t kBlocks = 256;
  const Head head = head_of(format_.format);
  std::vector<std::byte> blocks(kBlocks * format_.block_bytes);
  fill_bits(blocks);
  for (std::size_t i = 0; i < kBlocks; ++i)
    head.write(blocks.data() + i * format_.block_bytes, 1.0, random_);
  std::vector<float> values(kBlocks * format_.block_elements);
  format_.decode(blocks.data(), values.data(), values.size());
  double sum = 0;
  for (const float value : values)
    sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

void RandomBlocks::write_heads(std::span<std::byte> blocks) const {
  const Head head = head_of(format_.format);
  for (std::size_t at = 0; at < blocks.size(); at += format_.block_bytes) {
    std::byte* block = blocks.data() + at;
    // The random bits that the head replaces choose it.
    const std::byte* source =
        pool_.data() + std::to_integer<std::size_t>(block[head.ranges[0].offset]) * format_.block_bytes;
    for (const Head::Range& range : head.ranges)
      std::memcpy(block + range.offset, source + range.offset, range.bytes);
  }
}

}  // namespace facet::model_maker
