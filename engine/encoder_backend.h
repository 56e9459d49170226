#pragma once

#include <cstdint>

#include "engine/backend.h"

namespace facet::engine {

// Attention to a few rows: a row attends to itself and to those before it, as many as there are rows in `relative`.
struct LocalAttention {
  std::uint32_t heads = 0;
  std::uint32_t head_dim = 0;
  Weight q_scale;      // of each value of a head, the same for all heads
  float q_factor = 1;  // and of all of them
  float k_factor = 1;
  float cap = 0;
};

// The operations that encoders of pictures and sound need besides those of the text model. Rules and notation are those
// of `Backend`.
class EncoderBackend : public Backend {
 public:
  // out[r][c] = min(max(x[r][c], least), most); what is no number stays none. `out` may be `x`.
  virtual void clamp(const View& x, float least, float most, const View& out) = 0;

  // out[r][c] = x[r][c] / (1 + exp(-gate[r][c])). `out` may be `x` or `gate`, and these may be the same.
  virtual void sigmoid_gate(const View& x, const View& gate, const View& out) = 0;

  // sum[r][c] += factor * x[r][c]
  virtual void add(const View& x, float factor, const View& sum) = 0;

  // x[r][c] = (x[r][c] + sign * shift[c]) * scale[c], without a scale times 1. `shift` and `scale` are vectors.
  virtual void shift(const View& x, const Weight& shift, float sign, const Weight& scale) = 0;

  // Each row consists of groups of `group` columns: out[g] = (x[g] - mean(x[g])) / sqrt(variance(x[g]) + eps) * weight
  // + bias, the variance being the mean of the squared distances from the mean; without a bias + 0. In place allowed.
  virtual void layer_norm(const View& x, const Weight& weight, const Weight& bias, std::uint32_t group, float eps,
                          const View& out) = 0;

  // The rows of x lie in a grid, `columns` side by side, and are put together in squares of `side` times `side`:
  // out[j * (columns / side) + i][c] = factor * sum over v, u < side of x[(j * side + v) * columns + i * side + u][c]
  virtual void pool(const View& x, std::uint32_t columns, std::uint32_t side, float factor, const View& out) = 0;

  // What a convolution of 3 x 3 in steps of 2 multiplies its matrix with. The rows of x are times of `bands` bands
  // each, and out has half as many bands, rounded up, b of them: for i, j < 3 and channel c of x.width out[t * b +
  // f][(c * 3 + i) * 3 + j] = x[(2 t + i - padding) * bands + 2 f + j - 1][c], 0 where there is no such time or band.
  // So `padding` times of zeros are in front of x, and as many as needed behind it.
  virtual void unfold(const View& x, std::uint32_t bands, std::uint32_t padding, const View& out) = 0;

  // out[r][c] = sum over k < kernel of weight[c * kernel + k] * x[r - kernel + 1 + k][c], rows before the first being
  // 0. `weight` is a vector of x.width * kernel values.
  virtual void convolve(const View& x, const Weight& weight, std::uint32_t kernel, const View& out) = 0;

  // For row r, head h and distance d < min(r + 1, relative.rows):
  // s[d] = softcap(sum over i of q_factor * q_scale[i] * q[r][h][i] * (k_factor * k[r - d][h][i] + relative[d][h][i]));
  // out[r][h] = sum over d of softmax(s)[d] * v[r - d][h]
  static constexpr std::uint32_t kMostDistances = 64;
  virtual void local_attention(const View& q, const View& k, const View& v, const View& relative,
                               const LocalAttention& shape, const View& out) = 0;
};

}  // namespace facet::engine
