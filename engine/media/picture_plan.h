#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/result.h"
#include "engine/media.h"
#include "engine/media/image_size.h"

// How closely a model looks at a picture. A budget too small makes text unreadable, one too large costs seconds for
// nothing, so it follows from what the picture shows.
namespace facet::engine {

enum class PictureContent {
  Thumbnail,  // so small that there is little to be seen
  Photo,      // smooth all over: few neighbours are equal, or few differ sharply
  Text,       // a screen or a page: even ground, and sharp edges on it
};

PictureContent picture_content(const RgbImage& picture);

// Pixels of a picture.
struct PictureArea {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  bool operator==(const PictureArea&) const = default;
};

struct PicturePlan {
  std::uint32_t budget = 0;  // of each part
  // The whole picture, or tiles of it, row by row. Tiles overlap, so that a line of text that one cuts is whole in
  // another.
  Grid tiles;
  std::vector<PictureArea> parts;
  std::uint64_t soft_tokens = 0;  // of all parts together
  // A pixel of what the model sees for so many of the picture's, along a side; above 1 the picture is shrunk.
  double shrinking = 1;
};

// At most: a small picture gets no more than shows it at twice its size.
inline constexpr std::uint32_t kThumbnailBudget = 70;
inline constexpr std::uint32_t kPhotoBudget = 280;
inline constexpr std::uint32_t kTextBudget = kLargestImageBudget;
// A larger screen or page is shrunk: seven thousand soft tokens are as much as most contexts bear.
inline constexpr std::uint32_t kMostTiles = 6;
inline constexpr std::uint32_t kTileOverlap = 64;  // pixels, of two neighbours

// With a budget the picture is seen as a whole. Without one it is chosen by the content, and what is text is seen in as
// many tiles as keep its size. Fails for a picture that `check_image_size` refuses and for a budget that is not between
// 1 and the largest.
Result<PicturePlan> plan_picture(std::uint32_t width, std::uint32_t height, std::uint32_t budget);
Result<PicturePlan> plan_picture(const RgbImage& picture);

// Precondition: the area lies in the picture.
RgbImage cut_out(const RgbImage& picture, const PictureArea& area);

}  // namespace facet::engine
