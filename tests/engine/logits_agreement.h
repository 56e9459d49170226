#pragma once

#include <QString>
#include <cmath>
#include <span>

#include "reference_models.h"

// Whether logits are those of the reference.
namespace logits_agreement {

// Differences to the float64 evaluation that float32 arithmetic may have; every weight is decoded to float32, so they
// hold for all formats.
inline constexpr double kLargest = 5e-4;
inline constexpr double kRootMeanSquare = 1e-4;

// What is wrong with the logits of a prompt; empty when nothing is.
inline QString disagreement(std::span<const float> logits, const reference_models::Prompt& prompt) {
  if (logits.size() != prompt.exact.size())
    return QString("%1: %2 values in place of %3").arg(prompt.id).arg(logits.size()).arg(prompt.exact.size());
  double largest = 0;
  double squares = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double difference = std::abs(static_cast<double>(logits[i]) - prompt.exact[i]);
    // Written so that a value that is not a number counts as the largest.
    if (!(difference <= largest)) largest = difference;
    squares += difference * difference;
  }
  const double root_mean_square = std::sqrt(squares / static_cast<double>(logits.size()));
  if (largest <= kLargest && root_mean_square <= kRootMeanSquare) return {};
  return QString("%1: largest %2, root mean square %3").arg(prompt.id).arg(largest).arg(root_mean_square);
}

}  // namespace logits_agreement
