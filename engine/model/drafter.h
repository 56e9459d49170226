#pragma once

#include "engine/base/result.h"
#include "engine/engine.h"

namespace facet::engine {

class GgufFile;

// A drafter is a few layers without keys and values of their own: they read those of a model, guess its next tokens and
// so let it check several at once. It gives no answers by itself. Writers disagree about its names; all of their
// dialects are understood.
bool is_drafter(const GgufFile& file);

// Checks that the file holds a drafter with all its parts. Fails with a sentence that names the key or the tensor.
Result<ModelDescription> describe_drafter(const GgufFile& file);

}  // namespace facet::engine
