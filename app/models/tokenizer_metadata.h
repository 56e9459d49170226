#pragma once

#include <filesystem>

#include "engine/base/result.h"
#include "engine/gguf/gguf_metadata.h"

namespace facet::app::models {

// Puts everything around the weights that a conversation needs into the metadata: the tokens, types and merges of
// `tokenizer.json`, the special ids, the chat template, and the publisher's sampling settings and suppressed tokens
// from `generation_config.json`. `vocabulary_size` is the number of embeddings; entries without a token are filled up.
Status put_tokenizer(const std::filesystem::path& folder, std::uint32_t vocabulary_size,
                     engine::GgufMetadata& metadata);

}  // namespace facet::app::models
