#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/text_model.h"
#include "agent/tool.h"

// How media are written in rows and in the parts of template messages.
namespace facet::agent {

// ["picture", tokens, x, y, width, height], ["frame", tokens, width, height, number, shown_ms],
// ["sound", tokens, begin, end]
Json to_json(const MediaPiece& piece);
std::optional<MediaPiece> media_piece(const Json& json);

// {"piece": ..., "file": ..., "name": ..., "sha256": ..., "budget": ...}
Json to_json(const MediaItem& item);
std::optional<MediaItem> media_item(const Json& json);

std::string pieces_text(const std::vector<MediaPiece>& pieces);
// Nothing where it is not what `pieces_text` writes.
std::optional<std::vector<MediaPiece>> pieces_from_text(const std::string& text);

}  // namespace facet::agent
