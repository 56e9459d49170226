#include "agent/prompt/generated.h"

#include <limits>

#include "agent/prompt/markers.h"

namespace facet::agent {
namespace {

bool ends_output(Marker marker) {
  return marker == Marker::TurnClose || marker == Marker::ToolResponseOpen || marker == Marker::EndOfSequence ||
         marker == Marker::TurnOpen;
}

// Decided by the id, because ordinary tokens can spell a marker too; by the spelling where there are no ids.
std::optional<Marker> ending_of(const Generated& generated) {
  if (!generated.tokens.empty()) {
    const std::optional<Marker> marker = marker_of_id(generated.tokens.back());
    return marker && ends_output(*marker) ? marker : std::nullopt;
  }
  for (const Marker marker : {Marker::TurnClose, Marker::ToolResponseOpen, Marker::EndOfSequence, Marker::TurnOpen}) {
    if (generated.text.ends_with(marker_text(marker))) return marker;
  }
  return std::nullopt;
}

}  // namespace

void Generated::drop_ending() {
  if (!ending) return;
  if (text.ends_with(marker_text(*ending))) text.resize(text.size() - marker_text(*ending).size());
  if (!tokens.empty()) tokens.pop_back();
  ending.reset();
}

Result<std::optional<Generated>> read_generated(const Json& message) {
  const auto field = message.find("generated");
  if (field == message.end() || field->is_null()) return std::optional<Generated>();
  const Error malformed{Error::Code::InvalidInput, "The generated output of a message has no list of ids and no text."};
  if (!field->is_object()) return malformed;
  Generated generated;
  const Json tokens = field->value("tokens", Json::array());
  const Json text = field->value("text", Json(""));
  if (!tokens.is_array() || !text.is_string()) return malformed;
  for (const Json& token : tokens) {
    if (!token.is_number_integer()) return malformed;
    const auto id = token.get<std::int64_t>();
    if (id < 0 || id > std::numeric_limits<std::int32_t>::max()) return malformed;
    generated.tokens.push_back(static_cast<std::int32_t>(id));
  }
  generated.text = text.get<std::string>();
  generated.ending = ending_of(generated);
  return std::optional<Generated>(std::move(generated));
}

OutputShape shape_of(const std::string& text, bool starts_in_thought) {
  OutputShape shape{starts_in_thought, starts_in_thought, false};
  const std::string_view view = text;
  for (std::size_t at = view.find('<'); at != std::string_view::npos; at = view.find('<', at + 1)) {
    const std::optional<Marker> marker = marker_at_start(view.substr(at));
    if (!marker) continue;
    if (*marker == Marker::ChannelOpen || *marker == Marker::ChannelClose) {
      shape.has_thought = true;
      shape.ends_in_thought = *marker == Marker::ChannelOpen;
    } else if (*marker == Marker::ToolCallOpen) {
      shape.ends_in_thought = false;  // a call closes a thought
      shape.ends_in_call = true;
    } else if (*marker == Marker::ToolCallClose) {
      shape.ends_in_call = false;
    }
  }
  return shape;
}

}  // namespace facet::agent
