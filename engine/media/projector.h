#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/engine.h"
#include "engine/media/projector_config.h"

namespace facet::engine {

class GgufFile;
struct GgufTensor;

// What goes into a matrix, and what comes out of it, is kept between these. They belong to the trained function; where
// the file has none they let everything through.
struct ClipRange {
  float input_min = std::numeric_limits<float>::lowest();
  float input_max = std::numeric_limits<float>::max();
  float output_min = std::numeric_limits<float>::lowest();
  float output_max = std::numeric_limits<float>::max();

  bool operator==(const ClipRange&) const = default;
};

struct ClippedMatrix {
  const GgufTensor* weight = nullptr;
  ClipRange clip;
};

struct LayerNormTensors {
  const GgufTensor* weight = nullptr;
  const GgufTensor* bias = nullptr;
};

struct VisionLayerTensors {
  const GgufTensor* ln1 = nullptr;
  ClippedMatrix attn_q, attn_k, attn_v, attn_out;
  const GgufTensor* attn_q_norm = nullptr;
  const GgufTensor* attn_k_norm = nullptr;
  const GgufTensor* attn_post_norm = nullptr;
  const GgufTensor* ln2 = nullptr;
  ClippedMatrix ffn_gate, ffn_up, ffn_down;
  const GgufTensor* ffn_post_norm = nullptr;
};

// Values of patches are ordered by planes (PatchOrder::Planes) in both kinds of model.
struct VisionTensors {
  const GgufTensor* patch_embd = nullptr;
  const GgufTensor* position_embd = nullptr;  // [width, positions, 2]: columns, then rows
  ClippedMatrix input_projection;
  // With an encoder.
  std::vector<VisionLayerTensors> layers;
  const GgufTensor* std_bias = nullptr;  // both or neither
  const GgufTensor* std_scale = nullptr;
  // Without one.
  const GgufTensor* patch_embd_bias = nullptr;
  std::array<LayerNormTensors, 3> patch_norms;
};

struct HearingFeedForwardTensors {
  const GgufTensor* norm = nullptr;
  ClippedMatrix up, down;
  const GgufTensor* post_norm = nullptr;
};

// Named by what they do: files cross over the names of the norms around the convolution.
struct HearingLayerTensors {
  HearingFeedForwardTensors ffn_before, ffn_behind;
  const GgufTensor* attn_pre_norm = nullptr;
  ClippedMatrix attn_q, attn_k, attn_v, attn_out;
  const GgufTensor* attn_k_rel = nullptr;
  const GgufTensor* per_dim_scale = nullptr;  // behind softplus
  const GgufTensor* attn_post_norm = nullptr;
  const GgufTensor* conv_pre_norm = nullptr;  // before the first matrix of the convolution module
  ClippedMatrix conv_start;
  const GgufTensor* conv_depthwise = nullptr;
  const GgufTensor* conv_norm = nullptr;  // behind the convolution itself
  ClippedMatrix conv_end;
  const GgufTensor* out_norm = nullptr;
};

struct HearingTensors {
  const GgufTensor* soft_projection = nullptr;  // to the text model
  // With an encoder.
  std::array<const GgufTensor*, 2> convolutions = {};
  std::array<const GgufTensor*, 2> convolution_norms = {};
  const GgufTensor* input_projection = nullptr;
  std::vector<HearingLayerTensors> layers;
  const GgufTensor* output = nullptr;
  const GgufTensor* output_bias = nullptr;
};

// A projector with all its tensors, whatever its writer calls them. They point into the file.
struct Projector {
  ProjectorConfig config;
  std::optional<VisionTensors> vision;
  std::optional<HearingTensors> hearing;
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
};

// Checks that every tensor the configuration asks for is there, with its shape, a format that can be decoded and, if it
// is a vector, numbers for values. Fails with a sentence that names the tensor. Precondition as for
// `read_projector_config`.
Result<Projector> read_projector(const GgufFile& file);

// The description of a file that `is_projector`, for people.
Result<ModelDescription> describe_projector(const GgufFile& file);
// Adds to the description of a model what a projector in its file makes it able to do, or why it does not.
void describe_projector_inside(const GgufFile& file, ModelDescription& description);

}  // namespace facet::engine
