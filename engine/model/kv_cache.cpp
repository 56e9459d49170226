#include "engine/model/kv_cache.h"

#include <algorithm>
#include <string>

#include "engine/base/check.h"

namespace facet::engine {
namespace {

// What the rings may spend on tokens that can be taken back, and how many are enough for an answer that is edited.
constexpr std::uint64_t kSlackBytes = 96ULL << 20U;
constexpr std::uint64_t kMaxSlack = 2048;

std::uint32_t cache_width(const LayerConfig& layer) {
  return layer.kv_heads * layer.head_dim;
}

std::uint32_t affordable_slack(const ModelConfig& config, Format format) {
  std::uint64_t bytes_per_row = 0;
  for (std::uint32_t i = 0; i < config.layer_count(); ++i)
    if (config.owns_kv(i) && config.layers[i].sliding())
      bytes_per_row += 2 * row_bytes(format, cache_width(config.layers[i]));
  const std::uint64_t rows = bytes_per_row == 0 ? kMaxSlack : std::min(kMaxSlack, kSlackBytes / bytes_per_row);
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(rows, kMaxBatch));
}

// Whether a head's keys are whole blocks.
bool fits_heads(const ModelConfig& config, Format format) {
  return std::all_of(config.layers.begin(), config.layers.end(), [&](const LayerConfig& layer) {
    return layer.head_dim % format_info(format).block_elements == 0;
  });
}

}  // namespace

KvLayout KvLayout::plan(const ModelConfig& config, std::uint32_t context, std::uint32_t slack, Format format,
                        std::uint32_t largest_block) {
  KvLayout layout;
  layout.format = fits_heads(config, format) ? format : Format::F16;
  layout.context = context;
  for (const LayerConfig& layer : config.layers)
    layout.window = std::max(layout.window, layer.window);
  if (slack == 0) slack = affordable_slack(config, layout.format);
  slack = std::max(slack, largest_block);
  layout.block_rows = std::max(kMaxBatch, std::min(largest_block, context));
  layout.ring_rows = static_cast<std::uint32_t>(std::min<std::uint64_t>(context, std::uint64_t{layout.window} + slack));
  layout.layers.resize(config.layer_count());
  for (std::uint32_t i = 0; i < config.layer_count(); ++i) {
    if (!config.owns_kv(i)) continue;
    layout.layers[i] = {config.layers[i].sliding() ? layout.ring_rows : context, cache_width(config.layers[i])};
  }
  return layout;
}

// The first token of a batch of n at position p sees p - window + 1; the last one is written at p + n - 1.
std::uint32_t KvLayout::unseen_rows() const {
  return window == 0 || ring_rows == context ? UINT32_MAX : ring_rows - window + 1;
}

std::uint64_t KvLayout::bytes() const {
  std::uint64_t total = 0;
  for (const Layer& layer : layers)
    total += std::uint64_t{layer.rows} * 2 * row_bytes(format, layer.width);
  return total;
}

Result<std::unique_ptr<KvCache>> KvCache::create(Backend& backend, const KvLayout& layout) {
  std::unique_ptr<KvCache> cache(new KvCache(backend, layout));
  for (std::uint32_t l = 0; l < layout.layers.size(); ++l) {
    LayerBuffers& buffers = cache->layers_.emplace_back();
    const CacheShape shape = layout.shape_of(l);
    if (shape.rows == 0) continue;
    FACET_ASSIGN_OR_RETURN(buffers.keys, backend.create_cache("the keys of a conversation", shape));
    FACET_ASSIGN_OR_RETURN(buffers.values, backend.create_cache("the values of a conversation", shape));
  }
  return cache;
}

KvCache::~KvCache() {
  for (const LayerBuffers& layer : layers_) {
    if (layer.keys) backend_.release_buffer(layer.keys);
    if (layer.values) backend_.release_buffer(layer.values);
  }
}

std::uint32_t KvCache::exact_length(std::uint32_t length) const {
  length = std::min(length, length_);
  if (layout_.window == 0) return length;
  const std::uint32_t first_seen = length - std::min(length, layout_.window - 1);
  const std::uint32_t oldest_kept = written_ - std::min(written_, layout_.ring_rows);
  return first_seen >= oldest_kept ? length : 0;
}

void KvCache::truncate(std::uint32_t length) {
  FACET_CHECK(length == exact_length(length), "%u of %u", length, length_);
  length_ = length;
  if (length == 0) written_ = 0;
}

void KvCache::begin(std::uint32_t count) {
  FACET_CHECK(count <= std::max(layout_.largest_batch(), layout_.largest_block()) && length_ + count <= layout_.context,
              "%u after %u", count, length_);
  written_ = std::max(written_, length_ + count);
}

}  // namespace facet::engine
