#include <algorithm>
#include <array>

#include "tools/text_file.h"

namespace facet::tools {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  const char* kind;
};

constexpr std::array kSignatures = {
    Signature{0, "%PDF-"sv, "PDF document"},
    Signature{0, "\x89PNG\r\n\x1a\n"sv, "PNG picture"},
    Signature{0, "\xff\xd8\xff"sv, "JPEG picture"},
    Signature{0, "GIF8"sv, "GIF picture"},
    Signature{8, "WEBP"sv, "WebP picture"},
    Signature{8, "WAVE"sv, "WAV audio"},
    Signature{8, "AVI "sv, "AVI video"},
    Signature{4, "ftyp"sv, "MP4 media"},
    Signature{0, "OggS"sv, "Ogg media"},
    Signature{0, "fLaC"sv, "FLAC audio"},
    Signature{0, "ID3"sv, "MP3 audio"},
    Signature{0, "\x1a\x45\xdf\xa3"sv, "Matroska media"},
    Signature{0, "PK\x03\x04"sv, "ZIP archive or office document"},
    Signature{0, "\x1f\x8b"sv, "gzip archive"},
    Signature{0,
              "\xfd"
              "7zXZ\0"sv,
              "xz archive"},
    Signature{0, "\x28\xb5\x2f\xfd"sv, "Zstandard archive"},
    Signature{0, "BZh"sv, "bzip2 archive"},
    Signature{0, "7z\xbc\xaf\x27\x1c"sv, "7-Zip archive"},
    Signature{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "old office document"},
    Signature{0,
              "\x7f"
              "ELF"sv,
              "program"},
    Signature{0, "SQLite format 3\0"sv, "SQLite database"},
    Signature{0, "GGUF"sv, "GGUF model"},
};

// Text seldom has control characters; compressed and other binary data has them at about one byte in ten.
constexpr std::size_t kOneControlIn = 20;

bool is_text_control(char c) {
  return c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r' || c == '\b' || c == '\x1b';
}

std::size_t count_controls(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 && !is_text_control(c); }));
}

struct ByteOrderMark {
  std::string_view bytes;
  Encoding encoding;
};

// The longer marks first: the one of UTF-16 is the beginning of one of UTF-32.
constexpr std::array kMarks = {
    ByteOrderMark{"\xff\xfe\0\0"sv, Encoding::Utf32Little}, ByteOrderMark{"\0\0\xfe\xff"sv, Encoding::Utf32Big},
    ByteOrderMark{"\xef\xbb\xbf"sv, Encoding::Utf8},        ByteOrderMark{"\xff\xfe"sv, Encoding::Utf16Little},
    ByteOrderMark{"\xfe\xff"sv, Encoding::Utf16Big},
};

// UTF-16 without a mark shows in Western text as a zero in every second byte and none in the others.
bool looks_like_utf16(std::string_view text, std::size_t zero_side) {
  const std::size_t pairs = text.size() / 2;
  if (pairs < 2) return false;
  std::array<std::size_t, 2> zeros = {0, 0};
  for (std::size_t i = 0; i < pairs * 2; ++i)
    zeros[i % 2] += text[i] == '\0' ? 1U : 0U;
  return zeros[1 - zero_side] == 0 && zeros[zero_side] * 2 >= pairs;
}

}  // namespace

FileGuess guess_file(std::string_view beginning) {
  for (const ByteOrderMark& mark : kMarks)
    if (beginning.starts_with(mark.bytes)) return {mark.encoding, mark.bytes.size(), {}};
  // A text may begin with a word that is a signature ("GGUF is a format"); the formats themselves, except for PDF, have
  // control characters near their beginning.
  const bool may_be_text = count_controls(beginning) == 0 && !beginning.starts_with("%PDF-");
  for (const Signature& signature : kSignatures) {
    if (may_be_text || beginning.size() <= signature.offset) continue;
    if (beginning.substr(signature.offset).starts_with(signature.bytes)) return {Encoding::Utf8, 0, signature.kind};
  }
  if (looks_like_utf16(beginning, 1)) return {Encoding::Utf16Little, 0, {}};
  if (looks_like_utf16(beginning, 0)) return {Encoding::Utf16Big, 0, {}};
  const bool has_zero = beginning.find('\0') != std::string_view::npos;
  if (has_zero || count_controls(beginning) * kOneControlIn > beginning.size())
    return {Encoding::Utf8, 0, "binary data"};
  return {};
}

}  // namespace facet::tools
