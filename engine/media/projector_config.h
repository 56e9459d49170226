#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "engine/base/result.h"

namespace facet::engine {

class GgufFile;

// How a model sees. With an encoder (layers > 0) patches of 16 pixels go through its layers and nine of them become one
// soft token; without one a patch of 48 pixels is one.
struct VisionConfig {
  std::uint32_t text_width = 0;  // of a soft token
  std::uint32_t width = 0;       // of a patch inside
  std::uint32_t patch_side = 0;  // pixels
  std::uint32_t positions = 0;   // for columns, and as many for rows: a picture has no more patches along either side
  std::uint32_t layers = 0;
  std::uint32_t heads = 0;
  std::uint32_t head_dim = 0;
  std::uint32_t ffn_width = 0;
  float rms_eps = 0;

  bool has_encoder() const { return layers > 0; }
};

// How a model hears. With an encoder two convolutions and its layers turn four mel frames into one soft token; without
// one 640 samples are one.
struct HearingConfig {
  std::uint32_t text_width = 0;
  std::uint32_t width = 0;  // of a token inside; without an encoder the samples of one
  std::uint32_t layers = 0;
  std::uint32_t heads = 0;
  std::uint32_t head_dim = 0;
  std::uint32_t ffn_width = 0;
  std::array<std::uint32_t, 2> channels = {};  // of the convolutions
  std::uint32_t kernel = 0;                    // tokens that the convolution inside a layer sees
  std::uint32_t output_width = 0;              // of what comes out of the last layer
  float rms_eps = 0;

  bool has_encoder() const { return layers > 0; }
};

// What makes a text model see or hear, in a file of its own ('mmproj') or in that of the model. Every number has been
// checked: products of any two fit 32 bits.
struct ProjectorConfig {
  std::optional<VisionConfig> vision;
  std::optional<HearingConfig> hearing;

  std::uint32_t text_width() const { return vision ? vision->text_width : hearing->text_width; }
};

// A file that holds a projector and nothing else.
bool is_projector(const GgufFile& file);
// A model's file that holds one besides, as ollama makes them.
bool has_projector_inside(const GgufFile& file);

// Precondition: one of these. Fails with a sentence that names the key or the tensor when the file lacks a number, has
// one that can not be, or is for a model of another family. Numbers that follow from the shape of a tensor are taken
// from there. At least one of the two is read.
Result<ProjectorConfig> read_projector_config(const GgufFile& file);

}  // namespace facet::engine
