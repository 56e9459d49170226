#pragma once

#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <variant>

#include "agent/protocol.h"
#include "agent/text_model.h"
#include "engine/base/result.h"
#include "engine/media.h"

namespace facet::agent {

using MediaContent = std::variant<engine::RgbImage, engine::PcmAudio>;

// Where the agent gets what is in a picture, a sound or a video. It decodes nothing itself. Any thread may call.
class MediaSource {
 public:
  virtual ~MediaSource() = default;

  // What a file is and how a model is to be shown it, with a budget chosen by what is to be seen. An error, one
  // sentence, where it can not be decoded or is no media at all. `progress` is told now and then how much of 1 is done.
  using Progress = std::function<void(double done)>;
  virtual Result<AttachedMedia> describe(const std::string& path, std::stop_token stop,
                                         const Progress& progress = {}) = 0;

  // How a picture or a video that was described would be shown with a budget of somebody's choice, without decoding it
  // again.
  virtual Result<AttachedMedia> with_budget(const AttachedMedia& described, std::uint32_t budget) = 0;

  // The content of items of one file, in their order, one in memory at a time. Ends with the first error that `take`
  // gives back.
  using Taker = std::function<Status(std::size_t index, MediaContent content)>;
  virtual Status decode(std::span<const MediaItem> items, const Taker& take, std::stop_token stop) = 0;
};

}  // namespace facet::agent
