#pragma once

#include <QDir>
#include <QTest>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "engine/gguf/gguf_file.h"
#include "engine/media/encoder_buffers.h"
#include "engine/media/encoder_weights.h"
#include "engine/media/hearing_encoder.h"
#include "engine/media/resample.h"
#include "engine/media/vision_encoder.h"
#include "media_vectors.h"
#include "reference_models.h"

// Projectors with results computed elsewhere in double precision: those in tests/data, and more when
// FACET_REFERENCE_DIR names a folder that has them in `models`.
namespace facet::engine::reference_projectors {

using nlohmann::json;

// Base names: NAME.gguf, NAME.json and NAME.bin lie side by side.
inline QStringList all() {
  QStringList bases;
  QStringList folders = {QString(FACET_TEST_DATA "/models")};
  if (qEnvironmentVariableIsSet("FACET_REFERENCE_DIR"))
    folders += qEnvironmentVariable("FACET_REFERENCE_DIR") + "/models";
  QStringList seen;
  for (const QString& folder : folders)
    for (const QString& name : QDir(folder).entryList({"mmproj-*.json"})) {
      const QString base = folder + "/" + name.chopped(5);
      if (seen.contains(name) || !QFile::exists(base + ".gguf")) continue;
      seen += name;
      bases += base;
    }
  return bases;
}

inline void add_rows() {
  QTest::addColumn<QString>("base");
  for (const QString& base : all())
    QTest::newRow(qPrintable(base.section('/', -1))) << base;
}

inline json read_json(const QString& path) {
  return json::parse(reference_models::contents(path).toStdString());
}

// Values of a .bin file.
inline std::vector<float> values_at(const QByteArray& data, const json& place) {
  std::size_t count = 1;
  for (const json& extent : place["shape"])
    count *= extent.get<std::size_t>();
  std::vector<float> values(count);
  std::memcpy(values.data(), data.constData() + place["offset"].get<qsizetype>(), count * sizeof(float));
  return values;
}

// The pictures and sounds, by the names of their files.
class Inputs {
 public:
  Inputs() {
    for (const char* kind : {"images", "sounds"})
      for (const json& item : json_[kind])
        items_[item["file"]] = item;
  }
  // Nothing for a picture with a palette, which is not quite what its formula says.
  std::optional<RgbImage> image(const std::string& file) const {
    const json& item = items_.at(file);
    RgbImage image = media_vectors::reference_image(item);
    if (media_vectors::sha256(image.pixels).toStdString() != item["sha256_decoded_rgb"]) return std::nullopt;
    return image;
  }
  std::vector<float> samples(const std::string& file) const { return media_vectors::reference_sound(items_.at(file)); }
  // The spectrum as it was computed in double precision.
  LogMel mel(const std::string& file) const {
    return {items_.at(file)["frames"], values_at(data_, items_.at(file)["log_mel"])};
  }

 private:
  json json_ = media_vectors::read("models/mmproj-inputs.json");
  QByteArray data_ = media_vectors::read_bytes("models/mmproj-inputs.bin");
  std::map<std::string, json> items_;
};

// A projector on a device.
class Loaded {
 public:
  Loaded(std::shared_ptr<EncoderBackend> backend, const QString& gguf) : backend_(std::move(backend)) {
    file_ = GgufFile::open(gguf.toStdString()).value();
    projector_ = read_projector(*file_).value();
    LargestOperands largest;
    add_encoder_operands(projector_.config, largest);
    if (!backend_->reserve(largest).ok()) qFatal("no memory to work in");
    for (const EncoderTensor& entry : encoder_tensors(projector_, weights_))
      *entry.slot = backend_->load_weight(entry.tensor, entry.use).value();
    buffers_ = create_encoder_buffers(plan_encoder_buffers(projector_.config), *backend_).value();
  }

  EncoderBackend& backend() { return *backend_; }
  const ProjectorConfig& config() const { return projector_.config; }

  std::vector<float> see(const RgbImage& image, std::uint32_t budget, const Tap& tap) {
    const VisionConfig& config = *projector_.config.vision;
    const TargetSize size = target_image_size(image.width, image.height, budget).value();
    VisionEncoder encoder(*backend_, config, *weights_.vision, buffers_);
    encoder.set_tap(tap);
    const RgbImage scaled = resample_bicubic(image, size.width, size.height);
    if (!encoder.begin(cut_patches(scaled, config.patch_side, PatchOrder::Planes)).ok()) qFatal("too large");
    return run(encoder);
  }

  template <typename Sound>
  std::vector<float> hear(const Sound& sound, std::uint32_t distances, const Tap& tap) {
    HearingEncoder encoder(*backend_, *projector_.config.hearing, *weights_.hearing, buffers_, distances);
    encoder.set_tap(tap);
    encoder.begin(sound);
    return run(encoder);
  }

 private:
  template <typename Encoder>
  static std::vector<float> run(Encoder& encoder) {
    while (true) {
      const auto done = encoder.step();
      if (!done.ok()) qFatal("%s", done.error().message.c_str());
      if (*done) return encoder.take_rows();
    }
  }

  std::shared_ptr<EncoderBackend> backend_;
  std::unique_ptr<GgufFile> file_;
  Projector projector_;
  EncoderWeights weights_;
  EncoderBuffers buffers_;
};

// Collects intermediates by the names of the references, pieces behind each other.
class Collector {
 public:
  explicit Collector(Backend& backend) : backend_(backend) {}

  Tap tap() {
    return [this](std::string_view name, int layer, const View& view) {
      std::string key(name);
      if (layer >= 0) key = "layer" + std::to_string(layer) + (name == "layer" ? "" : "." + std::string(name));
      std::vector<float>& values = values_[key];
      const std::size_t before = values.size();
      values.resize(before + std::size_t{view.rows} * view.width);
      backend_.read(view, std::span(values).subspan(before));
    };
  }
  const std::vector<float>* find(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
  }

 private:
  Backend& backend_;
  std::map<std::string, std::vector<float>> values_;
};

// What is wrong with rows; empty when nothing is.
inline QString disagreement(std::span<const float> actual, std::span<const float> expected, const json& tolerance) {
  if (actual.size() != expected.size())
    return QString("%1 values in place of %2").arg(actual.size()).arg(expected.size());
  double largest = 0;
  double squares = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double difference = std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[i]));
    if (!(difference <= largest)) largest = difference;
    squares += difference * difference;
  }
  const double rms = std::sqrt(squares / static_cast<double>(actual.size()));
  if (largest <= tolerance["max"].get<double>() && rms <= tolerance["rms"].get<double>()) return {};
  return QString("largest %1, root mean square %2").arg(largest).arg(rms);
}

// What is known of an intermediate: its ends and its size.
inline QString tap_disagreement(const std::vector<float>& actual, const json& expected, double tolerance) {
  const std::size_t count = expected["shape"][0].get<std::size_t>() * expected["shape"][1].get<std::size_t>();
  if (actual.size() != count) return QString("%1 values in place of %2").arg(actual.size()).arg(count);
  double squares = 0;
  double largest = 0;
  for (const float value : actual) {
    squares += static_cast<double>(value) * static_cast<double>(value);
    largest = std::max(largest, std::abs(static_cast<double>(value)));
  }
  const double rms = std::sqrt(squares / static_cast<double>(count));
  // Soft tokens, to which the tolerance belongs, are about as large as 1.3.
  const double allowed = tolerance * std::max(1.0, expected["rms"].get<double>());
  const auto near = [&](double value, const json& other) { return std::abs(value - other.get<double>()) <= allowed; };
  if (!near(rms, expected["rms"]) || !near(largest, expected["max_abs"])) return QString("its size is %1").arg(rms);
  for (std::size_t i = 0; i < expected["first8"].size(); ++i)
    if (!near(static_cast<double>(actual[i]), expected["first8"][i])) return QString("value %1").arg(i);
  const std::size_t last = expected["last8"].size();
  for (std::size_t i = 0; i < last; ++i)
    if (!near(static_cast<double>(actual[count - last + i]), expected["last8"][i]))
      return QString("value %1 of the last").arg(i);
  return {};
}

// Values of the first norm without an encoder are in another order there, and the first convolution is done in pieces
// that overlap.
inline QString tap_disagreements(const Collector& taps, const json& expected, double tolerance) {
  int compared = 0;
  for (const auto& [name, values] : expected.items()) {
    if (name == "patch_norm1" || name == "conv0") continue;
    const std::vector<float>* const found = taps.find(name);
    if (found == nullptr) return QString::fromStdString(name) + " is missing";
    const QString fault = tap_disagreement(*found, values, tolerance);
    if (!fault.isEmpty()) return QString::fromStdString(name) + ": " + fault;
    ++compared;
  }
  return compared > 0 ? QString() : QString("no intermediates");
}

// `most_patches`: larger pictures are left out where they would take minutes.
inline void pictures_agree(const QString& base, const std::shared_ptr<EncoderBackend>& backend,
                           std::uint64_t most_patches = kMostPatches) {
  const json expected = read_json(base + ".json");
  const QByteArray data = reference_models::contents(base + ".bin");
  if (expected["vision"].empty()) return;
  const Inputs inputs;
  Loaded loaded(backend, base + ".gguf");
  const json& tolerance = expected["tolerance"]["vision"]["float32"];
  int compared = 0;
  for (const json& item : expected["vision"]) {
    const std::optional<RgbImage> image = inputs.image(item["image"]);
    if (!image || item["patches"].get<std::uint64_t>() > most_patches) continue;
    Collector taps(loaded.backend());
    const std::vector<float> soft = loaded.see(*image, item["budget"], taps.tap());
    const QString name = QString::fromStdString(item["image"]) + ", ";
    QString fault = tap_disagreements(taps, item["taps"], tolerance["max"]);
    if (fault.isEmpty()) fault = disagreement(soft, values_at(data, item["soft"]), tolerance);
    if (!fault.isEmpty()) QFAIL(qPrintable(name + fault));
    ++compared;
  }
  QVERIFY(compared > 0);
}

inline void sounds_agree(const QString& base, const std::shared_ptr<EncoderBackend>& backend,
                         std::uint64_t most_samples = std::numeric_limits<std::uint64_t>::max()) {
  const json expected = read_json(base + ".json");
  const QByteArray data = reference_models::contents(base + ".bin");
  if (expected["audio"].empty()) return;
  const Inputs inputs;
  Loaded loaded(backend, base + ".gguf");
  const bool has_encoder = loaded.config().hearing->has_encoder();
  int compared = 0;
  for (const json& item : expected["audio"]) {
    if (item["samples"].get<std::uint64_t>() > most_samples) continue;
    ++compared;
    const QString name = QString::fromStdString(item["sound"]) + ", ";
    const auto check = [&](const std::vector<float>& soft, const char* rows, const char* tolerance) {
      const QString fault =
          disagreement(soft, values_at(data, item[rows]), expected["tolerance"][tolerance]["float32"]);
      if (!fault.isEmpty()) QFAIL(qPrintable(name + rows + ", " + tolerance + ": " + fault));
    };
    const std::vector<float> samples = inputs.samples(item["sound"]);
    Collector taps(loaded.backend());
    if (!has_encoder) {
      check(loaded.hear(std::span<const float>(samples), 1, taps.tap()), "soft", "audio");
      if (QTest::currentTestFailed()) return;
      continue;
    }
    const LogMel mel = inputs.mel(item["sound"]);
    const std::vector<float> soft = loaded.hear(mel, kSoundDistances, taps.tap());
    const json& tolerance = expected["tolerance"]["audio_from_log_mel"]["float32"];
    const QString fault = tap_disagreements(taps, item["taps"], tolerance["max"]);
    if (!fault.isEmpty()) QFAIL(qPrintable(name + fault));
    check(soft, "soft_13_keys", "audio_from_log_mel");
    check(loaded.hear(mel, 12, {}), "soft_12_keys", "audio_from_log_mel");
    check(loaded.hear(log_mel(samples), kSoundDistances, {}), "soft_13_keys", "audio");
    if (QTest::currentTestFailed()) return;
  }
  QVERIFY(compared > 0);
}

}  // namespace facet::engine::reference_projectors
