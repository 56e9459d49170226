#include "tests/model/tensor_plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <string_view>

namespace facet::model_maker {
namespace {

constexpr double kSpread = 0.1;           // of vectors around their mean
constexpr double kLogitDeviation = 4.5;   // what the output norm makes of logits
constexpr double kScoreDeviation = 1.5;   // of the products of queries and keys
constexpr double kRouterDeviation = 1.5;  // of the router's logits
constexpr double kGateDeviation = 1.5;    // of what goes into the activation function
constexpr double kEmbeddingLeft = 0.03;   // of the token's own embedding in the stream behind the last layer

class Plan {
 public:
  Plan(const ModelShape& shape, const FileType& type, const Variations& variations)
      : shape_(shape), type_(type), variations_(variations) {
    const double branches = shape.per_layer_width > 0 ? 3 : 2;
    layer_scale_ = std::pow(kEmbeddingLeft, 1.0 / shape.layer_count());
    branch_size_ = std::sqrt((1 / (layer_scale_ * layer_scale_) - 1) / branches);
    for (const LayerShape& layer : shape.layers)
      value_tensors_ += writes_values(layer) ? 1 : 0;
  }

  std::vector<PlannedTensor> make() {
    const std::uint64_t width = shape_.embedding_length;
    const std::uint64_t vocabulary = shape_.vocabulary_size;
    matrix("token_embd", {width, vocabulary}, type_.embeddings, 1);
    if (variations_.separate_head) matrix("output", {width, vocabulary}, type_.embeddings, 1);
    if (shape_.per_layer_width > 0) {
      const std::uint64_t all_layers = std::uint64_t{shape_.per_layer_width} * shape_.layer_count();
      // The forward pass multiplies its rows with the root of the layer's width, and those of token_embd likewise.
      const double row_length = std::sqrt(static_cast<double>(all_layers) / shape_.per_layer_width);
      matrix("per_layer_token_embd", {all_layers, vocabulary}, type_.per_layer_table, row_length);
      matrix("per_layer_model_proj", {width, all_layers}, type_.per_layer_projection, 1);
      vector("per_layer_proj_norm.weight", shape_.per_layer_width, 1);
    }
    vector("output_norm.weight", width, kLogitDeviation);
    tensor("rope_freqs.weight", {shape_.head_dim_full / 2}, Format::F32, 0, 0);
    for (std::uint32_t i = 0; i < shape_.layer_count(); ++i)
      layer(i);
    return std::move(tensors_);
  }

 private:
  using Extents = std::initializer_list<std::uint64_t>;

  bool writes_keys(const LayerShape& layer) const { return layer.owns_kv || variations_.unused_keys; }
  bool writes_values(const LayerShape& layer) const { return writes_keys(layer) && layer.has_values; }

  void layer(std::uint32_t index) {
    prefix_ = "blk." + std::to_string(index) + ".";
    attention(shape_.layers[index]);
    feed_forward(index);
    if (shape_.expert_count > 0) experts(index);
    if (shape_.per_layer_width > 0) {
      const std::uint64_t width = shape_.embedding_length;
      matrix("inp_gate", {width, shape_.per_layer_width}, type_.matrices, kGateDeviation);
      matrix("proj", {shape_.per_layer_width, width}, type_.matrices, 1);
      vector("post_norm.weight", width, branch_size_);
    }
    tensor("layer_output_scale.weight", {1}, Format::F32, layer_scale_, 0);
  }

  void attention(const LayerShape& layer) {
    const std::uint64_t width = shape_.embedding_length;
    const std::uint64_t queries = std::uint64_t{shape_.heads} * layer.head_dim;
    const std::uint64_t keys = std::uint64_t{layer.kv_heads} * layer.head_dim;
    vector("attn_norm.weight", width, 1);
    matrix("attn_q", {width, queries}, type_.matrices, 1);
    vector("attn_q_norm.weight", layer.head_dim, 1);
    if (writes_keys(layer)) {
      matrix("attn_k", {width, keys}, type_.matrices, 1);
      vector("attn_k_norm.weight", layer.head_dim, kScoreDeviation / std::sqrt(static_cast<double>(layer.head_dim)));
    }
    if (writes_values(layer)) matrix("attn_v", {width, keys}, mixed(values_seen_++, value_tensors_), 1);
    matrix("attn_output", {queries, width}, type_.matrices, 1);
    vector("post_attention_norm.weight", width, branch_size_);
  }

  void feed_forward(std::uint32_t index) {
    const std::uint64_t width = shape_.embedding_length;
    const std::uint64_t hidden = shape_.layers[index].ffn_width;
    vector("ffn_norm.weight", width, 1);
    matrix("ffn_gate", {width, hidden}, type_.matrices, kGateDeviation);
    matrix("ffn_up", {width, hidden}, type_.matrices, 1);
    matrix("ffn_down", {hidden, width}, mixed(index, shape_.layer_count()), 1);
    vector("post_ffw_norm.weight", width, branch_size_);
  }

  void experts(std::uint32_t index) {
    const std::uint64_t width = shape_.embedding_length;
    const std::uint64_t hidden = shape_.expert_ffn_width;
    const std::uint64_t count = shape_.expert_count;
    // Its input is divided by the root of the width.
    const double router_row = kRouterDeviation * std::sqrt(static_cast<double>(width));
    tensor("ffn_gate_inp.weight", {width, count}, Format::F32, 0, router_row / std::sqrt(static_cast<double>(width)));
    vector("ffn_gate_inp.scale", width, 1);
    for (const char* name : {"pre_ffw_norm_2.weight", "post_ffw_norm_1.weight", "post_ffw_norm_2.weight"})
      vector(name, width, 1);
    if (variations_.split_experts) {
      matrix("ffn_gate_exps", {width, hidden, count}, type_.matrices, kGateDeviation);
      matrix("ffn_up_exps", {width, hidden, count}, type_.matrices, 1);
    } else {
      matrix("ffn_gate_up_exps", {width, 2 * hidden, count}, type_.matrices, kGateDeviation);
    }
    matrix("ffn_down_exps", {hidden, width, count}, mixed(index, shape_.layer_count()), 1);
    vector("ffn_down_exps.scale", count, 1);
  }

  Format mixed(std::uint32_t index, std::uint32_t count) const {
    return gets_more_bits(index, count) ? type_.more_bits : type_.matrices;
  }

  // `row_length` is the mean length of a row, in which a product with inputs of size one has its deviation.
  void matrix(const std::string& name, const Extents& extents, Format format, double row_length) {
    // That of one block goes before that of the same name in all.
    for (const std::string& key : {prefix_ + name, name}) {
      const auto exception = type_.exceptions.find(key);
      if (exception == type_.exceptions.end()) continue;
      format = exception->second;
      break;
    }
    format = format_for_row(format, *extents.begin());
    tensor(name + ".weight", extents, format, 0, row_length);
    PlannedTensor& planned = tensors_.back();
    planned.deviation /= std::sqrt(static_cast<double>(planned.info.shape[0]));
  }

  void vector(const std::string& name, std::uint64_t size, double mean) {
    tensor(name, {size}, Format::F32, mean, kSpread * mean);
  }

  void tensor(const std::string& name, const Extents& extents, Format format, double mean, double deviation) {
    std::array<std::uint64_t, 4> shape = {1, 1, 1, 1};
    std::copy(extents.begin(), extents.end(), shape.begin());
    tensors_.push_back({{prefix_ + name, format, shape}, mean, deviation});
  }

  const ModelShape& shape_;
  const FileType& type_;
  const Variations& variations_;
  double layer_scale_ = 1;
  double branch_size_ = 1;
  std::uint32_t value_tensors_ = 0;
  std::uint32_t values_seen_ = 0;
  std::string prefix_;
  std::vector<PlannedTensor> tensors_;
};

}  // namespace

std::vector<PlannedTensor> plan_tensors(const ModelShape& shape, const FileType& type, const Variations& variations) {
  return Plan(shape, type, variations).make();
}

}  // namespace facet::model_maker
