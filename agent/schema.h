#pragma once

#include <string>

#include "agent/tool.h"

// The subset of JSON schema that tools use: type (one or a list), properties, required, additionalProperties, items,
// enum, const, minimum, maximum, minLength, maxLength, minItems, maxItems, anyOf.
namespace facet::agent {

// Checks arguments against a tool's schema and returns them with harmless differences mended (a number written as a
// whole float for an integer, a string of digits for an integer, a scalar for a string). The error is one sentence for
// the model: "path is missing", "first_line must be an integer of at least 1".
Result<Json> check_arguments(const Json& schema, const Json& arguments);

}  // namespace facet::agent
