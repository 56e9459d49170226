#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/text_model.h"

// The markers that the agent works with: their spelling and their ids, which are the same in every Gemma 4 vocabulary.
namespace facet::agent {

inline constexpr std::array kAllMarkers = {Marker::ToolCallOpen,      Marker::ToolCallClose,   Marker::ToolResponseOpen,
                                           Marker::ToolResponseClose, Marker::StringDelimiter, Marker::ChannelOpen,
                                           Marker::ChannelClose,      Marker::TurnOpen,        Marker::TurnClose,
                                           Marker::EndOfSequence};

std::string_view marker_text(Marker marker);
std::int32_t marker_id(Marker marker);

// The marker that `text` begins with, if any.
std::optional<Marker> marker_at_start(std::string_view text);
std::optional<Marker> marker_of_id(std::int32_t id);

}  // namespace facet::agent
