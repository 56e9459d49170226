#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "agent/meeting/sound_source.h"
#include "agent/meeting/transcript.h"
#include "agent/text_model.h"
#include "engine/base/result.h"

namespace facet::agent {

struct TranscriptionTask {
  std::string path;
  // Where it goes on, in samples: behind the last segment that is there already.
  std::int64_t from = 0;
  std::string language;
  PromptVariant variant = PromptVariant::Small;
};

struct TranscriptionHooks {
  std::function<void(const Segment&)> segment;
  // Up to which sample everything is written down, never less than before; the whole length if the file says it,
  // otherwise 0.
  std::function<void(std::int64_t done, std::int64_t total)> progress;
};

// Listens to a recording from a moment on to its end and writes down what is said. It holds half a minute of sound,
// however long the recording is. Runs on the thread that calls it; ends with an error of code Stopped when it was
// stopped, and then nothing that `segment` was told is lost.
Status transcribe(const TranscriptionTask& task, SoundSource& source, BackgroundModel& model,
                  const TranscriptionHooks& hooks, const std::stop_token& stop);

}  // namespace facet::agent
