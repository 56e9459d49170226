#pragma once

#include <cstdint>
#include <string>

#include "agent/meeting/transcript.h"
#include "engine/base/result.h"

namespace facet::agent {

class Database;

// A file as it was when it was imported: the same path, length and time of change are the same recording.
struct RecordingFile {
  std::string path;
  std::string name;
  std::int64_t bytes = 0;
  std::int64_t modified_ms = 0;
};

// The side of the store that writes transcripts. Owned by the store, for the same thread.
class TranscriptStore {
 public:
  explicit TranscriptStore(Database& database) : database_(database) {}

  // In state Waiting, without segments. Synced.
  Result<TranscriptId> create(const RecordingFile& file, const std::string& title, const std::string& model,
                              const std::string& language);
  // A finished segment: it survives the end of the process. Gives its id.
  Result<SegmentId> add_segment(TranscriptId transcript, const Segment& segment);
  // Synced where it is no longer at work.
  Status set_state(TranscriptId transcript, TranscriptState state, const std::string& problem = {});
  Status set_model(TranscriptId transcript, const std::string& model);
  Status set_duration(TranscriptId transcript, std::int64_t milliseconds);
  Status rename(TranscriptId transcript, const std::string& title);
  Status remove(TranscriptId transcript);

 private:
  Database& database_;
};

}  // namespace facet::agent
