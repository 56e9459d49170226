#pragma once

#include <QCryptographicHash>
#include <QFile>
#include <QString>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <numbers>

#include "engine/media.h"

// Published vectors of the way from a picture or a sound to what an encoder takes, and the pictures that they name by a
// formula.
namespace media_vectors {

inline QByteArray read_bytes(const char* path) {
  QFile file(QString(FACET_TEST_DATA) + "/" + path);
  if (!file.open(QIODevice::ReadOnly)) qFatal("can not read %s", qPrintable(file.fileName()));
  return file.readAll();
}

// By its path in the folder of test data.
inline nlohmann::json read(const char* path) {
  const nlohmann::json content = nlohmann::json::parse(read_bytes(path).toStdString(), nullptr, false);
  if (content.is_discarded()) qFatal("%s is damaged", path);
  return content;
}

// `value(x, y, channel)` for every pixel.
template <typename Value>
facet::engine::RgbImage draw(std::uint32_t width, std::uint32_t height, Value value) {
  facet::engine::RgbImage image{width, height, {}};
  for (std::uint32_t y = 0; y < height; ++y)
    for (std::uint32_t x = 0; x < width; ++x)
      for (std::uint32_t channel = 0; channel < 3; ++channel)
        image.pixels.push_back(static_cast<std::uint8_t>(value(x, y, channel)));
  return image;
}

inline facet::engine::RgbImage pattern(std::uint32_t width, std::uint32_t height) {
  return draw(width, height, [](std::uint32_t x, std::uint32_t y, std::uint32_t channel) {
    return (37 * x + 101 * y + 59 * channel + (x * y) % 97) % 256;
  });
}

inline facet::engine::RgbImage smooth(std::uint32_t width, std::uint32_t height) {
  return draw(width, height, [=](std::uint32_t x, std::uint32_t y, std::uint32_t channel) {
    if (channel == 0) return x * 255 / (width - 1);
    if (channel == 1) return y * 255 / (height - 1);
    return 255 * ((x / 8 + y / 8) % 2);
  });
}

// Number `i` of the noise in pictures and sounds of the reference projectors.
inline std::uint32_t hashed(std::uint32_t i, std::uint32_t seed) {
  std::uint32_t v = i * 2654435761U + seed * 40503U + 12345U;
  v ^= v >> 16U;
  v *= 2246822519U;
  v ^= v >> 13U;
  v *= 3266489917U;
  return v ^ (v >> 16U);
}

// The pictures of the reference projectors. Their hashes tell whether these formulas are understood.
inline facet::engine::RgbImage gradient(std::uint32_t width, std::uint32_t height, std::uint32_t c) {
  return draw(width, height, [=](std::uint32_t x, std::uint32_t y, std::uint32_t channel) {
    if (channel == 0) return x * 255 / std::max(width - 1, 1U);
    if (channel == 1) return y * 255 / std::max(height - 1, 1U);
    return (x / c + y / c) % 2 == 1 ? 255U : 0U;
  });
}

inline facet::engine::RgbImage rings(std::uint32_t width, std::uint32_t height, std::int64_t a) {
  return draw(width, height, [=](std::uint32_t x, std::uint32_t y, std::uint32_t channel) {
    const std::int64_t dx = 2 * std::int64_t{x} - width + 1;
    const std::int64_t dy = 2 * std::int64_t{y} - height + 1;
    if (channel == 0) return (dx * dx + dy * dy) / a % 2 == 1 ? 255U : 40U;
    if (channel == 1) return (x * 255 / std::max(width - 1, 1U) + 2 * y) % 256;
    return (x ^ y) % 256;
  });
}

inline facet::engine::RgbImage bars(std::uint32_t width, std::uint32_t height, std::uint32_t c) {
  return draw(width, height, [=](std::uint32_t x, std::uint32_t y, std::uint32_t channel) {
    const std::uint32_t red = x * (1 + y * 8 / height) / c % 2 == 1 ? 255 : 0;
    if (channel == 0) return red;
    if (channel == 1) return y / (3 * c) % 2 == 1 ? 255 - red : red;
    return 3 * y % 256;
  });
}

inline facet::engine::RgbImage noise(std::uint32_t width, std::uint32_t height, std::uint32_t seed) {
  return draw(width, height, [=](std::uint32_t x, std::uint32_t y, std::uint32_t channel) {
    return hashed((y * width + x) * 3 + channel, seed) >> 24U;
  });
}

// Grey pictures repeat the green of their formula.
inline facet::engine::RgbImage reference_image(const nlohmann::json& item) {
  const std::uint32_t width = item["size"][0];
  const std::uint32_t height = item["size"][1];
  const std::string pattern = item["pattern"];
  const std::uint32_t number = item["parameters"].begin().value();
  facet::engine::RgbImage image = pattern == "gradient" ? gradient(width, height, number)
                                  : pattern == "rings"  ? rings(width, height, number)
                                  : pattern == "bars"   ? bars(width, height, number)
                                                        : noise(width, height, number);
  if (item["mode"] == "L")
    for (std::size_t i = 0; i < image.pixels.size(); i += 3)
      image.pixels[i] = image.pixels[i + 2] = image.pixels[i + 1];
  return image;
}

inline constexpr double kPi = std::numbers::pi;

inline std::vector<float> sound(std::size_t samples, const std::function<double(double)>& value) {
  std::vector<float> result;
  for (std::size_t n = 0; n < samples; ++n)
    result.push_back(static_cast<float>(value(static_cast<double>(n))));
  return result;
}

inline double pcm(double value) {
  return std::floor(32767 * value + 0.5) / 32768;
}

// The sounds of the reference projectors, which are 16-bit files made by these formulas.
inline std::vector<float> reference_sound(const nlohmann::json& item) {
  const nlohmann::json& p = item["parameters"];
  const std::string pattern = item["pattern"];
  const auto sine = [&](double n, const char* frequency, double phase) {
    return pcm(p["a"].get<double>() * std::sin(2 * kPi * p[frequency].get<double>() * n / 16000 + phase));
  };
  return sound(item["samples"], [&](double n) {
    const double t = n / 16000;
    if (pattern == "sine") return sine(n, "f", 0);
    if (pattern == "stereo") return (sine(n, "f", 0) + sine(n, "g", 1)) / 2;
    if (pattern == "noise") {
      const double v = hashed(static_cast<std::uint32_t>(n), p["seed"]);
      return n >= 16000 && n < 20000 ? 0.0 : pcm(p["a"].get<double>() * (v / 2147483648.0 - 1));
    }
    const double turn = 2 * kPi * (p["f"].get<double>() * t + p["k"].get<double>() * t * t);
    return pcm(p["a"].get<double>() * std::sin(turn) * std::pow(std::sin(3 * kPi * t), 2));
  });
}

inline QString sha256(const std::vector<std::uint8_t>& bytes) {
  const QByteArrayView view(bytes.data(), static_cast<qsizetype>(bytes.size()));
  return QString::fromLatin1(
      QCryptographicHash::hash(QByteArray::fromRawData(view.data(), view.size()), QCryptographicHash::Sha256).toHex());
}

}  // namespace media_vectors
