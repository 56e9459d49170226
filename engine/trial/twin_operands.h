#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cpu/cpu_backend.h"
#include "engine/encoder_backend.h"

namespace facet::engine {

// The same operands on two backends, the one that is tried and the CPU. The first failure stays: what comes after it
// does nothing.
class TwinOperands {
 public:
  template <typename T>
  using Twin = std::array<T, 2>;

  explicit TwinOperands(EncoderBackend& tried) : cpu_(/*threads=*/1), backends_{&tried, &cpu_} {}
  ~TwinOperands();
  TwinOperands(const TwinOperands&) = delete;
  TwinOperands& operator=(const TwinOperands&) = delete;

  // Random numbers around zero.
  Twin<View> numbers(std::uint32_t rows, std::uint32_t width, float deviation = 1.0F);
  // What an operation must overwrite.
  Twin<View> room(std::uint32_t rows, std::uint32_t width);
  Twin<Buffer> cache(std::uint32_t rows, std::uint32_t width, Format format);
  // Random weights of ordinary size.
  Twin<Weight> matrix(Format format, std::uint32_t inputs, std::uint32_t outputs, std::uint32_t experts = 1);
  Twin<Weight> table(std::uint32_t width, std::uint32_t rows);
  // Factors around `mean`.
  Twin<Weight> vector(std::uint32_t size, float mean = 1.0F);
  void write(const Twin<View>& to, std::span<const float> values);

  // Calls it for both, with 0 and 1 for the place of its operands.
  void run(const std::function<void(EncoderBackend& backend, std::size_t side)>& operation);

  // What is left on both sides must be the same but for roundings: the largest difference within `tolerance` times the
  // root mean square. Where operands were rounded, that holds for the root mean square of the differences, and the
  // largest may be 30 times as large: few operands may outweigh the others. `name` says what made it.
  enum class Kind { Numbers, Rounded, Integers };
  static constexpr double kLargestRounding = 30;
  void compare(const std::string& name, const Twin<View>& result, float tolerance, Kind kind = Kind::Numbers);

  const Status& status() const { return status_; }
  // Lets go of what is no longer needed.
  void forget();

 private:
  Twin<View> views(std::uint32_t rows, std::uint32_t width);
  Twin<Weight> load(Format format, std::array<std::uint64_t, 4> shape, WeightUse use,
                    std::normal_distribution<float> floats);
  std::vector<float> read(const View& view, std::size_t side);

  CpuBackend cpu_;
  std::array<EncoderBackend*, 2> backends_;
  std::array<std::vector<Buffer>, 2> buffers_;
  std::list<std::vector<std::byte>> blocks_;
  std::mt19937 random_{20};
  Status status_;
};

}  // namespace facet::engine
