#pragma once

#include <array>
#include <cstdint>

#include "engine/base/result.h"

// To which size a picture is brought before the model looks at it. A model spends at most so many soft tokens, its
// budget, on a picture; every picture, a small one too, is scaled to about the whole of it. A soft token stands for a
// square of 48 pixels in every model: with an encoder nine patches of 16 pixels are pooled to one, without one a patch
// is the whole square.
namespace facet::engine {

// The budgets that the models were trained with.
inline constexpr std::array<std::uint32_t, 5> kImageBudgets = {70, 140, 280, 560, 1120};
inline constexpr std::uint32_t kDefaultImageBudget = 280;
inline constexpr std::uint32_t kDefaultFrameBudget = 70;  // of a frame of a video
inline constexpr std::uint32_t kLargestImageBudget = kImageBudgets.back();

inline constexpr std::uint32_t kSoftTokenSide = 48;               // pixels
inline constexpr std::uint32_t kEncoderPatchSide = 16;            // of models with an encoder
inline constexpr std::uint32_t kWholePatchSide = kSoftTokenSide;  // of models without one

// Columns and rows of patches, of soft tokens, or of anything else that lies in a grid.
struct Grid {
  std::uint32_t columns = 0;
  std::uint32_t rows = 0;

  std::uint64_t count() const { return std::uint64_t{columns} * rows; }
  bool operator==(const Grid&) const = default;
};

// Both sides are multiples of 48 pixels.
struct TargetSize {
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  Grid patches(std::uint32_t side) const { return {width / side, height / side}; }
  Grid soft_tokens() const { return patches(kSoftTokenSide); }
  bool operator==(const TargetSize&) const = default;
};

// With f = sqrt(budget * 48 * 48 / (width * height)) each side is floor(f * side / 48) * 48; one that would vanish
// becomes 48, and the other one floor(longer / shorter) * 48, at most budget * 48. So the sides are rounded down each
// for itself: the aspect is kept roughly, and nothing is cut or filled.
// Fails for a picture that `check_image_size` refuses and for a budget that is not between 1 and the largest.
Result<TargetSize> target_image_size(std::uint32_t width, std::uint32_t height, std::uint32_t budget);

}  // namespace facet::engine
