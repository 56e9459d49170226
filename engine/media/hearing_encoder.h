#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/encoder_backend.h"
#include "engine/media/encoder_buffers.h"
#include "engine/media/encoder_weights.h"
#include "engine/media/log_mel.h"
#include "engine/media/projector_config.h"
#include "engine/model/forward.h"

namespace facet::engine {

// Tokens that one token of a sound attends to, itself included: as the publisher's own code has it, and as there are
// distances in training. Others use 12.
inline constexpr std::uint32_t kSoundDistances = 13;

// What a model makes of a sound: rows for soft tokens, one for each 40 ms. With an encoder two convolutions over the
// spectrum come first, then layers that look back half a second; without one 640 samples are a row. In parts, as
// VisionEncoder. Used by one thread at a time.
class HearingEncoder {
 public:
  // `distances`: as kSoundDistances, to compare with others.
  HearingEncoder(EncoderBackend& backend, const HearingConfig& config, const HearingWeights& weights,
                 const EncoderBuffers& buffers, std::uint32_t distances = kSoundDistances)
      : backend_(backend), config_(config), weights_(weights), buffers_(buffers), distances_(distances) {}

  void set_tap(Tap tap) { tap_ = std::move(tap); }

  // Begins with a sound of at most 30 s that comes to at least one soft token: with an encoder its spectrum, ...
  void begin(LogMel mel);
  // ... without one its samples.
  void begin(std::span<const float> samples);
  // Does a part of the work; true when nothing is left.
  Result<bool> step();
  std::vector<float> take_rows() { return std::exchange(rows_, {}); }

 private:
  enum class Stage { Convolutions, Layers, Project, Done };

  View all_of(const Buffer& buffer, std::uint32_t width) const { return View(buffer).part(0, tokens_, 0, width); }
  View stream() const { return all_of(buffers_.sound, config_.width); }
  View normed() const { return all_of(buffers_.sound_normed, config_.width); }

  void write_distances();
  void convolve_some();
  void convolve_spectrum(std::uint32_t first, std::uint32_t count, const View& out);
  void feed_forward(const HearingFeedForwardWeights& weights);
  void attend(const HearingLayerWeights& layer);
  void convolve(const HearingLayerWeights& layer);
  void apply_layer();
  void project();
  void norm(const View& x, const Weight& weight, const View& out);
  void tap(std::string_view name, int layer, const View& value) const;

  EncoderBackend& backend_;
  const HearingConfig& config_;
  const HearingWeights& weights_;
  const EncoderBuffers& buffers_;
  std::uint32_t distances_;
  Tap tap_;
  LogMel mel_;
  Stage stage_ = Stage::Done;
  std::uint32_t tokens_ = 0;
  std::uint32_t first_ = 0;  // token that the convolutions go on with
  std::uint32_t layer_ = 0;
  std::vector<float> rows_;
};

}  // namespace facet::engine
