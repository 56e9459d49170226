#include "tools/capture/screen_image.h"

#include <QImageReader>
#include <algorithm>
#include <cstddef>

namespace facet::tools::capture {

engine::RgbImage to_rgb(const QImage& image) {
  const QImage rgb = image.convertToFormat(QImage::Format_RGB888);
  engine::RgbImage out{static_cast<std::uint32_t>(rgb.width()), static_cast<std::uint32_t>(rgb.height()), {}};
  const std::size_t row = std::size_t{out.width} * 3;
  out.pixels.reserve(row * out.height);
  for (int y = 0; y < rgb.height(); ++y)
    out.pixels.insert(out.pixels.end(), rgb.constScanLine(y), rgb.constScanLine(y) + row);
  return out;
}

Result<engine::RgbImage> read_picture(const QString& path) {
  QImageReader reader(path);
  const QSize size = reader.size();
  if (size.isValid())
    FACET_RETURN_IF_ERROR(
        engine::check_image_size(static_cast<std::uint64_t>(size.width()), static_cast<std::uint64_t>(size.height())));
  const QImage image = reader.read();
  if (image.isNull())
    return Error{Error::Code::Io,
                 "The picture of the screen can not be read (" + reader.errorString().toStdString() + "); try again."};
  FACET_RETURN_IF_ERROR(
      engine::check_image_size(static_cast<std::uint64_t>(image.width()), static_cast<std::uint64_t>(image.height())));
  return to_rgb(image);
}

}  // namespace facet::tools::capture
