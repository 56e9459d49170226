#include "tools/text_file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "tools/text.h"

namespace facet::tools {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{64} * 1024;

// 0x80 to 0x9f in Windows-1252; the five codes that it leaves open become the replacement character.
constexpr std::array<char16_t, 32> kWindows1252 = {0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                                   0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
                                                   0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                                   0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178};

char32_t windows_1252(unsigned char byte) {
  return byte >= 0x80 && byte < 0xa0 ? kWindows1252[byte - 0x80U] : char32_t{byte};
}

bool is_wide(Encoding encoding) {
  return encoding == Encoding::Utf32Little || encoding == Encoding::Utf32Big;
}

bool is_little(Encoding encoding) {
  return encoding == Encoding::Utf16Little || encoding == Encoding::Utf32Little;
}

char32_t unit_at(std::string_view raw, std::size_t bytes, bool little) {
  char32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value = (value << 8) | static_cast<unsigned char>(raw[little ? bytes - 1 - i : i]);
  return value;
}

bool is_high_surrogate(char32_t c) {
  return c >= 0xd800 && c < 0xdc00;
}
bool is_low_surrogate(char32_t c) {
  return c >= 0xdc00 && c < 0xe000;
}

// A zero can not be shown and ends strings elsewhere.
char32_t presentable(char32_t c) {
  return c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? kReplacement : c;
}

}  // namespace

Result<TextFile> TextFile::open(Descriptor file, std::size_t longest_line, std::stop_token stop) {
  TextFile text(std::move(file), longest_line, std::move(stop));
  text.read_block();
  if (text.failed_) return Error{Error::Code::Io, "reading it failed"};
  text.guess_ = guess_file(text.raw_);
  text.raw_.erase(0, text.guess_.mark_bytes);
  return text;
}

const char* TextFile::encoding_name() const {
  switch (guess_.encoding) {
    case Encoding::Utf8:
      return windows_1252_ ? "Windows-1252" : "UTF-8";
    case Encoding::Utf16Little:
    case Encoding::Utf16Big:
      return "UTF-16";
    case Encoding::Utf32Little:
    case Encoding::Utf32Big:
      return "UTF-32";
  }
  return "UTF-8";
}

bool TextFile::next_line(TextLine& line) {
  line.text.clear();
  line.bytes = 0;
  while (!stopped() && !failed_) {
    const std::size_t end = decoded_.find('\n', position_);
    if (end != std::string::npos) {
      take(line, end - position_);
      ++position_;
      if (line.bytes == line.text.size() && line.text.ends_with('\r')) {
        line.text.pop_back();
        --line.bytes;
      }
      return true;
    }
    take(line, decoded_.size() - position_);
    if (at_end_ && raw_.empty()) return line.bytes > 0;
    if (!at_end_ && raw_.size() < kBlockBytes) read_block();
    decode();
  }
  return false;
}

// Moves decoded text into the line, as much as one line may keep.
void TextFile::take(TextLine& line, std::size_t bytes) {
  const std::string_view text = std::string_view(decoded_).substr(position_, bytes);
  const std::size_t room = longest_line_ - std::min(longest_line_, line.text.size());
  // Once something has been left out, nothing that follows may be appended.
  if (line.bytes == line.text.size()) line.text += utf8_prefix(text, room);
  line.bytes += bytes;
  position_ += bytes;
}

bool TextFile::read_block() {
  const std::size_t before = raw_.size();
  raw_.resize(before + kBlockBytes);
  ssize_t got = 0;
  do {
    got = ::read(file_.number(), raw_.data() + before, kBlockBytes);
  } while (got < 0 && errno == EINTR);
  raw_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) failed_ = true;
  if (got <= 0) at_end_ = true;
  bytes_read_ += std::max<ssize_t>(got, 0);
  return got > 0;
}

void TextFile::decode() {
  decoded_.clear();
  position_ = 0;
  if (guess_.encoding == Encoding::Utf8) {
    decode_utf8();
  } else {
    decode_units();
  }
}

void TextFile::decode_utf8() {
  std::string_view rest = raw_;
  while (!rest.empty()) {
    const auto plain_end = std::find_if(rest.begin(), rest.end(),
                                        [](char c) { return c == '\0' || static_cast<unsigned char>(c) >= 0x80; });
    const auto plain = static_cast<std::size_t>(plain_end - rest.begin());
    decoded_.append(rest.substr(0, plain));
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    const Utf8Step step = utf8_step(rest);
    // The end of the block may divide a character; the rest of it comes with the next one.
    if (step.length == 0 && step.more && !at_end_) break;
    if (step.length == 0) windows_1252_ = true;
    append_utf8(decoded_, presentable(step.length == 0 ? windows_1252(static_cast<unsigned char>(rest.front()))
                                                       : step.code_point));
    rest.remove_prefix(step.length == 0 ? 1 : step.length);
  }
  raw_.erase(0, raw_.size() - rest.size());
}

void TextFile::decode_units() {
  const std::size_t size = is_wide(guess_.encoding) ? 4 : 2;
  const bool little = is_little(guess_.encoding);
  std::string_view rest = raw_;
  while (rest.size() >= size) {
    char32_t value = unit_at(rest, size, little);
    std::size_t used = size;
    if (size == 2 && is_high_surrogate(value)) {
      if (rest.size() < 4 && !at_end_) break;
      const char32_t second = rest.size() < 4 ? 0 : unit_at(rest.substr(2), 2, little);
      if (is_low_surrogate(second)) {
        value = 0x10000 + ((value - 0xd800) << 10) + (second - 0xdc00);
        used = 4;
      }
    }
    append_utf8(decoded_, presentable(value));
    rest.remove_prefix(used);
  }
  // Bytes that are left over at the end of the file are half a character.
  if (at_end_ && !rest.empty()) {
    append_utf8(decoded_, kReplacement);
    rest = {};
  }
  raw_.erase(0, raw_.size() - rest.size());
}

}  // namespace facet::tools
