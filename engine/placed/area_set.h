#pragma once

#include <cstdint>
#include <vector>

namespace facet::engine {

// A rectangle of cells.
struct Area {
  std::uint32_t row = 0;
  std::uint32_t rows = 0;
  std::uint32_t column = 0;
  std::uint32_t columns = 0;

  bool operator==(const Area&) const = default;
  bool is_empty() const { return rows == 0 || columns == 0; }
};

// What two areas have in common.
Area intersection(const Area& a, const Area& b);

// Cells of a buffer, kept as areas that do not overlap.
class AreaSet {
 public:
  void add(const Area& area);
  void remove(const Area& area);
  bool meets(const Area& area) const;
  bool is_empty() const { return areas_.empty(); }
  const std::vector<Area>& areas() const { return areas_; }

 private:
  std::vector<Area> areas_;
};

}  // namespace facet::engine
