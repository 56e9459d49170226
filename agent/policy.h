#pragma once

#include <string>
#include <vector>

#include "agent/tool.h"

// Decides which calls run without asking. Effects decide, never the text of a command.
namespace facet::agent {

struct Verdict {
  enum class Kind { Allow, Ask, Forbid };
  Kind kind = Kind::Ask;
  std::string reason;          // for the user when it asks, for the model when it forbids
  std::string scope;           // the folder in which it could be allowed from now on; empty when that is not offered
  bool asks_always = false;    // nothing but the user's answer to this very call allows it
  bool offers_always = false;  // in `scope`, for every conversation and not for this one alone
};

// Where things lie that decide about more than the call.
struct OwnPlaces {
  std::string facet;  // Facet's database and settings
  std::string home;   // the user's
};

// Reading inside the conversation's folders is allowed, and keeping what the user sees and can delete; what a grant
// covers is allowed; anything else asks. Writing and
// running programs beneath Facet's own folder is forbidden: no call may change what decides about calls. A file that
// acts on its own later (protected_places.h) is named, and no grant covers it.
Verdict decide(const PlannedEffect& planned, const std::vector<Grant>& grants, const OwnPlaces& places = {});

}  // namespace facet::agent
