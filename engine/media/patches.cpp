#include "engine/media/patches.h"

#include <array>

#include "engine/base/check.h"

namespace facet::engine {
namespace {

std::array<float, 256> pixel_values() {
  std::array<float, 256> values{};
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i) / 255.0F;
  return values;
}

// One patch whose first pixel is `corner`, in a picture with so many bytes in a row.
void cut_patch(const std::uint8_t* corner, std::size_t stride, std::size_t side, PatchOrder order, float* out) {
  static const std::array<float, 256> values = pixel_values();
  const bool planes = order == PatchOrder::Planes;
  const std::size_t pixel_step = planes ? 1 : 3;
  const std::size_t channel_step = planes ? side * side : 1;
  for (std::size_t dy = 0; dy < side; ++dy)
    for (std::size_t dx = 0; dx < side; ++dx)
      for (std::size_t channel = 0; channel < 3; ++channel)
        out[(dy * side + dx) * pixel_step + channel * channel_step] = values[corner[dy * stride + dx * 3 + channel]];
}

}  // namespace

Patches cut_patches(const RgbImage& image, std::uint32_t side, PatchOrder order) {
  FACET_CHECK(check(image).ok() && side > 0 && image.width % side == 0 && image.height % side == 0, "%u x %u in %u",
              image.width, image.height, side);
  Patches patches{{image.width / side, image.height / side}, side, {}};
  patches.values.resize(patches.grid.count() * patches.row_length());
  const std::size_t stride = std::size_t{image.width} * 3;
  float* out = patches.values.data();
  for (std::size_t row = 0; row < patches.grid.rows; ++row)
    for (std::size_t column = 0; column < patches.grid.columns; ++column, out += patches.row_length())
      cut_patch(&image.pixels[row * side * stride + column * side * 3], stride, side, order, out);
  return patches;
}

}  // namespace facet::engine
