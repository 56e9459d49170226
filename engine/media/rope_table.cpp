#include "engine/media/rope_table.h"

#include <cmath>

#include "engine/base/check.h"

namespace facet::engine {

RopeTable rope_table(std::uint32_t head_dim, std::uint32_t positions) {
  FACET_CHECK(head_dim > 0 && head_dim % 4 == 0, "heads of %u", head_dim);
  constexpr double kBase = 100;
  const double half = head_dim / 2;
  RopeTable table{head_dim / 4, {}, {}};
  table.cosines.reserve(std::size_t{positions} * table.pairs);
  table.sines.reserve(std::size_t{positions} * table.pairs);
  for (std::uint32_t position = 0; position < positions; ++position)
    for (std::uint32_t j = 0; j < table.pairs; ++j) {
      const double angle = position * std::pow(kBase, -2.0 * j / half);
      table.cosines.push_back(static_cast<float>(std::cos(angle)));
      table.sines.push_back(static_cast<float>(std::sin(angle)));
    }
  return table;
}

}  // namespace facet::engine
