#include <algorithm>
#include <utility>

#include "tools/media/media_reader.h"
#include "tools/media/messages.h"

namespace facet::tools::media {

bool ProgressReports::take(double part) {
  // Half of what the decoder's steps are.
  constexpr double kLeastStep = 0.005;
  if (part < last_ + kLeastStep) return false;
  last_ = part;
  if (tell_) tell_(part);
  return true;
}

void ProgressReports::finish() {
  if (tell_) tell_(1);
}

Result<std::size_t> SoundStream::read(std::span<float> to) {
  std::size_t count = 0;
  while (count < to.size()) {
    if (position_ == samples_.size()) {
      if (is_at_end_) break;
      FACET_RETURN_IF_ERROR(take_message());
      continue;
    }
    const std::size_t part = std::min(to.size() - count, samples_.size() - position_);
    std::copy_n(samples_.begin() + static_cast<std::ptrdiff_t>(position_), part,
                to.begin() + static_cast<std::ptrdiff_t>(count));
    position_ += part;
    count += part;
  }
  return count;
}

Status SoundStream::take_message() {
  samples_.clear();
  position_ = 0;
  FACET_ASSIGN_OR_RETURN(const Message message, process_->next());
  if (message.kind == MessageKind::Progress) {
    FACET_ASSIGN_OR_RETURN(const double part, take_progress(*process_, message));
    if (!progress_.take(part)) return process_->nonsense();
  } else if (message.kind == MessageKind::Samples) {
    FACET_ASSIGN_OR_RETURN(samples_, take_samples(*process_, message));
  } else {
    FACET_ASSIGN_OR_RETURN(is_damaged_, take_end(*process_, message));
    is_at_end_ = true;
    progress_.finish();
  }
  return {};
}

Result<std::optional<VideoFrame>> FrameStream::next() {
  while (!is_at_end_) {
    FACET_ASSIGN_OR_RETURN(const Message message, process_->next());
    if (message.kind == MessageKind::Progress) {
      FACET_ASSIGN_OR_RETURN(const double part, take_progress(*process_, message));
      if (!progress_.take(part)) return process_->nonsense();
    } else if (message.kind == MessageKind::Image) {
      if (left_ == 0) return process_->nonsense();
      --left_;
      FACET_ASSIGN_OR_RETURN(IncomingImage incoming, take_image(*process_, message));
      return std::optional<VideoFrame>(VideoFrame{std::move(incoming.image), incoming.seconds});
    } else {
      FACET_ASSIGN_OR_RETURN(is_damaged_, take_end(*process_, message));
      is_at_end_ = true;
      progress_.finish();
    }
  }
  return std::optional<VideoFrame>();
}

}  // namespace facet::tools::media
