#include "tools/sandbox/output_ends.h"

#include <algorithm>

#include "tools/text.h"

namespace facet::tools::sandbox {
namespace {

std::string_view without_half_character(std::string_view text) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(text.size(), 3); ++length) {
    const std::string_view last = text.substr(text.size() - length);
    if ((static_cast<unsigned char>(last.front()) & 0xC0U) == 0x80U) continue;
    const Utf8Step step = utf8_step(last);
    return step.length == 0 && step.more ? text.substr(0, text.size() - length) : text;
  }
  return text;
}

}  // namespace

void OutputEnds::add(std::string_view piece) {
  bytes_ += piece.size();
  const std::size_t of_head = std::min(piece.size(), head_limit_ - head_.size());
  head_ += piece.substr(0, of_head);
  tail_ += piece.substr(of_head);
  if (tail_.size() > 2 * tail_limit_) tail_.erase(0, tail_.size() - tail_limit_);
}

std::string OutputEnds::text() const {
  const std::string_view end = std::string_view(tail_).substr(tail_.size() - std::min(tail_.size(), tail_limit_));
  const std::uint64_t left_out = bytes_ - head_.size() - end.size();
  if (left_out == 0) return valid_utf8(head_ + std::string(end));
  // Characters that were cut in two go with what is left out.
  const std::string_view whole_head = without_half_character(head_);
  std::size_t begin = 0;
  while (begin < std::min<std::size_t>(end.size(), 3) && (static_cast<unsigned char>(end[begin]) & 0xC0U) == 0x80U)
    ++begin;
  const std::uint64_t not_shown = left_out + (head_.size() - whole_head.size()) + begin;
  return valid_utf8(whole_head) + "\n[" + std::to_string(not_shown) + " of " + std::to_string(bytes_) +
         " bytes are left out here]\n" + valid_utf8(end.substr(begin));
}

std::string OutputEnds::latest(std::size_t bytes) const {
  const std::string whole = tail_.size() >= bytes ? tail_ : head_ + tail_;
  if (whole.size() <= bytes) return valid_utf8(whole);
  std::string_view last = std::string_view(whole).substr(whole.size() - bytes);
  if (const std::size_t line = last.find('\n'); line != std::string_view::npos && line + 1 < last.size())
    last.remove_prefix(line + 1);
  return valid_utf8(last);
}

}  // namespace facet::tools::sandbox
