#include "agent/media_json.h"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <utility>

namespace facet::agent {

namespace {

constexpr const char* kPicture = "picture";
constexpr const char* kFrame = "frame";
constexpr const char* kSound = "sound";

// The numbers behind the word; nothing when one is none, or below zero, or when they are not so many.
std::optional<std::vector<std::int64_t>> numbers(const Json& json, std::size_t count) {
  if (json.size() != count + 1) return std::nullopt;
  std::vector<std::int64_t> out;
  for (std::size_t i = 1; i <= count; ++i) {
    if (!json[i].is_number_integer() || json[i].get<std::int64_t>() < 0) return std::nullopt;
    out.push_back(json[i].get<std::int64_t>());
  }
  return out;
}

bool to_pixels(std::int64_t number, std::uint32_t& pixels) {
  pixels = static_cast<std::uint32_t>(number);
  return number <= std::numeric_limits<std::uint32_t>::max();
}

std::optional<MediaPiece> picture(const Json& json) {
  const auto values = numbers(json, 5);
  MediaPiece piece{.kind = MediaPiece::Kind::Picture};
  if (!values || !to_pixels((*values)[1], piece.x) || !to_pixels((*values)[2], piece.y) ||
      !to_pixels((*values)[3], piece.width) || !to_pixels((*values)[4], piece.height))
    return std::nullopt;
  piece.tokens = (*values)[0];
  return piece;
}

std::optional<MediaPiece> frame(const Json& json) {
  const auto values = numbers(json, 5);
  MediaPiece piece{.kind = MediaPiece::Kind::Frame};
  if (!values || !to_pixels((*values)[1], piece.width) || !to_pixels((*values)[2], piece.height)) return std::nullopt;
  piece.tokens = (*values)[0];
  piece.number = (*values)[3];
  piece.shown_ms = (*values)[4];
  return piece;
}

std::optional<MediaPiece> sound(const Json& json) {
  const auto values = numbers(json, 3);
  if (!values || (*values)[1] >= (*values)[2]) return std::nullopt;
  return MediaPiece{
      .kind = MediaPiece::Kind::Sound, .begin = (*values)[1], .end = (*values)[2], .tokens = (*values)[0]};
}

std::string text_field(const Json& json, const char* name) {
  return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : std::string();
}

}  // namespace

Json to_json(const MediaPiece& piece) {
  switch (piece.kind) {
    case MediaPiece::Kind::Picture:
      return {kPicture, piece.tokens, piece.x, piece.y, piece.width, piece.height};
    case MediaPiece::Kind::Frame:
      return {kFrame, piece.tokens, piece.width, piece.height, piece.number, piece.shown_ms};
    case MediaPiece::Kind::Sound:
      return {kSound, piece.tokens, piece.begin, piece.end};
  }
  return {};
}

std::optional<MediaPiece> media_piece(const Json& json) {
  if (!json.is_array() || json.empty()) return std::nullopt;
  if (json[0] == kPicture) return picture(json);
  if (json[0] == kFrame) return frame(json);
  if (json[0] == kSound) return sound(json);
  return std::nullopt;
}

Json to_json(const MediaItem& item) {
  return {{"piece", to_json(item.piece)},
          {"file", item.file},
          {"name", item.name},
          {"sha256", item.sha256},
          {"budget", item.budget}};
}

std::optional<MediaItem> media_item(const Json& json) {
  if (!json.is_object() || !json.contains("piece")) return std::nullopt;
  std::optional<MediaPiece> piece = media_piece(json["piece"]);
  if (!piece) return std::nullopt;
  MediaItem item{.piece = *std::move(piece),
                 .file = text_field(json, "file"),
                 .name = text_field(json, "name"),
                 .sha256 = text_field(json, "sha256")};
  if (json.contains("budget") && json["budget"].is_number_unsigned()) item.budget = json["budget"].get<std::uint32_t>();
  return item;
}

std::string pieces_text(const std::vector<MediaPiece>& pieces) {
  Json list = Json::array();
  for (const MediaPiece& piece : pieces)
    list.push_back(to_json(piece));
  return list.dump();
}

std::optional<std::vector<MediaPiece>> pieces_from_text(const std::string& text) {
  const Json list = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) return std::nullopt;
  std::vector<MediaPiece> pieces;
  for (const Json& json : list) {
    std::optional<MediaPiece> piece = media_piece(json);
    if (!piece) return std::nullopt;
    pieces.push_back(*std::move(piece));
  }
  return pieces;
}

// A file without a checksum is known by its place. When a frame is shown is told beside it.
std::string key_of(const MediaItem& item) {
  const MediaPiece& piece = item.piece;
  const std::string content = item.sha256.empty() ? item.file : item.sha256;
  const auto list = [&](const char* kind, std::initializer_list<std::int64_t> values) {
    std::string key = content + " " + kind;
    for (const std::int64_t value : values)
      key += " " + std::to_string(value);
    return key;
  };
  switch (piece.kind) {
    case MediaPiece::Kind::Picture:
      return list(kPicture, {piece.x, piece.y, piece.width, piece.height, item.budget});
    case MediaPiece::Kind::Frame:
      return list(kFrame, {piece.number, item.budget});
    case MediaPiece::Kind::Sound:
      return list(kSound, {piece.begin, piece.end});
  }
  return content;
}

}  // namespace facet::agent
