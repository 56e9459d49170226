#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace facet::tools::sandbox {

// The beginning and the end of an output of any length. Takes no more memory than twice what it keeps.
class OutputEnds {
 public:
  explicit OutputEnds(std::size_t kept_bytes) : head_limit_(kept_bytes / 2), tail_limit_(kept_bytes - kept_bytes / 2) {}

  void add(std::string_view piece);

  std::uint64_t bytes() const { return bytes_; }  // of all that came
  bool is_cut() const { return bytes_ > head_limit_ + tail_limit_; }
  // UTF-8; where something is left out, a line in square brackets says how much.
  std::string text() const;
  // The last of it, in whole lines where possible, for somebody who is watching.
  std::string latest(std::size_t bytes) const;

 private:
  std::size_t head_limit_;
  std::size_t tail_limit_;
  std::string head_;
  std::string tail_;
  std::uint64_t bytes_ = 0;
};

}  // namespace facet::tools::sandbox
