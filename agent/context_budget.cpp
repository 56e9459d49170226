#include "agent/context_budget.h"

#include <algorithm>

namespace facet::agent {

Result<int> turns_to_leave_out(int turns, std::int64_t budget,
                               const std::function<Result<std::int64_t>(int first)>& tokens_from) {
  FACET_ASSIGN_OR_RETURN(const std::int64_t total, tokens_from(0));
  if (total <= budget || turns <= 1) return 0;
  const std::int64_t block = std::max<std::int64_t>(budget / 2, 1);
  const std::int64_t blocks = (total - budget + block - 1) / block;
  const std::int64_t target = total - blocks * block;  // what may be left

  int low = 1;
  int high = turns - 1;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    FACET_ASSIGN_OR_RETURN(const std::int64_t left, tokens_from(middle));
    if (left <= target) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace facet::agent
