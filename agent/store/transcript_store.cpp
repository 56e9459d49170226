#include "agent/store/transcript_store.h"

#include "agent/clock.h"
#include "agent/store/database.h"
#include "agent/store/names.h"
#include "agent/store/writing.h"

namespace facet::agent {

Result<TranscriptId> TranscriptStore::create(const RecordingFile& file, const std::string& title,
                                             const std::string& model, const std::string& language) {
  return write(database_, Durability::Synced, [&]() -> Result<TranscriptId> {
    const std::int64_t now = epoch_ms();
    FACET_ASSIGN_OR_RETURN(
        Statement recording,
        database_.query("INSERT INTO recording (path, name, bytes, modified_ms, duration_ms, created_ms) "
                        "VALUES (?, ?, ?, ?, 0, ?) ON CONFLICT DO UPDATE SET path = path RETURNING id",
                        file.path, file.name, file.bytes, file.modified_ms, now));
    FACET_RETURN_IF_ERROR(recording.next());
    const std::int64_t id = recording.integer();
    FACET_RETURN_IF_ERROR(recording.run_to_end());
    FACET_RETURN_IF_ERROR(database_.run(
        "INSERT INTO transcript (recording_id, title, model, language, state, problem, created_ms, updated_ms) "
        "VALUES (?, ?, ?, ?, 'waiting', '', ?, ?)",
        id, title, model, language, now, now));
    return database_.last_id();
  });
}

Result<SegmentId> TranscriptStore::add_segment(TranscriptId transcript, const Segment& segment) {
  return write(database_, Durability::Written, [&]() -> Result<SegmentId> {
    FACET_RETURN_IF_ERROR(database_.run(
        "INSERT INTO segment (transcript_id, begin_sample, end_sample, speech_begin_sample, speech_end_sample, text, "
        "speaker, language, remark) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        transcript, segment.begin, segment.end, segment.speech_begin, segment.speech_end, segment.text, segment.speaker,
        segment.language, name_of(segment.remark)));
    return database_.last_id();
  });
}

Status TranscriptStore::set_state(TranscriptId transcript, TranscriptState state, const std::string& problem) {
  const Durability durability = is_at_work(state) ? Durability::Written : Durability::Synced;
  return write(database_, durability, [&] {
    return change_row(database_, "transcript",
                      "UPDATE transcript SET state = ?, problem = ?, updated_ms = ? WHERE id = ?", name_of(state),
                      problem, epoch_ms(), transcript);
  });
}

Status TranscriptStore::set_model(TranscriptId transcript, const std::string& model) {
  return write(database_, Durability::Written, [&] {
    return change_row(database_, "transcript", "UPDATE transcript SET model = ? WHERE id = ?", model, transcript);
  });
}

Status TranscriptStore::set_duration(TranscriptId transcript, std::int64_t milliseconds) {
  return write(database_, Durability::Written, [&] {
    return change_row(database_, "transcript",
                      "UPDATE recording SET duration_ms = ? WHERE id = "
                      "(SELECT recording_id FROM transcript WHERE id = ?)",
                      milliseconds, transcript);
  });
}

Status TranscriptStore::rename(TranscriptId transcript, const std::string& title) {
  return write(database_, Durability::Synced, [&] {
    return change_row(database_, "transcript", "UPDATE transcript SET title = ? WHERE id = ?", title, transcript);
  });
}

Status TranscriptStore::remove(TranscriptId transcript) {
  return write(database_, Durability::Synced,
               [&] { return change_row(database_, "transcript", "DELETE FROM transcript WHERE id = ?", transcript); });
}

}  // namespace facet::agent
