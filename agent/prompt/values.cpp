#include "agent/prompt/values.h"

#include "agent/prompt/markers.h"
#include "agent/prompt/text_rules.h"

namespace facet::agent {

void write_string(PieceWriter& out, std::string_view text) {
  out.markup(marker_text(Marker::StringDelimiter));
  out.data(text);
  out.markup(marker_text(Marker::StringDelimiter));
}

void write_members(PieceWriter& out, const Json& object, Keys keys) {
  bool first = true;
  for (const auto& [key, value] : sorted_members(object)) {
    if (!first) out.markup(",");
    first = false;
    if (keys == Keys::Delimited) {
      write_string(out, key);
    } else {
      out.data(key);
    }
    out.markup(":");
    write_value(out, *value, keys);
  }
}

void write_value(PieceWriter& out, const Json& value, Keys keys) {
  if (value.is_string()) {
    write_string(out, value.get_ref<const std::string&>());
  } else if (value.is_boolean()) {
    out.markup(value.get<bool>() ? "true" : "false");
  } else if (value.is_number()) {
    out.markup(number_text(value));
  } else if (value.is_object()) {
    out.markup("{");
    write_members(out, value, keys);
    out.markup("}");
  } else if (value.is_array()) {
    out.markup("[");
    bool first = true;
    for (const Json& element : value) {
      if (!first) out.markup(",");
      first = false;
      write_value(out, element, keys);
    }
    out.markup("]");
  } else {
    out.markup("null");
  }
}

}  // namespace facet::agent
