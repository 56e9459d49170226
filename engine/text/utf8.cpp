#include "engine/text/utf8.h"

#include <cstdint>

namespace facet::engine {
namespace {

// The length of the sequence that `lead` begins, 0 when it begins none.
std::size_t sequence_bytes(std::uint8_t lead) {
  if (lead < 0x80U) return 1;
  if (lead < 0xC2U) return 0;
  if (lead < 0xE0U) return 2;
  if (lead < 0xF0U) return 3;
  return lead < 0xF5U ? 4U : 0U;
}

// The second byte carries the exclusion of overlong forms, surrogates and values above U+10FFFF (Unicode, table 3-7).
bool is_second_byte(std::uint8_t lead, std::uint8_t second) {
  std::uint8_t low = 0x80U;
  std::uint8_t high = 0xBFU;
  if (lead == 0xE0U) low = 0xA0U;
  if (lead == 0xEDU) high = 0x9FU;
  if (lead == 0xF0U) low = 0x90U;
  if (lead == 0xF4U) high = 0x8FU;
  return second >= low && second <= high;
}

}  // namespace

Utf8Piece first_utf8_piece(std::string_view bytes) {
  const auto lead = static_cast<std::uint8_t>(bytes.front());
  const std::size_t length = sequence_bytes(lead);
  if (length == 0) return {Utf8Piece::Kind::Invalid, 1};
  for (std::size_t i = 1; i < length; ++i) {
    if (i == bytes.size()) return {Utf8Piece::Kind::Unfinished, i};
    const auto next = static_cast<std::uint8_t>(bytes[i]);
    const bool continues = i == 1 ? is_second_byte(lead, next) : (next & 0xC0U) == 0x80U;
    if (!continues) return {Utf8Piece::Kind::Invalid, i};
  }
  return {Utf8Piece::Kind::Complete, length};
}

void release_utf8(std::string& bytes, std::string& text) {
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const Utf8Piece piece = first_utf8_piece(rest);
    if (piece.kind == Utf8Piece::Kind::Unfinished) break;
    text += piece.kind == Utf8Piece::Kind::Complete ? rest.substr(0, piece.bytes) : kReplacementCharacter;
    rest.remove_prefix(piece.bytes);
  }
  bytes.erase(0, bytes.size() - rest.size());
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string held(bytes);
  std::string text;
  release_utf8(held, text);
  if (!held.empty()) text += kReplacementCharacter;
  return text;
}

}  // namespace facet::engine
