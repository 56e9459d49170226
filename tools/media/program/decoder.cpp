#include "tools/media/program/decoder.h"

#include <atomic>
#include <cerrno>

#include "engine/media.h"
#include "tools/media/program/answer.h"

namespace facet::tools::media {
namespace {

// The library's messages go to one function without an argument of ours.
std::atomic<unsigned> complaint_count = 0;

void count(void*, int level, const char*, va_list) {
  if (level <= AV_LOG_ERROR) ++complaint_count;
}

}  // namespace

unsigned complaints() {
  return complaint_count;
}

void count_complaints() {
  av_log_set_callback(count);
}

Decoder::Decoder(AVCodecID coding, const AVCodecParameters* parameters, AVRational time_base, int threads) {
  const AVCodec* codec = avcodec_find_decoder(coding);
  if (codec == nullptr) fail_unsupported(avcodec_get_name(coding));
  context_.reset(avcodec_alloc_context3(codec));
  if (!context_) fail(Failure::OutOfMemory);
  if (parameters != nullptr && avcodec_parameters_to_context(context_.get(), parameters) < 0) fail(Failure::Damaged);
  context_->pkt_timebase = time_base;
  context_->thread_count = threads;
  context_->opaque = this;
  context_->get_buffer2 = check_size_first;
#if LIBAVCODEC_VERSION_MAJOR < 60
  // Later versions take that for granted.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  context_->thread_safe_callbacks = 1;
#pragma GCC diagnostic pop
#endif
  const int opened = avcodec_open2(context_.get(), codec, nullptr);
  if (opened == AVERROR(ENOMEM)) fail(Failure::OutOfMemory);
  if (opened == AVERROR_PATCHWELCOME || opened == AVERROR(ENOSYS)) fail_unsupported(codec->name);
  if (opened < 0) fail(Failure::Damaged);
}

bool Decoder::send(const AVPacket* packet) {
  const int sent = avcodec_send_packet(context_.get(), packet);
  if (sent == AVERROR(ENOMEM)) fail(Failure::OutOfMemory);
  if (sent < 0 && sent != AVERROR_EOF) {
    fail_where_refused();
    was_damaged_ = true;
  }
  return sent >= 0;
}

bool Decoder::receive(AVFrame& frame) {
  while (true) {
    const int received = avcodec_receive_frame(context_.get(), &frame);
    if (received == AVERROR(ENOMEM)) fail(Failure::OutOfMemory);
    if (received >= 0) return true;
    if (received == AVERROR(EAGAIN) || received == AVERROR_EOF) return false;
    fail_where_refused();
    was_damaged_ = true;
    // A frame that can not be decoded leaves the ones behind it; the library says again when there are none.
    if (received != AVERROR_INVALIDDATA) return false;
  }
}

// The library calls this when it knows a frame's size, before it has memory for it, in one of its threads.
int Decoder::check_size_first(AVCodecContext* context, AVFrame* frame, int flags) {
  const auto width = static_cast<std::uint32_t>(frame->width);
  const auto height = static_cast<std::uint32_t>(frame->height);
  if (context->codec_type == AVMEDIA_TYPE_VIDEO && !engine::check_image_size(width, height).ok()) {
    static_cast<Decoder*>(context->opaque)->refused_size_ = std::uint64_t{height} << 32U | width;
    return AVERROR(EINVAL);
  }
  return avcodec_default_get_buffer2(context, frame, flags);
}

void Decoder::fail_where_refused() const {
  const std::uint64_t size = refused_size_;
  if (size != 0) fail_too_large(size & 0xffffffffU, size >> 32U);
}

void Decoder::forget() {
  avcodec_flush_buffers(context_.get());
}

}  // namespace facet::tools::media
