#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/encoder_backend.h"
#include "engine/media/encoder_buffers.h"
#include "engine/media/encoder_weights.h"
#include "engine/media/patches.h"
#include "engine/media/projector_config.h"
#include "engine/model/forward.h"

namespace facet::engine {

// What a model makes of a picture before it reads on: rows for soft tokens. With an encoder, patches go through its
// layers, each attending to all, and nine neighbours become one row; without one a patch is a row. The work is done in
// parts, so that others may have the device in between. Used by one thread at a time.
class VisionEncoder {
 public:
  VisionEncoder(EncoderBackend& backend, const VisionConfig& config, const VisionWeights& weights,
                const EncoderBuffers& buffers)
      : backend_(backend), config_(config), weights_(weights), buffers_(buffers) {}

  // Sees intermediates in pieces of consecutive rows.
  void set_tap(Tap tap) { tap_ = std::move(tap); }

  // Begins with a picture, in the planes that the files' matrices expect; one that is not finished is forgotten. Fails
  // when the picture has more patches along a side than the model has positions.
  Status begin(Patches patches);
  // Does a part of the work, some tenths of a second at most on an ordinary machine; true when nothing is left.
  Result<bool> step();
  // The rows, when nothing is left: as many as soft tokens, each `text_width` long.
  std::vector<float> take_rows() { return std::exchange(rows_, {}); }

 private:
  // What the next part does: for some patches, but for the pool.
  enum class Stage { Embed, Keys, Rest, Pool, Project, WholePatches, Done };

  std::uint32_t count() const { return static_cast<std::uint32_t>(patches_.grid.count()); }
  std::uint32_t rows() const { return std::min(kPatchesAtOnce, total_ - first_); }
  View some_of(const Buffer& buffer, std::uint32_t width) const { return View(buffer).part(0, rows(), 0, width); }
  View stream() const { return View(buffers_.x).part(first_, rows(), 0, config_.width); }
  void enter(Stage stage, std::uint32_t total);
  Status do_part();
  void end_stage();

  void embed();
  void write_angles();
  void add_positions(const View& x);
  void project_heads(bool of_queries);
  void attend();
  void feed_forward();
  void pool();
  Status project();
  Status encode_whole_patches();
  Status read_soft(const View& normed);
  void tap(std::string_view name, int layer, const View& value) const;

  EncoderBackend& backend_;
  const VisionConfig& config_;
  const VisionWeights& weights_;
  const EncoderBuffers& buffers_;
  Tap tap_;
  Patches patches_;
  Stage stage_ = Stage::Done;
  std::uint32_t layer_ = 0;
  std::uint32_t first_ = 0;  // of what the stage works on
  std::uint32_t total_ = 0;
  std::vector<float> rows_;
};

}  // namespace facet::engine
