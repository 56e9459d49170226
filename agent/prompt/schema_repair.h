#pragma once

#include "agent/tool.h"

namespace facet::agent {

// Rewrites a tool declaration so that the template's oddities do not show: parameters get a type, a list of types
// becomes one type with `nullable`, local references and single choices are followed, keywords that the template would
// take for properties go, null descriptions and results of another type than object are left out.
Json repair_tool(const Json& tool);

}  // namespace facet::agent
