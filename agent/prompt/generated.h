#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/text_model.h"
#include "agent/tool.h"
#include "engine/base/result.h"

namespace facet::agent {

// The `generated` field of an assistant message: the exact output of the model, to be repeated id by id.
struct Generated {
  std::vector<std::int32_t> tokens;
  std::string text;
  // The token that ended the generation, where it is one that ends turns. It is the last one of `tokens` and `text`.
  std::optional<Marker> ending;

  void drop_ending();
};

// Nothing when the message has no such field.
Result<std::optional<Generated>> read_generated(const Json& message);

// What the channel and call markers of an output say about it.
struct OutputShape {
  bool has_thought = false;
  bool ends_in_thought = false;
  bool ends_in_call = false;
};
OutputShape shape_of(const std::string& text, bool starts_in_thought);

}  // namespace facet::agent
