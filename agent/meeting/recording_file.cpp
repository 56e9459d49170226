#include "agent/meeting/recording_file.h"

#include <chrono>
#include <filesystem>
#include <system_error>

#include "agent/meeting/export.h"

namespace facet::agent {

namespace fs = std::filesystem;

Result<RecordingFile> recording_file(const std::string& path) {
  std::error_code failure;
  const fs::path place = fs::canonical(path, failure);
  if (failure || !fs::is_regular_file(place, failure))
    return Error{Error::Code::NotFound, "There is no file " + path + "."};
  RecordingFile file{place.string(), place.filename().string()};
  file.bytes = static_cast<std::int64_t>(fs::file_size(place, failure));
  const fs::file_time_type changed = fs::last_write_time(place, failure);
  if (failure) return Error{Error::Code::Io, "The file " + path + " can not be read: " + failure.message() + "."};
  file.modified_ms = std::chrono::duration_cast<std::chrono::milliseconds>(changed.time_since_epoch()).count();
  return file;
}

std::string transcript_of(const StoreReader& reader, const std::string& path) {
  const auto file = recording_file(path);
  if (!file.ok()) return {};
  const auto transcripts = reader.transcripts_of(*file);
  if (!transcripts.ok()) return {};
  for (const Transcript& transcript : *transcripts) {
    if (transcript.state != TranscriptState::Done) continue;
    const auto segments = reader.segments(transcript.id);
    return segments.ok() ? export_transcript(transcript, *segments, TranscriptFormat::Text) : std::string();
  }
  return {};
}

}  // namespace facet::agent
