#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/meeting/transcript.h"

namespace facet::agent {

// What is read below a film at once.
struct Caption {
  std::int64_t begin_ms = 0;
  std::int64_t end_ms = 0;
  std::vector<std::string> lines;  // one or two
};

// Segments as captions of at most two lines of 42 characters, which end with a sentence where that leaves none too
// short. Within a segment a caption is shown for as long as its share of the characters is of the time in which
// somebody speaks: where each word is said is not known.
std::vector<Caption> captions_of(std::span<const Segment> segments);

}  // namespace facet::agent
