#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

// The operations of engine/backend.h once more, each as its formula reads, in double precision and without a thought
// for speed. Truth for every backend.
namespace reference_ops {

struct Matrix {
  std::size_t rows = 0;
  std::size_t width = 0;
  std::vector<double> cells;

  Matrix(std::size_t row_count, std::size_t column_count)
      : rows(row_count), width(column_count), cells(row_count * column_count) {}
  double& at(std::size_t r, std::size_t c) { return cells[r * width + c]; }
  double at(std::size_t r, std::size_t c) const { return cells[r * width + c]; }
};

// What a computation in float32 may differ by: `bound` has one value for each cell.
struct Expected {
  Matrix value;
  Matrix bound;

  Expected(std::size_t rows, std::size_t width) : value(rows, width), bound(rows, width) {}
};

inline constexpr double kUnit = 0x1p-24;  // half the distance of two float32 numbers near one, relative

// Every product is rounded, and the sum of n terms in eight lanes passes at most n / 8 + 8 additions.
inline double sum_bound(std::size_t terms, double sum_of_magnitudes) {
  return (static_cast<double>(terms) / 8 + 12) * kUnit * sum_of_magnitudes;
}

// out[r][o] = sum over i of weight[o][i] * x[r][i]
inline Expected matmul(const Matrix& weight, const Matrix& x) {
  Expected out(x.rows, weight.rows);
  for (std::size_t r = 0; r < x.rows; ++r) {
    for (std::size_t o = 0; o < weight.rows; ++o) {
      double sum = 0;
      double magnitudes = 0;
      for (std::size_t i = 0; i < weight.width; ++i) {
        sum += weight.at(o, i) * x.at(r, i);
        magnitudes += std::abs(weight.at(o, i) * x.at(r, i));
      }
      out.value.at(r, o) = sum;
      out.bound.at(r, o) = sum_bound(weight.width, magnitudes);
    }
  }
  return out;
}

// The same with activations rounded to 8 bits, 32 of a row sharing a scale: q = x * (127 / max |x|) rounded to the
// nearest, x ~ q * max |x| / 127. These few operations are in float32, so that the codes are the same.
inline Matrix rounded_to_8_bits(const Matrix& x) {
  Matrix out(x.rows, x.width);
  for (std::size_t first = 0; first < x.cells.size(); first += 32) {
    float largest = 0;
    for (std::size_t i = 0; i < 32; ++i)
      largest = std::max(largest, std::abs(static_cast<float>(x.cells[first + i])));
    for (std::size_t i = 0; i < 32 && largest > 0; ++i) {
      const float scaled = static_cast<float>(x.cells[first + i]) * (127.0F / largest);
      out.cells[first + i] = std::nearbyint(static_cast<double>(scaled)) * static_cast<double>(largest / 127.0F);
    }
  }
  return out;
}

// The products of a group may cancel what they have in common, a zero point or a minimum, which is at most a few times
// the largest weight of the row.
inline Expected integer_matmul(const Matrix& weight, const Matrix& x) {
  const Matrix rounded = rounded_to_8_bits(x);
  Expected out = matmul(weight, rounded);
  for (std::size_t r = 0; r < x.rows; ++r) {
    double magnitudes = 0;
    for (std::size_t i = 0; i < x.width; ++i)
      magnitudes += std::abs(rounded.at(r, i));
    for (std::size_t o = 0; o < weight.rows; ++o) {
      double largest = 0;
      for (std::size_t i = 0; i < weight.width; ++i)
        largest = std::max(largest, std::abs(weight.at(o, i)));
      out.bound.at(r, o) = (static_cast<double>(x.width) / 16 + 12) * kUnit * 4 * largest * magnitudes;
    }
  }
  return out;
}

// x / sqrt(mean(x^2) + eps) * weight for each group of columns; an empty weight stands for ones.
inline Expected rms_norm(const Matrix& x, const std::vector<double>& weight, std::size_t group, double eps) {
  Expected out(x.rows, x.width);
  for (std::size_t r = 0; r < x.rows; ++r) {
    for (std::size_t first = 0; first < x.width; first += group) {
      double squares = 0;
      for (std::size_t i = 0; i < group; ++i)
        squares += x.at(r, first + i) * x.at(r, first + i);
      const double inverse = 1 / std::sqrt(squares / static_cast<double>(group) + eps);
      for (std::size_t i = 0; i < group; ++i) {
        const double value = x.at(r, first + i) * inverse * (weight.empty() ? 1.0 : weight[i]);
        out.value.at(r, first + i) = value;
        out.bound.at(r, first + i) = std::abs(value) * (sum_bound(group, 1) / 2 + 8 * kUnit);
      }
    }
  }
  return out;
}

inline double gelu(double x) {
  return x / 2 * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}

// cos and sin of position * frequency, side by side; then pairs (i, i + head_dim / 2) of every head are turned by them.
inline Expected rope(const Matrix& x, std::size_t head_dim, const std::vector<double>& frequencies,
                     std::size_t first_position) {
  Expected out(x.rows, x.width);
  out.value = x;
  for (std::size_t r = 0; r < x.rows; ++r) {
    for (std::size_t head = 0; head < x.width; head += head_dim) {
      for (std::size_t i = 0; i < frequencies.size(); ++i) {
        const double angle = static_cast<double>(first_position + r) * frequencies[i];
        const double a = x.at(r, head + i);
        const double b = x.at(r, head + i + head_dim / 2);
        out.value.at(r, head + i) = a * std::cos(angle) - b * std::sin(angle);
        out.value.at(r, head + i + head_dim / 2) = b * std::cos(angle) + a * std::sin(angle);
        out.bound.at(r, head + i) = out.bound.at(r, head + i + head_dim / 2) = 4 * kUnit * (std::abs(a) + std::abs(b));
      }
    }
  }
  return out;
}

struct Attention {
  std::size_t heads, kv_heads, head_dim;
  std::size_t window;        // 0: none
  std::size_t seen_end = 0;  // rows see the positions in front of it, too
};

// `keys` and `values` have one row for each position from 0 on; row r of q is at position first_position + r.
inline Expected attention(const Matrix& q, const Matrix& keys, const Matrix& values, const Attention& shape,
                          std::size_t first_position) {
  Expected out(q.rows, q.width);
  for (std::size_t r = 0; r < q.rows; ++r) {
    const std::size_t position = first_position + r;
    const std::size_t first = shape.window == 0 || position + 1 < shape.window ? 0 : position + 1 - shape.window;
    const std::size_t end = std::max(position + 1, shape.seen_end);
    for (std::size_t h = 0; h < shape.heads; ++h) {
      const std::size_t kv = h / (shape.heads / shape.kv_heads) * shape.head_dim;
      std::vector<double> scores;
      double score_error = 0;
      for (std::size_t j = first; j < end; ++j) {
        double score = 0;
        double magnitudes = 0;
        for (std::size_t d = 0; d < shape.head_dim; ++d) {
          score += q.at(r, h * shape.head_dim + d) * keys.at(j, kv + d);
          magnitudes += std::abs(q.at(r, h * shape.head_dim + d) * keys.at(j, kv + d));
        }
        scores.push_back(score);
        score_error = std::max(score_error, sum_bound(shape.head_dim, magnitudes));
      }
      const double top = *std::max_element(scores.begin(), scores.end());
      double total = 0;
      for (double& score : scores)
        total += score = std::exp(score - top);
      for (std::size_t d = 0; d < shape.head_dim; ++d) {
        double sum = 0;
        double magnitudes = 0;
        for (std::size_t j = first; j < end; ++j) {
          sum += scores[j - first] / total * values.at(j, kv + d);
          magnitudes += scores[j - first] / total * std::abs(values.at(j, kv + d));
        }
        out.value.at(r, h * shape.head_dim + d) = sum;
        // An error e of a score changes its weight by the factor exp(e), up to twice in weight and total; the sum over
        // keys runs one by one.
        const double terms = static_cast<double>(scores.size());
        out.bound.at(r, h * shape.head_dim + d) = magnitudes * (4 * score_error + (2 * terms + 32) * kUnit);
      }
    }
  }
  return out;
}

struct Routes {
  std::vector<std::vector<std::size_t>> ids;
  Expected weights;
};

inline Routes route_experts(const Matrix& logits, const std::vector<double>& expert_scale, std::size_t chosen) {
  Routes routes{{}, Expected(logits.rows, chosen)};
  for (std::size_t r = 0; r < logits.rows; ++r) {
    std::vector<double> p(logits.width);
    double total = 0;
    for (std::size_t e = 0; e < logits.width; ++e)
      total += p[e] = std::exp(logits.at(r, e));
    for (double& share : p)
      share /= total;
    std::vector<std::size_t> order(logits.width);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
    order.resize(chosen);
    double sum = 0;
    for (const std::size_t e : order)
      sum += p[e];
    for (std::size_t s = 0; s < chosen; ++s) {
      routes.weights.value.at(r, s) = p[order[s]] / sum * (expert_scale.empty() ? 1.0 : expert_scale[order[s]]);
      // The argument of an exponential is itself rounded, by up to the size of the largest logit.
      routes.weights.bound.at(r, s) = 64 * kUnit * std::abs(routes.weights.value.at(r, s));
    }
    routes.ids.push_back(order);
  }
  return routes;
}

}  // namespace reference_ops
