#include "agent/store/transcript_rows.h"

#include <utility>

#include "agent/store/rows.h"

namespace facet::agent {

namespace {

// Rows of titles and segments in the search index, as the schema's triggers number them.
constexpr std::int64_t kFirstRow = std::int64_t{1} << 62;

#define FACET_SELECT_TRANSCRIPT                                                                                    \
  "SELECT transcript.id, title, path, name, model, language, state, problem, duration_ms, transcript.created_ms, " \
  "updated_ms FROM transcript JOIN recording ON recording.id = recording_id "

Result<std::vector<Transcript>> read_all(const Database& database, Statement rows) {
  std::vector<Transcript> transcripts;
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return transcripts;
    Transcript& transcript = transcripts.emplace_back();
    transcript.id = rows.integer();
    transcript.title = rows.text();
    transcript.path = rows.text();
    transcript.name = rows.text();
    transcript.model = rows.text();
    transcript.language = rows.text();
    FACET_RETURN_IF_ERROR(read_name(database, rows, transcript.state));
    transcript.problem = rows.text();
    transcript.duration_ms = rows.integer();
    transcript.created_ms = rows.integer();
    transcript.updated_ms = rows.integer();
  }
}

}  // namespace

Result<std::vector<Transcript>> read_transcripts(Database& database, int limit) {
  FACET_ASSIGN_OR_RETURN(
      Statement rows,
      database.query(FACET_SELECT_TRANSCRIPT "ORDER BY updated_ms DESC, transcript.id DESC LIMIT ?", limit));
  return read_all(database, std::move(rows));
}

Result<std::optional<Transcript>> read_transcript(Database& database, TranscriptId id) {
  FACET_ASSIGN_OR_RETURN(Statement rows, database.query(FACET_SELECT_TRANSCRIPT "WHERE transcript.id = ?", id));
  FACET_ASSIGN_OR_RETURN(auto found, read_all(database, std::move(rows)));
  if (found.empty()) return std::optional<Transcript>();
  return std::optional<Transcript>(std::move(found.front()));
}

Result<std::vector<Transcript>> read_transcripts_of(Database& database, const RecordingFile& file) {
  FACET_ASSIGN_OR_RETURN(Statement rows,
                         database.query(FACET_SELECT_TRANSCRIPT
                                        "WHERE path = ? AND bytes = ? AND modified_ms = ? ORDER BY transcript.id DESC",
                                        file.path, file.bytes, file.modified_ms));
  return read_all(database, std::move(rows));
}

#undef FACET_SELECT_TRANSCRIPT

Result<std::vector<Segment>> read_segments(Database& database, TranscriptId id) {
  FACET_ASSIGN_OR_RETURN(
      Statement rows,
      database.query("SELECT id, begin_sample, end_sample, speech_begin_sample, speech_end_sample, text, speaker, "
                     "language, remark FROM segment WHERE transcript_id = ? ORDER BY begin_sample",
                     id));
  std::vector<Segment> segments;
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return segments;
    Segment& segment = segments.emplace_back();
    segment.id = rows.integer();
    segment.begin = rows.integer();
    segment.end = rows.integer();
    segment.speech_begin = rows.integer();
    segment.speech_end = rows.integer();
    segment.text = rows.text();
    segment.speaker = rows.text();
    segment.language = rows.text();
    FACET_RETURN_IF_ERROR(read_name(database, rows, segment.remark));
  }
}

Result<std::optional<FoundInTranscript>> find_in_transcripts(Database& database, std::int64_t search_row) {
  std::optional<FoundInTranscript> found;
  if (search_row < -kFirstRow) found = FoundInTranscript{-kFirstRow - search_row};
  if (search_row <= kFirstRow) return found;
  const SegmentId segment = search_row - kFirstRow;
  FACET_ASSIGN_OR_RETURN(Statement rows,
                         database.query("SELECT transcript_id, begin_sample FROM segment WHERE id = ?", segment));
  FACET_ASSIGN_OR_RETURN(const bool is_there, rows.next());
  if (!is_there) return damaged(database, "the search index points at nothing");
  found.emplace().segment = segment;
  found->transcript = rows.integer();
  found->begin_sample = rows.integer();
  return found;
}

}  // namespace facet::agent
