#include "agent/meeting/export.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/meeting/captions.h"
#include "engine/media.h"

namespace facet::agent {

namespace {

constexpr std::array<std::string_view, 5> kExtensions = {"txt", "srt", "vtt", "json", "md"};
constexpr std::string_view kUnsure = " [unsure]";

std::string padded(std::int64_t number, std::size_t digits) {
  std::string text = std::to_string(number);
  return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
}

std::vector<Segment> understood(std::span<const Segment> segments) {
  std::vector<Segment> with_text;
  for (const Segment& segment : segments)
    if (!segment.text.empty()) with_text.push_back(segment);
  return with_text;
}

std::string spoken_text(const Segment& segment) {
  std::string text = segment.speaker.empty() ? "" : segment.speaker + ": ";
  text += segment.text;
  if (is_unsure(segment)) text += kUnsure;
  return text;
}

std::string as_text(std::span<const Segment> segments) {
  std::string out;
  for (const Segment& segment : segments)
    out += "[" + clock_time(begin_ms(segment)) + "] " + spoken_text(segment) + "\n";
  return out;
}

// Characters that mean something in Markdown mean themselves.
std::string markdown_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\`*_[]<>#&|~").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string as_markdown(const Transcript& transcript, std::span<const Segment> segments) {
  std::string out = "# " + markdown_text(transcript.title) + "\n\n" + markdown_text(transcript.name);
  if (transcript.duration_ms > 0) out += ", " + clock_time(transcript.duration_ms);
  if (!transcript.model.empty()) out += ", transcribed by " + markdown_text(transcript.model);
  out += "\n";
  for (const Segment& segment : segments)
    out += "\n**" + clock_time(begin_ms(segment)) + "** " + markdown_text(spoken_text(segment)) + "\n";
  return out;
}

std::string time_stamp(std::int64_t milliseconds, char point) {
  return padded(milliseconds / 3'600'000, 2) + ":" + padded(milliseconds / 60'000 % 60, 2) + ":" +
         padded(milliseconds / 1000 % 60, 2) + point + padded(milliseconds % 1000, 3);
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

// An arrow in a text would be taken for that between two times.
std::string as_srt(std::span<const Segment> segments) {
  std::string out;
  std::int64_t number = 0;
  for (const Caption& caption : captions_of(segments)) {
    out += std::to_string(++number) + "\n" + time_stamp(caption.begin_ms, ',') + " --> " +
           time_stamp(caption.end_ms, ',') + "\n";
    for (const std::string& line : caption.lines)
      out += replaced(line, "-->", "→") + "\n";
    out += "\n";
  }
  return out;
}

std::string as_vtt(std::span<const Segment> segments) {
  std::string out = "WEBVTT\n\n";
  for (const Caption& caption : captions_of(segments)) {
    out += time_stamp(caption.begin_ms, '.') + " --> " + time_stamp(caption.end_ms, '.') + "\n";
    for (const std::string& line : caption.lines)
      out += replaced(replaced(replaced(line, "&", "&amp;"), "<", "&lt;"), ">", "&gt;") + "\n";
    out += "\n";
  }
  return out;
}

double seconds(std::int64_t samples) {
  return std::round(static_cast<double>(samples) * 1000 / engine::kSampleRate) / 1000;
}

std::string as_json(std::span<const Segment> segments) {
  const auto known = [](const std::string& text) {
    return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
  };
  auto list = nlohmann::ordered_json::array();
  for (const Segment& segment : segments)
    list.push_back({{"start", seconds(segment.speech_begin)},
                    {"end", seconds(segment.speech_end)},
                    {"text", segment.text},
                    {"speaker", known(segment.speaker)},
                    {"language", known(segment.language)}});
  const nlohmann::ordered_json whole = {{"segments", std::move(list)}};
  return whole.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

std::optional<TranscriptFormat> transcript_format(std::string_view extension) {
  for (std::size_t i = 0; i < kExtensions.size(); ++i)
    if (kExtensions[i] == extension) return static_cast<TranscriptFormat>(i);
  return std::nullopt;
}

std::string export_transcript(const Transcript& transcript, std::span<const Segment> segments,
                              TranscriptFormat format) {
  const std::vector<Segment> shown = understood(segments);
  switch (format) {
    case TranscriptFormat::Text:
      return as_text(shown);
    case TranscriptFormat::Srt:
      return as_srt(shown);
    case TranscriptFormat::Vtt:
      return as_vtt(shown);
    case TranscriptFormat::JsonFile:
      return as_json(shown);
    case TranscriptFormat::Markdown:
      return as_markdown(transcript, shown);
  }
  return {};
}

std::int64_t begin_ms(const Segment& segment) {
  return segment.speech_begin * 1000 / engine::kSampleRate;
}

std::int64_t end_ms(const Segment& segment) {
  return segment.speech_end * 1000 / engine::kSampleRate;
}

bool is_unsure(const Segment& segment) {
  return segment.remark == SegmentRemark::Repeated || segment.remark == SegmentRemark::Overlong;
}

std::string clock_time(std::int64_t milliseconds) {
  return std::to_string(milliseconds / 3'600'000) + ":" + padded(milliseconds / 60'000 % 60, 2) + ":" +
         padded(milliseconds / 1000 % 60, 2);
}

}  // namespace facet::agent
