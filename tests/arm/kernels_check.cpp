// Compares products of matrices with reference_ops.h, and batches with columns one by one, for the kernels named:
// kernels_check NAME... These have to be all that the machine runs, the fastest first.
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "engine/cpu/cpu_backend.h"
#include "engine/gguf/gguf_file.h"
#include "reference_ops.h"

using namespace facet::engine;
using reference_ops::Expected;
using reference_ops::Matrix;

namespace {

struct Case {
  const Kernels* kernels;
  const FormatInfo* format;
  Products products;
};

std::vector<float> normal(std::size_t count, std::mt19937& random) {
  std::normal_distribution<float> values;
  std::vector<float> result(count);
  for (float& value : result)
    value = values(random);
  return result;
}

Matrix matrix_of(std::size_t rows, std::size_t width, const std::vector<float>& values) {
  Matrix matrix(rows, width);
  matrix.cells.assign(values.begin(), values.end());
  return matrix;
}

bool right(const Case& which, std::uint32_t inputs, std::uint32_t outputs, std::uint32_t columns) {
  std::mt19937 random(5);
  const FormatInfo& format = *which.format;
  std::vector<float> values = normal(std::size_t{inputs} * outputs, random);
  std::vector<std::byte> blocks(row_bytes(format.format, values.size()));
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
    std::printf("%s, %s, %u x %u, %u columns: cell %zu is %g and alone %g, not %g\n", which.kernels->name,
                format.name.data(), inputs, outputs, columns, i, static_cast<double>(results[i]),
                static_cast<double>(singles[i]), expected.value.cells[i]);
    return false;
  }
  return true;
}

bool all_right(const Kernels& kernels) {
  for (const FormatInfo& format : all_formats())
    for (const Products products : {Products::Float32, Products::Int8})
      for (const std::uint32_t columns : {1U, 2U, 7U})
        if (format.encode != nullptr && format.decode != nullptr &&
            !right({&kernels, &format, products}, 768, 37, columns))
          return false;
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> expected(arguments + 1, arguments + count);
  std::vector<std::string> names;
  for (const Kernels* kernels : usable_kernels())
    names.emplace_back(kernels->name);
  if (names != expected) {
    for (const std::string& name : names)
      std::printf("This machine has the kernels %s.\n", name.c_str());
    return 1;
  }
  for (const Kernels* kernels : usable_kernels()) {
    if (!all_right(*kernels)) return 1;
    std::printf("%s: right\n", kernels->name);
  }
  return 0;
}
