#include "engine/media/image_size.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/base/check.h"
#include "engine/media.h"

namespace facet::engine {
namespace {

std::uint32_t scaled_side(double factor, std::uint32_t side) {
  return static_cast<std::uint32_t>(std::floor(factor * side / kSoftTokenSide)) * kSoftTokenSide;
}

// The longer side of a picture so thin that its shorter one is a single soft token.
std::uint32_t thin_side(std::uint32_t longer, std::uint32_t shorter, std::uint32_t budget) {
  return std::min(longer / shorter, budget) * kSoftTokenSide;
}

}  // namespace

Result<TargetSize> target_image_size(std::uint32_t width, std::uint32_t height, std::uint32_t budget) {
  FACET_RETURN_IF_ERROR(check_image_size(width, height));
  if (budget == 0 || budget > kLargestImageBudget)
    return Error{Error::Code::InvalidInput, "A picture can not be given " + std::to_string(budget) +
                                                " tokens; it takes between 1 and " +
                                                std::to_string(kLargestImageBudget) + "."};
  const double area = static_cast<double>(budget) * kSoftTokenSide * kSoftTokenSide;
  const double factor = std::sqrt(area / (static_cast<double>(height) * width));
  TargetSize size{scaled_side(factor, width), scaled_side(factor, height)};
  if (size.height == 0) size = {thin_side(width, height, budget), kSoftTokenSide};
  if (size.width == 0) size = {kSoftTokenSide, thin_side(height, width, budget)};
  // A side that vanishes is the shorter one. (Of a square both may, by rounding, when the budget is 1: the first line
  // then makes it the one token that is meant.) The number of tokens is whole and the formula's product is the budget
  // but for rounding, so it is never above it.
  FACET_CHECK(size.soft_tokens().count() >= 1 && size.soft_tokens().count() <= budget, "%u x %u at %u", width, height,
              budget);
  return size;
}

}  // namespace facet::engine
