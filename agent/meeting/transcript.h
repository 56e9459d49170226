#pragma once

#include <cstdint>
#include <string>

// What a transcript is made of: plain data, as rows, events and exports hold it.
namespace facet::agent {

using TranscriptId = std::int64_t;
using SegmentId = std::int64_t;

// What a reader of a segment should know. Repeated: the model said the same over and over, also when it was asked a
// second time, and only the first is kept. Overlong: it said more than anybody can in that time. Empty: it understood
// nothing.
enum class SegmentRemark { None, Repeated, Overlong, Empty };

// What was said in a stretch of a recording. Samples at 16000 a second, counted from its beginning.
struct Segment {
  SegmentId id = 0;
  std::int64_t begin = 0;  // what the model heard
  std::int64_t end = 0;    // the first that does not belong to it
  std::int64_t speech_begin = 0;
  std::int64_t speech_end = 0;
  std::string text;
  std::string speaker;   // empty: not known
  std::string language;  // as the user named it; empty: not known
  SegmentRemark remark = SegmentRemark::None;

  bool operator==(const Segment&) const = default;
};

// Waiting for another one or for a model; Stopped can be taken up again, and so can Failed.
enum class TranscriptState { Waiting, Running, Stopped, Done, Failed };

inline bool is_at_work(TranscriptState state) {
  return state == TranscriptState::Waiting || state == TranscriptState::Running;
}

struct Transcript {
  TranscriptId id = 0;
  std::string title;
  std::string path;  // of the recording
  std::string name;  // as people know it
  std::string model;
  std::string language;
  TranscriptState state = TranscriptState::Waiting;
  std::string problem;           // one sentence when it has failed
  std::int64_t duration_ms = 0;  // 0 while it is not known
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;

  bool operator==(const Transcript&) const = default;
};

}  // namespace facet::agent
