#include "tests/model/model_shape.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace facet::model_maker {
namespace {

// One row of the table of variants. The last layer of each period attends to everything, the others slide.
struct Variant {
  std::string_view name;
  std::uint32_t embedding_length;
  std::uint32_t layers;
  std::uint32_t period;
  std::uint32_t heads;
  std::uint32_t kv_heads_sliding;
  std::uint32_t kv_heads_full;
  bool full_layers_have_values;
  std::uint32_t ffn_width;
  std::uint32_t ffn_width_shared;  // of the layers without keys and values of their own
  std::uint32_t shared_layers;
  std::uint32_t window;
  std::uint32_t context_length;
  std::uint32_t per_layer_width;
  std::uint32_t experts;
  std::uint32_t experts_used;
  std::uint32_t expert_ffn_width;
  bool suppresses_tokens;
  // What only the size decides.
  std::uint32_t head_dim_sliding = 256;
  std::uint32_t head_dim_full = 512;
  std::uint32_t vocabulary_size = 262144;
};

// The small ones keep every ratio that decides a branch: query heads per key head, the pattern, shared layers, wider
// feed-forward behind them, expert widths that are no multiple of 256.
constexpr std::array kVariants = {
    Variant{"E2B", 1536, 35, 5, 8, 1, 1, true, 6144, 12288, 20, 512, 131072, 256, 0, 0, 0, false},
    Variant{"E4B", 2560, 42, 6, 8, 2, 2, true, 10240, 10240, 18, 512, 131072, 256, 0, 0, 0, false},
    Variant{"12B", 3840, 48, 6, 16, 8, 1, false, 15360, 15360, 0, 1024, 262144, 0, 0, 0, 0, true},
    Variant{"26B-A4B", 2816, 30, 6, 16, 8, 2, false, 2112, 2112, 0, 1024, 262144, 0, 128, 8, 704, false},
    Variant{"31B", 5376, 60, 6, 32, 16, 4, false, 21504, 21504, 0, 1024, 262144, 0, 0, 0, 0, false},
    Variant{"tiny-E2B", 256, 10, 5, 8, 1, 1, true, 256, 512, 5, 32, 4096, 128, 0, 0, 0, false, 32, 64, 1536},
    Variant{"tiny-E4B", 256, 12, 6, 8, 2, 2, true, 512, 512, 6, 32, 4096, 128, 0, 0, 0, false, 32, 64, 1536},
    Variant{"tiny-12B", 256, 6, 6, 16, 8, 1, false, 512, 512, 0, 32, 4096, 0, 0, 0, 0, true, 32, 64, 1536},
    Variant{"tiny-26B-A4B", 256, 6, 6, 16, 8, 2, false, 288, 288, 0, 32, 4096, 0, 16, 4, 96, false, 32, 64, 1536},
    Variant{"tiny-31B", 256, 6, 6, 32, 16, 4, false, 512, 512, 0, 32, 4096, 0, 0, 0, 0, false, 32, 64, 1536},
};

constexpr auto kNames = [] {
  std::array<std::string_view, kVariants.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i)
    names[i] = kVariants[i].name;
  return names;
}();

// About the same share of a different number of layers. The layers in front of them are whole periods: then there is
// one of each kind, and the last two are a sliding and a full one, which some programs take for granted.
std::uint32_t shared_of(const Variant& variant, std::uint32_t layers) {
  if (variant.shared_layers == 0 || layers <= variant.period) return 0;
  const double share = static_cast<double>(variant.layers - variant.shared_layers) / variant.layers;
  const auto periods = static_cast<std::uint32_t>(std::lround(share * layers / variant.period));
  return layers - std::max(1U, periods) * variant.period;
}

}  // namespace

std::span<const std::string_view> shape_names() {
  return kNames;
}

std::optional<ModelShape> find_shape(std::string_view name, std::uint32_t layers) {
  const auto variant =
      std::find_if(kVariants.begin(), kVariants.end(), [&](const Variant& row) { return row.name == name; });
  if (variant == kVariants.end()) return std::nullopt;
  if (layers == 0) layers = variant->layers;
  ModelShape shape;
  shape.name = std::string(variant->name);
  shape.embedding_length = variant->embedding_length;
  shape.vocabulary_size = variant->vocabulary_size;
  shape.context_length = variant->context_length;
  shape.window = variant->window;
  shape.heads = variant->heads;
  shape.head_dim_full = variant->head_dim_full;
  shape.head_dim_sliding = variant->head_dim_sliding;
  shape.shared_kv_layers = shared_of(*variant, layers);
  shape.per_layer_width = variant->per_layer_width;
  shape.expert_count = variant->experts;
  shape.expert_used_count = variant->experts_used;
  shape.expert_ffn_width = variant->expert_ffn_width;
  shape.suppresses_tokens = variant->suppresses_tokens;
  shape.empty_thought = variant->per_layer_width == 0;
  for (std::uint32_t i = 0; i < layers; ++i) {
    LayerShape& layer = shape.layers.emplace_back();
    layer.sliding = i % variant->period != variant->period - 1;
    layer.kv_heads = layer.sliding ? variant->kv_heads_sliding : variant->kv_heads_full;
    layer.head_dim = layer.sliding ? variant->head_dim_sliding : variant->head_dim_full;
    layer.owns_kv = i < layers - shape.shared_kv_layers;
    layer.ffn_width = layer.owns_kv ? variant->ffn_width : variant->ffn_width_shared;
    layer.has_values = layer.sliding || variant->full_layers_have_values;
  }
  return shape;
}

}  // namespace facet::model_maker
