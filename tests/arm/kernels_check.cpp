// Compares products of matrices with reference_ops.h, and batches with columns one by one, for the kernels named:
// kernels_check NAME... These have to be all that the machine runs, the fastest first.
#include <cstdio>
#include <string>
#include <vector>

#include "tests/engine/kernel_products.h"

using namespace facet::engine;

namespace {

bool all_right(const Kernels& kernels) {
  for (const FormatInfo& format : all_formats()) {
    if (format.encode == nullptr || format.decode == nullptr) continue;
    for (const Products products : {Products::Float32, Products::Int8}) {
      for (const std::uint32_t columns : {1U, 2U, 7U}) {
        const std::string mistake = kernel_products::first_mistake({&kernels, &format, products}, 768, 37, columns);
        if (mistake.empty()) continue;
        std::printf("%s\n", mistake.c_str());
        return false;
      }
    }
  }
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
