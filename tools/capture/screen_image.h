#pragma once

#include <QImage>
#include <QString>

#include "engine/base/result.h"
#include "engine/media.h"

namespace facet::tools::capture {

engine::RgbImage to_rgb(const QImage& image);

// A picture that the desktop has written. Errors are one sentence.
Result<engine::RgbImage> read_picture(const QString& path);

}  // namespace facet::tools::capture
