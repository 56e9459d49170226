#include "tools/media/program/yuv.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tools/media/program/answer.h"

namespace facet::tools::media {
namespace {

// R = Y + red_cr Cr, and so on, with chroma from -1/2 to 1/2 of the range of luma.
struct Matrix {
  float red_cb = 0, red_cr = 0;
  float green_cb = 0, green_cr = 0;
  float blue_cb = 0, blue_cr = 0;
};

// From the parts that red and blue have in luma.
Matrix matrix_of(double red, double blue) {
  const double green = 1 - red - blue;
  Matrix matrix;
  matrix.red_cr = static_cast<float>(2 * (1 - red));
  matrix.blue_cb = static_cast<float>(2 * (1 - blue));
  matrix.green_cb = static_cast<float>(-2 * blue * (1 - blue) / green);
  matrix.green_cr = static_cast<float>(-2 * red * (1 - red) / green);
  return matrix;
}

Matrix matrix_of(const AVFrame& frame, Convention convention) {
  const Matrix bt601 = matrix_of(0.299, 0.114);
  const Matrix bt709 = matrix_of(0.2126, 0.0722);
  switch (frame.colorspace) {
    case AVCOL_SPC_BT709:
      return bt709;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
      return bt601;
    case AVCOL_SPC_FCC:
      return matrix_of(0.30, 0.11);
    case AVCOL_SPC_SMPTE240M:
      return matrix_of(0.212, 0.087);
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return matrix_of(0.2627, 0.0593);
    case AVCOL_SPC_YCGCO:
      return {-1, 1, 1, 0, -1, -1};
    default:
      break;
  }
  const bool is_large = frame.width > 1024 || frame.height > 576;
  return convention == Convention::Video && is_large ? bt709 : bt601;
}

// Where the first sample of chroma lies among those of luma, in samples of luma.
struct Siting {
  float across = 0;
  float down = 0;
};

Siting siting_of(const AVFrame& frame, const AVPixFmtDescriptor& description, Convention convention) {
  const auto middle = [](int shift) { return (static_cast<float>(1 << shift) - 1) / 2; };
  const Siting between{middle(description.log2_chroma_w), middle(description.log2_chroma_h)};
  switch (frame.chroma_location) {
    case AVCHROMA_LOC_CENTER:
      return between;
    case AVCHROMA_LOC_LEFT:
      return {0, between.down};
    case AVCHROMA_LOC_TOP:
      return {between.across, 0};
    case AVCHROMA_LOC_TOPLEFT:
      return {0, 0};
    case AVCHROMA_LOC_BOTTOM:
      return {between.across, between.down * 2};
    case AVCHROMA_LOC_BOTTOMLEFT:
      return {0, between.down * 2};
    default:
      return {convention == Convention::Video ? 0 : between.across, between.down};
  }
}

// The two samples of chroma around one of luma.
struct Neighbours {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  float part = 0;  // of the second
};

Neighbours neighbours_of(int place, float siting, int shift, std::size_t count) {
  const float at = (static_cast<float>(place) - siting) / static_cast<float>(1 << shift);
  const float below = std::floor(at);
  const auto last = static_cast<float>(count - 1);
  return {static_cast<std::uint32_t>(std::clamp(below, 0.0F, last)),
          static_cast<std::uint32_t>(std::clamp(below + 1, 0.0F, last)), at - below};
}

// From values of a component to 0..255 for luma and -127.5..127.5 for chroma.
struct Scale {
  float offset = 0;
  float factor = 1;

  static Scale of_luma(int depth, bool is_full) {
    const auto unit = static_cast<float>(1 << depth) / 256;
    return is_full ? Scale{0, 255 / static_cast<float>((1 << depth) - 1)} : Scale{16 * unit, 255 / (219 * unit)};
  }
  static Scale of_chroma(int depth, bool is_full) {
    const auto unit = static_cast<float>(1 << depth) / 256;
    return {128 * unit, is_full ? 255 / static_cast<float>((1 << depth) - 1) : 255 / (224 * unit)};
  }
  float operator()(float value) const { return (value - offset) * factor; }
};

std::uint8_t rounded(float value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0.0F, 255.0F) + 0.5F);
}

class YuvConverter {
 public:
  YuvConverter(const AVFrame& frame, const AVPixFmtDescriptor& description, Convention convention)
      : frame_(frame),
        description_(description),
        matrix_(matrix_of(frame, convention)),
        siting_(siting_of(frame, description, convention)),
        luma_scale_(Scale::of_luma(description.comp[0].depth, is_full_range(frame, convention))),
        chroma_scale_(Scale::of_chroma(description.comp[1].depth, is_full_range(frame, convention))),
        alpha_levels_(has_alpha(description) ? description.comp[3].depth : 8, /*is_limited=*/false),
        chroma_width_(static_cast<std::size_t>(AV_CEIL_RSHIFT(frame.width, description.log2_chroma_w))),
        chroma_height_(static_cast<std::size_t>(AV_CEIL_RSHIFT(frame.height, description.log2_chroma_h))),
        luma_(static_cast<std::size_t>(frame.width)),
        alpha_(luma_.size()),
        upper_(chroma_width_),
        lower_(chroma_width_),
        blue_(chroma_width_),
        red_(chroma_width_) {
    for (int x = 0; x < frame.width; ++x)
      columns_.push_back(neighbours_of(x, siting_.across, description.log2_chroma_w, chroma_width_));
  }

  void convert_row(int y, std::uint8_t* to) {
    read_row(frame_, description_, 0, y, luma_);
    const Neighbours rows = neighbours_of(y, siting_.down, description_.log2_chroma_h, chroma_height_);
    read_chroma(1, rows, blue_);
    read_chroma(2, rows, red_);
    for (std::size_t x = 0; x < luma_.size(); ++x, to += 3)
      put_pixel(luma_scale_(luma_[x]), across(blue_, columns_[x]), across(red_, columns_[x]), to);
  }

  // After `convert_row`, for a frame that has alpha.
  void put_row_on_white(int y, std::uint8_t* row) {
    read_row(frame_, description_, 3, y, alpha_);
    for (std::size_t x = 0; x < alpha_.size(); ++x)
      for (std::size_t c = 0; c < 3; ++c)
        row[x * 3 + c] = on_white(row[x * 3 + c], alpha_levels_[alpha_[x]]);
  }

 private:
  void read_chroma(int component, const Neighbours& rows, std::vector<float>& to) {
    read_row(frame_, description_, component, static_cast<int>(rows.first), upper_);
    read_row(frame_, description_, component, static_cast<int>(rows.second), lower_);
    for (std::size_t x = 0; x < to.size(); ++x) {
      const auto upper = static_cast<float>(upper_[x]);
      to[x] = chroma_scale_(upper + (static_cast<float>(lower_[x]) - upper) * rows.part);
    }
  }

  static float across(const std::vector<float>& chroma, const Neighbours& columns) {
    const float first = chroma[columns.first];
    return first + (chroma[columns.second] - first) * columns.part;
  }

  void put_pixel(float y, float cb, float cr, std::uint8_t* to) const {
    to[0] = rounded(y + matrix_.red_cb * cb + matrix_.red_cr * cr);
    to[1] = rounded(y + matrix_.green_cb * cb + matrix_.green_cr * cr);
    to[2] = rounded(y + matrix_.blue_cb * cb + matrix_.blue_cr * cr);
  }

  const AVFrame& frame_;
  const AVPixFmtDescriptor& description_;
  Matrix matrix_;
  Siting siting_;
  Scale luma_scale_;
  Scale chroma_scale_;
  Levels alpha_levels_;
  std::size_t chroma_width_;
  std::size_t chroma_height_;
  std::vector<Neighbours> columns_;
  std::vector<std::uint16_t> luma_;
  std::vector<std::uint16_t> alpha_;
  std::vector<std::uint16_t> upper_;
  std::vector<std::uint16_t> lower_;
  std::vector<float> blue_;
  std::vector<float> red_;
};

}  // namespace

void convert_yuv(const AVFrame& frame, const AVPixFmtDescriptor& description, Convention convention,
                 std::uint8_t* rgb) {
  YuvConverter converter(frame, description, convention);
  for (int y = 0; y < frame.height; ++y, rgb += std::ptrdiff_t{frame.width} * 3) {
    converter.convert_row(y, rgb);
    if (has_alpha(description)) converter.put_row_on_white(y, rgb);
  }
}

}  // namespace facet::tools::media
