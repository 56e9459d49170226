#include "agent/endless_text.h"

namespace facet::agent {
namespace {

constexpr std::size_t kLength = 1500;
constexpr std::size_t kLongestPeriod = 100;
constexpr std::size_t kLookEvery = 100;

}  // namespace

bool EndlessText::add(std::string_view text) {
  tail_ += text;
  unseen_ += text.size();
  if (tail_.size() < kLength || unseen_ < kLookEvery) return false;
  unseen_ = 0;
  tail_.erase(0, tail_.size() - kLength);
  return is_endless();
}

bool EndlessText::is_endless() const {
  const std::string_view tail = tail_;
  for (std::size_t period = 1; period <= kLongestPeriod; ++period)
    if (tail.substr(period) == tail.substr(0, tail.size() - period)) return true;
  return false;
}

}  // namespace facet::agent
