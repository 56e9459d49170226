#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "engine/cpu/panel.h"
#include "engine/formats/formats.h"

namespace facet::engine {

// The inner loops, one table per instruction set. They know addresses and counts; splitting work over threads and
// everything about models lies above them.
//
// Every result has one order of additions, given by the count of its terms: eight lanes, lane l taking the terms with
// index = l mod 8 one after the other, the lanes then added as ((0+1)+(2+3)) + ((4+5)+(6+7)). How many rows and columns
// a call covers has no influence, which is what makes a batch equal to its tokens one by one.
struct Kernels {
  const char* name;

  // The decoder of a format: a vectorised one where there is one, the table's otherwise. Both give the same bits.
  DecodeFunction (*decoder)(Format format);

  // out[c][r] (+)= sum over i < count of w[r * w_stride + i] * x[c][i], for r < rows, c < columns.
  void (*dot_block)(const float* w, std::size_t w_stride, std::size_t rows, const float* const* x, std::size_t columns,
                    std::size_t x_offset, std::size_t count, float* const* out, std::size_t out_offset,
                    bool accumulate);

  // out[c][d] += sum over j < rows of p[c][j] * v[j * v_stride + d], for d < width, c < columns; terms are added to
  // what is in `out` one by one.
  void (*weighted_sum)(const float* v, std::size_t v_stride, std::size_t rows, const float* const* p,
                       std::size_t columns, std::size_t width, float* const* out);

  float (*sum_of_squares)(const float* x, std::size_t count);
  float (*maximum)(const float* x, std::size_t count);
  // x[i] = exp(x[i] - shift); returns the sum of the results.
  float (*exponentials)(float* x, std::size_t count, float shift);
  // out[i] = x[i] * factor
  void (*scale)(const float* x, float factor, float* out, std::size_t count);
  // out[i] = x[i] * factor * weight[i]
  void (*scale_weighted)(const float* x, float factor, const float* weight, float* out, std::size_t count);
  // sum[i] += x[i] * factor * weight[i]
  void (*add_weighted)(const float* x, float factor, const float* weight, float* sum, std::size_t count);
  // sum[i] += x[i] * factor
  void (*add_scaled)(const float* x, float factor, float* sum, std::size_t count);
  void (*geglu)(const float* gate, const float* up, float* out, std::size_t count);
  void (*softcap)(float* x, float cap, std::size_t count);

  // Products of integers.
  PanelKernels panels;
};

// Every set that this machine runs, the ones expected to be faster first; the last one is plain C++.
std::span<const Kernels* const> usable_kernels();
// Null when there is no set of that name, or this machine does not run it.
const Kernels* find_kernels(std::string_view name);

}  // namespace facet::engine
