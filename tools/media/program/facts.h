#pragma once

#include "tools/media/program/container.h"
#include "tools/media/protocol.h"

namespace facet::tools::media {

// Whether the file begins as a picture does.
bool is_picture(const FileBytes& file);
FactsMessage facts_of(const Container& container);
// Answers with what the file is.
[[noreturn]] void answer_facts(const FileBytes& file);

}  // namespace facet::tools::media
