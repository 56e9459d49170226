#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

#include "agent/tool.h"

namespace facet::agent {

// How reading a value ended: behind it, or where the text ends before the value does.
struct LooseEnd {
  std::size_t at = 0;
  bool is_complete = false;
};

// Reads one object or list as models write them: JSON, or what is nearly that, with commas too many, single quotation
// marks, or the words of Python and JavaScript (None, True, NaN). Tells of every object once it is closed, also of one
// that lies in another; numbers may be no numbers or without end. Nothing where there is no such value, or where it is
// nested more deeply than a list of places ever is.
std::optional<LooseEnd> read_loose_json(std::string_view text, const std::function<void(const Json&)>& object);

}  // namespace facet::agent
