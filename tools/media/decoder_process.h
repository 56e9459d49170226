#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "tools/descriptor.h"
#include "tools/media/media_failure.h"
#include "tools/media/media_file.h"
#include "tools/media/media_limits.h"
#include "tools/media/protocol.h"

namespace facet::tools::media {

struct Job {
  const char* task = "";
  std::uint64_t argument = 0;
};

// A message as it came: of a kind that there is, and no longer than it may be.
struct Message {
  MessageKind kind = MessageKind::End;
  std::span<const std::byte> bytes;  // until the next one is asked for

  // The bytes as one of the structs of protocol.h; nothing when they are not as many.
  template <typename T>
  std::optional<T> as() const {
    if (bytes.size() != sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
};

// `facet-media` at work on one file. Whatever happens to it, this side gets an answer or one sentence, and no process
// is left behind: it is killed and waited for by the destructor. Belongs to the thread that starts it, for the system ends
// the process when that thread ends. It may wait in `next`, but not longer than the limits; the stop token wakes it.
class DecoderProcess {
 public:
  static Result<std::unique_ptr<DecoderProcess>> start(const std::filesystem::path& program, const MediaFile& file,
                                                       const Job& job, const MediaLimits& limits, std::stop_token stop);
  ~DecoderProcess();
  DecoderProcess(const DecoderProcess&) = delete;
  DecoderProcess& operator=(const DecoderProcess&) = delete;

  // The next one. Failure messages are errors, as is everything that ends the program without its last message.
  Result<Message> next();
  // The sentence for an answer that is not what was asked for. The program is ended.
  Error nonsense();

 private:
  using Clock = std::chrono::steady_clock;
  using StopCallback = std::stop_callback<std::function<void()>>;

  DecoderProcess(std::string name, const MediaLimits& limits, std::stop_token stop);
  Status spawn(const std::filesystem::path& program, const MediaFile& file, const Job& job);
  Status read(std::span<std::byte> to);
  // Until there is something to read. An error when that took too long or was stopped.
  Status wait();
  Error how_it_ended();
  Error killed(Ending ending);
  void kill_and_wait();

  std::string name_;
  MediaLimits limits_;
  std::stop_token stop_;
  pid_t process_ = -1;
  Descriptor answers_;
  Descriptor wake_;                        // becomes readable when stop is requested
  std::unique_ptr<StopCallback> on_stop_;  // writes to it
  Clock::duration waited_{0};              // for answers, without what their reader does in between
  std::vector<std::byte> buffer_;
};

}  // namespace facet::tools::media
