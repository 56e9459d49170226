#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/media.h"

// Cuts recordings into clips that a model can take, where nobody speaks. What the encoder hears of a clip depends on
// the 7.7 s before at most, so a cut costs little but the word that it goes through.
namespace facet::agent {

// A piece has 15 to 28 s. The last one has what is left: at least 6 s, at most 30.
inline constexpr std::size_t kLeastPiece = std::size_t{engine::kSampleRate} * 15;
inline constexpr std::size_t kMostPiece = std::size_t{engine::kSampleRate} * 28;
inline constexpr std::size_t kLeastLastPiece = std::size_t{engine::kSampleRate} * 6;
inline constexpr std::size_t kMostLastPiece = std::size_t{engine::kSampleRate} * 30;
// More samples than these do not change where a piece ends.
inline constexpr std::size_t kPieceLookahead = kMostPiece + kLeastLastPiece;
// So many samples on either side of a moment say how loud it is there.
inline constexpr std::size_t kAroundMoment = std::size_t{engine::kSampleRate} * 15 / 100;

// Where it is quietest between two moments that have at least `kAroundMoment` samples around them.
//
// For each 10 ms the loudness of the 300 ms around it is measured, without what is constant in them. Those moments
// count that are as quiet as the quietest: within 3 dB of it, or below -70 dB. The longest stretch of such moments is a
// pause, the later of two of the same length, and its middle is the answer. Where there is no pause, that is the
// quietest moment.
std::size_t quietest_moment(std::span<const float> samples, std::size_t first, std::size_t last);

// Where the piece that begins with the first of these samples ends. They are either all that is left of the recording
// or at least `kPieceLookahead`: a recording of any length is cut while it is read. It is the quietest of all moments
// where a piece may end.
std::size_t piece_end(std::span<const float> samples);

struct SampleRange {
  std::size_t begin = 0;
  std::size_t end = 0;  // the first that does not belong to it

  bool operator==(const SampleRange&) const = default;
};

// The pieces of a whole recording, one after another and without gaps. One of up to 30 s is one piece.
std::vector<SampleRange> cut_at_pauses(std::span<const float> samples);

}  // namespace facet::agent
