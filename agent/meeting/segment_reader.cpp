#include "agent/meeting/segment_reader.h"

#include <cmath>
#include <utility>

#include "agent/media_json.h"
#include "agent/meeting/repetition.h"
#include "agent/prompt/prompt.h"
#include "agent/prompt/reply_parser.h"

namespace facet::agent {

namespace {

using Reason = GenerateOutcome::Reason;

// The words that the publisher of the models gives for this, with the sound behind them.
constexpr const char* kAnyLanguage = "Transcribe the following speech segment in its original language.";
constexpr const char* kFormat =
    " Follow these specific instructions for formatting the answer:\n"
    "* Only output the transcription, with no newlines.\n"
    "* When transcribing numbers, write the digits, i.e. write 1.7 and not one point seven, and write 3 instead of "
    "three.";

// Nobody says more than that in a second.
constexpr double kMostCharacters = 40;
constexpr double kMostTokens = 12;
constexpr std::int64_t kTokensBesides = 32;
// Short words are said in no time at all.
constexpr double kCharactersBesides = 40;

std::string instruction(const std::string& language) {
  if (language.empty()) return std::string(kAnyLanguage) + kFormat;
  return "Transcribe the following speech segment in " + language + " into " + language + " text." + kFormat;
}

std::size_t characters(const std::string& text) {
  std::size_t count = 0;
  for (const char c : text)
    count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

// One line without space around it. Control characters are space too: no other program expects them.
std::string tidied(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const bool is_space = static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
    if (is_space && (line.empty() || line.back() == ' ')) continue;
    line += is_space ? ' ' : c;
  }
  while (!line.empty() && line.back() == ' ')
    line.pop_back();
  return line;
}

// What the model is told the second time: not to take the most probable word each time, and not what it has just said.
SamplingOverrides another_setting() {
  SamplingOverrides sampling;
  sampling.temperature = 0.6F;
  sampling.repetition_penalty = 1.2F;
  return sampling;
}

}  // namespace

SegmentReader::SegmentReader(BackgroundModel& model, PromptVariant variant, std::string language)
    : model_(model), variant_(variant), language_(std::move(language)) {}

Result<Segment> SegmentReader::read(SpeechSegment heard, const std::stop_token& stop) {
  Segment segment;
  segment.begin = heard.begin;
  segment.end = heard.end;
  segment.speech_begin = heard.speech_begin;
  segment.speech_end = heard.speech_end;
  segment.language = language_;

  const double seconds = static_cast<double>(heard.speech_end - heard.speech_begin) / engine::kSampleRate;
  GenerateRequest request;
  request.max_tokens = kTokensBesides + std::llround(kMostTokens * seconds);
  request.sampling.temperature = 0.0F;
  FACET_ASSIGN_OR_RETURN(request.prompt,
                         prompt(std::make_shared<const engine::PcmAudio>(engine::PcmAudio{std::move(heard.samples)})));
  FACET_ASSIGN_OR_RETURN(Reply reply, ask(request, seconds, stop));
  if (reply.remark == SegmentRemark::Repeated || reply.remark == SegmentRemark::Overlong) {
    request.sampling = another_setting();
    request.seed = 1;
    FACET_ASSIGN_OR_RETURN(Reply second, ask(request, seconds, stop));
    if (second.remark == SegmentRemark::None) reply = std::move(second);
  }
  segment.text = std::move(reply.text);
  segment.remark = reply.remark;
  return segment;
}

// A reply that has begun to repeat itself is ended: it would go on to the last token.
Result<SegmentReader::Reply> SegmentReader::ask(const GenerateRequest& request, double seconds,
                                                const std::stop_token& stop) {
  ReplyParser parser(start_after(request.prompt), Json());
  std::string text;
  std::optional<std::size_t> kept;
  std::stop_source halt;
  const std::stop_callback forward(stop, [&] { halt.request_stop(); });
  const auto take = [&](const std::vector<ReplyEvent>& events) {
    for (const ReplyEvent& event : events)
      if (const auto* said = std::get_if<ReplyText>(&event)) text += said->text;
    kept = length_before_repetition(text);
    if (kept) halt.request_stop();
  };
  GenerateCallbacks callbacks;
  callbacks.piece = [&](const ReplyPiece& piece) {
    if (!kept) take(parser.push(piece));
  };
  const GenerateOutcome outcome = model_.generate(request, callbacks, halt.get_token());
  if (stop.stop_requested()) return Error{Error::Code::Stopped, "The transcription was stopped."};
  if (outcome.reason == Reason::Failed || outcome.reason == Reason::ContextFull)
    return Error{Error::Code::Internal, outcome.error};
  if (!kept)
    take(parser.finish(outcome.reason == Reason::EndOfTurn ? ReplyParser::End::Stop : ReplyParser::End::Length));

  Reply reply;
  reply.text = tidied(kept ? text.substr(0, *kept) : text);
  const double most = kCharactersBesides + kMostCharacters * seconds;
  if (kept) {
    reply.remark = SegmentRemark::Repeated;
  } else if (outcome.reason != Reason::EndOfTurn || static_cast<double>(characters(reply.text)) > most) {
    reply.remark = SegmentRemark::Overlong;
  } else if (reply.text.empty()) {
    reply.remark = SegmentRemark::Empty;
  }
  return reply;
}

Result<std::vector<PromptPiece>> SegmentReader::prompt(std::shared_ptr<const engine::PcmAudio> sound) const {
  MediaItem item;
  item.piece.kind = MediaPiece::Kind::Sound;
  item.piece.end = static_cast<std::int64_t>(sound->samples.size());
  item.name = "segment";
  Json content = Json::array();
  content.push_back({{"type", "text"}, {"text", instruction(language_)}});
  content.push_back({{"type", "audio"}, {"media", to_json(item)}});
  Json messages = Json::array();
  messages.push_back({{"role", "user"}, {"content", std::move(content)}});
  PromptOptions options;
  options.variant = variant_;
  FACET_ASSIGN_OR_RETURN(std::vector<PromptPiece> pieces, render_prompt(messages, Json(), options));
  for (PromptPiece& piece : pieces)
    if (piece.media) piece.media->sound = sound;
  return pieces;
}

}  // namespace facet::agent
