#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "agent/protocol.h"
#include "agent/regions.h"

// From what a model says of places to the pixels of the pictures that it was shown.
namespace facet::agent {

// Pixels of a picture as it is shown: upright, whatever the file says of its orientation, and not shrunk.
struct PixelArea {
  double x = 0;
  double y = 0;
  double width = 0;  // of a point 0, as is its height
  double height = 0;

  bool operator==(const PixelArea&) const = default;
};

// What the thousand steps of each axis stand for: a picture, or a part of one that is shown in parts.
struct RegionFrame {
  std::size_t picture = 0;  // among those that were given
  std::size_t part = 0;     // from 1; 0 is the whole
  PixelArea area = {};

  bool operator==(const RegionFrame&) const = default;
};

struct PlacedRegion {
  Region region;
  RegionFrame frame;
  PixelArea area;
  // The answer does not say which picture or part, and there are several.
  bool is_guess = false;

  bool operator==(const PlacedRegion&) const = default;
};

// All that a place may be meant in: each picture, and each part of one that is shown in parts. Sounds, videos and
// other files are none.
std::vector<RegionFrame> frames_of(std::span<const AttachmentPart> files);

// `unnamed` is the frame of places that do not say where they are. Places in what is no picture are left out.
std::vector<PlacedRegion> place(std::span<const Region> regions, std::span<const AttachmentPart> files,
                                const RegionFrame& unnamed);

// For other programs: [{"file": ..., "label": ..., "x": ..., "y": ..., "width": ..., "height": ...}], whole pixels.
std::string pixels_json(std::span<const PlacedRegion> regions, std::span<const AttachmentPart> files);

}  // namespace facet::agent
