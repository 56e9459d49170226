#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/bench/process_memory.h"
#include "engine/bench/timed_backend.h"
#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "engine/media.h"

namespace facet::engine {

// What to measure of a projector: a picture, a sound, or both.
struct EncoderBenchOrder {
  std::function<Result<std::unique_ptr<GgufFile>>()> open_file;
  EngineOptions engine;
  std::optional<RgbImage> image;
  std::uint32_t budget = 280;
  std::optional<PcmAudio> audio;
  std::uint32_t repetitions = 5;
  bool operations = false;  // measure each operation, too
};

struct EncoderBenchReport {
  struct Runs {
    std::uint32_t tokens = 0;     // that one encoding comes to
    std::vector<double> seconds;  // one for each repetition
    std::vector<OperationTime> operations;
  };

  std::filesystem::path path;
  std::string device;
  int threads = 0;
  double load_seconds = 0;
  std::optional<Runs> picture;
  std::optional<Runs> sound;
  std::optional<ProcessMemory> memory;
};

// Loads the encoders and encodes everything once without measuring, then as often as wanted. Scaling and the spectrum
// count; decoding files does not. Calls `progress` with what it is about to do.
Result<EncoderBenchReport> run_encoder_bench(const EncoderBenchOrder& order,
                                             const std::function<void(std::string_view step)>& progress);

}  // namespace facet::engine
