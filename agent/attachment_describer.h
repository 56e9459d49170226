#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/media_source.h"

namespace facet::agent {

// What became of a description, on its way to the agent thread.
struct AttachmentDecoded {
  std::string path;
  std::string state;  // of the file, as it was asked for
  Result<AttachedMedia> media;
};
struct AttachmentAdvanced {
  std::string path;
  double done = 0;  // of 1
};

// Finds out what attached media are, on threads of its own, because decoding a long recording takes minutes: a few
// files at a time, in the order in which they were asked for. Called from the agent thread; the functions that it is
// given are called from others.
class AttachmentDescriber {
 public:
  AttachmentDescriber(std::shared_ptr<MediaSource> source, std::function<void(AttachmentDecoded)> decoded,
                      std::function<void(AttachmentAdvanced)> advanced);
  ~AttachmentDescriber();  // stops everything and waits for it

  // Nothing where the same is under way.
  void describe(const std::string& path, const std::string& state);
  // Nobody wants to know any more; nothing is told of it.
  void stop(const std::string& path);
  void stop_all();

 private:
  struct Job {
    std::string path;
    std::string state;
    std::stop_source stop;
    bool is_running = false;
  };

  void work(const std::stop_token& end);
  // With the lock.
  std::list<Job>::iterator next_job();

  const std::shared_ptr<MediaSource> source_;  // also used by the model and by what is read at once
  const std::function<void(AttachmentDecoded)> decoded_;
  const std::function<void(AttachmentAdvanced)> advanced_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<Job> jobs_;
  std::vector<std::jthread> threads_;  // started with the first job
};

}  // namespace facet::agent
