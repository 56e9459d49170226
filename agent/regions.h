#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Places in pictures, as models name them in their answers: {"box_2d": [top, left, bottom, right], "label": "..."} and
// {"point": [down, across], "label": "..."}, alone or in lists. Each axis goes from 0 to 1000, whatever the picture's
// sides are, from the upper left corner on, and down comes before across.
namespace facet::agent {

struct Region {
  enum class Shape { Box, Point };

  Shape shape = Shape::Box;
  double top = 0;  // 0 to 1000; of a point bottom is top, and right is left
  double left = 0;
  double bottom = 0;
  double right = 0;
  std::string label = {};
  // Which of several pictures, and which part of one that is shown in parts, from 1; 0 where the answer does not say.
  int picture = 0;
  int part = 0;
  std::string file = {};  // the name of the picture's file, where the answer says that

  bool operator==(const Region&) const = default;
};

// A stretch of an answer that is nothing but places.
struct RegionText {
  std::size_t begin = 0;  // bytes, with the fence of a code block
  std::size_t end = 0;
  std::vector<Region> regions = {};
  std::size_t unusable = 0;  // no numbers, far outside, or more than anybody could look at
  bool is_complete = true;   // false while the answer still grows there

  bool operator==(const RegionText&) const = default;
};

// No answer shows more places than this.
inline constexpr std::size_t kMostRegions = 1000;

// All of them, in their order. Any text is taken, also one that is still being written: a place is told as soon as its
// object is closed. A box whose corners are exchanged is turned; one that leaves the picture a little is cut at its
// edges. Where nothing can be drawn of what a stretch says, it is an ordinary part of the text and not in the list.
std::vector<RegionText> find_regions(std::string_view text);

}  // namespace facet::agent
