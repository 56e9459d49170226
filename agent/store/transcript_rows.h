#pragma once

#include <optional>
#include <vector>

#include "agent/meeting/transcript.h"
#include "agent/store/database.h"
#include "agent/store/transcript_store.h"
#include "engine/base/result.h"

// Rows to transcripts and segments.
namespace facet::agent {

// Newest first.
Result<std::vector<Transcript>> read_transcripts(Database& database, int limit);
Result<std::optional<Transcript>> read_transcript(Database& database, TranscriptId id);
// Of this very file, newest first.
Result<std::vector<Transcript>> read_transcripts_of(Database& database, const RecordingFile& file);
// In the order in which they are heard.
Result<std::vector<Segment>> read_segments(Database& database, TranscriptId id);

// What a row of the search index stands for, if that is a transcript's title or a segment.
struct FoundInTranscript {
  TranscriptId transcript = 0;
  SegmentId segment = 0;          // 0 for a title
  std::int64_t begin_sample = 0;  // of the segment
};
Result<std::optional<FoundInTranscript>> find_in_transcripts(Database& database, std::int64_t search_row);

}  // namespace facet::agent
