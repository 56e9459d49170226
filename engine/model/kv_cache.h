#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/backend.h"
#include "engine/base/result.h"
#include "engine/model/config.h"

namespace facet::engine {

// Tokens that are evaluated at once at most, unless they see each other.
inline constexpr std::uint32_t kMaxBatch = 128;

// How many rows the cache of each layer has. A full layer keeps the whole context. A sliding layer keeps its window and
// some slack behind it, in a ring: row = position mod rows. The slack is what a batch overwrites ahead of its own
// window and what can be taken back without evaluating anew. Layers without keys of their own keep nothing.
struct KvLayout {
  struct Layer {
    std::uint32_t rows = 0;
    std::uint32_t width = 0;
  };
  std::vector<Layer> layers;
  Format format = Format::F32;
  std::uint32_t context = 0;
  std::uint32_t window = 0;  // of the sliding layers; 0: there are none
  std::uint32_t ring_rows = 0;
  std::uint32_t block_rows = kMaxBatch;  // tokens that see each other at most

  // `slack` 0: as much as costs little memory, at least a whole batch. Otherwise at least 1.
  // Where a layer's width is no multiple of the format's block length, the next larger format is taken.
  // There is slack enough for blocks of `largest_block` tokens in any case.
  static KvLayout plan(const ModelConfig& config, std::uint32_t context, std::uint32_t slack,
                       Format format = Format::F32, std::uint32_t largest_block = 0);

  // Tokens that may be evaluated at once without overwriting what the first of them still sees.
  std::uint32_t largest_batch() const { return std::min(kMaxBatch, unseen_rows()); }
  // The same for tokens that see each other, which can not be evaluated in several batches.
  std::uint32_t largest_block() const { return std::min(block_rows, unseen_rows()); }
  // The keys of a layer, or its values; without rows where the layer has none of its own.
  CacheShape shape_of(std::uint32_t layer) const { return {layers[layer].rows, layers[layer].width, format, layer}; }
  std::uint64_t bytes() const;

 private:
  // Rows that may be written before the first of them is evaluated.
  std::uint32_t unseen_rows() const;
};

// The keys and values of one sequence: which positions are there, and where. It does not know the tokens.
class KvCache {
 public:
  static Result<std::unique_ptr<KvCache>> create(Backend& backend, const KvLayout& layout);
  ~KvCache();
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;

  const Buffer& keys(std::uint32_t layer) const { return layers_[layer].keys; }
  const Buffer& values(std::uint32_t layer) const { return layers_[layer].values; }
  const KvLayout& layout() const { return layout_; }

  // Positions 0 .. length - 1 are evaluated.
  std::uint32_t length() const { return length_; }

  // The largest length not above `length` from which evaluation can go on exactly: that length itself when every ring
  // still holds the window in front of it, otherwise 0.
  std::uint32_t exact_length(std::uint32_t length) const;
  // Forgets what lies behind. `length` is a result of exact_length.
  void truncate(std::uint32_t length);

  // The backend is gone and its buffers with it: nothing is left to be released.
  void abandon() { layers_.clear(); }

  // Before a batch: rows of the rings are about to be overwritten, whether or not the batch is finished.
  void begin(std::uint32_t count);
  // After it: its positions are evaluated.
  void commit(std::uint32_t count) { length_ += count; }

 private:
  struct LayerBuffers {
    Buffer keys;
    Buffer values;
  };

  KvCache(Backend& backend, const KvLayout& layout) : backend_(backend), layout_(layout) {}

  Backend& backend_;
  KvLayout layout_;
  std::vector<LayerBuffers> layers_;
  std::uint32_t length_ = 0;
  std::uint32_t written_ = 0;  // one more than the largest position written since the cache was empty
};

}  // namespace facet::engine
