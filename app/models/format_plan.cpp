#include "app/models/format_plan.h"

#include <algorithm>
#include <map>

namespace facet::app::models {

namespace {

using engine::Format;

struct Target {
  std::string_view name;
  TargetType type;
  Format matrices;
  Format embeddings;
  std::uint32_t file_type;
};

constexpr std::array kTargets = {
    Target{"q8_0", TargetType::Q8_0, Format::Q8_0, Format::Q8_0, 7},
    Target{"q6_k", TargetType::Q6_K, Format::Q6_K, Format::Q6_K, 18},
    Target{"q4_k", TargetType::Q4_K, Format::Q4_K, Format::Q6_K, 15},
    Target{"q4_0", TargetType::Q4_0, Format::Q4_0, Format::Q6_K, 2},
    Target{"bf16", TargetType::BF16, Format::BF16, Format::BF16, 32},
    Target{"f16", TargetType::F16, Format::F16, Format::F16, 1},
};

const Target& target_of(TargetType type) {
  return *std::find_if(kTargets.begin(), kTargets.end(), [&](const Target& target) { return target.type == type; });
}

// The first and the last eighth of the layers and every third between them are worth more bits.
bool deserves_more_bits(std::size_t index, std::size_t count) {
  const std::size_t eighth = count / 8;
  return index < eighth || index >= 7 * count / 8 || (index - eighth) % 3 == 2;
}

Format wanted_format(const Target& target, TensorRole role, bool more_bits) {
  switch (role) {
    case TensorRole::Vector:
    case TensorRole::Router:
      return Format::F32;
    case TensorRole::PerLayerProjection:
      return target.type == TargetType::F16 ? Format::F16 : Format::BF16;
    case TensorRole::Embedding:
      return target.embeddings;
    case TensorRole::Matrix:
      return target.matrices;
    case TensorRole::AttentionValue:
    case TensorRole::FeedForwardDown:
    case TensorRole::ExpertDown:
      return target.type == TargetType::Q4_K && more_bits ? Format::Q6_K : target.matrices;
  }
  return Format::F32;
}

Format fitting_format(Format wanted, std::uint64_t row) {
  const auto fits = [row](Format format) { return row % engine::format_info(format).block_elements == 0; };
  if (fits(wanted)) return wanted;
  const Format smaller = wanted == Format::Q4_K ? Format::Q5_0 : wanted == Format::Q6_K ? Format::Q8_0 : Format::F16;
  return fits(smaller) ? smaller : Format::F16;
}

}  // namespace

std::optional<TargetType> target_type(std::string_view name) {
  for (const Target& target : kTargets)
    if (target.name == name) return target.type;
  return std::nullopt;
}

std::string target_type_names() {
  std::string names;
  for (const Target& target : kTargets)
    names += (names.empty() ? "" : ", ") + std::string(target.name);
  return names;
}

std::uint32_t file_type_number(TargetType type) {
  return target_of(type).file_type;
}

std::vector<Format> plan_formats(TargetType type, const std::vector<PlannedTensor>& tensors) {
  const Target& target = target_of(type);
  // How many tensors of each role there are, and how many were planned.
  std::map<TensorRole, std::size_t> counts;
  std::map<TensorRole, std::size_t> planned;
  for (const PlannedTensor& tensor : tensors)
    ++counts[tensor.role];
  std::vector<Format> formats;
  for (const PlannedTensor& tensor : tensors) {
    const bool more_bits = deserves_more_bits(planned[tensor.role]++, counts[tensor.role]);
    formats.push_back(fitting_format(wanted_format(target, tensor.role, more_bits), tensor.shape[0]));
  }
  return formats;
}

}  // namespace facet::app::models
