#include "tools/media/program/heif.h"

#include <array>
#include <string_view>

#include "tools/media/program/bytes.h"

namespace facet::tools::media {
namespace {

// The content of a box, from `begin` to `end`; both 0 when there is no such box.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;

  bool found() const { return end > 0; }
};

// A box that counts its bytes in 64 bits is larger than any of those that are looked for.
Range find_box(const Bytes& bytes, Range inside, std::string_view name) {
  for (std::size_t at = inside.begin; at + 8 <= inside.end;) {
    const std::size_t length = bytes.big32(at);
    if (length < 8 || length > inside.end - at) break;
    if (bytes.says(at + 4, name)) return {at + 8, at + length};
    at += length;
  }
  return {};
}

// The place of the nth box, counted from 1 as associations do.
Range nth_box(const Bytes& bytes, Range inside, std::uint32_t wanted) {
  for (std::size_t at = inside.begin, n = 1; at + 8 <= inside.end; ++n) {
    const std::size_t length = bytes.big32(at);
    if (length < 8 || length > inside.end - at) break;
    if (n == wanted) return {at, at + length};
    at += length;
  }
  return {};
}

bool is_still_brand(const Bytes& bytes, std::size_t at) {
  constexpr std::array<std::string_view, 8> kBrands = {"avif", "avis", "mif1", "msf1", "heic", "heix", "heim", "heis"};
  for (const std::string_view brand : kBrands)
    if (bytes.says(at, brand)) return true;
  return false;
}

// A number of 16 bits in the first version of a box and of 32 in later ones.
std::uint32_t item_number(const Bytes& bytes, std::size_t at, bool is_long) {
  return is_long ? bytes.big32(at) : bytes.big16(at);
}

std::string item_kind(const Bytes& bytes, Range info, std::uint32_t item) {
  const std::size_t first = info.begin + (bytes.u8(info.begin) == 0 ? 6 : 8);
  for (std::size_t at = first; at + 8 <= info.end;) {
    const std::size_t length = bytes.big32(at);
    if (length < 8 || length > info.end - at) break;
    const bool is_long = bytes.u8(at + 8) >= 3;
    const std::size_t kind = at + 12 + (is_long ? 4 : 2) + 2;
    if (bytes.says(at + 4, "infe") && item_number(bytes, at + 12, is_long) == item) {
      std::string name;
      for (std::size_t i = 0; i < 4; ++i)
        name.push_back(static_cast<char>(bytes.u8(kind + i)));
      return name;
    }
    at += length;
  }
  return {};
}

// Turned first and mirrored second, as the standard orders them.
struct Turning {
  std::uint32_t quarter_turns = 0;  // against the clock
  std::optional<std::uint32_t> mirror_axis;

  Orientation orientation() const {
    // To the left, each turn takes the picture's right side up.
    constexpr std::array kTurned = {Orientation::Upright, Orientation::ThreeQuarterTurn, Orientation::HalfTurn,
                                    Orientation::QuarterTurn};
    constexpr std::array kMirroredDown = {Orientation::MirroredDown, Orientation::Transposed,
                                          Orientation::MirroredAcross, Orientation::Transversed};
    constexpr std::array kMirroredAcross = {Orientation::MirroredAcross, Orientation::Transversed,
                                            Orientation::MirroredDown, Orientation::Transposed};
    if (!mirror_axis) return kTurned[quarter_turns];
    return *mirror_axis == 0 ? kMirroredDown[quarter_turns] : kMirroredAcross[quarter_turns];
  }
};

void take_property(const Bytes& bytes, Range box, HeifHeader& header, Turning& turning) {
  if (!box.found()) return;
  if (bytes.says(box.begin + 4, "ispe")) {
    header.width = bytes.big32(box.begin + 12);
    header.height = bytes.big32(box.begin + 16);
  }
  if (bytes.says(box.begin + 4, "irot")) turning.quarter_turns = bytes.u8(box.begin + 8) & 3U;
  if (bytes.says(box.begin + 4, "imir")) turning.mirror_axis = bytes.u8(box.begin + 8) & 1U;
}

// Which properties belong to the item: a list of their numbers for each item that has some.
void take_properties(const Bytes& bytes, Range properties, std::uint32_t item, HeifHeader& header) {
  const Range all = find_box(bytes, properties, "ipco");
  const Range links = find_box(bytes, properties, "ipma");
  const bool has_long_items = bytes.u8(links.begin) > 0;
  const bool has_long_links = (bytes.u8(links.begin + 3) & 1U) != 0;
  const std::uint32_t entries = bytes.big32(links.begin + 4);
  Turning turning;
  std::size_t at = links.begin + 8;
  for (std::uint32_t entry = 0; entry < entries && at < links.end; ++entry) {
    const bool is_wanted = item_number(bytes, at, has_long_items) == item;
    at += has_long_items ? 4 : 2;
    const std::uint32_t count = bytes.u8(at++);
    for (std::uint32_t i = 0; i < count && at < links.end; ++i) {
      const std::uint32_t number = has_long_links ? bytes.big16(at) & 0x7fffU : bytes.u8(at) & 0x7fU;
      at += has_long_links ? 2 : 1;
      if (is_wanted) take_property(bytes, nth_box(bytes, all, number), header, turning);
    }
  }
  header.orientation = turning.orientation();
}

}  // namespace

std::optional<HeifHeader> read_heif_header(std::span<const std::uint8_t> file) {
  const Bytes bytes(file);
  if (!bytes.says(4, "ftyp") || !is_still_brand(bytes, 8)) return std::nullopt;
  HeifHeader header;
  const Range meta = find_box(bytes, {0, file.size()}, "meta");
  if (!meta.found()) return header;
  const Range inside{meta.begin + 4, meta.end};
  const Range primary = find_box(bytes, inside, "pitm");
  const std::uint32_t item = item_number(bytes, primary.begin + 4, bytes.u8(primary.begin) > 0);
  if (const Range info = find_box(bytes, inside, "iinf"); info.found()) header.item = item_kind(bytes, info, item);
  if (const Range properties = find_box(bytes, inside, "iprp"); properties.found())
    take_properties(bytes, properties, item, header);
  return header;
}

}  // namespace facet::tools::media
