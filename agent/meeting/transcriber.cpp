#include "agent/meeting/transcriber.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

#include "agent/meeting/recording_file.h"
#include "agent/meeting/transcription.h"
#include "engine/media.h"

namespace facet::agent {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kRate = engine::kSampleRate;

std::int64_t milliseconds(std::int64_t samples) {
  return samples * 1000 / kRate;
}

// Empty when the model can listen.
std::string why_it_can_not_hear(const TextModel* model, const std::string& problem) {
  if (model == nullptr) return problem;
  const TextModelInfo& info = model->info();
  if (info.hears) return {};
  return "'" + info.name + "' can not hear, so it can not transcribe" +
         (info.media_remark.empty()
              ? "; open a Gemma 4 model of size E2B, E4B or 12B with its projector ('mmproj' file) "
                "beside it."
              : ": " + info.media_remark);
}

// What libraries throw on the thread that listens ends the import and nothing else.
Status listen(const TranscriptionTask& task, SoundSource& source, BackgroundModel& model,
              const TranscriptionHooks& hooks, const std::stop_token& stop) {
  try {
    return transcribe(task, source, model, hooks, stop);
  } catch (const std::exception& exception) {
    return Error{Error::Code::Internal, std::string("The transcription failed: ") + exception.what() + "."};
  }
}

}  // namespace

Transcriber::Transcriber(Store& store, const StoreReader& reader, std::shared_ptr<SoundSource> source, Hooks hooks)
    : store_(store), reader_(reader), source_(std::move(source)), hooks_(std::move(hooks)) {}

Transcriber::~Transcriber() {
  end_running();
}

// --- the model ----------------------------------------------------------------------------------------------------

void Transcriber::use(TextModel* model, const std::string& problem) {
  model_ = model;
  problem_ = problem;
  has_model_news_ = true;
  for (const ImportRecording& op : std::exchange(asked_, {}))
    handle(op);
  start_next();
}

void Transcriber::release_model() {
  has_model_news_ = false;
  if (running_) {
    const TranscriptId transcript = running_->transcript.id;
    end_running();
    if (set_state(transcript, TranscriptState::Waiting)) waiting_.push_front(transcript);
    report(transcript);
  }
  listener_.reset();
  model_ = nullptr;
}

void Transcriber::close() {
  std::optional<TranscriptId> last;
  if (running_) last = running_->transcript.id;
  end_running();
  if (last) waiting_.push_front(*last);
  for (const TranscriptId transcript : std::exchange(waiting_, {}))
    if (set_state(transcript, TranscriptState::Stopped)) report(transcript);
  listener_.reset();
}

// --- operations ---------------------------------------------------------------------------------------------------

void Transcriber::handle(const ImportRecording& op) {
  if (!has_model_news_) return asked_.push_back(op);
  if (const Status begun = begin_import(op); !begun.ok()) hooks_.send(ImportRefused{op.path, begun.error().message});
}

Status Transcriber::begin_import(const ImportRecording& op) {
  FACET_ASSIGN_OR_RETURN(const RecordingFile file, recording_file(op.path));
  FACET_ASSIGN_OR_RETURN(const auto known, existing(op, file));
  if (known && (known->state == TranscriptState::Done || is_at_work(known->state))) {
    hooks_.send(TranscriptChanged{*known});
    return {};
  }
  if (source_ == nullptr) return Error{Error::Code::Unsupported, "Recordings can not be decoded here."};
  if (const std::string why = why_it_can_not_hear(model_, problem_); !why.empty())
    return Error{Error::Code::Unsupported, why};
  if (known) {
    wait(known->id);
  } else {
    const std::string title = fs::path(file.name).stem().string();
    FACET_ASSIGN_OR_RETURN(const TranscriptId created,
                           store_.transcripts().create(file, title, model_->info().name, op.language));
    wait(created);
  }
  start_next();
  return {};
}

// The transcript that an import goes on with: the newest of the same file, unless it is done by another model or in
// another language.
Result<std::optional<Transcript>> Transcriber::existing(const ImportRecording& op, const RecordingFile& file) const {
  if (op.again) return std::optional<Transcript>();
  FACET_ASSIGN_OR_RETURN(const auto transcripts, reader_.transcripts_of(file));
  for (const Transcript& transcript : transcripts) {
    if (!op.language.empty() && transcript.language != op.language) continue;
    const bool same_model = model_ == nullptr || transcript.model == model_->info().name;
    if (transcript.state != TranscriptState::Done || same_model) return std::optional<Transcript>(transcript);
  }
  return std::optional<Transcript>();
}

void Transcriber::handle(const StopTranscription& op) {
  if (running_ && running_->transcript.id == op.transcript) {
    running_->stop.request_stop();
  } else if (std::erase(waiting_, op.transcript) > 0) {
    set_state(op.transcript, TranscriptState::Stopped);
    report(op.transcript);
  }
}

void Transcriber::handle(const ResumeTranscription& op) {
  if ((running_ && running_->transcript.id == op.transcript) ||
      std::find(waiting_.begin(), waiting_.end(), op.transcript) != waiting_.end())
    return;
  const auto transcript = reader_.transcript(op.transcript);
  if (!transcript.ok()) return hooks_.send(Notice{Severity::Error, transcript.error().message});
  if (!*transcript || (*transcript)->state == TranscriptState::Done) return;
  if (has_model_news_) {
    if (const std::string why = why_it_can_not_hear(model_, problem_); !why.empty())
      return hooks_.send(ImportRefused{(*transcript)->path, why});
  }
  wait(op.transcript);
  start_next();
}

void Transcriber::handle(const RenameTranscript& op) {
  report(store_.transcripts().rename(op.transcript, op.title), op.transcript);
  if (running_ && running_->transcript.id == op.transcript) running_->transcript.title = op.title;
}

// The one that runs needs a moment to end.
void Transcriber::handle(const RemoveTranscript& op) {
  if (running_ && running_->transcript.id == op.transcript) {
    running_->is_to_be_removed = true;
    running_->stop.request_stop();
    return;
  }
  std::erase(waiting_, op.transcript);
  if (const Status removed = store_.transcripts().remove(op.transcript); removed.ok()) {
    hooks_.send(TranscriptRemoved{op.transcript});
  } else {
    hooks_.send(Notice{Severity::Error, removed.error().message});
  }
}

// --- the thread that listens --------------------------------------------------------------------------------------

void Transcriber::wait(TranscriptId transcript) {
  if (!set_state(transcript, TranscriptState::Waiting)) return;
  waiting_.push_back(transcript);
  report(transcript);
}

// A model that can not hear leaves what waits for one that can.
void Transcriber::start_next() {
  while (!running_ && !waiting_.empty() && model_ != nullptr && model_->info().hears) {
    const TranscriptId transcript = waiting_.front();
    waiting_.pop_front();
    const Status started = start(transcript);
    if (started.ok()) continue;
    set_state(transcript, TranscriptState::Failed, started.error().message);
    report(transcript);
  }
}

// What is heard of another recording does not belong to what was heard of this one.
Status Transcriber::verify_unchanged(const Transcript& transcript) const {
  FACET_ASSIGN_OR_RETURN(const RecordingFile file, recording_file(transcript.path));
  FACET_ASSIGN_OR_RETURN(const auto transcripts, reader_.transcripts_of(file));
  for (const Transcript& each : transcripts)
    if (each.id == transcript.id) return {};
  return Error{Error::Code::InvalidInput, "The file " + transcript.path + " has changed since; import it again."};
}

// Its row says that it runs.
Result<Transcript> Transcriber::claim(TranscriptId id) {
  FACET_ASSIGN_OR_RETURN(const auto transcript, reader_.transcript(id));
  if (!transcript) return Error{Error::Code::NotFound, "The transcript does not exist any more."};
  FACET_RETURN_IF_ERROR(verify_unchanged(*transcript));
  FACET_RETURN_IF_ERROR(store_.transcripts().set_model(id, model_->info().name));
  FACET_RETURN_IF_ERROR(store_.transcripts().set_state(id, TranscriptState::Running));
  FACET_ASSIGN_OR_RETURN(auto claimed, reader_.transcript(id));
  return *std::move(claimed);
}

Status Transcriber::start(TranscriptId id) {
  if (listener_ == nullptr) listener_ = model_->in_background();
  if (listener_ == nullptr)
    return Error{Error::Code::Unsupported,
                 "'" + model_->info().name + "' can not transcribe while it is asked questions."};
  FACET_ASSIGN_OR_RETURN(const Transcript transcript, claim(id));
  FACET_ASSIGN_OR_RETURN(const auto segments, reader_.segments(id));
  const TranscriptionTask task{transcript.path, segments.empty() ? 0 : segments.back().end, transcript.language,
                               model_->info().variant};
  hooks_.send(TranscriptChanged{transcript});
  Running& running = running_.emplace();
  running.transcript = transcript;
  running.since = std::chrono::steady_clock::now();
  TranscriptionHooks hooks;
  hooks.segment = [post = hooks_.post, id](const Segment& segment) { post(SegmentHeard{id, segment}); };
  hooks.progress = [post = hooks_.post, id](std::int64_t done, std::int64_t total) {
    post(ListenedUntil{id, done, total});
  };
  try {
    running.thread = std::thread([this, task, hooks, id, stop = running.stop.get_token()] {
      hooks_.post(ListeningEnded{id, listen(task, *source_, *listener_, hooks, stop)});
    });
  } catch (const std::system_error& error) {
    running_.reset();
    return Error{Error::Code::Internal, std::string("No thread could be started to listen: ") + error.what() + "."};
  }
  return {};
}

// What it still has to say meets nobody: it is heard again.
void Transcriber::end_running() {
  if (!running_) return;
  running_->stop.request_stop();
  running_->thread.join();
  running_.reset();
}

void Transcriber::handle(TranscriberLetter letter) {
  std::visit(
      [this](const auto& content) {
        if (running_ && running_->transcript.id == content.transcript) take(content);
      },
      letter);
}

void Transcriber::take(const SegmentHeard& heard) {
  Segment segment = heard.segment;
  const auto added = store_.transcripts().add_segment(heard.transcript, segment);
  if (!added.ok()) {
    // Nothing that comes could be stored either.
    running_->ends_as = TranscriptState::Failed;
    running_->transcript.problem = added.error().message;
    running_->stop.request_stop();
    return;
  }
  segment.id = *added;
  hooks_.send(SegmentAdded{heard.transcript, std::move(segment)});
}

void Transcriber::take(const ListenedUntil& listened) {
  if (!running_->first_done) running_->first_done = listened.done;
  if (listened.total > 0 && running_->transcript.duration_ms != milliseconds(listened.total)) {
    running_->transcript.duration_ms = milliseconds(listened.total);
    (void)store_.transcripts().set_duration(listened.transcript, running_->transcript.duration_ms);
  }
  TranscriptProgress progress{listened.transcript, milliseconds(listened.done), milliseconds(listened.total), {}};
  const std::int64_t heard = listened.done - *running_->first_done;
  if (heard > 0 && listened.total >= listened.done) {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - running_->since).count();
    progress.left_ms =
        std::llround(1000 * seconds * static_cast<double>(listened.total - listened.done) / static_cast<double>(heard));
  }
  hooks_.send(progress);
}

void Transcriber::take(const ListeningEnded& ended) {
  running_->thread.join();
  const Running over = *std::move(running_);
  running_.reset();
  if (over.is_to_be_removed) {
    handle(RemoveTranscript{ended.transcript});
  } else if (ended.status.ok()) {
    set_state(ended.transcript, TranscriptState::Done);
    report(ended.transcript);
  } else if (ended.status.error().code == Error::Code::Stopped) {
    set_state(ended.transcript, over.ends_as, over.transcript.problem);
    report(ended.transcript);
  } else {
    set_state(ended.transcript, TranscriptState::Failed, ended.status.error().message);
    report(ended.transcript);
  }
  start_next();
}

// --- rows and events ----------------------------------------------------------------------------------------------

bool Transcriber::set_state(TranscriptId transcript, TranscriptState state, const std::string& problem) {
  const Status changed = store_.transcripts().set_state(transcript, state, problem);
  if (!changed.ok()) hooks_.send(Notice{Severity::Error, changed.error().message});
  return changed.ok();
}

void Transcriber::report(TranscriptId id) {
  const auto transcript = reader_.transcript(id);
  if (!transcript.ok()) return hooks_.send(Notice{Severity::Error, transcript.error().message});
  if (*transcript) hooks_.send(TranscriptChanged{**transcript});
}

void Transcriber::report(const Status& done, TranscriptId transcript) {
  if (!done.ok()) return hooks_.send(Notice{Severity::Error, done.error().message});
  report(transcript);
}

}  // namespace facet::agent
