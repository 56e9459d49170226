#pragma once

#include <memory>

#include "tools/media/program/ffmpeg.h"
#include "tools/media/program/file_bytes.h"

namespace facet::tools::media {

// A file of sound, video or both, opened for its packets. Only the formats on the list of container.cpp are tried, and
// nothing that the file names is opened.
class Container {
 public:
  // Ends the process when the file is none.
  explicit Container(const FileBytes& file);

  AVFormatContext* context() { return context_.get(); }
  const AVFormatContext* context() const { return context_.get(); }
  // The one to play, or null. A picture of an album's cover is no video.
  AVStream* best(AVMediaType kind) const;
  // From now on the packets of the others are left out.
  void only(const AVStream& stream);
  // False at the end. What of the file can not be read as packets counts as its end.
  bool next(AVPacket& packet);
  // How much of the file has been read, 0 to 1.
  double part_read() const;
  // When the first of its streams begins, in seconds of the file's own clock.
  double begin_seconds() const;

 private:
  struct Source {
    const FileBytes* file = nullptr;
    std::int64_t position = 0;
  };
  static int read(void* source, std::uint8_t* to, int count);
  static std::int64_t seek(void* source, std::int64_t offset, int whence);

  bool is_wanted(const AVPacket& packet) const { return only_ < 0 || packet.stream_index == only_; }

  int only_ = -1;
  std::unique_ptr<Source> source_;
  Owned<AVIOContext> io_;  // outlives the context, which reads through it
  Owned<AVFormatContext> context_;
};

}  // namespace facet::tools::media
