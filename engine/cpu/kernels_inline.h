// The kernels in terms of `Lanes`. Included once by each kernels_*.cpp, after the lanes of its instruction set; all is
// local to that file, so that code compiled for one processor never stands in for code compiled for another.
#include <cstddef>

namespace facet::engine {
namespace {

// One tile: R rows of w times C columns of x, each pair with an accumulator of its own that stays in a register.
template <std::size_t R, std::size_t C>
inline void dot_tile(const float* w, std::size_t w_stride, const float* const* x, std::size_t x_offset,
                     std::size_t count, float* const* out, std::size_t out_offset, bool accumulate) {
  Lanes sums[R][C];
  for (auto& row : sums)
    for (Lanes& cell : row)
      cell = all(0.0F);
  const auto step = [&](auto load_lanes, std::size_t i) {
    Lanes column[C];
    for (std::size_t c = 0; c < C; ++c)
      column[c] = load_lanes(x[c] + x_offset + i);
    for (std::size_t r = 0; r < R; ++r) {
      const Lanes row = load_lanes(w + r * w_stride + i);
      for (std::size_t c = 0; c < C; ++c)
        sums[r][c] = multiply_add(row, column[c], sums[r][c]);
    }
  };
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    step([](const float* p) { return load(p); }, i);
  if (i < count) step([rest = count - i](const float* p) { return load_part(p, rest); }, i);
  for (std::size_t c = 0; c < C; ++c) {
    for (std::size_t r = 0; r < R; ++r) {
      float& cell = out[c][out_offset + r];
      cell = accumulate ? cell + sum(sums[r][c]) : sum(sums[r][c]);
    }
  }
}

// All rows for C columns, in tiles of R rows and a rest of single rows.
template <std::size_t R, std::size_t C>
inline void dot_columns(const float* w, std::size_t w_stride, std::size_t rows, const float* const* x,
                        std::size_t x_offset, std::size_t count, float* const* out, std::size_t out_offset,
                        bool accumulate) {
  std::size_t r = 0;
  for (; r + R <= rows; r += R)
    dot_tile<R, C>(w + r * w_stride, w_stride, x, x_offset, count, out, out_offset + r, accumulate);
  for (; r < rows; ++r)
    dot_tile<1, C>(w + r * w_stride, w_stride, x, x_offset, count, out, out_offset + r, accumulate);
}

// Tiles of 4 x 3 keep 12 accumulators, 3 columns and a row in 16 registers; a single column takes 8 rows at once, since
// it is the number of independent chains that hides the latency of an addition.
void dot_block(const float* w, std::size_t w_stride, std::size_t rows, const float* const* x, std::size_t columns,
               std::size_t x_offset, std::size_t count, float* const* out, std::size_t out_offset, bool accumulate) {
  std::size_t c = 0;
  for (; c + 3 <= columns; c += 3)
    dot_columns<4, 3>(w, w_stride, rows, x + c, x_offset, count, out + c, out_offset, accumulate);
  if (columns - c == 2) dot_columns<4, 2>(w, w_stride, rows, x + c, x_offset, count, out + c, out_offset, accumulate);
  if (columns - c == 1) dot_columns<8, 1>(w, w_stride, rows, x + c, x_offset, count, out + c, out_offset, accumulate);
}

// C columns of weights p times rows of v, for D registers of width from `first` on.
template <std::size_t C, std::size_t D>
inline void weighted_tile(const float* v, std::size_t v_stride, std::size_t rows, const float* const* p,
                          std::size_t first, float* const* out) {
  Lanes sums[C][D];
  for (std::size_t c = 0; c < C; ++c)
    for (std::size_t d = 0; d < D; ++d)
      sums[c][d] = load(out[c] + first + d * kLanes);
  for (std::size_t j = 0; j < rows; ++j) {
    Lanes row[D];
    for (std::size_t d = 0; d < D; ++d)
      row[d] = load(v + j * v_stride + first + d * kLanes);
    for (std::size_t c = 0; c < C; ++c) {
      const Lanes weight = all(p[c][j]);
      for (std::size_t d = 0; d < D; ++d)
        sums[c][d] = multiply_add(weight, row[d], sums[c][d]);
    }
  }
  for (std::size_t c = 0; c < C; ++c)
    for (std::size_t d = 0; d < D; ++d)
      store(out[c] + first + d * kLanes, sums[c][d]);
}

// The columns of width that fill no register.
inline void weighted_rest(const float* v, std::size_t v_stride, std::size_t rows, const float* p, std::size_t first,
                          std::size_t count, float* out) {
  Lanes total = load_part(out + first, count);
  for (std::size_t j = 0; j < rows; ++j)
    total = multiply_add(all(p[j]), load_part(v + j * v_stride + first, count), total);
  store_part(out + first, total, count);
}

template <std::size_t C>
inline void weighted_columns(const float* v, std::size_t v_stride, std::size_t rows, const float* const* p,
                             std::size_t width, float* const* out) {
  std::size_t first = 0;
  for (; first + 4 * kLanes <= width; first += 4 * kLanes)
    weighted_tile<C, 4>(v, v_stride, rows, p, first, out);
  for (; first + kLanes <= width; first += kLanes)
    weighted_tile<C, 1>(v, v_stride, rows, p, first, out);
  for (std::size_t c = 0; c < C && first < width; ++c)
    weighted_rest(v, v_stride, rows, p[c], first, width - first, out[c]);
}

void weighted_sum(const float* v, std::size_t v_stride, std::size_t rows, const float* const* p, std::size_t columns,
                  std::size_t width, float* const* out) {
  std::size_t c = 0;
  for (; c + 2 <= columns; c += 2)
    weighted_columns<2>(v, v_stride, rows, p + c, width, out + c);
  if (c < columns) weighted_columns<1>(v, v_stride, rows, p + c, width, out + c);
}

// Calls `body(i, load, store)` for every group of lanes; the last group may be a part.
template <typename Body>
inline void for_lanes(std::size_t count, const Body& body) {
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    body(
        i, [](const float* p) { return load(p); }, [](float* p, const Lanes& a) { store(p, a); });
  if (i == count) return;
  const std::size_t rest = count - i;
  body(
      i, [rest](const float* p) { return load_part(p, rest); },
      [rest](float* p, const Lanes& a) { store_part(p, a, rest); });
}

float sum_of_squares(const float* x, std::size_t count) {
  Lanes total = all(0.0F);
  for_lanes(count, [&](std::size_t i, auto load_lanes, auto) {
    const Lanes a = load_lanes(x + i);
    total = multiply_add(a, a, total);
  });
  return sum(total);
}

// `count` is at least one.
float maximum(const float* x, std::size_t count) {
  Lanes result = all(x[0]);
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    result = larger(result, load(x + i));
  float value = largest(result);
  for (; i < count; ++i)
    value = x[i] > value ? x[i] : value;
  return value;
}

// exp(x) for |x| <= 87, held there: x = n ln 2 + r with |r| <= ln(2)/2, and the series of exp(r) up to r^7, whose next
// term is below 6e-9. ln 2 is split so that n times its upper part is exact.
inline Lanes exponential(const Lanes& argument) {
  const Lanes x = smaller(larger(argument, all(-87.0F)), all(87.0F));
  const Lanes n = nearest(multiply(x, all(1.44269504F)));
  const Lanes r = multiply_add(n, all(2.90889713e-5F), multiply_add(n, all(-0x1.62e8p-1F), x));
  constexpr float kCoefficients[] = {1.0F / 720, 1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F};
  Lanes series = all(1.0F / 5040);
  for (const float coefficient : kCoefficients)
    series = multiply_add(series, r, all(coefficient));
  return multiply(series, power_of_two(n));
}

float exponentials(float* x, std::size_t count, float shift) {
  Lanes total = all(0.0F);
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const Lanes e = exponential(subtract(load(x + i), all(shift)));
    store(x + i, e);
    total = add(total, e);
  }
  if (i < count) {
    store_part(x + i, exponential(subtract(load_part(x + i, count - i), all(shift))), count - i);
    total = add(total, load_part(x + i, count - i));
  }
  return sum(total);
}

void scale(const float* x, float factor, float* out, std::size_t count) {
  for_lanes(count, [&](std::size_t i, auto load_lanes, auto store_lanes) {
    store_lanes(out + i, multiply(load_lanes(x + i), all(factor)));
  });
}

void scale_weighted(const float* x, float factor, const float* weight, float* out, std::size_t count) {
  for_lanes(count, [&](std::size_t i, auto load_lanes, auto store_lanes) {
    store_lanes(out + i, multiply(multiply(load_lanes(x + i), all(factor)), load_lanes(weight + i)));
  });
}

void add_weighted(const float* x, float factor, const float* weight, float* total, std::size_t count) {
  for_lanes(count, [&](std::size_t i, auto load_lanes, auto store_lanes) {
    const Lanes scaled = multiply(load_lanes(x + i), all(factor));
    store_lanes(total + i, multiply_add(scaled, load_lanes(weight + i), load_lanes(total + i)));
  });
}

void add_scaled(const float* x, float factor, float* total, std::size_t count) {
  for_lanes(count, [&](std::size_t i, auto load_lanes, auto store_lanes) {
    store_lanes(total + i, multiply_add(load_lanes(x + i), all(factor), load_lanes(total + i)));
  });
}

// (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u)), so that gelu(x) = x / (1 + exp(-2u)) with u = sqrt(2/pi) (x + 0.044715 x^3).
void geglu(const float* gate, const float* up, float* out, std::size_t count) {
  for_lanes(count, [&](std::size_t i, auto load_lanes, auto store_lanes) {
    const Lanes x = load_lanes(gate + i);
    const Lanes cubic = multiply_add(multiply(x, x), all(0.044715F), all(1.0F));
    const Lanes e = exponential(multiply(multiply(x, cubic), all(-2 * 0.79788456F)));
    store_lanes(out + i, multiply(divide(x, add(e, all(1.0F))), load_lanes(up + i)));
  });
}

// tanh(y) = 1 - 2 / (1 + exp(2y)). The error of a small y is absolute, some 1e-7 of the cap.
void softcap(float* x, float cap, std::size_t count) {
  for_lanes(count, [&](std::size_t i, auto load_lanes, auto store_lanes) {
    const Lanes e = exponential(multiply(load_lanes(x + i), all(2.0F / cap)));
    const Lanes t = subtract(all(1.0F), divide(all(2.0F), add(e, all(1.0F))));
    store_lanes(x + i, multiply(t, all(cap)));
  });
}

}  // namespace
}  // namespace facet::engine
