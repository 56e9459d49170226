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

// Each format once more, written down a second time from the table of the specification: one element of one block.
namespace second_opinion {

using Block = const std::uint8_t*;

float f16(Block p) {
  const int bits = p[0] | (p[1] << 8);
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  double value = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  if (exponent == 31) value = fraction == 0 ? HUGE_VAL : std::nan("");
  return static_cast<float>((bits & 0x8000) != 0 ? -value : value);
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
float real(int value) {
  return static_cast<float>(value);
}

float q4_0(Block b, int i) {
  return real(nibble(b + 2, i) - 8) * f16(b);
}
float q4_1(Block b, int i) {
  const float product = real(nibble(b + 4, i)) * f16(b);
  return product + f16(b + 2);
}
float q5_0(Block b, int i) {
  return real(nibble(b + 6, i) + 16 * bit(b + 2, i) - 16) * f16(b);
}
float q5_1(Block b, int i) {
  const float product = real(nibble(b + 8, i) + 16 * bit(b + 4, i)) * f16(b);
  return product + f16(b + 2);
}
float q8_0(Block b, int i) {
  return real(i8(b[2 + i])) * f16(b);
}

constexpr int kT[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
constexpr float kM[16] = {0, 0.5F, 1, 1.5F, 2, 3, 4, 6, -0.0F, -0.5F, -1, -1.5F, -2, -3, -4, -6};

float iq4_nl(Block b, int i) {
  return f16(b) * real(kT[nibble(b + 2, i)]);
}
// In double precision, where neither the scale nor the code needs the doubling of the format's own tables.
float mxfp4(Block b, int i) {
  return static_cast<float>(std::ldexp(static_cast<double>(kM[nibble(b + 1, i)]), b[0] - 127));
}

float q2_k(Block b, int i) {
  const int s = b[i / 16];
  const int v = (b[16 + 32 * (i / 128) + i % 32] >> (2 * (i % 128 / 32))) & 3;
  const float scaled = (f16(b + 80) * real(s % 16)) * real(v);
  return scaled - f16(b + 82) * real(s / 16);
}

float q3_k(Block b, int i) {
  const Block s = b + 96;
  const int g = i / 16;
  const int low = g < 8 ? s[g] % 16 : s[g - 8] / 16;
  const int high = (s[8 + g % 4] >> (2 * (g / 4))) & 3;
  int v = (b[32 + 32 * (i / 128) + i % 32] >> (2 * (i % 128 / 32))) & 3;
  if (((b[i % 32] >> (4 * (i / 128) + i % 128 / 32)) & 1) == 0) v -= 4;
  return (f16(b + 108) * real((low | high << 4) - 32)) * real(v);
}

// Scale and minimum of sub-block k, from the bit positions of the packed 12 bytes.
std::pair<int, int> k_scale(Block s, int k) {
  if (k < 4) return {s[k] % 64, s[k + 4] % 64};
  return {s[k + 4] % 16 + s[k - 4] / 64 * 16, s[k + 4] / 16 + s[k] / 64 * 16};
}

float q45_k(Block b, int i, Block qs, Block qh) {
  const int k = i / 32;
  const auto [scale, minimum] = k_scale(b + 4, k);
  const int byte = qs[32 * (k / 2) + i % 32];
  const int v = (k % 2 == 0 ? byte % 16 : byte / 16) + (qh == nullptr ? 0 : ((qh[i % 32] >> k) & 1) * 16);
  const float scaled = (f16(b) * real(scale)) * real(v);
  return scaled - f16(b + 2) * real(minimum);
}
float q4_k(Block b, int i) {
  return q45_k(b, i, b + 16, nullptr);
}
float q5_k(Block b, int i) {
  return q45_k(b, i, b + 48, b + 16);
}

float q6_k(Block b, int i) {
  const int h = i / 128;
  const int j = i % 128 / 32;
  const int l = i % 32;
  const int byte = b[64 * h + 32 * (j & 1) + l];
  const int low = j < 2 ? byte % 16 : byte / 16;
  const int high = (b[128 + 32 * h + l] >> (2 * j)) & 3;
  return (f16(b + 208) * real(i8(b[192 + i / 16]))) * real(low + 16 * high - 32);
}

float iq4_xs(Block b, int i) {
  const int k = i / 32;
  const int scales_h = b[2] | (b[3] << 8);
  const int scale = ((b[4 + k / 2] >> (4 * (k & 1))) & 15) | (((scales_h >> (2 * k)) & 3) << 4);
  return (f16(b) * real(scale - 32)) * real(kT[nibble(b + 8 + 16 * k, i % 32)]);
}

float f32(Block b, int) {
  float value = 0;
  std::memcpy(&value, b, 4);
  return value;
}
float f16_element(Block b, int) {
  return f16(b);
}
float bf16(Block b, int) {
  return std::bit_cast<float>((std::uint32_t{b[0]} << 16U) | (std::uint32_t{b[1]} << 24U));
}

struct Row {
  Format format;
  int block_elements;
  int block_bytes;
  float (*element)(Block, int);
};

constexpr Row kRows[] = {
    {Format::F32, 1, 4, f32},           {Format::F16, 1, 2, f16_element}, {Format::BF16, 1, 2, bf16},
    {Format::Q4_0, 32, 18, q4_0},       {Format::Q4_1, 32, 20, q4_1},     {Format::Q5_0, 32, 22, q5_0},
    {Format::Q5_1, 32, 24, q5_1},       {Format::Q8_0, 32, 34, q8_0},     {Format::IQ4_NL, 32, 18, iq4_nl},
    {Format::MXFP4, 32, 17, mxfp4},     {Format::Q2_K, 256, 84, q2_k},    {Format::Q3_K, 256, 110, q3_k},
    {Format::Q4_K, 256, 144, q4_k},     {Format::Q5_K, 256, 176, q5_k},   {Format::Q6_K, 256, 210, q6_k},
    {Format::IQ4_XS, 256, 136, iq4_xs},
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

// Equal bits, or both not a number.
bool same(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

}  // namespace

class FormatsTest : public QObject {
  Q_OBJECT

 private slots:
  void every_decoder_has_a_second_opinion();
  void decodes_random_blocks_data();
  void decodes_random_blocks();
  void knows_the_sizes_of_all_types();
  void decodes_every_half();
  void does_not_know_removed_types();
};

void FormatsTest::every_decoder_has_a_second_opinion() {
  for (const FormatInfo& format : all_formats()) {
    const bool covered = std::any_of(std::begin(second_opinion::kRows), std::end(second_opinion::kRows),
                                     [&](const auto& row) { return row.format == format.format; });
    QVERIFY2(covered == (format.decode != nullptr), format.name.data());
  }
}

void FormatsTest::decodes_random_blocks_data() {
  QTest::addColumn<int>("row");
  for (int i = 0; i < static_cast<int>(std::size(second_opinion::kRows)); ++i)
    QTest::newRow(format_info(second_opinion::kRows[i].format).name.data()) << i;
}

// The table's decoder and the vectorised one, bit by bit, from addresses of any alignment.
void FormatsTest::decodes_random_blocks() {
  QFETCH(int, row);
  const second_opinion::Row& expected = second_opinion::kRows[row];
  const FormatInfo& format = format_info(expected.format);
  QCOMPARE(static_cast<int>(format.block_elements), expected.block_elements);
  QCOMPARE(static_cast<int>(format.block_bytes), expected.block_bytes);

  std::vector<DecodeFunction> decoders = {format.decode, portable_kernels().decoder(expected.format)};
  if (const Kernels* avx2 = avx2_kernels()) decoders.push_back(avx2->decoder(expected.format));
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
    if (!same(out[i], second_opinion::f16(bytes))) QFAIL(qPrintable(QString("half %1").arg(i)));
  }
}

void FormatsTest::does_not_know_removed_types() {
  for (const std::uint32_t id : {4U, 5U, 31U, 32U, 33U, 36U, 37U, 38U, 43U, 97U, 0xffffffffU})
    QVERIFY(find_format(id) == nullptr);
}

QTEST_APPLESS_MAIN(FormatsTest)
#include "formats_test.moc"
