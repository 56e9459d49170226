#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace facet::agent {

// Notices that a model only repeats itself and will not come to an end by itself: the last 1500 bytes of what it says
// are the same piece of at most 100 bytes over and over. Tables, lists and code are not.
class EndlessText {
 public:
  // What was said next; true from the moment on at which it is endless.
  bool add(std::string_view text);

 private:
  bool is_endless() const;

  std::string tail_;
  std::size_t unseen_ = 0;  // bytes since it was looked at
};

}  // namespace facet::agent
