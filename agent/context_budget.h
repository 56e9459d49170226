#pragma once

#include <cstdint>
#include <functional>

#include "engine/base/result.h"

namespace facet::agent {

// How many of the oldest turns are left out of a prompt so that it fits. `tokens_from(n)` is the length of the prompt
// that begins with turn n; it falls as n grows. The last turn always stays, whether it fits or not.
//
// Leaving turns out changes the beginning of the prompt, and what was cached of it is lost. So they are left out in
// blocks of half the budget: the answer stays the same while the conversation grows by such a block.
Result<int> turns_to_leave_out(int turns, std::int64_t budget,
                               const std::function<Result<std::int64_t>(int first)>& tokens_from);

}  // namespace facet::agent
