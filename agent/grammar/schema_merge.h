#pragma once

#include "agent/tool.h"

namespace facet::agent {

// A JSON schema that asks for what both ask for. What can not be put into one is left in `allOf`.
Json merged_schemas(const Json& one, const Json& other);

// What a local reference ("#/$defs/place") points to; null when there is nothing.
const Json* referenced_schema(const Json& root, const std::string& reference);

}  // namespace facet::agent
