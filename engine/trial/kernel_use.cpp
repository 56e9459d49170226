#include "engine/trial/kernel_use.h"

#include <algorithm>

#include "engine/model/tensor_rules.h"

namespace facet::engine {
namespace {

template <typename Value>
void sort_unique(std::vector<Value>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

KernelUse::HeadFormats head_formats(const GgufFile& file, std::uint32_t layer) {
  const auto format_of = [&](const char* matrix, Format otherwise) {
    const GgufTensor* const tensor = file.find(layer_tensor_name(layer, matrix));
    return tensor == nullptr ? otherwise : tensor->format;
  };
  const Format queries = format_of("attn_q.weight", Format::F32);
  return {queries, format_of("attn_k.weight", queries), format_of("attn_v.weight", queries)};
}

bool are_alike(const AttentionShape& left, const AttentionShape& right) {
  return left.heads == right.heads && left.kv_heads == right.kv_heads && left.head_dim == right.head_dim &&
         left.window == right.window;
}

std::string text_of(const std::vector<KernelUse::Product>& products) {
  std::string text;
  for (const KernelUse::Product& product : products)
    text += (text.empty() ? "" : ", ") + std::string(format_info(product.format).name) + " " +
            std::to_string(product.inputs);
  return text;
}

}  // namespace

std::string text_of(const KernelUse::HeadFormats& formats) {
  std::string text;
  for (const Format format : formats)
    text += (text.empty() ? "" : "/") + std::string(format_info(format).name);
  return text;
}

// Tables are looked up on the host; the one of the tokens is the output's matrix, too, where that has none of its own.
bool is_multiplied_with(const GgufFile& file, const GgufTensor& tensor) {
  if (tensor.shape[1] <= 1 || format_info(tensor.format).decode == nullptr) return false;
  if (tensor.name == "per_layer_token_embd.weight") return false;
  return tensor.name != "token_embd.weight" || file.find("output.weight") == nullptr;
}

KernelUse kernel_use(const GgufFile& file, const ModelConfig& config, Format cache, bool may_round) {
  KernelUse use;
  use.may_round = may_round;
  use.encoders = true;
  use.cache = cache;
  use.width = config.embedding_length;
  use.expert_count = config.expert_count;
  use.experts_used = config.expert_used_count;
  for (const GgufTensor& tensor : file.tensors()) {
    if (!is_multiplied_with(file, tensor)) continue;
    auto& products = tensor.shape[2] > 1 ? use.experts : use.products;
    products.push_back({tensor.format, static_cast<std::uint32_t>(tensor.shape[0])});
  }
  sort_unique(use.products);
  sort_unique(use.experts);
  for (std::uint32_t i = 0; i < config.layers.size(); ++i) {
    const LayerConfig& layer = config.layers[i];
    use.head_formats.push_back(head_formats(file, i));
    const AttentionShape shape{layer.heads, layer.kv_heads, layer.head_dim, layer.window};
    if (std::none_of(use.heads.begin(), use.heads.end(),
                     [&](const AttentionShape& other) { return are_alike(other, shape); }))
      use.heads.push_back(shape);
  }
  sort_unique(use.head_formats);
  return use;
}

std::string describe(const KernelUse& use) {
  std::string text = text_of(use.products) + "; width " + std::to_string(use.width);
  for (const AttentionShape& shape : use.heads)
    text += "; heads " + std::to_string(shape.heads) + "/" + std::to_string(shape.kv_heads) + " of " +
            std::to_string(shape.head_dim) + ", window " + std::to_string(shape.window);
  for (const KernelUse::HeadFormats& formats : use.head_formats)
    text += "; heads from " + text_of(formats);
  if (use.expert_count > 0)
    text += "; " + std::to_string(use.experts_used) + " of " + std::to_string(use.expert_count) + " experts, " +
            text_of(use.experts);
  text += "; cache " + std::string(format_info(use.cache).name);
  return use.may_round ? text + "; may round" : text;
}

}  // namespace facet::engine
