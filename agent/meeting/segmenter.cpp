#include "agent/meeting/segmenter.h"

#include <algorithm>
#include <utility>

#include "agent/meeting/speech_pieces.h"

namespace facet::agent {

namespace {

constexpr std::int64_t kRate = engine::kSampleRate;
constexpr std::int64_t kStep = VoiceActivity::kStep;
// Of the pauses around a segment so much belongs to it, if they are long enough.
constexpr std::int64_t kPadding = kRate * 3 / 10;
// Words have no pauses as long as this one in them.
constexpr std::int64_t kLeastPause = kRate * 3 / 10;
constexpr std::int64_t kLongPause = kRate * 8 / 10;
// What is shorter is a click, and no word.
constexpr std::int64_t kLeastSpoken = kRate / 5;

// The pause that ends a segment of a length.
std::int64_t wanted_pause(std::int64_t length) {
  constexpr std::int64_t kRange = Segmenter::kMost - Segmenter::kLeast;
  const std::int64_t over = std::clamp(length - Segmenter::kLeast, std::int64_t{0}, kRange);
  return kLongPause - (kLongPause - kLeastPause) * over / kRange;
}

}  // namespace

Segmenter::Segmenter(std::int64_t first, std::int64_t from)
    : held_from_(first), from_(std::max(first, from)), heard_(first) {}

std::vector<SpeechSegment> Segmenter::push(std::span<const float> samples) {
  std::vector<SpeechSegment> complete;
  // In short pieces, so that a large block takes no more memory than many small ones.
  constexpr std::size_t kPiece = kRate;
  while (!samples.empty()) {
    const std::span<const float> piece = samples.first(std::min(samples.size(), kPiece));
    samples = samples.subspan(piece.size());
    held_.insert(held_.end(), piece.begin(), piece.end());
    voice_.push(piece, verdicts_);
    judge(complete);
  }
  return complete;
}

std::vector<SpeechSegment> Segmenter::finish() {
  std::vector<SpeechSegment> complete;
  const std::int64_t end = held_from_ + static_cast<std::int64_t>(held_.size());
  voice_.finish(verdicts_);
  judge(complete);
  const std::int64_t wanted = std::clamp(speech_end_ + kPadding, begin_ + kLeast, begin_ + kMost);
  if (is_open_) close(std::min(end, wanted), complete);
  return complete;
}

void Segmenter::judge(std::vector<SpeechSegment>& complete) {
  for (const bool speaking : verdicts_) {
    speaking ? hear_speech(complete) : hear_silence(complete);
    heard_ += kStep;
  }
  verdicts_.clear();
  forget();
}

void Segmenter::hear_speech(std::vector<SpeechSegment>& complete) {
  if (heard_ < from_) return;
  if (!is_open_) {
    is_open_ = true;
    begin_ = std::max(from_, heard_ - kPadding);
    speech_begin_ = heard_;
    spoken_ = 0;
    pauses_.clear();
  } else if (heard_ > speech_end_) {
    pauses_.push_back({speech_end_, heard_});
  }
  speech_end_ = heard_ + kStep;
  spoken_ += kStep;
  // As long as a segment may be, with the little of a pause that will follow.
  if (speech_end_ - begin_ + kStep > kMost) cut_where_it_is_quietest(complete);
}

void Segmenter::hear_silence(std::vector<SpeechSegment>& complete) {
  if (!is_open_) return;
  const std::int64_t now = heard_ + kStep;
  const std::int64_t pause = now - speech_end_;
  if (pause < wanted_pause(speech_end_ - begin_) || now - begin_ < kLeast) return;
  const std::int64_t end = std::max(speech_end_ + std::min(kPadding, pause / 2), begin_ + kLeast);
  close(std::min(end, begin_ + kMost), complete);
}

// At the longest pause, the last of several. Where there is none that words do not have, at the quietest moment.
void Segmenter::cut_where_it_is_quietest(std::vector<SpeechSegment>& complete) {
  const Pause* best = nullptr;
  for (const Pause& pause : pauses_) {
    const std::int64_t middle = pause.begin + pause.length() / 2;
    if (middle - begin_ < kLeast || pause.length() < kLeastPause) continue;
    if (best == nullptr || pause.length() >= best->length()) best = &pause;
  }
  if (best != nullptr) {
    const Pause pause = *best;
    cut(pause.begin, pause.end, complete);
    return;
  }
  const std::span<const float> samples = std::span(held_).subspan(static_cast<std::size_t>(begin_ - held_from_));
  const std::size_t last = static_cast<std::size_t>(speech_end_ - begin_) - kAroundMoment;
  const auto at = begin_ + static_cast<std::int64_t>(quietest_moment(samples, static_cast<std::size_t>(kLeast), last));
  cut(at, at, complete);
}

// Closes the segment at the end of its speech and opens another one where speech goes on. What lies in between, a pause
// or nothing, is divided.
void Segmenter::cut(std::int64_t speech_end, std::int64_t next, std::vector<SpeechSegment>& complete) {
  const std::int64_t half = (next - speech_end) / 2;
  const std::int64_t went_on_until = speech_end_;
  std::vector<Pause> later;
  for (const Pause& pause : pauses_)
    if (pause.begin >= next) later.push_back(pause);
  speech_end_ = speech_end;
  close(std::max(speech_end + std::min(kPadding, half), std::min(begin_ + kLeast, speech_end + half)), complete);
  is_open_ = true;
  begin_ = std::max(from_, next - std::min(kPadding, half));
  speech_begin_ = next;
  speech_end_ = went_on_until;
  spoken_ = went_on_until - next;
  pauses_ = std::move(later);
}

void Segmenter::close(std::int64_t end, std::vector<SpeechSegment>& complete) {
  is_open_ = false;
  from_ = end;
  if (spoken_ < kLeastSpoken) return;
  const auto first = held_.begin() + (begin_ - held_from_);
  complete.push_back({begin_, end, speech_begin_, std::min(speech_end_, end), {first, first + (end - begin_)}});
}

// What no segment will need any more.
void Segmenter::forget() {
  const std::int64_t needed = is_open_ ? begin_ : std::max(held_from_, heard_ - kPadding);
  held_.erase(held_.begin(),
              held_.begin() + (std::min(needed, held_from_ + static_cast<std::int64_t>(held_.size())) - held_from_));
  held_from_ = std::max(held_from_, needed);
}

}  // namespace facet::agent
