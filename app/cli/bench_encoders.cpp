#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "app/cli/bench_tables.h"
#include "app/cli/media_input.h"
#include "engine/bench/bench.h"
#include "engine/bench/encoder_bench.h"
#include "engine/media/image_size.h"

namespace facet::app::cli {

namespace {

using engine::EncoderBenchOrder;
using engine::EncoderBenchReport;
using nlohmann::json;
using Runs = EncoderBenchReport::Runs;

constexpr std::uint32_t kUsualBudget = 280;
constexpr std::uint32_t kMostSeconds = 30;

// Nothing where a text is the name of a file. The pixels do not matter.
std::optional<engine::RgbImage> picture_of_size(const QString& text) {
  const QStringList sides = text.split('x');
  if (sides.size() != 2) return std::nullopt;
  bool has_width = false;
  bool has_height = false;
  engine::RgbImage image{sides[0].toUInt(&has_width), sides[1].toUInt(&has_height), {}};
  if (!has_width || !has_height) return std::nullopt;
  if (!engine::check_image_size(image.width, image.height).ok()) return image;
  image.pixels.resize(std::size_t{image.width} * image.height * 3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<std::uint8_t>((i * 7 + i / image.width) % 251);
  return image;
}

// A rising tone.
std::optional<engine::PcmAudio> sound_of_length(const QString& text) {
  bool is_number = false;
  const double seconds = text.toDouble(&is_number);
  if (!is_number || !(seconds >= 0) || seconds > kMostSeconds) return std::nullopt;
  engine::PcmAudio audio;
  audio.samples.resize(static_cast<std::size_t>(seconds * engine::kSampleRate));
  for (std::size_t i = 0; i < audio.samples.size(); ++i) {
    const double t = static_cast<double>(i) / engine::kSampleRate;
    audio.samples[i] = static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * (100 + 50 * t) * t));
  }
  return audio;
}

Status read_media(const Arguments& arguments, EncoderBenchOrder& order) {
  if (arguments.has("image")) {
    order.image = picture_of_size(QString::fromStdString(arguments.text("image")));
    if (!order.image) {
      FACET_ASSIGN_OR_RETURN(order.image, read_picture(arguments.text("image")));
    }
  }
  if (arguments.has("audio")) {
    order.audio = sound_of_length(QString::fromStdString(arguments.text("audio")));
    if (!order.audio) {
      FACET_ASSIGN_OR_RETURN(order.audio, read_sound(arguments.text("audio")));
    }
  }
  return {};
}

double seconds_of(const EncoderBenchOrder& order) {
  return static_cast<double>(order.audio->samples.size()) / engine::kSampleRate;
}

double median_seconds(const Runs& runs) {
  return engine::median(runs.seconds).value_or(0);
}

std::uint64_t tokens_of_all(const Runs& runs) {
  return std::uint64_t{runs.tokens} * runs.seconds.size();
}

json runs_json(const Runs& runs) {
  json milliseconds = json::array();
  for (const double seconds : runs.seconds)
    milliseconds.push_back(seconds * 1e3);
  return {{"tokens", runs.tokens},
          {"encode_ms", median_seconds(runs) * 1e3},
          {"encode_runs_ms", milliseconds},
          {"tokens_per_s", runs.tokens / median_seconds(runs)}};
}

json as_json(const EncoderBenchOrder& order, const EncoderBenchReport& report) {
  json all = {{"projector", report.path.string()},
              {"device", report.device},
              {"threads", report.threads},
              {"repetitions", order.repetitions},
              {"load_ms", report.load_seconds * 1e3},
              {"peak_rss_bytes", report.memory ? json(report.memory->peak_bytes) : json()}};
  if (report.picture) {
    all["image"] = runs_json(*report.picture);
    all["image"]["width"] = order.image->width;
    all["image"]["height"] = order.image->height;
    all["image"]["budget"] = order.budget;
    if (order.operations)
      all["operations"]["image"] = operations_json(report.picture->operations, tokens_of_all(*report.picture));
  }
  if (report.sound) {
    all["audio"] = runs_json(*report.sound);
    all["audio"]["seconds"] = seconds_of(order);
    all["audio"]["real_time_factor"] = seconds_of(order) / median_seconds(*report.sound);
    if (order.operations)
      all["operations"]["audio"] = operations_json(report.sound->operations, tokens_of_all(*report.sound));
  }
  return all;
}

std::string runs_text(const Runs& runs) {
  const auto [least, most] = std::minmax_element(runs.seconds.begin(), runs.seconds.end());
  return line("%.2f s (%.2f to %.2f), %u tokens", median_seconds(runs), *least, *most, runs.tokens);
}

std::string as_text(const EncoderBenchOrder& order, const EncoderBenchReport& report) {
  std::string text = report.path.filename().string() + "\n";
  text += "  device     " + report.device + "\n";
  text += line("  load       %.0f ms\n", report.load_seconds * 1e3);
  if (report.picture)
    text += line("  picture    %u x %u, budget %u: ", order.image->width, order.image->height, order.budget) +
            runs_text(*report.picture) + "\n";
  if (report.sound)
    text += line("  sound      %.1f s: ", seconds_of(order)) + runs_text(*report.sound) +
            line(", %.1f times as fast as it is heard\n", seconds_of(order) / median_seconds(*report.sound));
  text += memory_text(report.memory);
  if (report.picture) text += operations_text("Picture", report.picture->operations, tokens_of_all(*report.picture));
  if (report.sound) text += operations_text("Sound", report.sound->operations, tokens_of_all(*report.sound));
  return text;
}

}  // namespace

int bench_encoders(const Arguments& arguments) {
  for (const char* name : {"p", "n", "d", "ids-file"})
    if (arguments.has(name))
      return arguments.usage_error((name[1] == 0 ? "-" : "--") + std::string(name) +
                                   " does not go with --image or --audio.");
  EncoderBenchOrder order;
  const Result<std::uint32_t> repetitions = count_of(arguments, "r", 5, 1, 1000);
  if (!repetitions.ok()) return arguments.usage_error(repetitions.error().message);
  const Result<std::uint32_t> budget = read_image_budget(arguments, "image-budget", kUsualBudget);
  if (!budget.ok()) return arguments.usage_error(budget.error().message);
  order.repetitions = *repetitions;
  order.budget = *budget;
  order.engine = arguments.engine();
  order.operations = arguments.has("ops");
  order.open_file = [&] { return open_projector_file(arguments); };
  if (const Status read = read_media(arguments, order); !read.ok()) return fail(read.error());
  const Result<EncoderBenchReport> report = run_encoder_bench(order, show_step);
  if (!report.ok()) return fail(report.error());
  print(arguments.has("json") ? as_json(order, *report).dump(2) + "\n" : as_text(order, *report));
  return kSuccess;
}

}  // namespace facet::app::cli
