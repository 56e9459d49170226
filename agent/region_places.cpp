#include "agent/region_places.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

namespace facet::agent {

namespace {

constexpr double kSteps = 1000;

bool is_picture(const AttachmentPart& file) {
  return file.media && file.media->kind == MediaKind::Picture && file.media->width > 0 && file.media->height > 0;
}

PixelArea area_of(const MediaPiece& piece) {
  return {static_cast<double>(piece.x), static_cast<double>(piece.y), static_cast<double>(piece.width),
          static_cast<double>(piece.height)};
}

bool is_in_parts(const AttachedMedia& media) {
  return media.pieces.size() > 1;
}

PixelArea pixels_of(const Region& region, const PixelArea& frame) {
  return {frame.x + region.left / kSteps * frame.width, frame.y + region.top / kSteps * frame.height,
          (region.right - region.left) / kSteps * frame.width, (region.bottom - region.top) / kSteps * frame.height};
}

// Which of the files a place names, by its number among the pictures or by its name.
std::optional<std::size_t> picture_named(const Region& region, std::span<const AttachmentPart> files) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!is_picture(files[i])) continue;
    ++number;
    if (region.file.empty() ? static_cast<std::size_t>(region.picture) == number : region.file == files[i].name)
      return i;
  }
  return std::nullopt;
}

// Where a place is, as far as its answer says it.
RegionFrame frame_named(const Region& region, std::span<const AttachmentPart> files,
                        std::span<const RegionFrame> frames, const RegionFrame& unnamed, bool& is_guess) {
  const auto pictures = std::count_if(files.begin(), files.end(), is_picture);
  const std::optional<std::size_t> named = picture_named(region, files);
  const std::size_t picture = named.value_or(unnamed.picture);
  is_guess = !named && pictures > 1;
  const bool in_parts = is_in_parts(*files[picture].media);
  const bool says_part = in_parts && region.part > 0;
  std::size_t part = says_part ? static_cast<std::size_t>(region.part) : 0;
  if (!says_part && in_parts && picture == unnamed.picture) part = unnamed.part;
  const auto meant = std::find_if(frames.begin(), frames.end(), [&](const RegionFrame& frame) {
    return frame.picture == picture && frame.part == part;
  });
  is_guess = is_guess || (in_parts && (!says_part || meant == frames.end()));
  return meant == frames.end() ? unnamed : *meant;
}

}  // namespace

std::vector<RegionFrame> frames_of(std::span<const AttachmentPart> files) {
  std::vector<RegionFrame> frames;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!is_picture(files[i])) continue;
    const AttachedMedia& media = *files[i].media;
    frames.push_back({i, 0, {0, 0, static_cast<double>(media.width), static_cast<double>(media.height)}});
    for (std::size_t part = 0; is_in_parts(media) && part < media.pieces.size(); ++part)
      frames.push_back({i, part + 1, area_of(media.pieces[part])});
  }
  return frames;
}

std::vector<PlacedRegion> place(std::span<const Region> regions, std::span<const AttachmentPart> files,
                                const RegionFrame& unnamed) {
  const std::vector<RegionFrame> frames = frames_of(files);
  std::vector<PlacedRegion> placed;
  if (std::find(frames.begin(), frames.end(), unnamed) == frames.end()) return placed;
  for (const Region& region : regions) {
    PlacedRegion& each = placed.emplace_back(PlacedRegion{.region = region, .frame = {}, .area = {}});
    each.frame = frame_named(region, files, frames, unnamed, each.is_guess);
    each.area = pixels_of(region, each.frame.area);
  }
  return placed;
}

std::string pixels_json(std::span<const PlacedRegion> regions, std::span<const AttachmentPart> files) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const PlacedRegion& each : regions) {
    // Both edges are rounded, so that neighbours still touch.
    const auto edge = [](double pixels) { return std::llround(pixels); };
    nlohmann::ordered_json object = {{"file", files[each.frame.picture].name}};
    if (!each.region.label.empty()) object["label"] = each.region.label;
    object["x"] = edge(each.area.x);
    object["y"] = edge(each.area.y);
    if (each.region.shape == Region::Shape::Box) {
      object["width"] = edge(each.area.x + each.area.width) - edge(each.area.x);
      object["height"] = edge(each.area.y + each.area.height) - edge(each.area.y);
    }
    list.push_back(std::move(object));
  }
  return list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace facet::agent
