#pragma once

#include <QTest>
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <list>
#include <memory>
#include <numeric>
#include <random>

#include "engine/device_backend.h"
#include "engine/gguf/gguf_file.h"
#include "reference_ops.h"

// The operations of a backend against reference_ops.h: the cases that every backend has to pass.
namespace facet::engine::ops_cases {

using reference_ops::Expected;
using reference_ops::kUnit;
using reference_ops::Matrix;

// Whether a backend rounds the activations of products with integers.
enum class Rounding { None, EightBits };

inline std::uint32_t u32(std::size_t value) {
  return static_cast<std::uint32_t>(value);
}

// Blocks of a format with finite values of ordinary size.
inline std::vector<std::byte> random_blocks(const FormatInfo& format, std::size_t elements, std::mt19937& random) {
  std::vector<std::byte> bytes(elements / format.block_elements * format.block_bytes);
  if (format.format == Format::F32) {
    std::normal_distribution<float> values;
    for (std::size_t i = 0; i < elements; ++i) {
      const float value = values(random);
      std::memcpy(bytes.data() + 4 * i, &value, 4);
    }
    return bytes;
  }
  std::vector<float> decoded(format.block_elements);
  for (std::size_t at = 0; at < bytes.size(); at += format.block_bytes) {
    bool usable = false;
    while (!usable) {
      for (std::size_t i = 0; i < format.block_bytes; ++i)
        bytes[at + i] = static_cast<std::byte>(random());
      format.decode(bytes.data() + at, decoded.data(), decoded.size());
      usable = std::all_of(decoded.begin(), decoded.end(), [](float v) { return std::abs(v) < 100.0F; });
    }
  }
  return bytes;
}

// A backend with what one test puts on it. Operands lie inside larger buffers, so that strides and offsets matter.
class Bench {
 public:
  // A backend may serve many benches, one after the other: opening a device and preparing its kernels takes long.
  explicit Bench(std::shared_ptr<Backend> backend) : owner_(std::move(backend)), backend_(*owner_) {}
  ~Bench() {
    for (const Buffer& buffer : buffers_)
      backend_.release_buffer(buffer);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Backend& backend() { return backend_; }
  std::mt19937& random() { return random_; }

  View put(const Matrix& matrix) {
    const View view = room(matrix.rows, matrix.width);
    const std::vector<float> values(matrix.cells.begin(), matrix.cells.end());
    backend_.write(view, values);
    return view;
  }

  View room(std::size_t rows, std::size_t width) {
    const Buffer buffer = kept(backend_.create_buffer("operand", u32(rows + 2), u32(width + 5)));
    backend_.write(View(buffer), std::vector<float>((rows + 2) * (width + 5), -777.0F));
    return View(buffer).part(1, u32(rows), 3, u32(width));
  }

  Buffer cache(std::size_t rows, std::size_t width, Format format = Format::F32) {
    const Buffer buffer = kept(backend_.create_cache("cache", {u32(rows), u32(width), format}));
    const Buffer unwritten = kept(backend_.create_buffer("operand", u32(rows), u32(width)));
    backend_.write(View(unwritten), std::vector<float>(rows * width, -777.0F));
    backend_.store(View(unwritten), 0, buffer);
    return buffer;
  }

  std::vector<float> get(const View& view) {
    std::vector<float> values(std::size_t{view.rows} * view.width);
    backend_.read(view, values);
    return values;
  }

  Matrix normal(std::size_t rows, std::size_t width, double deviation = 1.0) {
    std::normal_distribution<float> values(0.0F, static_cast<float>(deviation));
    Matrix matrix(rows, width);
    for (double& cell : matrix.cells)
      cell = static_cast<double>(values(random_));
    return matrix;
  }

  // A weight of any format, and what its blocks stand for.
  Weight weight(Format format, std::size_t inputs, std::size_t outputs, std::size_t experts, Matrix& decoded) {
    const FormatInfo& info = format_info(format);
    blocks_.push_back(random_blocks(info, inputs * outputs * experts, random_));
    std::vector<float> values(inputs * outputs * experts);
    info.decode(blocks_.back().data(), values.data(), values.size());
    decoded = Matrix(outputs * experts, inputs);
    decoded.cells.assign(values.begin(), values.end());
    return backend_.load_weight({"w", format, {inputs, outputs, experts, 1}, blocks_.back()}, WeightUse::Matrix)
        .value();
  }

  Weight vector(const std::vector<double>& values) {
    std::vector<std::byte> bytes(values.size() * 4);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto value = static_cast<float>(values[i]);
      std::memcpy(bytes.data() + 4 * i, &value, 4);
    }
    blocks_.push_back(std::move(bytes));
    return backend_.load_weight({"v", Format::F32, {values.size(), 1, 1, 1}, blocks_.back()}, WeightUse::Vector)
        .value();
  }

  // The cells around a view must be as `room` left them.
  bool surroundings_untouched(const View& view) {
    View whole = view;
    whole.rows += 2;
    whole.width += 5;
    whole.offset -= whole.width + 3;
    const std::vector<float> all = get(whole);
    for (std::size_t r = 0; r < whole.rows; ++r)
      for (std::size_t c = 0; c < whole.width; ++c) {
        const bool inside = r >= 1 && r <= view.rows && c >= 3 && c < view.width + 3U;
        if (!inside && all[r * whole.width + c] != -777.0F) return false;
      }
    return true;
  }

 private:
  Buffer kept(const Result<Buffer>& buffer) {
    buffers_.push_back(buffer.value());
    return buffers_.back();
  }

  std::shared_ptr<Backend> owner_;
  Backend& backend_;
  std::vector<Buffer> buffers_;
  std::mt19937 random_{7};
  std::list<std::vector<std::byte>> blocks_;
};

inline QString describe_worst(const std::vector<float>& actual, const Expected& expected) {
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double error = std::abs(static_cast<double>(actual[i]) - expected.value.cells[i]);
    const double excess = std::isfinite(error) ? error / (expected.bound.cells[i] + 1e-38) : HUGE_VAL;
    if (excess > worst) {
      worst = excess;
      at = i;
    }
  }
  return worst <= 1 ? QString()
                    : QString("row %1 column %2: %3, not %4 (%5 times the bound)")
                          .arg(at / expected.value.width)
                          .arg(at % expected.value.width)
                          .arg(actual[at])
                          .arg(expected.value.cells[at])
                          .arg(worst);
}

inline void compare(Bench& bench, const View& view, const Expected& expected) {
  const QString worst = describe_worst(bench.get(view), expected);
  if (!worst.isEmpty()) QFAIL(qPrintable(worst));
  QVERIFY(bench.surroundings_untouched(view));
}

#define COMPARE_OR_RETURN(view, expected)                 \
  do {                                                    \
    facet::engine::ops_cases::compare(b, view, expected); \
    if (QTest::currentTestFailed()) return;               \
  } while (false)

inline void embed(Bench& b) {
  for (const Format format : {Format::F32, Format::BF16, Format::Q8_0, Format::Q6_K}) {
    const std::size_t width = 256;
    Matrix table(0, 0);
    const Weight weight = b.weight(format, width, 19, 1, table);
    const std::vector<Token> tokens = {0, 18, 7, 7, 3};
    Expected expected(tokens.size(), width);
    for (std::size_t r = 0; r < tokens.size(); ++r)
      for (std::size_t c = 0; c < width; ++c) {
        expected.value.at(r, c) = table.at(static_cast<std::size_t>(tokens[r]), c) * 1.7;
        expected.bound.at(r, c) = 2 * kUnit * std::abs(expected.value.at(r, c));
      }
    const View out = b.room(tokens.size(), width);
    b.backend().embed(weight, tokens, 1.7F, out);
    // 1.7 itself is rounded.
    for (double& bound : expected.bound.cells)
      bound *= 2;
    COMPARE_OR_RETURN(out, expected);
  }
}

inline void matmul(Bench& b, Format format) {
  const std::size_t block = format_info(format).block_elements;
  for (const std::size_t inputs :
       {std::size_t{1}, std::size_t{5}, std::size_t{37}, std::size_t{256}, std::size_t{1303}}) {
    const std::size_t length = (inputs + block - 1) / block * block;
    for (const std::size_t outputs : {1, 7, 8, 33}) {
      Matrix rows(0, 0);
      const Weight weight = b.weight(format, length, outputs, 1, rows);
      for (const std::size_t columns : {1, 2, 3, 4, 5, 17}) {
        const Matrix x = b.normal(columns, length);
        const View out = b.room(columns, outputs);
        b.backend().matmul(weight, b.put(x), out);
        COMPARE_OR_RETURN(out, reference_ops::matmul(rows, x));
      }
    }
  }
}

// As many rows as a prompt has: backends may have other kernels for them.
inline void matmul_of_many_rows(Bench& b, Format format) {
  const std::size_t block = format_info(format).block_elements;
  for (const std::size_t inputs : {std::size_t{32}, std::size_t{300}}) {
    const std::size_t length = (inputs + block - 1) / block * block;
    for (const std::size_t outputs : {3, 70}) {
      Matrix rows(0, 0);
      const Weight weight = b.weight(format, length, outputs, 1, rows);
      for (const std::size_t columns : {33, 130}) {
        const Matrix x = b.normal(columns, length);
        const View out = b.room(columns, outputs);
        b.backend().matmul(weight, b.put(x), out);
        COMPARE_OR_RETURN(out, reference_ops::matmul(rows, x));
      }
    }
  }
}

inline void matmul_rows_do_not_depend_on_each_other(Bench& b, Format format, std::uint32_t most) {
  Matrix rows(0, 0);
  const Weight weight = b.weight(format, 1280, 45, 1, rows);
  const View x = b.put(b.normal(most, 1280));
  const View together = b.room(most, 45);
  b.backend().matmul(weight, x, together);
  const View apart = b.room(most, 45);
  for (std::uint32_t first = 0, count = 1; first < most; first += count, count = std::min(count + 1, most - first))
    b.backend().matmul(weight, x.part(first, count, 0, 1280), apart.part(first, count, 0, 45));
  QCOMPARE(b.get(apart), b.get(together));
}

inline void rms_norm(Bench& b) {
  for (const std::size_t group : {1, 3, 8, 17, 256, 1536}) {
    for (const std::size_t groups : {1, 5}) {
      const Matrix x = b.normal(4, group * groups, 30.0);
      const std::vector<double> factors = b.normal(1, group).cells;
      const View plain = b.room(x.rows, x.width);
      b.backend().rms_norm(b.put(x), {}, u32(group), 1e-6F, plain);
      COMPARE_OR_RETURN(plain, reference_ops::rms_norm(x, {}, group, 1e-6));
      const View in_place = b.put(x);
      b.backend().rms_norm(in_place, b.vector(factors), u32(group), 1e-6F, in_place);
      COMPARE_OR_RETURN(in_place, reference_ops::rms_norm(x, factors, group, 1e-6));
    }
  }
  // Here eps decides.
  const Matrix small = b.normal(1, 64, 1e-4);
  const View out = b.room(1, 64);
  b.backend().rms_norm(b.put(small), {}, 64, 1e-6F, out);
  COMPARE_OR_RETURN(out, reference_ops::rms_norm(small, {}, 64, 1e-6));
}

inline void add_rms_norm(Bench& b) {
  for (const std::size_t group : {1, 7, 16, 640}) {
    const Matrix x = b.normal(3, group * 2);
    const Matrix before = b.normal(3, group * 2);
    const std::vector<double> factors = b.normal(1, group).cells;
    for (const bool weighted : {false, true}) {
      Expected expected = reference_ops::rms_norm(x, weighted ? factors : std::vector<double>{}, group, 1e-6);
      for (std::size_t i = 0; i < expected.value.cells.size(); ++i) {
        expected.value.cells[i] += before.cells[i];
        expected.bound.cells[i] += 2 * kUnit * std::abs(expected.value.cells[i]);
      }
      const View sum = b.put(before);
      b.backend().add_rms_norm(b.put(x), weighted ? b.vector(factors) : Weight{}, u32(group), 1e-6F, sum);
      COMPARE_OR_RETURN(sum, expected);
    }
  }
}

inline void scale(Bench& b) {
  for (const std::size_t width : {1, 13, 2048, 5001}) {
    const Matrix x = b.normal(5, width);
    Expected expected(5, width);
    for (std::size_t i = 0; i < x.cells.size(); ++i) {
      expected.value.cells[i] = x.cells[i] * 0.375;
      expected.bound.cells[i] = kUnit * std::abs(expected.value.cells[i]);
    }
    const View view = b.put(x);
    b.backend().scale(view, 0.375F);
    COMPARE_OR_RETURN(view, expected);
  }
}

inline void geglu(Bench& b) {
  for (const std::size_t width : {1, 9, 100, 4100}) {
    Matrix gate = b.normal(3, width, 4.0);
    // The ends of the function, where an exponential would overflow.
    const double ends[] = {0, 1e-30, -1e-30, 9, -9, 40, -40, 1000, -1000, 1e10, -1e10};
    for (std::size_t i = 0; i < std::min(width, std::size(ends)); ++i)
      gate.at(0, i) = static_cast<float>(ends[i]);
    const Matrix up = b.normal(3, width);
    Expected expected(3, width);
    for (std::size_t i = 0; i < gate.cells.size(); ++i) {
      const double x = gate.cells[i];
      expected.value.cells[i] = reference_ops::gelu(x) * up.cells[i];
      // The exponent's rounding grows with its size. Where 1 + tanh cancels, the formula itself is only that good.
      const double exponent = std::min(100.0, std::abs(1.6 * (x + 0.044715 * x * x * x)));
      const double flat = 2e-16 * std::abs(x * up.cells[i]);
      expected.bound.cells[i] = std::abs(expected.value.cells[i]) * (16 + 4 * exponent) * kUnit + flat;
    }
    const View separate = b.room(3, width);
    b.backend().geglu(b.put(gate), b.put(up), separate);
    COMPARE_OR_RETURN(separate, expected);
    const View in_place = b.put(gate);
    b.backend().geglu(in_place, b.put(up), in_place);
    COMPARE_OR_RETURN(in_place, expected);
  }
}

inline void softcap(Bench& b) {
  for (const std::size_t width : {1, 9, 1217}) {
    Matrix x = b.normal(2, width, 20.0);
    x.at(0, 0) = 1e6;
    x.at(1, 0) = -1e6;
    Expected expected(2, width);
    for (std::size_t i = 0; i < x.cells.size(); ++i) {
      expected.value.cells[i] = 30 * std::tanh(x.cells[i] / 30);
      expected.bound.cells[i] = 30 * 8 * kUnit;
    }
    const View view = b.put(x);
    b.backend().softcap(view, 30.0F);
    COMPARE_OR_RETURN(view, expected);
  }
}

// The largest of a row, by the definition: everything is sorted. A vocabulary of one workgroup's and more, few and many
// chosen, equals on the border of what is chosen, and what is no number.
inline void top_k(Bench& b) {
  const auto infinity = std::numeric_limits<float>::infinity();
  for (const std::size_t width : {1, 300, 4096, 4097, 70001}) {
    for (const std::size_t wanted : {1, 64, 256}) {
      for (const char* const kind : {"ordinary", "few values", "odd"}) {
        const std::size_t count = std::min(wanted, width);
        Matrix x = b.normal(1, width, 10.0);
        if (kind[0] == 'f')
          for (double& cell : x.cells)
            cell = std::round(cell / 10);
        if (kind[0] == 'o' && width > 10) {
          x.cells[3] = x.cells[7] = std::numeric_limits<double>::quiet_NaN();
          x.cells[width - 1] = static_cast<double>(infinity);
          x.cells[5] = static_cast<double>(-infinity);
        }
        const View logits = b.put(x);
        const View ids = b.room(1, count);
        const View values = b.room(1, count);
        b.backend().top_k(logits, 0, ids, values);
        std::vector<std::uint32_t> order(width);
        std::iota(order.begin(), order.end(), 0U);
        const auto rank = [&](std::uint32_t i) {
          return std::isnan(x.cells[i]) ? std::numeric_limits<double>::max() : std::min(x.cells[i], 1e300);
        };
        std::stable_sort(order.begin(), order.end(),
                         [&](std::uint32_t i, std::uint32_t j) { return rank(i) > rank(j); });
        const std::vector<float> found = b.get(ids);
        const std::vector<float> found_values = b.get(values);
        for (std::size_t i = 0; i < count; ++i) {
          QCOMPARE(std::bit_cast<std::uint32_t>(found[i]), order[i]);
          const auto value = static_cast<float>(x.cells[order[i]]);
          QVERIFY(std::isnan(value) ? std::isnan(found_values[i]) : found_values[i] == value);
        }
      }
    }
  }
}

// A cap comes first, and stays in the logits.
inline void top_k_with_cap(Bench& b) {
  const Matrix x = b.normal(1, 5000, 40.0);
  const View logits = b.put(x);
  const View ids = b.room(1, 20);
  const View values = b.room(1, 20);
  b.backend().top_k(logits, 30.0F, ids, values);
  Expected expected(1, 5000);
  for (std::size_t i = 0; i < x.cells.size(); ++i) {
    expected.value.cells[i] = 30 * std::tanh(x.cells[i] / 30);
    expected.bound.cells[i] = 30 * 8 * kUnit;
  }
  COMPARE_OR_RETURN(logits, expected);
  std::vector<float> capped = b.get(logits);
  const std::vector<float> found = b.get(ids);
  const std::vector<float> found_values = b.get(values);
  for (std::size_t i = 0; i < found.size(); ++i)
    QCOMPARE(found_values[i], capped[std::bit_cast<std::uint32_t>(found[i])]);
  std::sort(capped.begin(), capped.end(), std::greater<>());
  for (std::size_t i = 0; i < found_values.size(); ++i)
    QCOMPARE(found_values[i], capped[i]);
}

// The rotated norms of the heads of x.
inline Expected prepared(const Matrix& x, const std::vector<double>& factors, std::size_t head_dim,
                         const std::vector<double>& frequencies, std::size_t first) {
  const Expected normed = reference_ops::rms_norm(x, factors, head_dim, 1e-6);
  Expected rotated = reference_ops::rope(normed.value, head_dim, frequencies, first);
  for (std::size_t r = 0; r < x.rows; ++r)
    for (std::size_t c = 0; c < x.width; ++c) {
      const std::size_t half = head_dim / 2;
      const std::size_t in_head = c % head_dim;
      const std::size_t other = in_head < half ? c + half : c - half;
      rotated.bound.at(r, c) += normed.bound.at(r, c);
      if (2 * frequencies.size() > 0 && in_head % half < frequencies.size() && other < x.width)
        rotated.bound.at(r, c) += normed.bound.at(r, other);
    }
  return rotated;
}

inline void prepare_heads(Bench& b) {
  for (const std::size_t head_dim : {2, 6, 16, 256}) {
    for (const std::size_t pairs : {std::size_t{0}, head_dim / 8, head_dim / 2}) {
      std::vector<double> frequencies(pairs);
      for (std::size_t i = 0; i < pairs; ++i)
        frequencies[i] = std::pow(1e4, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
      for (const std::size_t first : {0, 1, 131000}) {
        const bool values_are_keys = first == 1;
        const Matrix q = b.normal(3, head_dim * 4);
        const Matrix k = b.normal(3, head_dim * 2, 5.0);
        const Matrix v = b.normal(3, head_dim * 2, 5.0);
        const std::vector<double> q_factors = b.normal(1, head_dim).cells;
        const std::vector<double> k_factors = b.normal(1, head_dim).cells;
        HeadInputs inputs;
        inputs.q = b.put(q);
        inputs.k = b.put(k);
        inputs.v = b.put(v);
        inputs.values_are_keys = values_are_keys;
        inputs.q_norm = b.vector(q_factors);
        inputs.k_norm = b.vector(k_factors);
        inputs.head_dim = u32(head_dim);
        inputs.eps = 1e-6F;
        inputs.rope = b.room(3, 2 * pairs);
        inputs.first_position = u32(first);
        inputs.keys = b.cache(7, k.width);
        inputs.values = b.cache(7, k.width);
        b.backend().rope_table(frequencies, u32(first), inputs.rope);
        b.backend().prepare_heads(inputs);
        const Expected keys = prepared(k, k_factors, head_dim, frequencies, first);
        const Expected values = reference_ops::rms_norm(values_are_keys ? k : v, {}, head_dim, 1e-6);
        COMPARE_OR_RETURN(inputs.q, prepared(q, q_factors, head_dim, frequencies, first));
        COMPARE_OR_RETURN(inputs.k, keys);
        COMPARE_OR_RETURN(inputs.v, values);
        // The caches hold the same, at the rows of the positions.
        const std::vector<float> stored_keys = b.get(View(inputs.keys));
        const std::vector<float> stored_values = b.get(View(inputs.values));
        const std::vector<float> k_cells = b.get(inputs.k);
        const std::vector<float> v_cells = b.get(inputs.v);
        for (std::size_t r = 0; r < 3; ++r)
          for (std::size_t c = 0; c < k.width; ++c) {
            QCOMPARE(stored_keys[(first + r) % 7 * k.width + c], k_cells[r * k.width + c]);
            QCOMPARE(stored_values[(first + r) % 7 * k.width + c], v_cells[r * k.width + c]);
          }
        QCOMPARE(stored_keys[(first + 3) % 7 * k.width], -777.0F);
      }
    }
  }
}

// Parts of a head that rotate each with its own table, as the encoder of a picture has them for columns and rows.
inline void prepare_heads_of_parts(Bench& b) {
  for (const std::size_t head_dim : {8, 64, 72}) {
    const std::size_t parts = 2;
    const std::size_t part = head_dim / parts;
    const std::size_t pairs = part / 2;
    const Matrix q = b.normal(3, head_dim * 2);
    const Matrix k = b.normal(3, head_dim * 2, 3.0);
    const std::vector<double> factors = b.normal(1, head_dim).cells;
    const Matrix angles = b.normal(3, parts * pairs, 3.0);
    Matrix table(3, 2 * parts * pairs);
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t p = 0; p < parts; ++p)
        for (std::size_t i = 0; i < pairs; ++i) {
          const double angle = angles.at(r, p * pairs + i);
          table.at(r, p * 2 * pairs + i) = static_cast<double>(static_cast<float>(std::cos(angle)));
          table.at(r, p * 2 * pairs + pairs + i) = static_cast<double>(static_cast<float>(std::sin(angle)));
        }
    HeadInputs inputs;
    inputs.q = b.put(q);
    inputs.k = b.put(k);
    inputs.v = b.put(k);
    inputs.q_norm = inputs.k_norm = b.vector(factors);
    inputs.head_dim = u32(head_dim);
    inputs.eps = 1e-6F;
    inputs.rope = b.put(table);
    inputs.rope_parts = u32(parts);
    inputs.first_position = 4;
    inputs.keys = b.cache(7, k.width);
    inputs.values = b.cache(7, k.width);
    b.backend().prepare_heads(inputs);
    const auto rotated = [&](const Matrix& x) {
      const Expected normed = reference_ops::rms_norm(x, factors, head_dim, 1e-6);
      Expected out = normed;
      for (std::size_t r = 0; r < x.rows; ++r)
        for (std::size_t first = 0; first < x.width; first += part)
          for (std::size_t i = 0; i < pairs; ++i) {
            const double a = normed.value.at(r, first + i);
            const double z = normed.value.at(r, first + i + pairs);
            const std::size_t column = first / part % parts * 2 * pairs + i;
            const double cosine = table.at(r, column);
            const double sine = table.at(r, column + pairs);
            out.value.at(r, first + i) = a * cosine - z * sine;
            out.value.at(r, first + i + pairs) = z * cosine + a * sine;
            out.bound.at(r, first + i) = out.bound.at(r, first + i + pairs) = normed.bound.at(r, first + i) +
                                                                              normed.bound.at(r, first + i + pairs) +
                                                                              4 * kUnit * (std::abs(a) + std::abs(z));
          }
      return out;
    };
    COMPARE_OR_RETURN(inputs.q, rotated(q));
    COMPARE_OR_RETURN(inputs.k, rotated(k));
    COMPARE_OR_RETURN(inputs.v, reference_ops::rms_norm(k, {}, head_dim, 1e-6));
    const std::vector<float> stored = b.get(View(inputs.keys));
    const std::vector<float> cells = b.get(inputs.k);
    for (std::size_t i = 0; i < cells.size(); ++i)
      QCOMPARE(stored[4 * k.width + i], cells[i]);
  }
}

// A layer may have queries alone, or keys and values alone; caches in 16 and 8 bits take what `store` takes.
inline void prepare_heads_in_parts(Bench& b) {
  const std::size_t head_dim = 32;
  const std::vector<double> frequencies = {1.0, 0.25, 0.0625};
  for (const Format format : {Format::F32, Format::F16, Format::Q8_0}) {
    const Matrix q = b.normal(2, head_dim * 3);
    const Matrix k = b.normal(5, head_dim * 3);
    HeadInputs whole;
    whole.q = b.put(q);
    whole.k = b.put(k);
    whole.v = b.put(k);
    whole.q_norm = whole.k_norm = b.vector(b.normal(1, head_dim).cells);
    whole.head_dim = u32(head_dim);
    whole.eps = 1e-6F;
    whole.keys = b.cache(5, k.width, format);
    whole.values = b.cache(5, k.width, format);
    HeadInputs keys = whole;
    keys.q = {};
    keys.rope = b.room(5, 6);
    keys.first_position = 3;
    b.backend().rope_table(frequencies, 3, keys.rope);
    b.backend().prepare_heads(keys);
    HeadInputs queries = whole;
    queries.k = queries.v = {};
    queries.rope = keys.rope.last_rows(2);
    queries.first_position = 6;
    b.backend().prepare_heads(queries);
    if (format == Format::F32) {
      const std::vector<float> rows = b.get(View(whole.keys));
      const std::vector<float> cells = b.get(keys.k);
      for (std::size_t r = 0; r < 5; ++r)
        for (std::size_t c = 0; c < k.width; ++c)
          QCOMPARE(rows[(3 + r) % 5 * k.width + c], cells[r * k.width + c]);
    }
    // What attention makes of these caches is what it makes of rows that were stored by themselves.
    const Buffer stored_keys = b.cache(5, k.width, format);
    const Buffer stored_values = b.cache(5, k.width, format);
    b.backend().store(keys.k, 3, stored_keys);
    b.backend().store(keys.v, 3, stored_values);
    const View out = b.room(1, q.width);
    const View expected = b.room(1, q.width);
    const AttentionShape shape{3, 3, u32(head_dim), 5};
    b.backend().attention(queries.q.last_rows(1), whole.keys, whole.values, shape, 7, out);
    b.backend().attention(queries.q.last_rows(1), stored_keys, stored_values, shape, 7, expected);
    QCOMPARE(b.get(out), b.get(expected));
  }
}

// What a branch's end makes of a sum, both with their bounds.
inline void end_branch(const Expected& branch, const Matrix& before, const std::vector<double>& factors,
                       const std::vector<double>& next_factors, double factor, Expected& sum, Expected& next) {
  const std::size_t width = before.width;
  sum = reference_ops::rms_norm(branch.value, factors, width, 1e-6);
  for (std::size_t r = 0; r < before.rows; ++r) {
    double squares = 0;
    for (std::size_t c = 0; c < width; ++c)
      squares += branch.value.at(r, c) * branch.value.at(r, c);
    const double inverse = 1 / std::sqrt(squares / static_cast<double>(width) + 1e-6);
    double error = 0;
    for (std::size_t c = 0; c < width; ++c)
      error = std::max(error, branch.bound.at(r, c) * inverse);
    for (std::size_t c = 0; c < width; ++c) {
      const double weight = factors.empty() ? 1.0 : std::abs(factors[c]);
      // The error of a cell, and what those of all do to the root mean square.
      sum.bound.at(r, c) += 2 * error * weight + error * std::abs(sum.value.at(r, c));
      sum.value.at(r, c) = factor * (before.at(r, c) + sum.value.at(r, c));
      sum.bound.at(r, c) = factor * sum.bound.at(r, c) + 4 * kUnit * std::abs(sum.value.at(r, c)) +
                           2 * kUnit * factor * std::abs(before.at(r, c));
    }
  }
  next = reference_ops::rms_norm(sum.value, next_factors, width, 1e-6);
  for (std::size_t r = 0; r < before.rows; ++r) {
    double squares = 0;
    double errors = 0;
    for (std::size_t c = 0; c < width; ++c) {
      squares += sum.value.at(r, c) * sum.value.at(r, c);
      errors += std::abs(sum.value.at(r, c)) * sum.bound.at(r, c);
    }
    const double inverse = 1 / std::sqrt(squares / static_cast<double>(width) + 1e-6);
    for (std::size_t c = 0; c < width; ++c)
      next.bound.at(r, c) += sum.bound.at(r, c) * inverse * (next_factors.empty() ? 1.0 : std::abs(next_factors[c])) +
                             std::abs(next.value.at(r, c)) * errors / squares;
  }
}

inline void add_branch(Bench& b) {
  for (const std::size_t width : {1, 7, 128, 1536}) {
    for (const bool weighted : {false, true}) {
      const Matrix branch = b.normal(3, width, 4.0);
      const Matrix before = b.normal(3, width);
      const std::vector<double> factors = weighted ? b.normal(1, width).cells : std::vector<double>{};
      const std::vector<double> next_factors = weighted ? b.normal(1, width).cells : std::vector<double>{};
      Expected branch_exactly(3, width);
      branch_exactly.value = branch;
      Expected sum(3, width);
      Expected next(3, width);
      end_branch(branch_exactly, before, factors, next_factors, 0.75, sum, next);
      const BranchEnd end{weighted ? b.vector(factors) : Weight{},      1e-6F,           0.75F, b.put(before),
                          weighted ? b.vector(next_factors) : Weight{}, b.room(3, width)};
      b.backend().add_branch(b.put(branch), end);
      COMPARE_OR_RETURN(end.sum, sum);
      COMPARE_OR_RETURN(end.next, next);
      BranchEnd alone = end;
      alone.sum = b.put(before);
      alone.next = {};
      b.backend().add_branch(b.put(branch), alone);
      COMPARE_OR_RETURN(alone.sum, sum);
    }
  }
}

inline void matmul_add_branch(Bench& b) {
  for (const std::size_t outputs : {5, 64, 1031}) {
    for (const std::size_t rows : {1, 2, 8, 9, 40}) {
      const std::size_t inputs = 96;
      Matrix matrix(0, 0);
      const Weight weight = b.weight(Format::F32, inputs, outputs, 1, matrix);
      const Matrix x = b.normal(rows, inputs);
      const Matrix before = b.normal(rows, outputs);
      const std::vector<double> factors = b.normal(1, outputs).cells;
      const std::vector<double> next_factors = b.normal(1, outputs).cells;
      const Expected product = reference_ops::matmul(matrix, x);
      Expected sum(rows, outputs);
      Expected next(rows, outputs);
      end_branch(product, before, factors, next_factors, 0.75, sum, next);
      // Twice: what the first call leaves behind must not disturb the second.
      for (int time = 0; time < 2; ++time) {
        const View branch = b.room(rows, outputs);
        const BranchEnd end{b.vector(factors),    1e-6F, 0.75F, b.put(before), b.vector(next_factors),
                            b.room(rows, outputs)};
        b.backend().matmul_add_branch(weight, b.put(x), branch, end);
        COMPARE_OR_RETURN(branch, product);
        COMPARE_OR_RETURN(end.sum, sum);
        COMPARE_OR_RETURN(end.next, next);
      }
    }
  }
}

inline void matmul_all(Bench& b) {
  // Three of one format, two formats, and one matrix alone.
  const std::vector<std::vector<std::pair<Format, std::size_t>>> cases = {
      {{Format::F32, 40}, {Format::F32, 8}, {Format::F32, 9}},
      {{Format::F32, 33}, {Format::F16, 7}, {Format::F32, 1}},
      {{Format::F16, 100}},
  };
  for (const auto& formats : cases) {
    for (const std::size_t rows : {1, 3, 30}) {
      const std::size_t inputs = 160;
      const Matrix x = b.normal(rows, inputs);
      std::vector<Weight> weights;
      std::vector<View> outs;
      std::vector<Expected> expected;
      for (const auto& [format, outputs] : formats) {
        Matrix matrix(0, 0);
        weights.push_back(b.weight(format, inputs, outputs, 1, matrix));
        outs.push_back(b.room(rows, outputs));
        expected.push_back(reference_ops::matmul(matrix, x));
      }
      b.backend().matmul_all(weights, b.put(x), outs);
      for (std::size_t i = 0; i < outs.size(); ++i)
        COMPARE_OR_RETURN(outs[i], expected[i]);
    }
  }
}

// gelu(gate) * up with the errors of both; gelu grows by no more than 1.13 of what its argument does.
inline Expected gated(const Expected& gate, const Expected& up) {
  Expected out(gate.value.rows, gate.value.width);
  for (std::size_t i = 0; i < gate.value.cells.size(); ++i) {
    const double x = gate.value.cells[i];
    const double activated = reference_ops::gelu(x);
    const double exponent = std::min(100.0, std::abs(1.6 * (x + 0.044715 * x * x * x)));
    out.value.cells[i] = activated * up.value.cells[i];
    out.bound.cells[i] = 1.13 * gate.bound.cells[i] * (std::abs(up.value.cells[i]) + up.bound.cells[i]) +
                         std::abs(activated) * up.bound.cells[i] +
                         std::abs(out.value.cells[i]) * (16 + 4 * exponent) * kUnit +
                         2e-16 * std::abs(x * up.value.cells[i]);
  }
  return out;
}

inline void matmul_geglu(Bench& b) {
  for (const std::size_t outputs : {1, 8, 50, 300}) {
    for (const std::size_t rows : {1, 2, 8, 21}) {
      const std::size_t inputs = 96;
      const Matrix x = b.normal(rows, inputs, 0.3);
      Matrix gate_rows(0, 0);
      Matrix up_rows(0, 0);
      const Weight gate = b.weight(Format::F32, inputs, outputs, 1, gate_rows);
      const Weight up = b.weight(Format::F32, inputs, outputs, 1, up_rows);
      const Expected gates = reference_ops::matmul(gate_rows, x);
      const Expected ups = reference_ops::matmul(up_rows, x);
      const View out = b.room(rows, outputs);
      b.backend().matmul_geglu(gate, up, b.put(x), b.room(rows, outputs), out);
      COMPARE_OR_RETURN(out, gated(gates, ups));
      // Two formats can not be one kernel.
      Matrix half_rows(0, 0);
      const Weight half = b.weight(Format::F16, inputs, outputs, 1, half_rows);
      const View mixed = b.room(rows, outputs);
      b.backend().matmul_geglu(gate, half, b.put(x), b.room(rows, outputs), mixed);
      COMPARE_OR_RETURN(mixed, gated(gates, reference_ops::matmul(half_rows, x)));
      // With a factor that is there already.
      Expected given(rows, outputs);
      given.value = b.normal(rows, outputs);
      const View with_given = b.room(rows, outputs);
      b.backend().matmul_geglu(gate, b.put(given.value), b.put(x), with_given);
      COMPARE_OR_RETURN(with_given, gated(gates, given));
    }
  }
}

inline void store_wraps(Bench& b) {
  const Matrix x = b.normal(4, 6);
  const Buffer cache = b.cache(5, 6);
  b.backend().store(b.put(x), 13, cache);
  const std::vector<float> rows = b.get(View(cache));
  // Positions 13, 14, 15, 16 lie in rows 3, 4, 0, 1.
  for (std::size_t r = 0; r < 4; ++r)
    for (std::size_t c = 0; c < 6; ++c)
      QCOMPARE(rows[(13 + r) % 5 * 6 + c], static_cast<float>(x.at(r, c)));
  for (std::size_t c = 0; c < 6; ++c)
    QCOMPARE(rows[2 * 6 + c], -777.0F);
}

// What is left of the values in a format.
inline Matrix stored_as(Format format, const Matrix& matrix) {
  const FormatInfo& info = format_info(format);
  std::vector<float> values(matrix.cells.begin(), matrix.cells.end());
  std::vector<std::byte> blocks(row_bytes(format, values.size()));
  info.encode(values.data(), blocks.data(), values.size());
  info.decode(blocks.data(), values.data(), values.size());
  Matrix stored(matrix.rows, matrix.width);
  stored.cells.assign(values.begin(), values.end());
  return stored;
}

inline void attention(Bench& b) {
  struct Case {
    std::size_t heads, kv_heads, head_dim, window, ring_rows, positions, rows;
    std::size_t seen_end = 0;
  };
  // The last `rows` of `positions` are queries. Rings are as small as they may be: window + rows - 1.
  const Case cases[] = {
      {1, 1, 2, 0, 1, 1, 1},
      {4, 1, 16, 0, 40, 37, 5},
      {8, 1, 32, 0, 300, 300, 2},
      {6, 2, 10, 0, 200, 131, 131},
      {5, 5, 7, 0, 64, 64, 3},
      {4, 2, 16, 9, 9, 50, 1},
      {4, 2, 16, 9, 13, 50, 5},
      {8, 1, 64, 130, 137, 500, 8},
      {2, 1, 8, 128, 128, 129, 1},
      {12, 2, 24, 1, 4, 20, 4},
      {4, 4, 256, 17, 48, 100, 32},
      {9, 1, 12, 300, 302, 700, 3},
      {8, 1, 64, 0, 900, 900, 1},
      {8, 2, 32, 600, 620, 1500, 1},
      {20, 1, 512, 0, 600, 600, 9},
      {4, 2, 32, 256, 290, 800, 35},
      // What lies behind a row is seen, too: all of it, or so many positions behind the last row.
      {3, 3, 72, 0, 630, 630, 36, 630},
      {1, 1, 8, 0, 9, 9, 9, 9},
      {4, 2, 16, 20, 75, 60, 10, 75},
      {8, 1, 64, 0, 700, 300, 40, 700},
      {4, 2, 32, 256, 900, 700, 35, 800},
      {2, 2, 16, 40, 300, 270, 1, 300},
      // As many rows as a prompt or a picture has.
      {4, 4, 32, 0, 410, 410, 400, 410},
      {4, 2, 32, 0, 420, 420, 400},
      {4, 1, 16, 100, 499, 420, 400},
  };
  for (const auto& [format, c] : [&] {
         std::vector<std::pair<Format, Case>> all;
         for (const Case& each : cases)
           for (const Format cache_format : {Format::F32, Format::F16, Format::Q8_0})
             if (each.head_dim % format_info(cache_format).block_elements == 0) all.emplace_back(cache_format, each);
         return all;
       }()) {
    const std::size_t width = c.kv_heads * c.head_dim;
    const std::size_t stored = std::max(c.positions, c.seen_end);
    const Matrix keys = b.normal(stored, width);
    const Matrix values = b.normal(stored, width);
    const Matrix q = b.normal(c.rows, c.heads * c.head_dim, 1.5);
    const Buffer key_cache = b.cache(c.ring_rows, width, format);
    const Buffer value_cache = b.cache(c.ring_rows, width, format);
    const View key_rows = b.put(keys);
    const View value_rows = b.put(values);
    for (std::uint32_t p = 0; p < stored; ++p) {
      b.backend().store(key_rows.part(p, 1, 0, u32(width)), p, key_cache);
      b.backend().store(value_rows.part(p, 1, 0, u32(width)), p, value_cache);
    }
    const View out = b.room(c.rows, q.width);
    const std::size_t first = c.positions - c.rows;
    b.backend().attention(b.put(q), key_cache, value_cache,
                          {u32(c.heads), u32(c.kv_heads), u32(c.head_dim), u32(c.window), u32(c.seen_end)}, u32(first),
                          out);
    COMPARE_OR_RETURN(out, reference_ops::attention(q, stored_as(format, keys), stored_as(format, values),
                                                    {c.heads, c.kv_heads, c.head_dim, c.window, c.seen_end}, first));
  }
}

inline void attention_rows_do_not_depend_on_each_other(Bench& b) {
  const std::uint32_t positions = 900;
  const std::uint32_t width = 2 * 24;
  constexpr std::uint32_t kRows = 200;
  for (const std::uint32_t window : {0U, 150U}) {
    const Buffer keys = b.cache(positions, width);
    const Buffer values = b.cache(positions, width);
    b.backend().store(b.put(b.normal(positions, width)), 0, keys);
    b.backend().store(b.put(b.normal(positions, width)), 0, values);
    const AttentionShape shape{8, 2, 24, window};
    const View q = b.put(b.normal(kRows, 8 * 24));
    const View together = b.room(kRows, q.width);
    b.backend().attention(q, keys, values, shape, positions - kRows, together);
    const View apart = b.room(kRows, q.width);
    for (std::uint32_t r = 0; r < kRows; ++r)
      b.backend().attention(q.part(r, 1, 0, q.width), keys, values, shape, positions - kRows + r,
                            apart.part(r, 1, 0, q.width));
    QCOMPARE(b.get(apart), b.get(together));
  }
}

inline void route_experts(Bench& b) {
  for (const std::size_t experts : {1, 8, 128}) {
    for (const std::size_t chosen : {std::size_t{1}, (experts + 3) / 4, experts}) {
      const Matrix logits = b.normal(6, experts, 3.0);
      const std::vector<double> scale = b.normal(1, experts).cells;
      for (const bool scaled : {false, true}) {
        const auto expected = reference_ops::route_experts(logits, scaled ? scale : std::vector<double>{}, chosen);
        const View ids = b.room(6, chosen);
        const View weights = b.room(6, chosen);
        b.backend().route_experts(b.put(logits), scaled ? b.vector(scale) : Weight{}, ids, weights);
        const std::vector<float> cells = b.get(ids);
        for (std::size_t r = 0; r < 6; ++r)
          for (std::size_t s = 0; s < chosen; ++s) {
            std::uint32_t id = 0;
            std::memcpy(&id, &cells[r * chosen + s], 4);
            QCOMPARE(std::size_t{id}, expected.ids[r][s]);
          }
        COMPARE_OR_RETURN(weights, expected.weights);
      }
    }
  }
  // The smaller index first among equals.
  const View ids = b.room(1, 3);
  b.backend().route_experts(b.put(Matrix(1, 5)), {}, ids, b.room(1, 3));
  const std::vector<float> cells = b.get(ids);
  std::uint32_t order[3];
  std::memcpy(order, cells.data(), sizeof order);
  QVERIFY(order[0] == 0 && order[1] == 1 && order[2] == 2);
}

inline void matmul_experts(Bench& b, Format format, Rounding rounding, const std::vector<std::size_t>& token_counts) {
  const std::size_t experts = 5;
  const std::size_t chosen = 3;
  for (const std::size_t tokens : token_counts) {
    const std::size_t inputs = 256;
    const std::size_t outputs = 21;
    Matrix rows(0, 0);
    const Weight weight = b.weight(format, inputs, outputs, experts, rows);
    Matrix order(tokens, chosen);
    for (std::size_t i = 0; i < tokens * chosen; ++i)
      order.cells[i] = static_cast<double>((i * 7 + i / 3) % experts);
    const View ids = b.room(tokens, chosen);
    std::vector<float> cells(tokens * chosen);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const auto id = static_cast<std::uint32_t>(order.cells[i]);
      std::memcpy(&cells[i], &id, 4);
    }
    b.backend().write(ids, cells);
    for (const bool shared : {true, false}) {
      const Matrix x = b.normal(shared ? tokens : tokens * chosen, inputs);
      Expected expected(tokens * chosen, outputs);
      for (std::size_t pair = 0; pair < tokens * chosen; ++pair) {
        Matrix expert(outputs, inputs);
        const auto id = static_cast<std::size_t>(order.cells[pair]);
        std::copy_n(rows.cells.begin() + static_cast<std::ptrdiff_t>(id * outputs * inputs), outputs * inputs,
                    expert.cells.begin());
        Matrix row(1, inputs);
        std::copy_n(x.cells.begin() + static_cast<std::ptrdiff_t>((shared ? pair / chosen : pair) * inputs), inputs,
                    row.cells.begin());
        const bool rounded = rounding == Rounding::EightBits && format != Format::F32;
        const Expected product =
            rounded ? reference_ops::integer_matmul(expert, row) : reference_ops::matmul(expert, row);
        for (std::size_t o = 0; o < outputs; ++o) {
          expected.value.at(pair, o) = product.value.at(0, o);
          expected.bound.at(pair, o) = product.bound.at(0, o);
        }
      }
      const View out = b.room(tokens * chosen, outputs);
      b.backend().matmul_experts(weight, ids, b.put(x), out);
      COMPARE_OR_RETURN(out, expected);
    }
  }
}

inline void matmul_experts(Bench& b, Format format, Rounding rounding) {
  matmul_experts(b, format, rounding, {1, 2, 9});
}

// So many that backends may bring together what belongs to an expert.
inline void matmul_experts_of_many_rows(Bench& b, Format format, Rounding rounding) {
  matmul_experts(b, format, rounding, {70});
}

// A matrix without data that gets its experts one by one, and another one in the place of the first while results of
// that are still to be computed. `device` is the bench's backend.
inline void replace_expert(Bench& b, DeviceBackend& device, Format format) {
  const std::uint32_t inputs = 256;
  const std::uint32_t outputs = 21;
  const std::uint32_t places = 3;
  const FormatInfo& info = format_info(format);
  const std::size_t bytes = row_bytes(format, inputs) * outputs;
  const std::vector<std::byte> source = random_blocks(info, std::size_t{inputs} * outputs * 5, b.random());
  const Weight weight = device.load_weight({"w", format, {inputs, outputs, places, 1}, {}}, WeightUse::Matrix).value();
  QCOMPARE(weight.experts, places);
  const auto put = [&](std::uint32_t expert, std::uint32_t place) {
    QVERIFY(device.replace_expert(weight, place, std::span(source).subspan(expert * bytes, bytes)).ok());
  };
  const Matrix x = b.normal(1, inputs);
  const View row = b.put(x);
  const View ids = b.room(1, places);
  const std::uint32_t order[places] = {2, 0, 1};
  std::vector<float> cells(places);
  std::memcpy(cells.data(), order, sizeof order);
  device.write(ids, cells);
  const auto expected = [&](const std::array<std::uint32_t, places>& there) {
    Expected all(places, outputs);
    for (std::size_t pair = 0; pair < places; ++pair) {
      std::vector<float> values(std::size_t{inputs} * outputs);
      info.decode(source.data() + there[order[pair]] * bytes, values.data(), values.size());
      Matrix expert(outputs, inputs);
      expert.cells.assign(values.begin(), values.end());
      const Expected product = reference_ops::matmul(expert, x);
      for (std::size_t o = 0; o < outputs; ++o) {
        all.value.at(pair, o) = product.value.at(0, o);
        all.bound.at(pair, o) = product.bound.at(0, o);
      }
    }
    return all;
  };
  put(4, 0);
  put(1, 1);
  put(3, 2);
  const View before = b.room(places, outputs);
  device.matmul_experts(weight, ids, row, before);
  put(0, 1);
  const View after = b.room(places, outputs);
  device.matmul_experts(weight, ids, row, after);
  COMPARE_OR_RETURN(before, expected({4, 1, 3}));
  COMPARE_OR_RETURN(after, expected({4, 0, 3}));
}

inline void combine_experts(Bench& b) {
  for (const std::size_t width : {1, 11, 2816}) {
    const Matrix x = b.normal(4 * 8, width);
    const Matrix weights = b.normal(4, 8);
    Expected expected(4, width);
    for (std::size_t r = 0; r < 4; ++r)
      for (std::size_t c = 0; c < width; ++c)
        for (std::size_t s = 0; s < 8; ++s) {
          const double term = weights.at(r, s) * x.at(r * 8 + s, c);
          expected.value.at(r, c) += term;
          expected.bound.at(r, c) += 10 * kUnit * std::abs(term);
        }
    const View out = b.room(4, width);
    b.backend().combine_experts(b.put(x), b.put(weights), out);
    COMPARE_OR_RETURN(out, expected);
  }
}

}  // namespace facet::engine::ops_cases
