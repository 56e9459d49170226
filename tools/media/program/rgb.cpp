#include "tools/media/program/rgb.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "engine/media/resample.h"
#include "tools/media/program/answer.h"
#include "tools/media/program/yuv.h"

namespace facet::tools::media {
namespace {

// Reads any arrangement in which each pixel has its own values.
class PixelReader {
 public:
  PixelReader(const AVFrame& frame, const AVPixFmtDescriptor& description, bool is_full)
      : frame_(frame), description_(description), line_(static_cast<std::size_t>(frame.width)) {
    const bool is_grey = description.nb_components < 3;
    for (int c = 0; c < description.nb_components; ++c) {
      const bool is_alpha = has_alpha(description) && c == description.nb_components - 1;
      levels_.emplace_back(description.comp[c].depth, is_grey && !is_alpha && !is_full);
    }
    for (auto& row : rows_)
      row.assign(line_.size(), 255);
  }

  void read(int y, std::uint8_t* to) {
    const int colours = description_.nb_components - (has_alpha(description_) ? 1 : 0);
    for (int c = 0; c < 3; ++c)
      read_component(y, std::min(c, colours - 1), rows_[static_cast<std::size_t>(c)]);
    if (has_alpha(description_)) read_component(y, colours, rows_[3]);
    for (std::size_t x = 0; x < line_.size(); ++x)
      for (std::size_t c = 0; c < 3; ++c)
        *to++ = on_white(rows_[c][x], rows_[3][x]);
  }

 private:
  void read_component(int y, int component, std::vector<std::uint8_t>& to) {
    read_row(frame_, description_, component, y, line_);
    // The one arrangement of grey in which 0 is white.
    const std::uint16_t flip = frame_.format == AV_PIX_FMT_MONOWHITE ? 1 : 0;
    const Levels& levels = levels_[static_cast<std::size_t>(component)];
    for (std::size_t x = 0; x < line_.size(); ++x)
      to[x] = levels[line_[x] ^ flip];
  }

  const AVFrame& frame_;
  const AVPixFmtDescriptor& description_;
  std::vector<Levels> levels_;
  std::vector<std::uint16_t> line_;
  std::array<std::vector<std::uint8_t>, 4> rows_;
};

void read_palette_row(const AVFrame& frame, int y, std::uint8_t* to) {
  const std::uint8_t* indices = frame.data[0] + std::ptrdiff_t{y} * frame.linesize[0];
  for (int x = 0; x < frame.width; ++x) {
    std::uint32_t colour = 0;  // alpha, red, green, blue from the highest byte
    std::memcpy(&colour, frame.data[1] + indices[x] * sizeof colour, sizeof colour);
    for (const unsigned shift : {16U, 8U, 0U})
      *to++ = on_white(colour >> shift & 0xffU, colour >> 24U);
  }
}

void convert_pixels(const AVFrame& frame, const AVPixFmtDescriptor& description, bool is_full, std::uint8_t* to) {
  PixelReader reader(frame, description, is_full);
  const std::size_t row_bytes = static_cast<std::size_t>(frame.width) * 3;
  for (int y = 0; y < frame.height; ++y, to += row_bytes) {
    if (frame.format == AV_PIX_FMT_RGB24)
      std::memcpy(to, frame.data[0] + std::ptrdiff_t{y} * frame.linesize[0], row_bytes);
    else if ((description.flags & AV_PIX_FMT_FLAG_PAL) != 0)
      read_palette_row(frame, y, to);
    else
      reader.read(y, to);
  }
}

}  // namespace

engine::RgbImage to_rgb(const AVFrame& frame, Convention convention, Size shown) {
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  if (description == nullptr) fail(Failure::Damaged);
  constexpr std::uint64_t kNoColour = AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BAYER | AV_PIX_FMT_FLAG_FLOAT;
  const bool is_xyz = frame.format == AV_PIX_FMT_XYZ12LE || frame.format == AV_PIX_FMT_XYZ12BE;
  if ((description->flags & kNoColour) != 0 || is_xyz) fail_unsupported(description->name);
  const bool has_chroma =
      description->nb_components >= 3 && (description->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) == 0;
  engine::RgbImage image{static_cast<std::uint32_t>(frame.width), static_cast<std::uint32_t>(frame.height), {}};
  image.pixels.resize(std::size_t{image.width} * image.height * 3);
  if (has_chroma)
    convert_yuv(frame, *description, convention, image.pixels.data());
  else
    convert_pixels(frame, *description, is_full_range(frame, convention), image.pixels.data());
  if (shown == Size{frame.width, frame.height}) return image;
  return engine::resample_bicubic(image, static_cast<std::uint32_t>(shown.width),
                                  static_cast<std::uint32_t>(shown.height));
}

}  // namespace facet::tools::media
