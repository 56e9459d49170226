#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "engine/encoder_backend.h"
#include "engine/gguf/gguf_file.h"
#include "engine/media/projector.h"

namespace facet::engine {

// The tensors of a projector as a device has taken them over, named as in projector.h. One that a model does not have
// stays empty.
struct ClippedWeight {
  Weight weight;
  ClipRange clip;
};

struct VisionLayerWeights {
  Weight ln1, attn_q_norm, attn_k_norm, attn_post_norm, ln2, ffn_post_norm;
  ClippedWeight attn_q, attn_k, attn_v, attn_out, ffn_gate, ffn_up, ffn_down;
};

struct VisionWeights {
  Weight patch_embd;
  Weight positions;  // a table: rows for columns of the picture, then for its rows
  ClippedWeight input_projection;
  std::vector<VisionLayerWeights> layers;
  Weight std_bias, std_scale;
  Weight patch_embd_bias;
  struct LayerNorm {
    Weight weight, bias;
  };
  std::array<LayerNorm, 3> patch_norms;
};

struct HearingFeedForwardWeights {
  Weight norm, post_norm;
  ClippedWeight up, down;
};

struct HearingLayerWeights {
  HearingFeedForwardWeights ffn_before, ffn_behind;
  Weight attn_pre_norm, attn_k_rel, per_dim_scale, attn_post_norm;
  Weight conv_pre_norm, conv_depthwise, conv_norm, out_norm;
  ClippedWeight attn_q, attn_k, attn_v, attn_out, conv_start, conv_end;
};

struct HearingWeights {
  Weight soft_projection;
  std::array<Weight, 2> convolutions, convolution_norms;
  Weight input_projection, output, output_bias;
  std::vector<HearingLayerWeights> layers;
};

struct EncoderWeights {
  std::optional<VisionWeights> vision;
  std::optional<HearingWeights> hearing;
};

// A tensor of the file in the shape that the operations want, what for, and where its handle belongs.
struct EncoderTensor {
  GgufTensor tensor;
  WeightUse use = WeightUse::Matrix;
  Weight* slot = nullptr;
};

// The only place that says how the tensors are used: planning counts this list, and loading goes by it. The handles
// belong into `weights`, which gets its layers and the limits of its matrices here and has to stay where it is.
std::vector<EncoderTensor> encoder_tensors(const Projector& projector, EncoderWeights& weights);

// outs[i] = the product of a matrix with x, both kept within the matrix's limits. At most Backend::kMostProducts;
// `room` is as large as x, which stays as it is.
void multiply_clipped(EncoderBackend& backend, std::span<const ClippedWeight* const> matrices, const View& x,
                      const View& room, std::span<const View> outs);
void multiply_clipped(EncoderBackend& backend, const ClippedWeight& matrix, const View& x, const View& room,
                      const View& out);

}  // namespace facet::engine
