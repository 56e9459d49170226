#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/media/projector.h"

namespace facet::engine {

// What a configuration expects of one tensor, and where it goes.
struct ProjectorRule {
  enum class Kind { Vector, Matrix };
  enum class Need { Required, Optional };

  std::string name;
  const GgufTensor** tensor;
  std::array<std::uint64_t, 4> shape;
  Kind kind;
  Need need = Need::Required;
  // The limits of a matrix that has some. They are numbers of their own, named after it.
  ClipRange* clip = nullptr;
};

// The only places that say which tensors a projector has. `tensors` gets its layers here.
std::vector<ProjectorRule> vision_rules(const VisionConfig& config, VisionTensors& tensors);
// `names_of_ollama`: ollama has other names for some tensors, among them names that mean something else elsewhere.
std::vector<ProjectorRule> hearing_rules(const HearingConfig& config, bool names_of_ollama, HearingTensors& tensors);

// The matrices of a layer with limits, in the order in which ollama packs these.
inline constexpr std::size_t kVisionClippedMatrices = 7;
std::array<ClippedMatrix*, kVisionClippedMatrices> clipped_matrices(VisionLayerTensors& layer);

}  // namespace facet::engine
