#include "tools/media/program/container.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <vector>

#include "tools/media/program/answer.h"

namespace facet::tools::media {
namespace {

// What people have as recordings, videos and music. Left out are playlists, which name other files, subtitles,
// formats of games, and raw data that anything may look like.
constexpr char kFormats[] =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,aac,flac,ogg,wav,w64,aiff,au,caf,amr,asf,avi,flv,mpegts,mpeg,"
    "mpegvideo,m4v,h264,hevc,ivf,obu,ac3,eac3,dts,ape,wv,tta,gif,apng,dv,mxf,rm";

constexpr int kIoBytes = 1 << 16;

// Asked for whatever a file refers to: parts of a playlist, samples beside it, keys.
int refuse_to_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

[[noreturn]] void fail_to_open(int reason) {
  if (reason == AVERROR(ENOMEM)) fail(Failure::OutOfMemory);
  fail(reason == AVERROR_INVALIDDATA || reason == AVERROR(EINVAL) ? Failure::NotMedia : Failure::Damaged);
}

// Some formats say what their streams are only in the packets, of which the first are decoded here.
void find_streams(AVFormatContext* context) {
  if (avformat_find_stream_info(context, nullptr) == AVERROR(ENOMEM)) fail(Failure::OutOfMemory);
}

}  // namespace

Container::Container(const FileBytes& file) : source_(new Source{&file, 0}) {
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(kIoBytes));
  if (buffer == nullptr) fail(Failure::OutOfMemory);
  io_.reset(avio_alloc_context(buffer, kIoBytes, 0, source_.get(), read, nullptr, seek));
  AVFormatContext* context = avformat_alloc_context();
  if (io_ == nullptr || context == nullptr) fail(Failure::OutOfMemory);
  context->pb = io_.get();
  context->io_open = refuse_to_open;
  // Older formats leave out the times of frames that others are stored in front of.
  context->flags |= AVFMT_FLAG_GENPTS;
  AVDictionary* wanted = nullptr;
  av_dict_set(&wanted, "format_whitelist", kFormats, 0);
  av_dict_set(&wanted, "protocol_whitelist", "", 0);
  const int opened = avformat_open_input(&context, "", nullptr, &wanted);
  const Owned<AVDictionary> rest(wanted);
  if (opened < 0) fail_to_open(opened);
  context_.reset(context);
  find_streams(context);
}

AVStream* Container::best(AVMediaType kind) const {
  const int found = av_find_best_stream(context_.get(), kind, -1, -1, nullptr, 0);
  if (found < 0) return nullptr;
  AVStream* stream = context_->streams[found];
  return (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0 ? nullptr : stream;
}

void Container::only(const AVStream& stream) {
  only_ = stream.index;
  for (unsigned i = 0; i < context_->nb_streams; ++i)
    if (context_->streams[i] != &stream) context_->streams[i]->discard = AVDISCARD_ALL;
}

// Packets that were read to find the streams come whatever is discarded since.
bool Container::next(AVPacket& packet) {
  do {
    av_packet_unref(&packet);
    const int got = av_read_frame(context_.get(), &packet);
    if (got == AVERROR(ENOMEM)) fail(Failure::OutOfMemory);
    if (got < 0) return false;
  } while (!is_wanted(packet));
  return true;
}

double Container::part_read() const {
  const auto size = static_cast<double>(source_->file->size());
  return size > 0 ? std::clamp(static_cast<double>(avio_tell(io_.get())) / size, 0.0, 1.0) : 1;
}

double Container::begin_seconds() const {
  return context_->start_time == AV_NOPTS_VALUE ? 0 : static_cast<double>(context_->start_time) / AV_TIME_BASE;
}

int Container::read(void* opaque, std::uint8_t* to, int count) {
  auto* source = static_cast<Source*>(opaque);
  const std::size_t got = source->file->read(static_cast<std::uint64_t>(source->position),
                                             {to, static_cast<std::size_t>(std::max(count, 0))});
  source->position += static_cast<std::int64_t>(got);
  return got == 0 ? AVERROR_EOF : static_cast<int>(got);
}

std::int64_t Container::seek(void* opaque, std::int64_t offset, int whence) {
  auto* source = static_cast<Source*>(opaque);
  const auto size = static_cast<std::int64_t>(source->file->size());
  std::int64_t position = 0;
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
      return size;
    case SEEK_SET:
      position = offset;
      break;
    case SEEK_CUR:
      if (__builtin_add_overflow(source->position, offset, &position)) return AVERROR(EINVAL);
      break;
    case SEEK_END:
      if (__builtin_add_overflow(size, offset, &position)) return AVERROR(EINVAL);
      break;
    default:
      return AVERROR(EINVAL);
  }
  if (position < 0) return AVERROR(EINVAL);
  source->position = position;
  return position;
}

}  // namespace facet::tools::media
