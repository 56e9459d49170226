#include "agent/attachment_describer.h"

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

namespace facet::agent {

namespace {

// A picture need not wait behind a film; more would take the processors away from the model.
constexpr std::size_t kThreads = 2;

}  // namespace

AttachmentDescriber::AttachmentDescriber(std::shared_ptr<MediaSource> source,
                                         std::function<void(AttachmentDecoded)> decoded,
                                         std::function<void(AttachmentAdvanced)> advanced)
    : source_(std::move(source)), decoded_(std::move(decoded)), advanced_(std::move(advanced)) {}

AttachmentDescriber::~AttachmentDescriber() {
  stop_all();
  for (std::jthread& thread : threads_)
    thread.request_stop();
  changed_.notify_all();
}

void AttachmentDescriber::describe(const std::string& path, const std::string& state) {
  {
    const std::lock_guard lock(mutex_);
    const bool is_asked = std::any_of(jobs_.begin(), jobs_.end(), [&](const Job& job) {
      return job.path == path && job.state == state && !job.stop.stop_requested();
    });
    if (is_asked) return;
    jobs_.push_back({path, state, {}, false});
  }
  try {
    if (threads_.size() < kThreads) threads_.emplace_back([this](const std::stop_token& end) { work(end); });
  } catch (const std::system_error& error) {
    if (!threads_.empty()) return changed_.notify_all();
    const std::lock_guard lock(mutex_);
    jobs_.pop_back();
    decoded_({path, state, Error{Error::Code::Internal, std::string("No thread could be started: ") + error.what()}});
  }
  changed_.notify_all();
}

void AttachmentDescriber::stop(const std::string& path) {
  const std::lock_guard lock(mutex_);
  for (Job& job : jobs_)
    if (job.path == path) job.stop.request_stop();
  std::erase_if(jobs_, [&](const Job& job) { return job.path == path && !job.is_running; });
}

void AttachmentDescriber::stop_all() {
  const std::lock_guard lock(mutex_);
  for (Job& job : jobs_)
    job.stop.request_stop();
  std::erase_if(jobs_, [](const Job& job) { return !job.is_running; });
}

std::list<AttachmentDescriber::Job>::iterator AttachmentDescriber::next_job() {
  return std::find_if(jobs_.begin(), jobs_.end(), [](const Job& job) { return !job.is_running; });
}

void AttachmentDescriber::work(const std::stop_token& end) {
  while (true) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, end, [this] { return next_job() != jobs_.end(); })) return;
    const auto job = next_job();
    job->is_running = true;
    lock.unlock();
    const auto advance = [this, job](double done) {
      if (!job->stop.stop_requested()) advanced_({job->path, done});
    };
    Result<AttachedMedia> media = Error{Error::Code::Internal, "The file can not be decoded."};
    try {
      media = source_->describe(job->path, job->stop.get_token(), advance);
    } catch (const std::exception& error) {
      media = Error{Error::Code::Internal, std::string("The file can not be decoded: ") + error.what()};
    }
    AttachmentDecoded decoded{job->path, job->state, std::move(media)};
    lock.lock();
    const bool is_wanted = !job->stop.stop_requested();
    jobs_.erase(job);
    lock.unlock();
    if (is_wanted) decoded_(std::move(decoded));
  }
}

}  // namespace facet::agent
