#include <algorithm>
#include <array>
#include <cmath>

#include "engine/base/check.h"
#include "engine/cpu/cpu_backend.h"

// The operations that only encoders need. Their products are those of cpu_matmul.cpp; what is here takes little of the
// time, but for the gates, whose exponentials are a kernel.
namespace facet::engine {
namespace {

bool are_alike(const View& a, const View& b) {
  return a.rows == b.rows && a.width == b.width;
}

}  // namespace

void CpuBackend::clamp(const View& x, float least, float most, const View& out) {
  FACET_CHECK(are_alike(x, out), "%u x %u", x.rows, x.width);
  const Rows in = rows_of(x);
  const Rows result = rows_of(out);
  for_pieces(x, [&](std::uint32_t r, std::uint32_t first, std::uint32_t count) {
    const float* const from = in[r] + first;
    float* const to = result[r] + first;
    for (std::uint32_t i = 0; i < count; ++i) {
      const float raised = from[i] < least ? least : from[i];
      to[i] = raised > most ? most : raised;
    }
  });
}

void CpuBackend::sigmoid_gate(const View& x, const View& gate, const View& out) {
  FACET_CHECK(are_alike(x, out) && are_alike(gate, out), "%u x %u", x.rows, x.width);
  const Rows in = rows_of(x);
  const Rows gates = rows_of(gate);
  const Rows result = rows_of(out);
  constexpr std::uint32_t kAtOnce = 256;
  for_pieces(x, [&](std::uint32_t r, std::uint32_t first, std::uint32_t count) {
    alignas(64) std::array<float, kAtOnce> powers;
    for (std::uint32_t done = 0; done < count; done += kAtOnce) {
      const std::uint32_t here = std::min(kAtOnce, count - done);
      const float* const from = in[r] + first + done;
      float* const to = result[r] + first + done;
      kernels_.scale(gates[r] + first + done, -1.0F, powers.data(), here);
      kernels_.exponentials(powers.data(), here, 0.0F);
      for (std::uint32_t i = 0; i < here; ++i)
        to[i] = from[i] / (1.0F + powers[i]);
    }
  });
}

void CpuBackend::add(const View& x, float factor, const View& sum) {
  FACET_CHECK(are_alike(x, sum), "%u x %u", x.rows, x.width);
  const Rows in = rows_of(x);
  const Rows sums = rows_of(sum);
  for_pieces(x, [&](std::uint32_t r, std::uint32_t first, std::uint32_t count) {
    kernels_.add_scaled(in[r] + first, factor, sums[r] + first, count);
  });
}

void CpuBackend::shift(const View& x, const Weight& shift, float sign, const Weight& scale) {
  const float* const shifts = vector_of(shift, x.width);
  const float* const scales = vector_of(scale, x.width);
  const Rows rows = rows_of(x);
  for_rows(x.rows, x.width, [&](std::uint32_t r) {
    float* const cells = rows[r];
    for (std::uint32_t c = 0; c < x.width; ++c)
      cells[c] += sign * shifts[c];
    for (std::uint32_t c = 0; c < x.width && scales != nullptr; ++c)
      cells[c] *= scales[c];
  });
}

// The mean is taken off before squares are added up: values may be large and alike.
void CpuBackend::layer_norm(const View& x, const Weight& weight, const Weight& bias, std::uint32_t group, float eps,
                            const View& out) {
  FACET_CHECK(are_alike(x, out) && x.width % group == 0, "%u x %u", x.rows, x.width);
  const float* const factors = vector_of(weight, group);
  const float* const biases = vector_of(bias, group);
  const Rows in = rows_of(x);
  const Rows result = rows_of(out);
  for_rows(x.rows, std::uint64_t{x.width} * 2, [&](std::uint32_t r) {
    for (std::uint32_t first = 0; first < x.width; first += group) {
      const float* const from = in[r] + first;
      float* const to = result[r] + first;
      double sum = 0;
      for (std::uint32_t i = 0; i < group; ++i)
        sum += static_cast<double>(from[i]);
      const auto mean = static_cast<float>(sum / group);
      for (std::uint32_t i = 0; i < group; ++i)
        to[i] = from[i] - mean;
      const float variance = kernels_.sum_of_squares(to, group) / static_cast<float>(group);
      kernels_.scale_weighted(to, 1.0F / std::sqrt(variance + eps), factors, to, group);
      if (biases != nullptr) kernels_.add_scaled(biases, 1.0F, to, group);
    }
  });
}

void CpuBackend::pool(const View& x, std::uint32_t columns, std::uint32_t side, float factor, const View& out) {
  FACET_CHECK(columns % side == 0 && x.rows == out.rows * side * side && x.width == out.width, "%u rows in %u columns",
              x.rows, columns);
  const Rows in = rows_of(x);
  const Rows result = rows_of(out);
  const std::uint32_t squares = columns / side;
  for_rows(out.rows, std::uint64_t{side} * side * x.width, [&](std::uint32_t r) {
    const std::uint32_t corner = r / squares * side * columns + r % squares * side;
    std::fill_n(result[r], out.width, 0.0F);
    for (std::uint32_t v = 0; v < side; ++v)
      for (std::uint32_t u = 0; u < side; ++u)
        kernels_.add_scaled(in[corner + v * columns + u], 1.0F, result[r], out.width);
    kernels_.scale(result[r], factor, result[r], out.width);
  });
}

void CpuBackend::unfold(const View& x, std::uint32_t bands, std::uint32_t padding, const View& out) {
  const std::uint32_t bands_out = (bands + 1) / 2;
  FACET_CHECK(x.rows % bands == 0 && out.rows % bands_out == 0 && out.width == 9 * x.width && padding <= 1,
              "%u rows of %u bands", x.rows, bands);
  const std::uint32_t times = x.rows / bands;
  const Rows in = rows_of(x);
  const Rows result = rows_of(out);
  for_rows(out.rows, out.width, [&](std::uint32_t r) {
    float* const to = result[r];
    for (std::uint32_t tap = 0; tap < 9; ++tap) {
      // In front of the first they wrap around and are too large, like those behind the last.
      const std::uint32_t time = 2 * (r / bands_out) + tap / 3 - padding;
      const std::uint32_t band = 2 * (r % bands_out) + tap % 3 - 1;
      const float* const from = time < times && band < bands ? in[std::uint64_t{time} * bands + band] : nullptr;
      for (std::uint32_t c = 0; c < x.width; ++c)
        to[c * 9 + tap] = from == nullptr ? 0.0F : from[c];
    }
  });
}

void CpuBackend::convolve(const View& x, const Weight& weight, std::uint32_t kernel, const View& out) {
  FACET_CHECK(are_alike(x, out), "%u x %u", x.rows, x.width);
  const float* const taps = vector_of(weight, x.width * kernel);
  const Rows in = rows_of(x);
  const Rows result = rows_of(out);
  for_rows(x.rows, std::uint64_t{x.width} * kernel, [&](std::uint32_t r) {
    float* const to = result[r];
    std::fill_n(to, out.width, 0.0F);
    for (std::uint32_t k = kernel - std::min(kernel, r + 1); k < kernel; ++k) {
      const float* const from = in[r + 1 + k - kernel];
      for (std::uint32_t c = 0; c < x.width; ++c)
        to[c] += taps[c * kernel + k] * from[c];
    }
  });
}

void CpuBackend::local_attention(const View& q, const View& k, const View& v, const View& relative,
                                 const LocalAttention& shape, const View& out) {
  const std::uint32_t size = shape.head_dim;
  FACET_CHECK(q.width == shape.heads * size && are_alike(q, k) && are_alike(q, v) && are_alike(q, out) &&
                  relative.width == q.width && relative.rows >= 1 && relative.rows <= kMostDistances,
              "%u rows of %u heads of %u", relative.rows, shape.heads, size);
  const float* const scales = vector_of(shape.q_scale, size);
  const Rows queries = rows_of(q);
  const Rows keys = rows_of(k);
  const Rows values = rows_of(v);
  const Rows distances = rows_of(relative);
  const Rows result = rows_of(out);
  for_rows(q.rows, std::uint64_t{q.width} * relative.rows, [&](std::uint32_t r) {
    const std::uint32_t seen = std::min(r + 1, relative.rows);
    const std::uint32_t first = r + 1 - seen;
    std::array<float, kMostDistances> scores;
    std::array<float, kMostDistances> of_distances;
    float* const score_out = scores.data();
    float* const distance_out = of_distances.data();
    for (std::uint32_t head = 0; head < q.width; head += size) {
      // The scaled query lies where the result will.
      float* const query = result[r] + head;
      kernels_.scale_weighted(queries[r] + head, shape.q_factor, scales, query, size);
      const float* const column = query;
      kernels_.dot_block(keys[first] + head, keys.stride, seen, &column, 1, 0, size, &score_out, 0, false);
      kernels_.dot_block(distances[0] + head, distances.stride, seen, &column, 1, 0, size, &distance_out, 0, false);
      for (std::uint32_t j = 0; j < seen; ++j)
        scores[j] = shape.k_factor * scores[j] + of_distances[seen - 1 - j];
      kernels_.softcap(score_out, shape.cap, seen);
      const float total = kernels_.exponentials(score_out, seen, kernels_.maximum(score_out, seen));
      std::fill_n(query, size, 0.0F);
      const float* const weights = score_out;
      kernels_.weighted_sum(values[first] + head, values.stride, seen, &weights, 1, size, &query);
      kernels_.scale(query, 1.0F / total, query, size);
    }
  });
}

}  // namespace facet::engine
