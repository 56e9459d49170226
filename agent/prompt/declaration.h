#pragma once

#include "agent/prompt/piece_writer.h"
#include "agent/tool.h"
#include "engine/base/result.h"

namespace facet::agent {

// Writes one tool declaration, `<|tool>declaration:NAME{...}<tool|>`, exactly as the official template does, its
// oddities included. `tool` is {"type": "function", "function": {name, description, parameters, response}}.
Status write_declaration(PieceWriter& out, const Json& tool);

}  // namespace facet::agent
