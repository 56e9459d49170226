#pragma once

#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "engine/cpu/cpu_backend.h"
#include "engine/gguf/gguf_file.h"
#include "tests/engine/reference_ops.h"

// Products of matrices by one set of kernels against reference_ops.h, and batches against columns one by one.
namespace kernel_products {

using facet::engine::CpuBackend;
using facet::engine::FormatInfo;
using facet::engine::Kernels;
using facet::engine::Products;
using facet::engine::View;
using facet::engine::Weight;
using facet::engine::WeightUse;
using reference_ops::Expected;
using reference_ops::Matrix;

struct Case {
  const Kernels* kernels;
  const FormatInfo* format;
  Products products;
};

inline std::vector<float> normal(std::size_t count, std::mt19937& random) {
  std::normal_distribution<float> values;
  std::vector<float> result(count);
  for (float& value : result)
    value = values(random);
  return result;
}

inline Matrix matrix_of(std::size_t rows, std::size_t width, const std::vector<float>& values) {
  Matrix matrix(rows, width);
  matrix.cells.assign(values.begin(), values.end());
  return matrix;
}

// What is wrong first; nothing when all is right. The format has to have an encoder.
inline std::string first_mistake(const Case& which, std::uint32_t inputs, std::uint32_t outputs,
                                 std::uint32_t columns) {
  std::mt19937 random(5);
  const FormatInfo& format = *which.format;
  std::vector<float> values = normal(std::size_t{inputs} * outputs, random);
  std::vector<std::byte> blocks(facet::engine::row_bytes(format.format, values.size()));
  format.encode(values.data(), blocks.data(), values.size());
  format.decode(blocks.data(), values.data(), values.size());
  const std::vector<float> cells = normal(std::size_t{columns} * inputs, random);

  CpuBackend backend(1, which.products, *which.kernels);
  const Weight weight =
      backend.load_weight({"w", format.format, {inputs, outputs, 1, 1}, blocks}, WeightUse::Matrix).value();
  const View x(backend.create_buffer("x", columns, inputs).value());
  const View together(backend.create_buffer("together", columns, outputs).value());
  const View apart(backend.create_buffer("apart", columns, outputs).value());
  backend.write(x, cells);
  backend.matmul(weight, x, together);
  for (std::uint32_t c = 0; c < columns; ++c)
    backend.matmul(weight, x.part(c, 1, 0, inputs), apart.part(c, 1, 0, outputs));
  std::vector<float> results(std::size_t{columns} * outputs);
  std::vector<float> singles(results.size());
  backend.read(together, results);
  backend.read(apart, singles);

  const bool rounded = which.products == Products::Int8 && which.kernels->panels.format(format.format) != nullptr;
  const Matrix w = matrix_of(outputs, inputs, values);
  const Matrix in = matrix_of(columns, inputs, cells);
  const Expected expected = rounded ? reference_ops::integer_matmul(w, in) : reference_ops::matmul(w, in);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const double error = std::abs(static_cast<double>(results[i]) - expected.value.cells[i]);
    if (error <= expected.bound.cells[i] && results[i] == singles[i]) continue;
    char text[200];
    std::snprintf(text, sizeof text, "%s, %s, %u x %u, %u columns: cell %zu is %g and alone %g, not %g",
                  which.kernels->name, format.name.data(), inputs, outputs, columns, i, static_cast<double>(results[i]),
                  static_cast<double>(singles[i]), expected.value.cells[i]);
    return text;
  }
  return {};
}

}  // namespace kernel_products
