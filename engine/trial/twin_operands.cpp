#include "engine/trial/twin_operands.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/formats/formats.h"
#include "engine/gguf/gguf_file.h"

namespace facet::engine {
namespace {

// No operation gives this by itself.
constexpr float kMark = -777.0F;

// Blocks with values of ordinary size: as random bits give them, where the format is no plain number.
std::vector<std::byte> random_blocks(const FormatInfo& format, std::size_t elements,
                                     std::normal_distribution<float> floats, std::mt19937& random) {
  constexpr float kLargest = 64.0F;
  std::vector<std::byte> bytes(elements / format.block_elements * format.block_bytes);
  if (format.format == Format::F32) {
    for (std::size_t i = 0; i < elements; ++i) {
      const float value = floats(random);
      std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
    }
    return bytes;
  }
  std::vector<float> decoded(format.block_elements);
  for (std::size_t at = 0; at < bytes.size(); at += format.block_bytes) {
    do {
      for (std::size_t i = 0; i < format.block_bytes; ++i)
        bytes[at + i] = static_cast<std::byte>(random());
      format.decode(bytes.data() + at, decoded.data(), decoded.size());
      // A comparison that a value which is no number does not pass.
    } while (!std::all_of(decoded.begin(), decoded.end(), [](float value) { return std::abs(value) < kLargest; }));
  }
  return bytes;
}

}  // namespace

TwinOperands::~TwinOperands() {
  forget();
}

void TwinOperands::forget() {
  for (std::size_t side = 0; side < 2; ++side) {
    for (const Buffer& buffer : buffers_[side])
      backends_[side]->release_buffer(buffer);
    buffers_[side].clear();
  }
}

TwinOperands::Twin<View> TwinOperands::views(std::uint32_t rows, std::uint32_t width) {
  Twin<View> views;
  for (std::size_t side = 0; side < 2 && status_.ok(); ++side) {
    // Within something larger, so that rows do not follow each other closely.
    const auto buffer = backends_[side]->create_buffer("the self-test", rows + 1, width + 4);
    if (!buffer.ok()) {
      status_ = buffer.error();
      break;
    }
    buffers_[side].push_back(*buffer);
    views[side] = View(*buffer).part(0, rows, 4, width);
  }
  return views;
}

void TwinOperands::write(const Twin<View>& to, std::span<const float> values) {
  run([&](Backend& backend, std::size_t side) { backend.write(to[side], values); });
}

TwinOperands::Twin<View> TwinOperands::numbers(std::uint32_t rows, std::uint32_t width, float deviation) {
  std::normal_distribution<float> values(0.0F, deviation);
  std::vector<float> cells(std::size_t{rows} * width);
  for (float& cell : cells)
    cell = values(random_);
  const Twin<View> made = views(rows, width);
  write(made, cells);
  return made;
}

TwinOperands::Twin<View> TwinOperands::room(std::uint32_t rows, std::uint32_t width) {
  const Twin<View> made = views(rows, width);
  write(made, std::vector<float>(std::size_t{rows} * width, kMark));
  return made;
}

TwinOperands::Twin<Buffer> TwinOperands::cache(std::uint32_t rows, std::uint32_t width, Format format) {
  Twin<Buffer> made;
  for (std::size_t side = 0; side < 2 && status_.ok(); ++side) {
    const auto buffer = backends_[side]->create_cache("the self-test", {rows, width, format});
    if (buffer.ok()) {
      made[side] = *buffer;
      buffers_[side].push_back(*buffer);
    } else {
      status_ = buffer.error();
    }
  }
  return made;
}

TwinOperands::Twin<Weight> TwinOperands::load(Format format, std::array<std::uint64_t, 4> shape, WeightUse use,
                                              std::normal_distribution<float> floats) {
  const FormatInfo& info = format_info(format);
  blocks_.push_back(random_blocks(info, shape[0] * shape[1] * shape[2], floats, random_));
  Twin<Weight> made;
  for (std::size_t side = 0; side < 2 && status_.ok(); ++side) {
    const auto weight = backends_[side]->load_weight({"the self-test", format, shape, blocks_.back()}, use);
    if (weight.ok()) {
      made[side] = *weight;
    } else {
      status_ = weight.error();
    }
  }
  return made;
}

TwinOperands::Twin<Weight> TwinOperands::matrix(Format format, std::uint32_t inputs, std::uint32_t outputs,
                                                std::uint32_t experts) {
  return load(format, {inputs, outputs, experts, 1}, WeightUse::Matrix, {});
}

TwinOperands::Twin<Weight> TwinOperands::table(std::uint32_t width, std::uint32_t rows) {
  return load(Format::F32, {width, rows, 1, 1}, WeightUse::Table, {});
}

TwinOperands::Twin<Weight> TwinOperands::vector(std::uint32_t size, float mean) {
  return load(Format::F32, {size, 1, 1, 1}, WeightUse::Vector, std::normal_distribution<float>(mean, mean / 5));
}

void TwinOperands::run(const std::function<void(EncoderBackend&, std::size_t)>& operation) {
  for (std::size_t side = 0; side < 2 && status_.ok(); ++side)
    operation(*backends_[side], side);
}

std::vector<float> TwinOperands::read(const View& view, std::size_t side) {
  std::vector<float> values(std::size_t{view.rows} * view.width);
  backends_[side]->read(view, values);
  return values;
}

void TwinOperands::compare(const std::string& name, const Twin<View>& result, float tolerance, Kind kind) {
  if (!status_.ok() || result[1].rows == 0 || result[1].width == 0) return;
  const std::vector<float> tried = read(result[0], 0);
  const std::vector<float> expected = read(result[1], 1);
  if (Status done = backends_[0]->finish(); !done.ok()) {
    status_ = std::move(done);
    return;
  }
  bool is_same = true;
  if (kind == Kind::Integers) {
    is_same = std::memcmp(tried.data(), expected.data(), tried.size() * sizeof(float)) == 0;
  } else {
    double size = 0;
    double difference = 0;
    double largest = 0;
    for (std::size_t i = 0; i < tried.size(); ++i) {
      const double distance = std::abs(static_cast<double>(tried[i]) - static_cast<double>(expected[i]));
      size += static_cast<double>(expected[i]) * static_cast<double>(expected[i]);
      difference += distance * distance;
      // What is no number stays.
      if (std::isnan(distance) || distance > largest) largest = distance;
    }
    const auto count = static_cast<double>(expected.size());
    const double allowed = static_cast<double>(tolerance) * std::sqrt(size / count);
    is_same = kind == Kind::Rounded ? std::sqrt(difference / count) <= allowed && largest <= kLargestRounding * allowed
                                    : largest <= allowed;
  }
  if (!is_same) status_ = Error{Error::Code::Unsupported, "it computes wrong (" + name + ")"};
}

}  // namespace facet::engine
