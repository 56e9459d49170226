#pragma once

#include <vector>

#include "engine/gguf/gguf_writer.h"
#include "tests/model/file_type.h"
#include "tests/model/model_shape.h"

namespace facet::model_maker {

// What writers of files do differently, for the same model.
struct Variations {
  bool split_experts = false;  // gate and up projections of the experts as two tensors
  bool separate_head = false;  // an output matrix of its own beside the embeddings
  bool unused_keys = false;    // keys and values of layers that do not use them
};

// A tensor and how its values are drawn.
struct PlannedTensor {
  engine::GgufTensorInfo info;
  double mean = 0;  // not 0 only for float32 vectors
  double deviation = 0;

  std::uint64_t elements() const { return info.shape[0] * info.shape[1] * info.shape[2] * info.shape[3]; }
  bool is_vector() const { return elements() == info.shape[0]; }
};

// Every tensor of the file, in the order in which it is written. The deviations keep all activations near one: rows of
// matrices have the length that keeps the size of what they multiply, the stream is scaled back by what the branches
// add, scores of attention and logits spread as they do in trained models.
std::vector<PlannedTensor> plan_tensors(const ModelShape& shape, const FileType& type, const Variations& variations);

}  // namespace facet::model_maker
