#pragma once

#include <string>
#include <vector>

#include "agent/tool.h"

// Decides which calls run without asking. Effects decide, never the text of a command.
namespace facet::agent {

// A standing permission: this effect beneath this folder, for every conversation, until it is revoked.
struct Grant {
  std::int64_t id = 0;
  Effect effect = Effect::Read;
  std::string folder;  // absolute, resolved
  std::int64_t created_ms = 0;
};

struct Verdict {
  enum class Kind { Allow, Ask, Forbid };
  Kind kind = Kind::Ask;
  std::string reason;        // for the user when it asks, for the model when it forbids
  std::string scope;         // what 'always here' would grant: the folder; empty when that choice is not offered
  bool asks_always = false;  // even where the effect has been allowed for the whole session
};

// Reading inside the conversation's folders is allowed; what a grant covers is allowed; anything else asks. Writing and
// running programs beneath `own_folder`, where Facet keeps its database and settings, is forbidden: no call may change
// what decides about calls.
Verdict decide(const PlannedEffect& planned, const std::vector<Grant>& grants, const std::string& own_folder = {});

}  // namespace facet::agent
