#include "tools/media/program/answer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace facet::tools::media {
namespace {

enum ExitStatus { kAnswered = 0, kFailed = 1, kNobodyListens = 2 };

void write_all(const void* bytes, std::size_t count) {
  const char* from = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = write(kAnswerDescriptor, from, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) _exit(kNobodyListens);
    from += written;
    count -= static_cast<std::size_t>(written);
  }
}

void send_bytes(MessageKind kind, const void* bytes, std::size_t count) {
  const MessageHeader header{static_cast<std::uint32_t>(kind), static_cast<std::uint32_t>(count)};
  write_all(&header, sizeof header);
  write_all(bytes, count);
}

template <typename T>
void send_in_pieces(MessageKind kind, std::span<const T> values) {
  constexpr std::size_t kPiece = kMostMessageBytes / sizeof(T);
  for (; !values.empty(); values = values.subspan(std::min(kPiece, values.size())))
    send_bytes(kind, values.data(), std::min(kPiece, values.size()) * sizeof(T));
}

[[noreturn]] void fail_with(const FailureMessage& failure) {
  send_bytes(MessageKind::Failure, &failure, sizeof failure);
  _exit(kFailed);
}

}  // namespace

void send(const FactsMessage& facts) {
  send_bytes(MessageKind::Facts, &facts, sizeof facts);
}

void send(const ImageMessage& image) {
  send_bytes(MessageKind::Image, &image, sizeof image);
}

void send(const ConfinementMessage& confinement) {
  send_bytes(MessageKind::Confinement, &confinement, sizeof confinement);
}

void send_pixels(std::span<const std::uint8_t> pixels) {
  send_in_pieces(MessageKind::Pixels, pixels);
}

void send_samples(std::span<const float> samples) {
  send_in_pieces(MessageKind::Samples, samples);
}

// Without running what libraries have registered for the end: nothing of it is wanted, and some of it is forbidden.
void end(bool is_damaged) {
  const EndMessage message{is_damaged ? 1U : 0U};
  send_bytes(MessageKind::End, &message, sizeof message);
  _exit(kAnswered);
}

void fail(Failure failure) {
  FailureMessage message;
  message.failure = failure;
  fail_with(message);
}

void fail_too_large(std::uint64_t width, std::uint64_t height) {
  FailureMessage message;
  message.failure = Failure::TooLarge;
  message.width = width;
  message.height = height;
  fail_with(message);
}

void fail_unsupported(const char* coding) {
  FailureMessage message;
  message.failure = Failure::Unsupported;
  copy_name(message.name, coding);
  fail_with(message);
}

void copy_name(char (&to)[kNameBytes], std::string_view name) {
  const std::size_t count = std::min(name.size(), kNameBytes - 1);
  std::memcpy(to, name.data(), count);
  to[count] = '\0';
}

void Progress::reach(double part) {
  constexpr double kStep = 0.01;
  part = std::clamp(part, 0.0, 1.0);
  if (part < last_ + kStep) return;
  last_ = part;
  const ProgressMessage message{part};
  send_bytes(MessageKind::Progress, &message, sizeof message);
}

}  // namespace facet::tools::media
