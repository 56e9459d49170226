#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tools/media/protocol.h"

// The program's side of the protocol. It does one thing and is done with, so the first failure ends it: what it leaves
// behind is the system's to clean up, and no code after a failure can be led astray.
namespace facet::tools::media {

void send(const FactsMessage& facts);
void send(const ImageMessage& image);
void send(const ConfinementMessage& confinement);
// In pieces.
void send_pixels(std::span<const std::uint8_t> pixels);
void send_samples(std::span<const float> samples);

[[noreturn]] void end(bool is_damaged);
[[noreturn]] void fail(Failure failure);
[[noreturn]] void fail_too_large(std::uint64_t width, std::uint64_t height);
[[noreturn]] void fail_unsupported(const char* coding);

void copy_name(char (&to)[kNameBytes], std::string_view name);

// Says how far the work is, a hundred times at most and never backwards.
class Progress {
 public:
  void reach(double part);

 private:
  double last_ = -1;
};

}  // namespace facet::tools::media
