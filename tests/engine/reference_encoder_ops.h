#pragma once

#include "reference_ops.h"

// The operations of engine/encoder_backend.h once more, as in reference_ops.h.
namespace reference_ops {

inline Expected sigmoid_gate(const Matrix& x, const Matrix& gate) {
  Expected out(x.rows, x.width);
  for (std::size_t i = 0; i < x.cells.size(); ++i) {
    out.value.cells[i] = x.cells[i] / (1 + std::exp(-gate.cells[i]));
    // The exponent's rounding grows with its size. Beyond the exponents of float32 the gate is as good as closed.
    const double exponent = std::min(100.0, std::abs(gate.cells[i]));
    out.bound.cells[i] = std::abs(out.value.cells[i]) * (16 + 4 * exponent) * kUnit + 1e-36 * std::abs(x.cells[i]);
  }
  return out;
}

inline Expected layer_norm(const Matrix& x, const std::vector<double>& weight, const std::vector<double>& bias,
                           std::size_t group, double eps) {
  Expected out(x.rows, x.width);
  for (std::size_t r = 0; r < x.rows; ++r) {
    for (std::size_t first = 0; first < x.width; first += group) {
      double sum = 0;
      double magnitudes = 0;
      for (std::size_t i = 0; i < group; ++i) {
        sum += x.at(r, first + i);
        magnitudes += std::abs(x.at(r, first + i));
      }
      const auto count = static_cast<double>(group);
      const double mean = sum / count;
      double squares = 0;
      for (std::size_t i = 0; i < group; ++i)
        squares += (x.at(r, first + i) - mean) * (x.at(r, first + i) - mean);
      const double inverse = 1 / std::sqrt(squares / count + eps);
      const double mean_error = sum_bound(group, magnitudes) / count;
      for (std::size_t i = 0; i < group; ++i) {
        const double normed = (x.at(r, first + i) - mean) * inverse;
        const double shift = bias.empty() ? 0.0 : bias[i];
        out.value.at(r, first + i) = normed * weight[i] + shift;
        // Of the mean, which every distance from it has; of the sum of squares; of the last steps.
        const double error = (mean_error + kUnit * std::abs(x.at(r, first + i))) * inverse +
                             std::abs(normed) * (sum_bound(group, 1) / 2 + mean_error * inverse + 8 * kUnit);
        out.bound.at(r, first + i) = error * std::abs(weight[i]) + 2 * kUnit * std::abs(shift);
      }
    }
  }
  return out;
}

inline Expected pool(const Matrix& x, std::size_t columns, std::size_t side, double factor) {
  const std::size_t squares = columns / side;
  Expected out(x.rows / (side * side), x.width);
  for (std::size_t r = 0; r < x.rows; ++r) {
    const std::size_t to = r / columns / side * squares + r % columns / side;
    for (std::size_t c = 0; c < x.width; ++c) {
      out.value.at(to, c) += factor * x.at(r, c);
      out.bound.at(to, c) += sum_bound(side * side, std::abs(factor * x.at(r, c)));
    }
  }
  return out;
}

// From the other side: every input goes where a tap of an output reads it.
inline Expected unfold(const Matrix& x, std::size_t bands, std::size_t padding, std::size_t times_out) {
  const std::size_t bands_out = (bands + 1) / 2;
  Expected out(times_out * bands_out, 9 * x.width);
  for (std::size_t t = 0; t < x.rows / bands; ++t)
    for (std::size_t f = 0; f < bands; ++f)
      for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j) {
          const std::size_t time = t + padding - i;
          const std::size_t band = f + 1 - j;
          if (time > t + padding || band > f + 1 || time % 2 != 0 || band % 2 != 0) continue;
          if (time / 2 >= times_out || band / 2 >= bands_out) continue;
          for (std::size_t c = 0; c < x.width; ++c)
            out.value.at(time / 2 * bands_out + band / 2, (c * 3 + i) * 3 + j) = x.at(t * bands + f, c);
        }
  return out;
}

inline Expected convolve(const Matrix& x, const std::vector<double>& taps, std::size_t kernel) {
  Expected out(x.rows, x.width);
  for (std::size_t r = 0; r < x.rows; ++r)
    for (std::size_t c = 0; c < x.width; ++c)
      for (std::size_t k = 0; k < kernel; ++k) {
        if (r + k + 1 < kernel) continue;
        const double term = taps[c * kernel + k] * x.at(r + k + 1 - kernel, c);
        out.value.at(r, c) += term;
        out.bound.at(r, c) += sum_bound(kernel, std::abs(term));
      }
  return out;
}

struct LocalShape {
  std::size_t heads;
  double q_factor, k_factor, cap;
};

inline Expected local_attention(const Matrix& q, const Matrix& k, const Matrix& v, const Matrix& relative,
                                const std::vector<double>& q_scale, const LocalShape& shape) {
  Expected out(q.rows, q.width);
  const std::size_t head_dim = q.width / shape.heads;
  for (std::size_t r = 0; r < q.rows; ++r) {
    const std::size_t seen = std::min(r + 1, relative.rows);
    for (std::size_t first = 0; first < q.width; first += head_dim) {
      std::vector<double> scores(seen);
      double score_error = 0;
      for (std::size_t d = 0; d < seen; ++d) {
        double magnitudes = 0;
        for (std::size_t i = 0; i < head_dim; ++i) {
          const double query = shape.q_factor * q_scale[i] * q.at(r, first + i);
          const double key = shape.k_factor * k.at(r - d, first + i);
          scores[d] += query * (key + relative.at(d, first + i));
          magnitudes += std::abs(query) * (std::abs(key) + std::abs(relative.at(d, first + i)));
        }
        scores[d] = shape.cap * std::tanh(scores[d] / shape.cap);
        // The cap flattens errors; its own is one of its size.
        score_error = std::max(score_error, sum_bound(head_dim, magnitudes) + 8 * kUnit * shape.cap);
      }
      const double top = *std::max_element(scores.begin(), scores.end());
      double total = 0;
      for (double& score : scores)
        total += score = std::exp(score - top);
      for (std::size_t i = 0; i < head_dim; ++i) {
        double magnitudes = 0;
        for (std::size_t d = 0; d < seen; ++d) {
          out.value.at(r, first + i) += scores[d] / total * v.at(r - d, first + i);
          magnitudes += scores[d] / total * std::abs(v.at(r - d, first + i));
        }
        out.bound.at(r, first + i) = magnitudes * (4 * score_error + (2 * static_cast<double>(seen) + 32) * kUnit);
      }
    }
  }
  return out;
}

}  // namespace reference_ops
