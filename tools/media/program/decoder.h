#pragma once

#include <atomic>
#include <cstdint>

#include "tools/media/program/ffmpeg.h"

namespace facet::tools::media {

// How many things the library has complained about so far in this process. It has no other way to tell that it has
// put together a picture with parts missing.
unsigned complaints();
// From now on they are counted and not printed.
void count_complaints();

// One stream's or one picture's decoder. Sizes that `engine::check_image_size` refuses end the process before the
// pixels have memory.
class Decoder {
 public:
  // `parameters` may be null for a picture, of which nothing but the coding is known.
  Decoder(AVCodecID coding, const AVCodecParameters* parameters, AVRational time_base, int threads);
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Null for the end. False when the bytes are damaged.
  bool send(const AVPacket* packet);
  // False when it wants more packets, or has no more frames.
  bool receive(AVFrame& frame);
  void forget();  // after a jump in the file
  AVCodecContext& context() { return *context_; }
  bool was_damaged() const { return was_damaged_; }

 private:
  static int check_size_first(AVCodecContext* context, AVFrame* frame, int flags);
  void fail_where_refused() const;

  std::atomic<std::uint64_t> refused_size_ = 0;  // height and width; set by the decoder's threads, which it outlives
  Owned<AVCodecContext> context_;
  bool was_damaged_ = false;
};

}  // namespace facet::tools::media
