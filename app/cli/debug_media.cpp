#include <initializer_list>
#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/cli/float_rows.h"
#include "app/cli/media_input.h"
#include "engine/encoders.h"
#include "engine/media/image_size.h"
#include "engine/media/log_mel.h"

namespace facet::app::cli {

namespace {

using nlohmann::json;

constexpr std::uint32_t kUsualBudget = 280;

// What a command was called with, or the exit status of a wrong call.
std::optional<int> parse(Arguments& arguments, const QStringList& words, std::initializer_list<const char*> needed) {
  if (const auto status = arguments.parse(words)) return status;
  if (!arguments.positionals().empty())
    return arguments.usage_error("'" + arguments.positionals()[0] + "' is one word too many.");
  for (const char* name : needed)
    if (!arguments.has(name)) return arguments.usage_error(std::string("--") + name + " is missing.");
  return std::nullopt;
}

json sizes_of(std::size_t values, std::size_t columns) {
  return {{"rows", values / columns}, {"columns", columns}};
}

Result<std::unique_ptr<engine::Encoders>> open_encoders(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(auto file, open_projector_file(arguments));
  return engine::Encoders::open(std::move(file), arguments.engine());
}

Result<json> encode_image(const Arguments& arguments, std::uint32_t budget) {
  FACET_ASSIGN_OR_RETURN(const auto encoders, open_encoders(arguments));
  FACET_ASSIGN_OR_RETURN(const engine::RgbImage image, read_picture(arguments.text("image")));
  FACET_ASSIGN_OR_RETURN(const engine::TargetSize size, engine::target_image_size(image.width, image.height, budget));
  FACET_ASSIGN_OR_RETURN(const std::vector<float> rows, encoders->encode(image, budget));
  FACET_RETURN_IF_ERROR(write_float_rows(arguments.text("out"), rows));
  json sizes = sizes_of(rows.size(), encoders->text_width());
  sizes["image"] = {image.width, image.height};
  sizes["resized"] = {size.width, size.height};
  sizes["budget"] = budget;
  return sizes;
}

Result<json> encode_audio(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(const auto encoders, open_encoders(arguments));
  FACET_ASSIGN_OR_RETURN(const engine::PcmAudio audio, read_sound(arguments.text("audio")));
  FACET_ASSIGN_OR_RETURN(const std::vector<float> rows, encoders->encode(audio));
  FACET_RETURN_IF_ERROR(write_float_rows(arguments.text("out"), rows));
  json sizes = sizes_of(rows.size(), encoders->text_width());
  sizes["samples"] = audio.samples.size();
  return sizes;
}

// Of what a model hears at once, the first 30 seconds.
Result<json> mel(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(const engine::PcmAudio audio, read_sound(arguments.text("audio")));
  const engine::LogMel spectrum = engine::log_mel(audio.samples);
  FACET_RETURN_IF_ERROR(write_float_rows(arguments.text("out"), spectrum.values));
  json sizes = sizes_of(spectrum.values.size(), engine::kMelBands);
  sizes["samples"] = audio.samples.size();
  return sizes;
}

int report(const Result<json>& sizes) {
  if (!sizes.ok()) return fail(sizes.error());
  print(sizes->dump() + "\n");
  return kSuccess;
}

}  // namespace

int debug_encode_image(const QStringList& words) {
  Arguments arguments("facet debug encode-image",
                      "Encodes a picture and writes what the model reads as rows of little-endian float32.");
  arguments.engine_options();
  projector_option(arguments);
  arguments.option("image", "file", "The picture.");
  arguments.option("budget", "n", "70, 140, 280, 560 or 1120 tokens; 280 when left out.");
  arguments.option("out", "file", "Where the rows go.");
  if (const auto status = parse(arguments, words, {"image", "out"})) return *status;
  const Result<std::uint32_t> budget = read_image_budget(arguments, "budget", kUsualBudget);
  if (!budget.ok()) return arguments.usage_error(budget.error().message);
  return report(encode_image(arguments, *budget));
}

int debug_encode_audio(const QStringList& words) {
  Arguments arguments("facet debug encode-audio",
                      "Encodes a recording and writes what the model reads as rows of little-endian float32.");
  arguments.engine_options();
  projector_option(arguments);
  arguments.option("audio", "file", "The recording, of 30 seconds at most.");
  arguments.option("out", "file", "Where the rows go.");
  if (const auto status = parse(arguments, words, {"audio", "out"})) return *status;
  return report(encode_audio(arguments));
}

int debug_mel(const QStringList& words) {
  Arguments arguments("facet debug mel",
                      "Writes the mel bands that encoders of sound read as rows of little-endian float32.");
  arguments.option("audio", "file", "The recording, of which the first 30 seconds count.");
  arguments.option("out", "file", "Where the rows go, 128 bands each.");
  arguments.option("model", "model", "As for the other commands; the bands are the same for every model.");
  if (const auto status = parse(arguments, words, {"audio", "out"})) return *status;
  return report(mel(arguments));
}

}  // namespace facet::app::cli
