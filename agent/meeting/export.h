#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agent/meeting/transcript.h"

// Transcripts as files of other programs.
namespace facet::agent {

enum class TranscriptFormat { Text, Srt, Vtt, JsonFile, Markdown };

// By a file's extension or a name: "txt", "srt", "vtt", "json", "md". Nothing for others.
std::optional<TranscriptFormat> transcript_format(std::string_view extension);

// The whole file. Segments of which nothing was understood are left out. JSON is
// {"segments": [{"start", "end", "text", "speaker", "language"}]} with seconds, and null for what is not known.
std::string export_transcript(const Transcript& transcript, std::span<const Segment> segments, TranscriptFormat format);

// When somebody begins to speak, and when the last word is over.
std::int64_t begin_ms(const Segment& segment);
std::int64_t end_ms(const Segment& segment);
// Whether a reader should listen again.
bool is_unsure(const Segment& segment);

// "1:02:03"
std::string clock_time(std::int64_t milliseconds);

}  // namespace facet::agent
