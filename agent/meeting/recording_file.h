#pragma once

#include <string>

#include "agent/store/reader.h"
#include "agent/store/transcript_store.h"
#include "engine/base/result.h"

namespace facet::agent {

// A file as it is now, which is how a recording is known again.
Result<RecordingFile> recording_file(const std::string& path);

// What was said in this file, line by line with times, where it has been transcribed to its end and is unchanged since;
// otherwise nothing.
std::string transcript_of(const StoreReader& reader, const std::string& path);

}  // namespace facet::agent
