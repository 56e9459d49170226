#include "engine/placed/area_set.h"

#include <algorithm>

namespace facet::engine {
namespace {

// What is left of an area without a part of it: above, below, left and right of the part.
void append_rest(const Area& whole, const Area& part, std::vector<Area>& out) {
  const std::uint32_t end_row = part.row + part.rows;
  const std::uint32_t end_column = part.column + part.columns;
  const Area rest[] = {
      {whole.row, part.row - whole.row, whole.column, whole.columns},
      {end_row, whole.row + whole.rows - end_row, whole.column, whole.columns},
      {part.row, part.rows, whole.column, part.column - whole.column},
      {part.row, part.rows, end_column, whole.column + whole.columns - end_column},
  };
  for (const Area& area : rest)
    if (!area.is_empty()) out.push_back(area);
}

}  // namespace

Area intersection(const Area& a, const Area& b) {
  const std::uint32_t row = std::max(a.row, b.row);
  const std::uint32_t end_row = std::min(a.row + a.rows, b.row + b.rows);
  const std::uint32_t column = std::max(a.column, b.column);
  const std::uint32_t end_column = std::min(a.column + a.columns, b.column + b.columns);
  if (row >= end_row || column >= end_column) return {};
  return {row, end_row - row, column, end_column - column};
}

void AreaSet::add(const Area& area) {
  if (area.is_empty()) return;
  remove(area);
  areas_.push_back(area);
}

void AreaSet::remove(const Area& area) {
  if (!meets(area)) return;
  std::vector<Area> left;
  for (const Area& mine : areas_) {
    const Area common = intersection(mine, area);
    if (common.is_empty())
      left.push_back(mine);
    else
      append_rest(mine, common, left);
  }
  areas_ = std::move(left);
}

bool AreaSet::meets(const Area& area) const {
  return std::any_of(areas_.begin(), areas_.end(),
                     [&](const Area& mine) { return !intersection(mine, area).is_empty(); });
}

}  // namespace facet::engine
