#include "engine/media/picture_plan.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>

#include "engine/base/check.h"

namespace facet::engine {
namespace {

constexpr std::uint32_t kThumbnailSide = 128;
// Differences of brightness, of 255, between a pixel and the one to its right: what still is even ground, compressed
// or scanned, and what is an edge that a lens would have made softer.
constexpr int kEven = 6;
constexpr int kSharp = 56;
// A page of text is even for the most part, and of the rest a good part is sharp.
constexpr double kLeastEven = 0.55;
constexpr double kLeastSharp = 0.0025;
constexpr double kLeastSharpOfUneven = 0.18;
// Enough rows to judge by.
constexpr std::uint32_t kRowsLookedAt = 400;
constexpr std::uint32_t kAnyPrime = 7919;

constexpr std::uint64_t kPixelsOfTile = std::uint64_t{kTextBudget} * kSoftTokenSide * kSoftTokenSide;

int brightness(const std::uint8_t* pixel) {
  return (77 * pixel[0] + 150 * pixel[1] + 29 * pixel[2]) / 256;
}

// The least budget with which a picture is seen at twice its size, or `most`. Larger it would show nothing more.
std::uint32_t budget_for(std::uint32_t width, std::uint32_t height, std::uint32_t most) {
  constexpr double kPixelsOfToken = kSoftTokenSide * kSoftTokenSide;
  const double wanted = 4.0 * width * height / kPixelsOfToken;
  const auto enough = std::find_if(kImageBudgets.begin(), kImageBudgets.end(),
                                   [&](std::uint32_t budget) { return budget >= wanted || budget >= most; });
  return *enough;
}

// How long a tile is so that `count` of them, each overlapping the next, cover a side.
std::uint32_t tile_length(std::uint32_t side, std::uint32_t count) {
  return (side + (count - 1) * kTileOverlap + count - 1) / count;
}

// The fewest tiles that are seen without shrinking, and of those the ones nearest to a square; where even the most
// would be shrunk, those that are shrunk least.
Grid choose_tiles(std::uint32_t width, std::uint32_t height) {
  Grid best{1, 1};
  double best_pixels = HUGE_VAL;
  double best_length = HUGE_VAL;
  for (std::uint32_t count = 1; count <= kMostTiles; ++count) {
    if (best_pixels <= static_cast<double>(kPixelsOfTile)) break;
    for (std::uint32_t columns = 1; columns <= count; ++columns) {
      if (count % columns != 0) continue;
      const double w = tile_length(width, columns);
      const double h = tile_length(height, count / columns);
      const bool is_better = w * h < best_pixels * 0.999;
      const bool is_squarer = w * h <= best_pixels * 1.05 && std::max(w, h) < best_length;
      if (!is_better && !is_squarer) continue;
      best = {columns, count / columns};
      best_pixels = w * h;
      best_length = std::max(w, h);
    }
  }
  return best;
}

// The beginning of tile `index` of a side: the last one ends with the side.
std::uint32_t tile_begin(std::uint32_t side, std::uint32_t length, std::uint32_t index, std::uint32_t count) {
  if (count == 1) return 0;
  return static_cast<std::uint32_t>(std::uint64_t{side - length} * index / (count - 1));
}

Status add_part(const PictureArea& area, PicturePlan& plan) {
  FACET_ASSIGN_OR_RETURN(const TargetSize target, target_image_size(area.width, area.height, plan.budget));
  const double shrinking =
      std::max(static_cast<double>(area.width) / target.width, static_cast<double>(area.height) / target.height);
  plan.shrinking = plan.parts.empty() ? shrinking : std::max(plan.shrinking, shrinking);
  plan.soft_tokens += target.soft_tokens().count();
  plan.parts.push_back(area);
  return {};
}

Result<PicturePlan> plan_tiles(std::uint32_t width, std::uint32_t height) {
  PicturePlan plan;
  plan.budget = budget_for(width, height, kTextBudget);
  plan.tiles = choose_tiles(width, height);
  const std::uint32_t w = std::min(width, tile_length(width, plan.tiles.columns));
  const std::uint32_t h = std::min(height, tile_length(height, plan.tiles.rows));
  for (std::uint32_t row = 0; row < plan.tiles.rows; ++row)
    for (std::uint32_t column = 0; column < plan.tiles.columns; ++column)
      FACET_RETURN_IF_ERROR(add_part(
          {tile_begin(width, w, column, plan.tiles.columns), tile_begin(height, h, row, plan.tiles.rows), w, h}, plan));
  return plan;
}

}  // namespace

PictureContent picture_content(const RgbImage& picture) {
  if (std::max(picture.width, picture.height) <= kThumbnailSide) return PictureContent::Thumbnail;
  std::uint64_t even = 0;
  std::uint64_t sharp = 0;
  std::uint64_t all = 0;
  const std::uint32_t step = std::max(1U, picture.height / kRowsLookedAt);
  for (std::uint32_t band = 0; band < picture.height / step; ++band) {
    // One row of each band, but not always the same one: lines of text come at equal distances, too.
    const std::uint32_t y = band * step + band * kAnyPrime % step;
    const std::uint8_t* pixel = picture.pixels.data() + std::size_t{y} * picture.width * 3;
    int before = brightness(pixel);
    for (std::uint32_t x = 1; x < picture.width; ++x) {
      const int here = brightness(pixel + std::size_t{x} * 3);
      const int difference = std::abs(here - before);
      even += difference <= kEven ? 1 : 0;
      sharp += difference >= kSharp ? 1 : 0;
      before = here;
    }
    all += picture.width - 1;
  }
  const auto part = [](std::uint64_t count, std::uint64_t of) {
    return of == 0 ? 0 : static_cast<double>(count) / static_cast<double>(of);
  };
  const bool is_text = part(even, all) >= kLeastEven && part(sharp, all) >= kLeastSharp &&
                       part(sharp, all - even) >= kLeastSharpOfUneven;
  return is_text ? PictureContent::Text : PictureContent::Photo;
}

Result<PicturePlan> plan_picture(std::uint32_t width, std::uint32_t height, std::uint32_t budget) {
  PicturePlan plan;
  plan.budget = budget;
  plan.tiles = {1, 1};
  FACET_RETURN_IF_ERROR(add_part({0, 0, width, height}, plan));
  return plan;
}

Result<PicturePlan> plan_picture(const RgbImage& picture) {
  FACET_RETURN_IF_ERROR(check(picture));
  switch (picture_content(picture)) {
    case PictureContent::Thumbnail:
      return plan_picture(picture.width, picture.height, kThumbnailBudget);
    case PictureContent::Photo:
      return plan_picture(picture.width, picture.height, budget_for(picture.width, picture.height, kPhotoBudget));
    case PictureContent::Text:
      break;
  }
  return plan_tiles(picture.width, picture.height);
}

RgbImage cut_out(const RgbImage& picture, const PictureArea& area) {
  FACET_CHECK(area.x + area.width <= picture.width && area.y + area.height <= picture.height, "%u x %u at %u, %u",
              area.width, area.height, area.x, area.y);
  RgbImage part{area.width, area.height, {}};
  part.pixels.reserve(std::size_t{area.width} * area.height * 3);
  for (std::uint32_t y = area.y; y < area.y + area.height; ++y) {
    const auto row =
        picture.pixels.begin() + static_cast<std::ptrdiff_t>((std::size_t{y} * picture.width + area.x) * 3);
    part.pixels.insert(part.pixels.end(), row, row + static_cast<std::ptrdiff_t>(std::size_t{area.width} * 3));
  }
  return part;
}

}  // namespace facet::engine
