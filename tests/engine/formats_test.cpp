#include "engine/formats/formats.h"

#include <QTest>
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "engine/base/byte_reader.h"
#include "engine/cpu/kernels.h"

using namespace facet;
using namespace facet::engine;

// Each format once more, written down a second time from the table of the specification: one element of one block. `R`
// is the arithmetic: float32, in which every faithful decoder gives the same bits, or double, in which the formula is
// as good as exact.
namespace second_opinion {

using Block = const std::uint8_t*;

template <typename R>
R f16(Block p) {
  const int bits = p[0] | (p[1] << 8);
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  double value = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  if (exponent == 31) value = fraction == 0 ? HUGE_VAL : std::nan("");
  return static_cast<R>((bits & 0x8000) != 0 ? -value : value);
}

int nibble(Block qs, int i) {
  return i < 16 ? qs[i] % 16 : qs[i - 16] / 16;
}
int bit(Block bits, int i) {
  return (bits[i / 8] >> (i % 8)) & 1;
}
int i8(std::uint8_t byte) {
  return byte < 128 ? byte : byte - 256;
}
template <typename R>
R real(int value) {
  return static_cast<R>(value);
}

template <typename R>
R q4_0(Block b, int i) {
  return real<R>(nibble(b + 2, i) - 8) * f16<R>(b);
}
template <typename R>
R q4_1(Block b, int i) {
  const R product = real<R>(nibble(b + 4, i)) * f16<R>(b);
  return product + f16<R>(b + 2);
}
template <typename R>
R q5_0(Block b, int i) {
  return real<R>(nibble(b + 6, i) + 16 * bit(b + 2, i) - 16) * f16<R>(b);
}
template <typename R>
R q5_1(Block b, int i) {
  const R product = real<R>(nibble(b + 8, i) + 16 * bit(b + 4, i)) * f16<R>(b);
  return product + f16<R>(b + 2);
}
template <typename R>
R q8_0(Block b, int i) {
  return real<R>(i8(b[2 + i])) * f16<R>(b);
}

constexpr int kT[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
constexpr float kM[16] = {0, 0.5F, 1, 1.5F, 2, 3, 4, 6, -0.0F, -0.5F, -1, -1.5F, -2, -3, -4, -6};

template <typename R>
R iq4_nl(Block b, int i) {
  return f16<R>(b) * real<R>(kT[nibble(b + 2, i)]);
}
// In double precision, where neither the scale nor the code needs the doubling of the format's own tables.
template <typename R>
R mxfp4(Block b, int i) {
  return static_cast<R>(std::ldexp(static_cast<double>(kM[nibble(b + 1, i)]), b[0] - 127));
}

template <typename R>
R q2_k(Block b, int i) {
  const int s = b[i / 16];
  const int v = (b[16 + 32 * (i / 128) + i % 32] >> (2 * (i % 128 / 32))) & 3;
  const R scaled = (f16<R>(b + 80) * real<R>(s % 16)) * real<R>(v);
  return scaled - f16<R>(b + 82) * real<R>(s / 16);
}

template <typename R>
R q3_k(Block b, int i) {
  const Block s = b + 96;
  const int g = i / 16;
  const int low = g < 8 ? s[g] % 16 : s[g - 8] / 16;
  const int high = (s[8 + g % 4] >> (2 * (g / 4))) & 3;
  int v = (b[32 + 32 * (i / 128) + i % 32] >> (2 * (i % 128 / 32))) & 3;
  if (((b[i % 32] >> (4 * (i / 128) + i % 128 / 32)) & 1) == 0) v -= 4;
  return (f16<R>(b + 108) * real<R>((low | high << 4) - 32)) * real<R>(v);
}

// Scale and minimum of sub-block k, from the bit positions of the packed 12 bytes.
std::pair<int, int> k_scale(Block s, int k) {
  if (k < 4) return {s[k] % 64, s[k + 4] % 64};
  return {s[k + 4] % 16 + s[k - 4] / 64 * 16, s[k + 4] / 16 + s[k] / 64 * 16};
}

template <typename R>
R q45_k(Block b, int i, Block qs, Block qh) {
  const int k = i / 32;
  const auto [scale, minimum] = k_scale(b + 4, k);
  const int byte = qs[32 * (k / 2) + i % 32];
  const int v = (k % 2 == 0 ? byte % 16 : byte / 16) + (qh == nullptr ? 0 : ((qh[i % 32] >> k) & 1) * 16);
  const R scaled = (f16<R>(b) * real<R>(scale)) * real<R>(v);
  return scaled - f16<R>(b + 2) * real<R>(minimum);
}
template <typename R>
R q4_k(Block b, int i) {
  return q45_k<R>(b, i, b + 16, nullptr);
}
template <typename R>
R q5_k(Block b, int i) {
  return q45_k<R>(b, i, b + 48, b + 16);
}

template <typename R>
R q6_k(Block b, int i) {
  const int h = i / 128;
  const int j = i % 128 / 32;
  const int l = i % 32;
  const int byte = b[64 * h + 32 * (j & 1) + l];
  const int low = j < 2 ? byte % 16 : byte / 16;
  const int high = (b[128 + 32 * h + l] >> (2 * j)) & 3;
  return (f16<R>(b + 208) * real<R>(i8(b[192 + i / 16]))) * real<R>(low + 16 * high - 32);
}

template <typename R>
R iq4_xs(Block b, int i) {
  const int k = i / 32;
  const int scales_h = b[2] | (b[3] << 8);
  const int scale = ((b[4 + k / 2] >> (4 * (k & 1))) & 15) | (((scales_h >> (2 * k)) & 3) << 4);
  return (f16<R>(b) * real<R>(scale - 32)) * real<R>(kT[nibble(b + 8 + 16 * k, i % 32)]);
}

template <typename R>
R f32(Block b, int) {
  float value = 0;
  std::memcpy(&value, b, 4);
  return value;
}
template <typename R>
R f16_element(Block b, int) {
  return f16<R>(b);
}
template <typename R>
R bf16(Block b, int) {
  return std::bit_cast<float>((std::uint32_t{b[0]} << 16U) | (std::uint32_t{b[1]} << 24U));
}

struct Row {
  Format format;
  int block_elements;
  int block_bytes;
  float (*element)(Block, int);
  double (*exact)(Block, int);
};

constexpr Row kRows[] = {
    {Format::F32, 1, 4, f32<float>, f32<double>},
    {Format::F16, 1, 2, f16_element<float>, f16_element<double>},
    {Format::BF16, 1, 2, bf16<float>, bf16<double>},
    {Format::Q4_0, 32, 18, q4_0<float>, q4_0<double>},
    {Format::Q4_1, 32, 20, q4_1<float>, q4_1<double>},
    {Format::Q5_0, 32, 22, q5_0<float>, q5_0<double>},
    {Format::Q5_1, 32, 24, q5_1<float>, q5_1<double>},
    {Format::Q8_0, 32, 34, q8_0<float>, q8_0<double>},
    {Format::IQ4_NL, 32, 18, iq4_nl<float>, iq4_nl<double>},
    {Format::MXFP4, 32, 17, mxfp4<float>, mxfp4<double>},
    {Format::Q2_K, 256, 84, q2_k<float>, q2_k<double>},
    {Format::Q3_K, 256, 110, q3_k<float>, q3_k<double>},
    {Format::Q4_K, 256, 144, q4_k<float>, q4_k<double>},
    {Format::Q5_K, 256, 176, q5_k<float>, q5_k<double>},
    {Format::Q6_K, 256, 210, q6_k<float>, q6_k<double>},
    {Format::IQ4_XS, 256, 136, iq4_xs<float>, iq4_xs<double>},
};

}  // namespace second_opinion

namespace {

// Random bytes whose 16-bit scales may be anything, subnormal, infinite or not a number.
std::vector<std::uint8_t> random_bytes(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> bytes(count);
  for (std::uint8_t& byte : bytes)
    byte = static_cast<std::uint8_t>(random());
  return bytes;
}

// The table's decoder and the vectorised ones.
std::vector<DecodeFunction> decoders_of(Format format) {
  std::vector<DecodeFunction> decoders = {format_info(format).decode};
  for (const Kernels* kernels : usable_kernels())
    decoders.push_back(kernels->decoder(format));
  return decoders;
}

// Where the halves of a block lie that scale it.
std::vector<std::size_t> scale_offsets(Format format) {
  switch (format) {
    case Format::Q4_1:
    case Format::Q5_1:
    case Format::Q4_K:
    case Format::Q5_K:
      return {0, 2};
    case Format::Q2_K:
      return {80, 82};
    case Format::Q3_K:
      return {108};
    case Format::Q6_K:
      return {208};
    case Format::Q4_0:
    case Format::Q5_0:
    case Format::Q8_0:
    case Format::IQ4_NL:
    case Format::IQ4_XS:
      return {0};
    default:
      return {};
  }
}

void put_half(std::vector<std::uint8_t>& bytes, std::size_t at, unsigned half) {
  bytes[at] = static_cast<std::uint8_t>(half);
  bytes[at + 1] = static_cast<std::uint8_t>(half >> 8U);
}

// Equal bits, or both not a number.
bool same(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

}  // namespace

class FormatsTest : public QObject {
  Q_OBJECT

 private slots:
  void every_decoder_has_a_second_opinion();
  void decodes_random_blocks_data() { rows(); }
  void decodes_random_blocks();
  void agrees_with_double_precision_data() { rows(); }
  void agrees_with_double_precision();
  void decodes_odd_scales_data() { rows(); }
  void decodes_odd_scales();
  void every_field_has_its_place();
  void knows_the_sizes_of_all_types();
  void decodes_every_half();
  void does_not_know_removed_types();

 private:
  static void rows() {
    QTest::addColumn<int>("row");
    for (int i = 0; i < static_cast<int>(std::size(second_opinion::kRows)); ++i)
      QTest::newRow(format_info(second_opinion::kRows[i].format).name.data()) << i;
  }
};

void FormatsTest::every_decoder_has_a_second_opinion() {
  for (const FormatInfo& format : all_formats()) {
    const bool covered = std::any_of(std::begin(second_opinion::kRows), std::end(second_opinion::kRows),
                                     [&](const auto& row) { return row.format == format.format; });
    QVERIFY2(covered == (format.decode != nullptr), format.name.data());
  }
}

// The table's decoder and the vectorised one, bit by bit, from addresses of any alignment.
void FormatsTest::decodes_random_blocks() {
  QFETCH(int, row);
  const second_opinion::Row& expected = second_opinion::kRows[row];
  const FormatInfo& format = format_info(expected.format);
  QCOMPARE(static_cast<int>(format.block_elements), expected.block_elements);
  QCOMPARE(static_cast<int>(format.block_bytes), expected.block_bytes);

  const std::vector<DecodeFunction> decoders = decoders_of(expected.format);
  const std::size_t blocks = expected.block_elements == 1 ? 4099 : 300;
  const std::size_t count = blocks * expected.block_elements;
  for (unsigned misalignment = 0; misalignment < 3; ++misalignment) {
    const auto bytes = random_bytes(blocks * expected.block_bytes + misalignment, misalignment + 1);
    for (const DecodeFunction decode : decoders) {
      std::vector<float> out(count + 8, 12345.0F);
      decode(reinterpret_cast<const std::byte*>(bytes.data() + misalignment), out.data(), count);
      for (std::size_t i = 0; i < count; ++i) {
        const auto* block = bytes.data() + misalignment + i / expected.block_elements * expected.block_bytes;
        const float value = expected.element(block, static_cast<int>(i % expected.block_elements));
        if (!same(out[i], value)) QFAIL(qPrintable(QString("element %1: %2, not %3").arg(i).arg(out[i]).arg(value)));
      }
      for (std::size_t i = count; i < out.size(); ++i)
        QCOMPARE(out[i], 12345.0F);
    }
  }
}

// Rounding happens at most three times, to 2^-24 of what is rounded.
void FormatsTest::agrees_with_double_precision() {
  QFETCH(int, row);
  const second_opinion::Row& expected = second_opinion::kRows[row];
  const std::size_t blocks = expected.block_elements == 1 ? 4099 : 100;
  auto bytes = random_bytes(blocks * expected.block_bytes, 7);
  // Scales between 2^-14 and 2: with infinite ones there is nothing to compare, and with minimums of any size the
  // difference of two large numbers.
  for (std::size_t block = 0; block < blocks; ++block)
    for (const std::size_t at : scale_offsets(expected.format))
      bytes[block * expected.block_bytes + at + 1] &= 0xbfU;
  std::vector<float> out(blocks * expected.block_elements);
  format_info(expected.format).decode(reinterpret_cast<const std::byte*>(bytes.data()), out.data(), out.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto* block = bytes.data() + i / expected.block_elements * expected.block_bytes;
    const double exact = expected.exact(block, static_cast<int>(i % expected.block_elements));
    if (!std::isfinite(exact)) continue;
    double largest = std::abs(exact);
    for (const std::size_t at : scale_offsets(expected.format))
      largest = std::max(largest, 15 * 63 * std::abs(second_opinion::f16<double>(block + at)));
    const double difference = std::abs(static_cast<double>(out[i]) - exact);
    if (!(difference <= 3 * 0x1p-24 * largest))
      QFAIL(qPrintable(QString("element %1 is %2 off").arg(i).arg(difference)));
  }
}

// Zeros of both signs, subnormal, largest, infinite and not a number: every scale of every block.
void FormatsTest::decodes_odd_scales() {
  QFETCH(int, row);
  const second_opinion::Row& expected = second_opinion::kRows[row];
  const std::vector<std::size_t> offsets = scale_offsets(expected.format);
  constexpr unsigned kOdd[] = {0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x3c00, 0xfbff, 0x7c00, 0xfc00, 0x7c01, 0xfe00};
  for (const unsigned first : kOdd) {
    for (const unsigned second : kOdd) {
      auto bytes = random_bytes(static_cast<std::size_t>(expected.block_bytes), first + 3 * second);
      if (!offsets.empty()) put_half(bytes, offsets[0], first);
      if (offsets.size() > 1) put_half(bytes, offsets[1], second);
      if (expected.format == Format::MXFP4) bytes[0] = static_cast<std::uint8_t>(first >> 8U);
      for (const DecodeFunction decode : decoders_of(expected.format)) {
        std::vector<float> out(static_cast<std::size_t>(expected.block_elements));
        decode(reinterpret_cast<const std::byte*>(bytes.data()), out.data(), out.size());
        for (std::size_t i = 0; i < out.size(); ++i) {
          const float value = expected.element(bytes.data(), static_cast<int>(i));
          if (!same(out[i], value))
            QFAIL(qPrintable(
                QString("scale %1: element %2 is %3, not %4").arg(first, 0, 16).arg(i).arg(out[i]).arg(value)));
        }
      }
    }
  }
}

// Blocks that are zero but for a scale of one and single fields, with the values worked out by hand.
void FormatsTest::every_field_has_its_place() {
  struct Case {
    Format format;
    std::vector<std::pair<std::size_t, int>> bytes;
    std::vector<std::pair<std::size_t, float>> values;
  };
  constexpr int kOneHigh = 0x3c;  // of the half 1.0
  const std::vector<Case> cases = {
      {Format::Q4_0, {{1, kOneHigh}, {2, 0x1f}}, {{0, 7}, {16, -7}, {1, -8}}},
      {Format::Q4_1, {{1, kOneHigh}, {3, kOneHigh}, {19, 0xa3}}, {{15, 4}, {31, 11}, {0, 1}}},
      {Format::Q5_0, {{1, kOneHigh}, {2, 1}, {5, 0x80}, {6, 0x02}}, {{0, 2}, {31, 0}, {16, -16}}},
      {Format::Q5_1, {{1, kOneHigh}, {4, 2}, {8, 0x70}}, {{1, 16}, {16, 7}, {0, 0}}},
      {Format::Q8_0, {{1, kOneHigh}, {2, 0x80}, {33, 0x7f}}, {{0, -128}, {31, 127}, {1, 0}}},
      {Format::IQ4_NL, {{1, kOneHigh}, {2, 0xf8}}, {{0, 1}, {16, 113}, {1, -127}}},
      {Format::MXFP4, {{0, 127}, {1, 0x9f}, {16, 0x71}}, {{0, -6}, {16, -0.5F}, {15, 0.5F}, {31, 6}}},
      {Format::Q2_K, {{81, kOneHigh}, {83, kOneHigh}, {15, 0x21}, {79, 0xc0}}, {{255, 1}, {254, -2}, {127, 0}}},
      // Group 0 has the scale -32 + 1, group 8 the one with its high bits in the same byte as those of group 0.
      {Format::Q3_K,
       {{109, kOneHigh}, {96, 0x31}, {104, 0x20}, {0, 0x11}},
       {{0, 0}, {1, 124}, {128, -0.0F}, {129, -12}}},
      {Format::Q4_K, {{1, kOneHigh}, {4, 63}, {16, 0x0f}}, {{0, 945}, {1, 0}, {32, 0}}},
      // Group 7: low bits in the last scale byte, high ones at the top of bytes 7 and 11.
      {Format::Q4_K,
       {{1, kOneHigh}, {3, kOneHigh}, {15, 0x21}, {7, 0x40}, {11, 0x80}, {143, 0xf0}},
       {{255, 221}, {254, -34}}},
      {Format::Q5_K, {{1, kOneHigh}, {4, 1}, {16, 1}, {48, 3}}, {{0, 19}, {1, 0}, {32, 0}}},
      {Format::Q6_K,
       {{209, kOneHigh}, {192, 0xff}, {207, 2}, {0, 5}, {191, 0xc0}, {127, 0xf0}},
       {{0, 27}, {255, 62}, {254, -64}}},
      {Format::IQ4_XS, {{1, kOneHigh}, {3, 0xc0}, {7, 0xf0}, {135, 0xf8}}, {{239, 31}, {255, 3503}, {240, -3937}}},
  };
  for (const Case& example : cases) {
    const FormatInfo& format = format_info(example.format);
    std::vector<std::uint8_t> bytes(format.block_bytes, 0);
    for (const auto& [at, byte] : example.bytes)
      bytes[at] = static_cast<std::uint8_t>(byte);
    for (const DecodeFunction decode : decoders_of(example.format)) {
      std::vector<float> out(format.block_elements);
      decode(reinterpret_cast<const std::byte*>(bytes.data()), out.data(), out.size());
      for (const auto& [at, value] : example.values)
        if (out[at] != value)
          QFAIL(qPrintable(
              QString("%1: element %2 is %3, not %4").arg(format.name.data()).arg(at).arg(out[at]).arg(value)));
    }
  }
}

void FormatsTest::knows_the_sizes_of_all_types() {
  // Type id, block length and block bytes as the container's specification lists them.
  constexpr int kSizes[][3] = {
      {0, 1, 4},      {1, 1, 2},     {2, 32, 18},    {3, 32, 20},    {6, 32, 22},    {7, 32, 24},    {8, 32, 34},
      {9, 32, 36},    {10, 256, 84}, {11, 256, 110}, {12, 256, 144}, {13, 256, 176}, {14, 256, 210}, {15, 256, 292},
      {16, 256, 66},  {17, 256, 74}, {18, 256, 98},  {19, 256, 50},  {20, 32, 18},   {21, 256, 110}, {22, 256, 82},
      {23, 256, 136}, {24, 1, 1},    {25, 1, 2},     {26, 1, 4},     {27, 1, 8},     {28, 1, 8},     {29, 256, 56},
      {30, 1, 2},     {34, 256, 54}, {35, 256, 66},  {39, 32, 17},   {40, 64, 36},   {41, 128, 18},  {42, 64, 18},
  };
  QCOMPARE(all_formats().size(), std::size(kSizes));
  for (const auto& size : kSizes) {
    const FormatInfo* format = find_format(static_cast<std::uint32_t>(size[0]));
    QVERIFY(format != nullptr);
    QCOMPARE(static_cast<int>(format->format), size[0]);
    QCOMPARE(static_cast<int>(format->block_elements), size[1]);
    QCOMPARE(static_cast<int>(format->block_bytes), size[2]);
  }
  QCOMPARE(row_bytes(Format::Q4_0, 1536), std::uint64_t{864});
  QCOMPARE(row_bytes(Format::Q6_K, 1536), std::uint64_t{1260});
  // A table of more than 2^31 elements per thousand rows must not be counted in 32 bits.
  QCOMPARE(row_bytes(Format::F32, std::uint64_t{1} << 40U), std::uint64_t{1} << 42U);
}

void FormatsTest::decodes_every_half() {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i)
    halves[i] = static_cast<std::uint16_t>(i);
  std::vector<float> out(halves.size());
  format_info(Format::F16).decode(reinterpret_cast<const std::byte*>(halves.data()), out.data(), out.size());
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const std::uint8_t bytes[2] = {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8U)};
    if (!same(out[i], second_opinion::f16<float>(bytes))) QFAIL(qPrintable(QString("half %1").arg(i)));
  }
}

void FormatsTest::does_not_know_removed_types() {
  for (const std::uint32_t id : {4U, 5U, 31U, 32U, 33U, 36U, 37U, 38U, 43U, 97U, 0xffffffffU})
    QVERIFY(find_format(id) == nullptr);
}

QTEST_APPLESS_MAIN(FormatsTest)
#include "formats_test.moc"
