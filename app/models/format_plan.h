#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/models/tensor_names.h"
#include "engine/formats/formats.h"

namespace facet::app::models {

// How small a converted file gets. Q4_K mixes in Q6_K where it helps most, as files named Q4_K_M do.
// NOLINTBEGIN(readability-identifier-naming): the names are the formats' own.
enum class TargetType { F16, BF16, Q8_0, Q6_K, Q4_K, Q4_0 };
// NOLINTEND(readability-identifier-naming)

// "q4_k" and so on; nothing for another name.
std::optional<TargetType> target_type(std::string_view name);
// All names, for messages: "q8_0, q6_k, ...".
std::string target_type_names();
// The number that files carry for their type, `general.file_type`.
std::uint32_t file_type_number(TargetType type);

struct PlannedTensor {
  TensorRole role;
  std::array<std::uint64_t, 4> shape;
};

// The format of each tensor, given in the file's order: small and sensitive ones stay as they are, tables and outputs
// keep more bits than matrices, and rows that blocks do not divide fall back to a format with smaller blocks.
std::vector<engine::Format> plan_formats(TargetType type, const std::vector<PlannedTensor>& tensors);

}  // namespace facet::app::models
