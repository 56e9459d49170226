#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>

#include "agent/meeting/sound_source.h"
#include "agent/protocol.h"
#include "agent/store/reader.h"
#include "agent/store/store.h"
#include "agent/text_model.h"
#include "engine/base/result.h"

namespace facet::agent {

// What the thread that listens tells the agent thread.
struct SegmentHeard {
  TranscriptId transcript = 0;
  Segment segment;
};
struct ListenedUntil {
  TranscriptId transcript = 0;
  std::int64_t done = 0;  // samples, as TranscriptionHooks::progress
  std::int64_t total = 0;
};
struct ListeningEnded {
  TranscriptId transcript = 0;
  Status status;
};
using TranscriberLetter = std::variant<SegmentHeard, ListenedUntil, ListeningEnded>;

// Imports of recordings, one at a time, on a thread of its own and in the background of whatever the model is asked
// besides. Belongs to the agent thread, to which the other one speaks by letters; rows are written before events are
// sent.
class Transcriber {
 public:
  struct Hooks {
    std::function<void(TranscriberLetter)> post;  // from the other thread
    std::function<void(const Event&)> send;
  };
  // Without a source nothing can be imported.
  Transcriber(Store& store, const StoreReader& reader, std::shared_ptr<SoundSource> source, Hooks hooks);
  ~Transcriber();

  // The model that listens from now on; null with a problem, one sentence, where there is none.
  void use(TextModel* model, const std::string& problem);
  // The model goes: what runs waits for the next one.
  void release_model();
  // Everything ends; what runs or waits is stopped.
  void close();

  void handle(const ImportRecording& op);
  void handle(const StopTranscription& op);
  void handle(const ResumeTranscription& op);
  void handle(const RenameTranscript& op);
  void handle(const RemoveTranscript& op);
  void handle(TranscriberLetter letter);

 private:
  // The one that runs.
  struct Running {
    Transcript transcript;
    std::stop_source stop;
    std::thread thread;
    TranscriptState ends_as = TranscriptState::Stopped;  // when it is stopped; Failed where rows can not be written
    std::chrono::steady_clock::time_point since;
    std::optional<std::int64_t> first_done;  // samples, when it began
    bool is_to_be_removed = false;
  };

  void take(const SegmentHeard& heard);
  void take(const ListenedUntil& listened);
  void take(const ListeningEnded& ended);

  Result<std::optional<Transcript>> existing(const ImportRecording& op, const RecordingFile& file) const;
  Status begin_import(const ImportRecording& op);
  void wait(TranscriptId transcript);
  void start_next();
  Status start(TranscriptId transcript);
  Result<Transcript> claim(TranscriptId transcript);
  Status verify_unchanged(const Transcript& transcript) const;
  bool set_state(TranscriptId transcript, TranscriptState state, const std::string& problem = {});
  void end_running();
  void report(TranscriptId transcript);
  void report(const Status& done, TranscriptId transcript);

  Store& store_;
  const StoreReader& reader_;
  const std::shared_ptr<SoundSource> source_;  // also used by the thread that listens
  const Hooks hooks_;
  TextModel* model_ = nullptr;
  std::string problem_;
  bool has_model_news_ = false;        // a model is there, or it is known why there is none
  std::deque<ImportRecording> asked_;  // while there are none
  std::deque<TranscriptId> waiting_;
  std::unique_ptr<BackgroundModel> listener_;
  std::optional<Running> running_;
};

}  // namespace facet::agent
