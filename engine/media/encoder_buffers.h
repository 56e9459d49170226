#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/encoder_backend.h"
#include "engine/media/image_size.h"
#include "engine/media/log_mel.h"
#include "engine/media/projector_config.h"

namespace facet::engine {

// Patches that the largest budget comes to, and how many are worked on at a time: a multiple of nine, so that no rest
// is a single row. Only what attention reads of all patches is kept of all of them.
inline constexpr std::uint32_t kPatchesPerSoftToken = 9;
inline constexpr std::uint32_t kMostPatches = kLargestImageBudget * kPatchesPerSoftToken;
inline constexpr std::uint32_t kPatchesAtOnce = 504;

// Soft tokens of the longest sound, and of how many at a time the convolutions are computed.
inline constexpr std::uint32_t kMostSoundTokens = 750;
inline constexpr std::uint32_t kConvolvedAtOnce = 32;

// What encoders work in, allocated once. Rows that differ in width between steps are as wide as the widest.
struct EncoderBuffers {
  // Pictures.
  Buffer x;        // the stream of all patches
  Buffer angles;   // of all patches, for the rotation of heads
  Buffer patches;  // the pixels of some
  Buffer normed, clipped, branch, q, k, v, attended, gate, up;
  Buffer pooled;
  Buffer soft;
  Buffer keys, values;  // caches of one layer

  // Sound.
  Buffer sound, sound_normed, sound_clipped, sound_branch, sound_q, sound_k, sound_v, sound_attended, sound_hidden;
  Buffer distances, relative;  // what attention knows of distances, and its keys of a layer
  Buffer mel, unfolded_mel, convolved_mel, unfolded, convolved;
  Buffer sound_output;
  Buffer sound_soft;
};

struct EncoderBufferShape {
  std::string_view name;
  Buffer EncoderBuffers::*slot;
  std::uint32_t rows = 0;
  std::uint32_t width = 0;
  bool is_cache = false;

  CacheShape cache() const { return {rows, width, Format::F32}; }
};

// The list that both the memory plan and the allocation go by.
std::vector<EncoderBufferShape> plan_encoder_buffers(const ProjectorConfig& config);
// Adds what encoders need to what a text model needs.
void add_encoder_operands(const ProjectorConfig& config, LargestOperands& largest);
Result<EncoderBuffers> create_encoder_buffers(const std::vector<EncoderBufferShape>& shapes, Backend& backend);

}  // namespace facet::engine
