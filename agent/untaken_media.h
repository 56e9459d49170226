#pragma once

#include <string>

#include "agent/protocol.h"
#include "agent/text_model.h"

namespace facet::agent {

// What the user is told about a file that the model can not see or hear, or only in part; empty when it can.
std::string untaken_sentence(const AttachmentPart& file, const TextModelInfo& model);
// About all files of a question, a sentence for each.
std::string untaken_sentences(const Message& question, const TextModelInfo& model);

}  // namespace facet::agent
