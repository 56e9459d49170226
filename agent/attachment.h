#pragma once

#include <string>

#include "agent/protocol.h"
#include "engine/base/result.h"

namespace facet::agent {

// A file as the user attached it: where it is, what it is, its SHA-256, and its text where that is short enough to be
// read by the model at once. A file that is not there is an error in one sentence.
Result<AttachmentPart> read_attachment(const std::string& path);

// As far as the model is told of it, at once: a file that is too long to be read by the model is not read here either.
Result<AttachmentPart> glance_at_attachment(const std::string& path);

}  // namespace facet::agent
