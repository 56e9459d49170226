#pragma once

#include "engine/encoder_backend.h"
#include "ops_cases.h"
#include "reference_encoder_ops.h"

// The operations of encoders against reference_encoder_ops.h: the cases that every device has to pass.
namespace facet::engine::ops_cases {

inline EncoderBackend& encoder(Bench& b) {
  return dynamic_cast<EncoderBackend&>(b.backend());
}

inline void clamp(Bench& b) {
  for (const std::size_t width : {1, 13, 2048, 5001}) {
    const Matrix x = b.normal(5, width, 3.0);
    Expected expected(5, width);
    for (std::size_t i = 0; i < x.cells.size(); ++i)
      expected.value.cells[i] = std::min(std::max(x.cells[i], -1.25), 2.5);
    const View out = b.room(5, width);
    encoder(b).clamp(b.put(x), -1.25F, 2.5F, out);
    COMPARE_OR_RETURN(out, expected);
    // In place, and without an upper end.
    for (std::size_t i = 0; i < x.cells.size(); ++i)
      expected.value.cells[i] = std::max(x.cells[i], 0.0);
    const View in_place = b.put(x);
    encoder(b).clamp(in_place, 0, std::numeric_limits<float>::max(), in_place);
    COMPARE_OR_RETURN(in_place, expected);
  }
  Matrix odd(1, 3);
  odd.cells = {std::nan(""), HUGE_VAL, -HUGE_VAL};
  const View view = b.put(odd);
  encoder(b).clamp(view, -1, 1, view);
  const std::vector<float> cells = b.get(view);
  QVERIFY(std::isnan(cells[0]));
  QVERIFY(cells[1] == 1.0F && cells[2] == -1.0F);
}

inline void sigmoid_gate(Bench& b) {
  for (const std::size_t width : {1, 9, 300, 4100}) {
    Matrix gate = b.normal(3, width, 4.0);
    const double ends[] = {0, 1e-30, -1e-30, 9, -9, 80, -80, 1000, -1000};
    for (std::size_t i = 0; i < std::min(width, std::size(ends)); ++i)
      gate.at(0, i) = static_cast<double>(static_cast<float>(ends[i]));
    const Matrix x = b.normal(3, width);
    const View out = b.room(3, width);
    encoder(b).sigmoid_gate(b.put(x), b.put(gate), out);
    COMPARE_OR_RETURN(out, reference_ops::sigmoid_gate(x, gate));
    const View in_place = b.put(gate);
    encoder(b).sigmoid_gate(in_place, in_place, in_place);
    COMPARE_OR_RETURN(in_place, reference_ops::sigmoid_gate(gate, gate));
  }
}

inline void add(Bench& b) {
  for (const std::size_t width : {1, 31, 2100}) {
    const Matrix x = b.normal(4, width);
    const Matrix before = b.normal(4, width);
    Expected expected(4, width);
    for (std::size_t i = 0; i < x.cells.size(); ++i) {
      expected.value.cells[i] = before.cells[i] + 0.375 * x.cells[i];
      expected.bound.cells[i] = 2 * kUnit * (std::abs(before.cells[i]) + std::abs(x.cells[i]));
    }
    const View sum = b.put(before);
    encoder(b).add(b.put(x), 0.375F, sum);
    COMPARE_OR_RETURN(sum, expected);
  }
}

inline void shift(Bench& b) {
  for (const std::size_t width : {1, 129, 1152}) {
    const Matrix x = b.normal(3, width);
    const std::vector<double> shifts = b.normal(1, width).cells;
    const std::vector<double> scales = b.normal(1, width).cells;
    for (const bool scaled : {true, false}) {
      const double sign = scaled ? -1 : 1;
      Expected expected(3, width);
      for (std::size_t r = 0; r < 3; ++r)
        for (std::size_t c = 0; c < width; ++c) {
          const double scale = scaled ? scales[c] : 1.0;
          expected.value.at(r, c) = (x.at(r, c) + sign * shifts[c]) * scale;
          expected.bound.at(r, c) = 4 * kUnit * (std::abs(x.at(r, c)) + std::abs(shifts[c])) * std::abs(scale);
        }
      const View view = b.put(x);
      encoder(b).shift(view, b.vector(shifts), static_cast<float>(sign), scaled ? b.vector(scales) : Weight{});
      COMPARE_OR_RETURN(view, expected);
    }
  }
}

inline void layer_norm(Bench& b) {
  for (const std::size_t group : {1, 3, 32, 128, 700, 6912}) {
    const std::size_t groups = group > 1000 ? 1 : 3;
    Matrix x = b.normal(4, group * groups, 3.0);
    // Far from zero, where the square of the mean would swallow the variance.
    for (std::size_t c = 0; c < x.width; ++c)
      x.at(1, c) += 100.0;
    for (double& cell : x.cells)
      cell = static_cast<double>(static_cast<float>(cell));
    const std::vector<double> factors = b.normal(1, group).cells;
    const std::vector<double> biases = b.normal(1, group).cells;
    const View out = b.room(x.rows, x.width);
    encoder(b).layer_norm(b.put(x), b.vector(factors), b.vector(biases), u32(group), 1e-5F, out);
    COMPARE_OR_RETURN(out, reference_ops::layer_norm(x, factors, biases, group, 1e-5));
    const View in_place = b.put(x);
    encoder(b).layer_norm(in_place, b.vector(factors), {}, u32(group), 1e-6F, in_place);
    COMPARE_OR_RETURN(in_place, reference_ops::layer_norm(x, factors, {}, group, 1e-6));
  }
}

inline void pool(Bench& b) {
  struct Case {
    std::size_t columns, rows, side, width;
  };
  for (const Case& c : {Case{3, 3, 3, 1}, Case{9, 6, 3, 130}, Case{4, 8, 2, 33}, Case{33, 30, 3, 48}}) {
    const Matrix x = b.normal(c.columns * c.rows, c.width);
    const View out = b.room(x.rows / (c.side * c.side), c.width);
    encoder(b).pool(b.put(x), u32(c.columns), u32(c.side), 1.75F, out);
    COMPARE_OR_RETURN(out, reference_ops::pool(x, c.columns, c.side, 1.75));
  }
}

// Bands and times in even and odd numbers, one channel and many, with and without zeros in front.
inline void unfold(Bench& b) {
  for (const std::size_t times : {1, 2, 7}) {
    for (const std::size_t bands : {1, 4, 5}) {
      for (const std::size_t channels : {1, 32}) {
        for (const std::size_t padding : {0, 1}) {
          const Matrix x = b.normal(times * bands, channels);
          const std::size_t times_out = (times + padding) / 2 + 1;
          const View out = b.room(times_out * ((bands + 1) / 2), 9 * channels);
          encoder(b).unfold(b.put(x), u32(bands), u32(padding), out);
          COMPARE_OR_RETURN(out, reference_ops::unfold(x, bands, padding, times_out));
        }
      }
    }
  }
}

inline void convolve(Bench& b) {
  for (const std::size_t kernel : {1, 5}) {
    for (const std::size_t rows : {1, 3, 20}) {
      for (const std::size_t width : {1, 130}) {
        const Matrix x = b.normal(rows, width);
        const std::vector<double> taps = b.normal(1, width * kernel).cells;
        const View out = b.room(rows, width);
        encoder(b).convolve(b.put(x), b.vector(taps), u32(kernel), out);
        COMPARE_OR_RETURN(out, reference_ops::convolve(x, taps, kernel));
      }
    }
  }
}

inline void local_attention(Bench& b) {
  struct Case {
    std::size_t rows, heads, head_dim, distances;
  };
  for (const Case& c : {Case{1, 1, 4, 13}, Case{30, 4, 8, 13}, Case{20, 8, 128, 13}, Case{40, 2, 24, 1},
                        Case{70, 1, 20, 64}, Case{17, 3, 7, 12}}) {
    const std::size_t width = c.heads * c.head_dim;
    const Matrix q = b.normal(c.rows, width, 2.0);
    const Matrix k = b.normal(c.rows, width, 2.0);
    const Matrix v = b.normal(c.rows, width);
    const Matrix relative = b.normal(c.distances, width);
    const std::vector<double> scales = b.normal(1, c.head_dim).cells;
    const View out = b.room(c.rows, width);
    const LocalAttention shape{u32(c.heads), u32(c.head_dim), b.vector(scales), 0.75F, 1.5F, 5.0F};
    encoder(b).local_attention(b.put(q), b.put(k), b.put(v), b.put(relative), shape, out);
    COMPARE_OR_RETURN(out, reference_ops::local_attention(q, k, v, relative, scales, {c.heads, 0.75, 1.5, 5.0}));
  }
}

}  // namespace facet::engine::ops_cases
