#include "engine/trial/cost_trial.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "engine/trial/kernel_use.h"

namespace facet::engine {
namespace {

// More than most caches hold, since the weights of a whole model come from memory, too.
constexpr std::uint64_t kMeasuredBytes = 32ULL << 20U;
// Enough for kernels that read a matrix once for many rows.
constexpr std::uint32_t kManyRows = 64;
// Products of many rows are no matter of memory, and a slow device takes its time for them.
constexpr std::uint64_t kMeasuredProducts = 1ULL << 28U;
constexpr int kRepetitions = 3;
// A part of all that comes first; where that takes long enough to be measured, the rest would only take longer.
constexpr std::uint64_t kFirstPart = 16;
constexpr double kLongEnough = 0.02;

// The matrices of a format and of so many inputs, and the rows of them that a token is multiplied with.
struct Kind {
  const GgufTensor* largest = nullptr;
  double rows = 0;
};
using Kinds = std::map<std::pair<Format, std::uint64_t>, Kind>;

std::uint64_t rows_in(const GgufTensor& tensor) {
  return tensor.shape[1] * tensor.shape[2];
}

Kinds kinds_of(const GgufFile& file, const ModelConfig& config) {
  Kinds kinds;
  for (const GgufTensor& tensor : file.tensors()) {
    if (!is_multiplied_with(file, tensor)) continue;
    Kind& kind = kinds[{tensor.format, tensor.shape[0]}];
    const double chosen = tensor.shape[2] > 1 ? config.expert_used_count : 1;
    kind.rows += static_cast<double>(tensor.shape[1]) * chosen;
    if (kind.largest == nullptr || rows_in(*kind.largest) < rows_in(tensor)) kind.largest = &tensor;
  }
  return kinds;
}

// The first rows of a matrix; those of experts one behind the other.
GgufTensor first_rows(const GgufTensor& tensor, std::uint64_t most) {
  GgufTensor part = tensor;
  const std::uint64_t count = std::clamp<std::uint64_t>(most, 1, rows_in(tensor));
  part.shape = {tensor.shape[0], count, 1, 1};
  part.data = tensor.data.first(row_bytes(tensor.format, tensor.shape[0]) * count);
  return part;
}

// One backend's operands for a kind of matrix.
class Bench {
 public:
  explicit Bench(Backend& backend) : backend_(backend) {}
  ~Bench() {
    for (const Buffer& buffer : {x_, out_})
      if (buffer) backend_.release_buffer(buffer);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Status prepare(const GgufTensor& matrix, std::uint32_t rows) {
    rows_ = rows;
    FACET_ASSIGN_OR_RETURN(weight_, backend_.load_weight(matrix, WeightUse::Matrix));
    FACET_ASSIGN_OR_RETURN(x_, backend_.create_buffer("the measurement", rows, weight_.inputs));
    FACET_ASSIGN_OR_RETURN(out_, backend_.create_buffer("the measurement", rows, weight_.outputs));
    backend_.write(View(x_), std::vector<float>(std::size_t{rows} * weight_.inputs, 0.5F));
    // Kernels are made and pages are read with the first one.
    return multiply();
  }

  Result<double> measure() {
    const auto start = std::chrono::steady_clock::now();
    FACET_RETURN_IF_ERROR(multiply());
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    return taken.count() / rows_ / weight_.outputs;
  }

 private:
  Status multiply() {
    backend_.matmul(weight_, View(x_), View(out_));
    return backend_.finish();
  }

  Backend& backend_;
  Weight weight_;
  Buffer x_;
  Buffer out_;
  std::uint32_t rows_ = 1;
};

// Seconds for a row of x and one of the matrix, of the device and of the CPU.
using Seconds = std::array<double, 2>;

// By turns, and the shortest time of each: what disturbs them makes them longer.
Result<Seconds> measure_all_of(const GgufTensor& matrix, std::uint32_t rows, Backend& device, Backend& cpu) {
  Bench on_device(device);
  Bench on_cpu(cpu);
  FACET_RETURN_IF_ERROR(on_device.prepare(matrix, rows));
  FACET_RETURN_IF_ERROR(on_cpu.prepare(matrix, rows));
  Seconds shortest = {HUGE_VAL, HUGE_VAL};
  for (int i = 0; i < kRepetitions; ++i) {
    FACET_ASSIGN_OR_RETURN(const double of_device, on_device.measure());
    FACET_ASSIGN_OR_RETURN(const double of_cpu, on_cpu.measure());
    shortest[0] = std::min(shortest[0], of_device);
    shortest[1] = std::min(shortest[1], of_cpu);
  }
  return shortest;
}

// Of so many rows of the matrix at most.
Result<Seconds> measure(const GgufTensor& tensor, std::uint64_t most, std::uint32_t rows, Backend& device,
                        Backend& cpu) {
  const GgufTensor part = first_rows(tensor, most / kFirstPart);
  FACET_ASSIGN_OR_RETURN(const Seconds first, measure_all_of(part, rows, device, cpu));
  if (first[0] * static_cast<double>(rows_in(part)) * rows >= kLongEnough) return first;
  return measure_all_of(first_rows(tensor, most), rows, device, cpu);
}

}  // namespace

Result<Ability> measure_ability(const GgufFile& file, const ModelConfig& config, Backend& device, Backend& cpu) {
  Ability ability;
  for (const auto& [key, kind] : kinds_of(file, config)) {
    const auto [format, inputs] = key;
    const std::uint64_t rows = kMeasuredBytes / row_bytes(format, inputs);
    FACET_ASSIGN_OR_RETURN(const auto one, measure(*kind.largest, rows, 1, device, cpu));
    ability.device.decode += one[0] * kind.rows;
    ability.cpu.decode += one[1] * kind.rows;
    const std::uint64_t fewer = std::min(rows, kMeasuredProducts / kManyRows / inputs);
    FACET_ASSIGN_OR_RETURN(const auto many, measure(*kind.largest, fewer, kManyRows, device, cpu));
    ability.device.prefill += many[0] * kind.rows;
    ability.cpu.prefill += many[1] * kind.rows;
  }
  if (!ability.is_known()) return Error{Error::Code::Internal, "The device's clock does not go on."};
  return ability;
}

}  // namespace facet::engine
