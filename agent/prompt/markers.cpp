#include "agent/prompt/markers.h"

#include <array>

#include "engine/base/check.h"

namespace facet::agent {
namespace {

struct Row {
  Marker marker;
  std::int32_t id;
  std::string_view text;
};

// No spelling is the beginning of another one.
constexpr std::array<Row, 10> kMarkers = {{
    {Marker::EndOfSequence, 1, "<eos>"},
    {Marker::ToolCallOpen, 48, "<|tool_call>"},
    {Marker::ToolCallClose, 49, "<tool_call|>"},
    {Marker::ToolResponseOpen, 50, "<|tool_response>"},
    {Marker::ToolResponseClose, 51, "<tool_response|>"},
    {Marker::StringDelimiter, 52, "<|\"|>"},
    {Marker::ChannelOpen, 100, "<|channel>"},
    {Marker::ChannelClose, 101, "<channel|>"},
    {Marker::TurnOpen, 105, "<|turn>"},
    {Marker::TurnClose, 106, "<turn|>"},
}};

const Row& row_of(Marker marker) {
  for (const Row& row : kMarkers) {
    if (row.marker == marker) return row;
  }
  FACET_CHECK(false, "marker %d has no row", static_cast<int>(marker));
  return kMarkers.front();
}

}  // namespace

std::string_view marker_text(Marker marker) {
  return row_of(marker).text;
}

std::int32_t marker_id(Marker marker) {
  return row_of(marker).id;
}

std::optional<Marker> marker_at_start(std::string_view text) {
  if (!text.starts_with('<')) return std::nullopt;
  for (const Row& row : kMarkers) {
    if (text.starts_with(row.text)) return row.marker;
  }
  return std::nullopt;
}

std::optional<Marker> marker_of_id(std::int32_t id) {
  for (const Row& row : kMarkers) {
    if (row.id == id) return row.marker;
  }
  return std::nullopt;
}

}  // namespace facet::agent
