#pragma once

#include <QCryptographicHash>
#include <QFile>
#include <QString>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "engine/media.h"

// Published vectors of the way from a picture or a sound to what an encoder takes, and the pictures that they name by a
// formula.
namespace media_vectors {

inline nlohmann::json read(const char* name) {
  QFile file(QString(FACET_TEST_DATA) + "/vectors/" + name);
  if (!file.open(QIODevice::ReadOnly)) qFatal("can not read %s", qPrintable(file.fileName()));
  const nlohmann::json content = nlohmann::json::parse(file.readAll().toStdString(), nullptr, false);
  if (content.is_discarded()) qFatal("%s is damaged", name);
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

inline QString sha256(const std::vector<std::uint8_t>& bytes) {
  const QByteArrayView view(bytes.data(), static_cast<qsizetype>(bytes.size()));
  return QString::fromLatin1(
      QCryptographicHash::hash(QByteArray::fromRawData(view.data(), view.size()), QCryptographicHash::Sha256).toHex());
}

}  // namespace media_vectors
