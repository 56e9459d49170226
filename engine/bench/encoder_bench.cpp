#include "engine/bench/encoder_bench.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "engine/encoders.h"

namespace facet::engine {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Runs = EncoderBenchReport::Runs;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// Finds the backend inside the encoders by being the one that wraps it.
class Timing {
 public:
  Encoders::Wrap wrap() {
    return [this](std::unique_ptr<EncoderBackend> inner) {
      auto timed = std::make_unique<TimedBackend>(std::move(inner));
      timed_ = timed.get();
      return std::unique_ptr<EncoderBackend>(std::move(timed));
    };
  }
  void set_clock(TimedBackend::Clock clock) {
    if (timed_ != nullptr) timed_->set_clock(clock);
  }
  std::vector<OperationTime> take() { return timed_ == nullptr ? std::vector<OperationTime>() : timed_->take(); }

 private:
  TimedBackend* timed_ = nullptr;  // owned by the encoders
};

// `encode` gives the rows of one repetition.
template <typename Encode>
Result<Runs> measure(const EncoderBenchOrder& order, std::uint32_t width, Timing& timing, const Encode& encode) {
  Runs runs;
  FACET_ASSIGN_OR_RETURN(const std::vector<float> first, encode());
  runs.tokens = static_cast<std::uint32_t>(first.size() / width);
  timing.set_clock(TimedBackend::Clock::Running);
  for (std::uint32_t i = 0; i < order.repetitions; ++i) {
    const auto start = SteadyClock::now();
    FACET_ASSIGN_OR_RETURN(const std::vector<float> rows, encode());
    runs.seconds.push_back(seconds_since(start));
  }
  timing.set_clock(TimedBackend::Clock::Stopped);
  runs.operations = timing.take();
  return runs;
}

}  // namespace

Result<EncoderBenchReport> run_encoder_bench(const EncoderBenchOrder& order,
                                             const std::function<void(std::string_view step)>& progress) {
  EncoderBenchReport report;
  Timing timing;
  progress("Loading");
  const auto start = SteadyClock::now();
  FACET_ASSIGN_OR_RETURN(std::unique_ptr<GgufFile> file, order.open_file());
  report.path = file->path();
  FACET_ASSIGN_OR_RETURN(const auto encoders, Encoders::open(std::move(file), order.engine,
                                                             order.operations ? timing.wrap() : Encoders::Wrap()));
  report.load_seconds = seconds_since(start);
  report.device = encoders->device();
  report.threads = order.engine.threads > 0 ? order.engine.threads
                                            : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  if (order.image) {
    progress("Measuring pictures");
    FACET_ASSIGN_OR_RETURN(report.picture, measure(order, encoders->text_width(), timing,
                                                   [&] { return encoders->encode(*order.image, order.budget); }));
  }
  if (order.audio) {
    progress("Measuring sound");
    FACET_ASSIGN_OR_RETURN(
        report.sound, measure(order, encoders->text_width(), timing, [&] { return encoders->encode(*order.audio); }));
  }
  report.memory = process_memory();
  return report;
}

}  // namespace facet::engine
