#include <QTest>
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "engine/formats/formats.h"
#include "engine/formats/half.h"

using namespace facet;
using namespace facet::engine;

namespace {

std::vector<float> gaussian(std::size_t count, unsigned seed, float deviation = 0.02F) {
  std::mt19937 random(seed);
  std::normal_distribution<float> values(0, deviation);
  std::vector<float> out(count);
  for (float& value : out)
    value = values(random);
  return out;
}

std::vector<std::byte> encode(Format format, const std::vector<float>& values) {
  std::vector<std::byte> blocks(row_bytes(format, values.size()) + 1, std::byte{0xee});
  // From an odd address: blocks in a file have no alignment.
  format_info(format).encode(values.data(), blocks.data() + 1, values.size());
  blocks.erase(blocks.begin());
  return blocks;
}

std::vector<float> decode(Format format, const std::vector<std::byte>& blocks, std::size_t count) {
  std::vector<float> values(count);
  format_info(format).decode(blocks.data(), values.data(), count);
  return values;
}

// Root of the mean squared error over that of the values.
double relative_error(const std::vector<float>& values, const std::vector<float>& decoded) {
  double error = 0;
  double energy = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    error += std::pow(static_cast<double>(values[i]) - decoded[i], 2);
    energy += std::pow(static_cast<double>(values[i]), 2);
  }
  return std::sqrt(error / energy);
}

double relative_error(Format format, const std::vector<float>& values) {
  return relative_error(values, decode(format, encode(format, values), values.size()));
}

// The reference quantisation, once more and as its table states it.
namespace reference {

void put_half(std::vector<std::byte>& out, float value) {
  const std::uint16_t half = float_to_half(value);
  out.push_back(static_cast<std::byte>(half & 255U));
  out.push_back(static_cast<std::byte>(half >> 8U));
}

float signed_extreme(const float* x) {
  float m = 0;
  for (int i = 0; i < 32; ++i)
    if (std::fabs(x[i]) > std::fabs(m)) m = x[i];
  return m;
}

std::vector<std::byte> q8_0(const std::vector<float>& x) {
  std::vector<std::byte> out;
  for (std::size_t b = 0; b < x.size(); b += 32) {
    const float d = std::fabs(signed_extreme(&x[b])) / 127;
    const float id = d != 0 ? 1 / d : 0;
    put_half(out, d);
    for (std::size_t i = b; i < b + 32; ++i)
      out.push_back(static_cast<std::byte>(static_cast<int>(roundf(x[i] * id))));
  }
  return out;
}

// Q4_0 and Q5_0: codes of `levels` values, the fifth bits in front of the nibbles.
std::vector<std::byte> centred(const std::vector<float>& x, int levels) {
  std::vector<std::byte> out;
  for (std::size_t b = 0; b < x.size(); b += 32) {
    const float half_levels = static_cast<float>(levels) / 2;
    const float d = signed_extreme(&x[b]) / -half_levels;
    const float id = d != 0 ? 1 / d : 0;
    put_half(out, d);
    int codes[32];
    std::uint32_t fifths = 0;
    for (std::size_t i = 0; i < 32; ++i) {
      codes[i] = std::min(levels - 1, static_cast<int>(truncf(x[b + i] * id + half_levels + 0.5F)));
      fifths |= static_cast<std::uint32_t>(codes[i] / 16) << i;
    }
    if (levels == 32)
      for (int shift = 0; shift < 32; shift += 8)
        out.push_back(static_cast<std::byte>((fifths >> shift) & 255U));
    for (int i = 0; i < 16; ++i)
      out.push_back(static_cast<std::byte>(codes[i] % 16 + codes[i + 16] % 16 * 16));
  }
  return out;
}

// What an encoder of Q4_K gives that searches nothing: the smallest and the largest value of each group decide. Returns
// what the decoder would read.
std::vector<float> plain_q4_k(const std::vector<float>& x) {
  std::vector<float> out;
  for (std::size_t b = 0; b < x.size(); b += 256) {
    float scales[8];
    float minimums[8];
    for (std::size_t k = 0; k < 8; ++k) {
      const auto [low, high] = std::minmax_element(&x[b + 32 * k], &x[b + 32 * k] + 32);
      minimums[k] = -std::min(0.0F, *low);
      scales[k] = (*high + minimums[k]) / 15;
    }
    const float d = half_to_float(float_to_half(*std::max_element(scales, scales + 8) / 63));
    const float dmin = half_to_float(float_to_half(*std::max_element(minimums, minimums + 8) / 63));
    for (std::size_t i = 0; i < 256; ++i) {
      const float scale = d * roundf(scales[i / 32] / d);
      const float minimum = dmin * roundf(minimums[i / 32] / dmin);
      const float code = std::clamp(roundf((x[b + i] + minimum) / scale), 0.0F, 15.0F);
      out.push_back(scale * code - minimum);
    }
  }
  return out;
}

}  // namespace reference

}  // namespace

class EncodeTest : public QObject {
  Q_OBJECT

 private slots:
  void every_half_comes_back();
  void halves_are_the_nearest();
  void bfloats_are_the_nearest();
  void floats_come_back();
  void equals_the_reference_quantisation_data();
  void equals_the_reference_quantisation();
  void searched_scales_keep_to_their_error_data();
  void searched_scales_keep_to_their_error();
  void searching_beats_the_plain_encoder();
  void exact_values_stay_exact_data();
  void exact_values_stay_exact();
  void takes_any_finite_block_data();
  void takes_any_finite_block();
};

void EncodeTest::every_half_comes_back() {
  for (unsigned half = 0; half < 65536; ++half) {
    const float value = half_to_float(static_cast<std::uint16_t>(half));
    if (std::isnan(value)) {
      QVERIFY(std::isnan(half_to_float(float_to_half(value))));
    } else {
      QCOMPARE(static_cast<unsigned>(float_to_half(value)), half);
    }
  }
}

// Every border between two halves: the middle goes to the even one, and a float to either side to the nearer.
void EncodeTest::halves_are_the_nearest() {
  for (unsigned half = 0; half < 0x7c00; ++half) {
    const double here = static_cast<double>(half_to_float(static_cast<std::uint16_t>(half)));
    // Beyond the largest half the next step of the same size counts as infinite.
    const double next = half + 1 < 0x7c00 ? half_to_float(static_cast<std::uint16_t>(half + 1)) : 65536.0;
    const auto middle = static_cast<float>((here + next) / 2);
    const unsigned even = half % 2 == 0 ? half : half + 1;
    QCOMPARE(static_cast<unsigned>(float_to_half(middle)), even);
    QCOMPARE(static_cast<unsigned>(float_to_half(std::nextafter(middle, 0.0F))), half);
    QCOMPARE(static_cast<unsigned>(float_to_half(std::nextafter(middle, INFINITY))), half + 1);
    QCOMPARE(static_cast<unsigned>(float_to_half(-middle)), even | 0x8000U);
  }
  QCOMPARE(static_cast<unsigned>(float_to_half(1e30F)), 0x7c00U);
  QCOMPARE(static_cast<unsigned>(float_to_half(-1e30F)), 0xfc00U);
  QCOMPARE(static_cast<unsigned>(float_to_half(1e-30F)), 0U);
}

void EncodeTest::bfloats_are_the_nearest() {
  for (unsigned top = 0; top < 0x7f80; ++top) {
    const auto at = [](std::uint32_t bits) {
      return static_cast<unsigned>(float_to_bfloat(std::bit_cast<float>(bits)));
    };
    const std::uint32_t bits = top << 16U;
    QCOMPARE(at(bits), top);
    QCOMPARE(at(bits + 0x7fff), top);
    QCOMPARE(at(bits + 0x8000), top % 2 == 0 ? top : top + 1);
    QCOMPARE(at(bits + 0x8001), top + 1);
    QCOMPARE(at(0x80000000U | bits | 0x8001U), (top + 1) | 0x8000U);
  }
  QCOMPARE(static_cast<unsigned>(float_to_bfloat(std::bit_cast<float>(0x7f800001U))), 0x7fc0U);
}

void EncodeTest::floats_come_back() {
  const std::vector<float> values = gaussian(1001, 3);
  for (const Format format : {Format::F32, Format::F16, Format::BF16}) {
    const std::vector<float> once = decode(format, encode(format, values), values.size());
    QCOMPARE(decode(format, encode(format, once), values.size()), once);
  }
  QCOMPARE(decode(Format::F32, encode(Format::F32, values), values.size()), values);
}

void EncodeTest::equals_the_reference_quantisation_data() {
  QTest::addColumn<std::vector<float>>("values");
  QTest::newRow("small values") << gaussian(32 * 5000, 1);
  QTest::newRow("large values") << gaussian(32 * 1000, 2, 300.0F);
  QTest::newRow("scales below the normal halves") << gaussian(32 * 1000, 4, 1e-5F);
  QTest::newRow("nothing but zeros") << std::vector<float>(64, 0.0F);
  // Ties: the first of two extremes decides the sign, and halves are rounded away from zero.
  std::vector<float> ties(32, 0.0F);
  ties[3] = -127;
  ties[20] = 127;
  for (std::size_t i = 4; i < 20; ++i)
    ties[i] = static_cast<float>(i) - 11.5F;
  QTest::newRow("ties") << ties;
}

void EncodeTest::equals_the_reference_quantisation() {
  QFETCH(std::vector<float>, values);
  QVERIFY(encode(Format::Q8_0, values) == reference::q8_0(values));
  QVERIFY(encode(Format::Q4_0, values) == reference::centred(values, 16));
  QVERIFY(encode(Format::Q5_0, values) == reference::centred(values, 32));
}

void EncodeTest::searched_scales_keep_to_their_error_data() {
  QTest::addColumn<int>("format");
  QTest::addColumn<std::vector<float>>("values");
  QTest::addColumn<double>("most");
  std::vector<float> shifted = gaussian(256 * 200, 6);
  for (float& value : shifted)
    value += 0.05F;
  std::vector<float> outliers = gaussian(256 * 200, 7);
  for (std::size_t i = 0; i < outliers.size(); i += 97)
    outliers[i] *= 8;
  // What the codes alone allow: Gaussian groups of 32 span 4.1 deviations, which 15 steps cut into pieces with an error
  // of 0.079; 16 values reach 1.8 deviations to one side, which 32 steps cut into 0.016.
  QTest::newRow("Q4_K, gaussian") << static_cast<int>(Format::Q4_K) << gaussian(256 * 400, 5) << 0.075;
  QTest::newRow("Q4_K, shifted") << static_cast<int>(Format::Q4_K) << shifted << 0.035;
  QTest::newRow("Q4_K, outliers") << static_cast<int>(Format::Q4_K) << outliers << 0.12;
  QTest::newRow("Q6_K, gaussian") << static_cast<int>(Format::Q6_K) << gaussian(256 * 400, 5) << 0.018;
  QTest::newRow("Q6_K, shifted") << static_cast<int>(Format::Q6_K) << shifted << 0.016;
  QTest::newRow("Q6_K, outliers") << static_cast<int>(Format::Q6_K) << outliers << 0.028;
}

void EncodeTest::searched_scales_keep_to_their_error() {
  QFETCH(int, format);
  QFETCH(std::vector<float>, values);
  QFETCH(double, most);
  const double error = relative_error(static_cast<Format>(format), values);
  QVERIFY2(error <= most, qPrintable(QString::number(error)));
}

void EncodeTest::searching_beats_the_plain_encoder() {
  const std::vector<float> values = gaussian(256 * 400, 8);
  const double plain = relative_error(values, reference::plain_q4_k(values));
  const double searched = relative_error(Format::Q4_K, values);
  QVERIFY2(searched < 0.93 * plain, qPrintable(QString("%1, plain %2").arg(searched).arg(plain)));
}

void EncodeTest::exact_values_stay_exact_data() {
  QTest::addColumn<int>("format");
  for (const Format format : {Format::Q8_0, Format::Q4_0, Format::Q5_0, Format::Q4_K, Format::Q6_K})
    QTest::newRow(format_info(format).name.data()) << static_cast<int>(format);
}

// Values that the codes can hit with a scale that is a half.
void EncodeTest::exact_values_stay_exact() {
  QFETCH(int, format);
  std::vector<float> values(1024);
  std::mt19937 random(9);
  for (float& value : values)
    value = static_cast<float>(static_cast<int>(random() % 8)) * 0.125F;
  for (std::size_t i = 0; i < values.size(); i += 16)
    values[i] = -1.0F;
  const double error = relative_error(static_cast<Format>(format), values);
  // Q8_0 takes 1/127 for its step whatever the values, and the six bits of a Q4_K minimum need not meet them.
  QVERIFY2(error <= (format == static_cast<int>(Format::Q4_K) ? 0.02 : 0.005), qPrintable(QString::number(error)));
}

void EncodeTest::takes_any_finite_block_data() {
  exact_values_stay_exact_data();
}

// Blocks of one kind of value each, from nothing to the largest half: what is decoded is finite and near.
void EncodeTest::takes_any_finite_block() {
  QFETCH(int, format);
  const auto as_format = static_cast<Format>(format);
  std::mt19937 random(10);
  for (const float size : {0.0F, 1e-44F, 1e-39F, 1e-20F, 1e-10F, 1e-6F, 1.0F, 65504.0F}) {
    for (const int kind : {0, 1, 2, 3}) {
      std::vector<float> values(256, 0.0F);
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (kind == 0) values[i] = size;
        if (kind == 1) values[i] = -size;
        if (kind == 2) values[i] = i == 77 ? -size : 0.0F;
        if (kind == 3) values[i] = random() % 2 == 0 ? size : -size;
      }
      const std::vector<float> decoded = decode(as_format, encode(as_format, values), values.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        // The smallest half is the smallest step.
        const float allowed = 0.14F * size + 0x1p-24F * 64;
        if (!(std::abs(decoded[i] - values[i]) <= allowed))
          QFAIL(qPrintable(QString("%1 became %2 (kind %3)").arg(values[i]).arg(decoded[i]).arg(kind)));
      }
    }
  }
}

QTEST_APPLESS_MAIN(EncodeTest)
#include "encode_test.moc"
