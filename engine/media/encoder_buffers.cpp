#include "engine/media/encoder_buffers.h"

#include <algorithm>
#include <string>

#include "engine/media/hearing_encoder.h"
#include "engine/media/patches.h"

namespace facet::engine {
namespace {

using Shapes = std::vector<EncoderBufferShape>;

std::uint32_t patch_values(const VisionConfig& config) {
  return config.patch_side * config.patch_side * 3;
}

void add_vision(const VisionConfig& config, Shapes& shapes) {
  const std::uint32_t width = config.width;
  shapes.push_back({"patches", &EncoderBuffers::patches, kPatchesAtOnce, patch_values(config)});
  shapes.push_back({"branch", &EncoderBuffers::branch, kPatchesAtOnce, width});
  shapes.push_back({"soft", &EncoderBuffers::soft, kPatchesAtOnce, config.text_width});
  if (!config.has_encoder()) {
    shapes.push_back({"x", &EncoderBuffers::x, kPatchesAtOnce, width});
    shapes.push_back({"clipped", &EncoderBuffers::clipped, kPatchesAtOnce, width});
    return;
  }
  const std::uint32_t widest = std::max(width, config.ffn_width);
  shapes.push_back({"x", &EncoderBuffers::x, kMostPatches, width});
  shapes.push_back({"angles", &EncoderBuffers::angles, kMostPatches, config.head_dim});
  shapes.push_back({"normed", &EncoderBuffers::normed, kPatchesAtOnce, width});
  shapes.push_back({"clipped", &EncoderBuffers::clipped, kPatchesAtOnce, widest});
  for (Buffer EncoderBuffers::*slot : {&EncoderBuffers::q, &EncoderBuffers::k, &EncoderBuffers::v})
    shapes.push_back({"heads", slot, kPatchesAtOnce, width});
  shapes.push_back({"attended", &EncoderBuffers::attended, kPatchesAtOnce, width});
  shapes.push_back({"gate", &EncoderBuffers::gate, kPatchesAtOnce, config.ffn_width});
  shapes.push_back({"up", &EncoderBuffers::up, kPatchesAtOnce, config.ffn_width});
  shapes.push_back({"pooled", &EncoderBuffers::pooled, kLargestImageBudget, width});
  shapes.push_back({"keys", &EncoderBuffers::keys, kMostPatches, width, /*is_cache=*/true});
  shapes.push_back({"values", &EncoderBuffers::values, kMostPatches, width, /*is_cache=*/true});
}

void add_hearing(const HearingConfig& config, Shapes& shapes) {
  const std::uint32_t width = config.width;
  shapes.push_back({"sound", &EncoderBuffers::sound, kMostSoundTokens, width});
  shapes.push_back({"sound_soft", &EncoderBuffers::sound_soft, kMostSoundTokens, config.text_width});
  if (!config.has_encoder()) return;
  const std::uint32_t hidden = std::max(config.ffn_width, 2 * width);
  for (Buffer EncoderBuffers::*slot :
       {&EncoderBuffers::sound_normed, &EncoderBuffers::sound_branch, &EncoderBuffers::sound_q,
        &EncoderBuffers::sound_k, &EncoderBuffers::sound_v, &EncoderBuffers::sound_attended})
    shapes.push_back({"sound_rows", slot, kMostSoundTokens, width});
  shapes.push_back({"sound_clipped", &EncoderBuffers::sound_clipped, kMostSoundTokens, hidden});
  shapes.push_back({"sound_hidden", &EncoderBuffers::sound_hidden, kMostSoundTokens, hidden});
  shapes.push_back({"distances", &EncoderBuffers::distances, kSoundDistances, width});
  shapes.push_back({"relative", &EncoderBuffers::relative, kSoundDistances, width});
  shapes.push_back({"sound_output", &EncoderBuffers::sound_output, kMostSoundTokens, config.output_width});
  // Each convolution halves times and bands, and reads a time in front of its own and one behind.
  const std::uint32_t first_times = 2 * kConvolvedAtOnce + 1;
  const std::uint32_t first_rows = first_times * kMelBands / 2;
  const std::uint32_t second_rows = kConvolvedAtOnce * kMelBands / 4;
  shapes.push_back({"mel", &EncoderBuffers::mel, 2 * first_times + 1, kMelBands});
  shapes.push_back({"unfolded_mel", &EncoderBuffers::unfolded_mel, first_rows, 9});
  shapes.push_back({"convolved_mel", &EncoderBuffers::convolved_mel, first_rows, config.channels[0]});
  shapes.push_back({"unfolded", &EncoderBuffers::unfolded, second_rows, 9 * config.channels[0]});
  shapes.push_back({"convolved", &EncoderBuffers::convolved, second_rows, config.channels[1]});
}

}  // namespace

std::vector<EncoderBufferShape> plan_encoder_buffers(const ProjectorConfig& config) {
  Shapes shapes;
  if (config.vision) add_vision(*config.vision, shapes);
  if (config.hearing) add_hearing(*config.hearing, shapes);
  return shapes;
}

// Attention of encoders works on too many rows to share what `reserve` would set aside for it.
void add_encoder_operands(const ProjectorConfig& config, LargestOperands& largest) {
  if (const auto& vision = config.vision)
    for (const std::uint32_t inputs : {patch_values(*vision), vision->width, vision->ffn_width})
      largest.products.push_back({kPatchesAtOnce, inputs});
  const auto& hearing = config.hearing;
  if (!hearing) return;
  for (const std::uint32_t inputs : {hearing->width, hearing->ffn_width, hearing->output_width})
    largest.products.push_back({kMostSoundTokens, inputs});
  for (const EncoderBufferShape& shape : plan_encoder_buffers(config))
    if (shape.slot == &EncoderBuffers::unfolded_mel || shape.slot == &EncoderBuffers::unfolded)
      largest.products.push_back({shape.rows, shape.width});
  largest.products.push_back({kConvolvedAtOnce, static_cast<std::uint32_t>(kMelBands / 4) * hearing->channels[1]});
}

Result<EncoderBuffers> create_encoder_buffers(const std::vector<EncoderBufferShape>& shapes, Backend& backend) {
  EncoderBuffers buffers;
  for (const EncoderBufferShape& shape : shapes) {
    const std::string name = "the intermediate results '" + std::string(shape.name) + "' of pictures and sound";
    FACET_ASSIGN_OR_RETURN(buffers.*shape.slot, shape.is_cache ? backend.create_cache(name, shape.cache())
                                                               : backend.create_buffer(name, shape.rows, shape.width));
  }
  return buffers;
}

}  // namespace facet::engine
