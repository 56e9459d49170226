#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <variant>

#include "agent/meeting/export.h"
#include "agent/store/reader.h"
#include "app/cli/command.h"
#include "app/composition.h"
#include "engine/base/channel.h"

namespace facet::app::cli {

namespace {

struct Options {
  agent::ImportRecording import;
  AgentChoices choices;
  std::string model;
  std::string out;  // empty: stdout
  agent::TranscriptFormat format = agent::TranscriptFormat::Text;
};

std::string left_text(std::int64_t milliseconds) {
  const std::int64_t minutes = (milliseconds + 59'999) / 60'000;
  if (minutes <= 1) return "less than a minute left";
  if (minutes < 90) return std::to_string(minutes) + " minutes left";
  return std::to_string((minutes + 30) / 60) + " hours left";
}

// How far it is, on a line of the terminal that goes away again.
class ProgressLine {
 public:
  void show(const agent::TranscriptProgress& progress) {
    if (isatty(STDERR_FILENO) == 0) return;
    std::string line = agent::clock_time(progress.done_ms);
    if (progress.total_ms > 0) line += " of " + agent::clock_time(progress.total_ms);
    if (progress.left_ms) line += ", " + left_text(*progress.left_ms);
    std::fprintf(stderr, "\r\33[K%s", line.c_str());
    is_shown_ = true;
  }
  void clear() {
    if (is_shown_) std::fprintf(stderr, "\r\33[K");
    is_shown_ = false;
  }

 private:
  bool is_shown_ = false;
};

// Ctrl-C stops the transcription, and what was written down is kept.
class Interruption {
 public:
  explicit Interruption(std::function<void()> react) {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::jthread([this, react = std::move(react)](const std::stop_token& stop) {
      constexpr timespec kPatience{0, 200'000'000};
      while (!stop.stop_requested())
        if (sigtimedwait(&signals_, nullptr, &kPatience) > 0) react();
    });
  }
  ~Interruption() {
    thread_ = {};
    pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

 private:
  sigset_t signals_{};
  std::jthread thread_;
};

// Wakes the reader of events.
struct Interrupted {};
using Letter = std::variant<agent::Event, Interrupted>;

// Until the transcript is done, or as far as it comes.
Result<agent::Transcript> run_import(const Paths& paths, Options& options) {
  Channel<Letter> letters(/*capacity=*/1 << 16);
  const Interruption interruption([&] { (void)letters.try_send(Interrupted{}); });
  options.choices.on_event = [&](const agent::Event& event) { letters.send(event); };
  FACET_ASSIGN_OR_RETURN(const auto agent, start_agent(paths, std::move(options.choices)));
  agent->submit(agent::LoadModel{options.model});
  agent->submit(options.import);

  ProgressLine line;
  agent::TranscriptId current = 0;
  while (const auto letter = letters.receive()) {
    const auto* event = std::get_if<agent::Event>(&*letter);
    if (event == nullptr) {
      if (current == 0) return Error{Error::Code::Stopped, "Stopped before anything was heard."};
      agent->submit(agent::StopTranscription{current});
    } else if (const auto* refused = std::get_if<agent::ImportRefused>(event)) {
      return Error{Error::Code::InvalidInput, refused->error};
    } else if (const auto* progress = std::get_if<agent::TranscriptProgress>(event)) {
      line.show(*progress);
    } else if (const auto* changed = std::get_if<agent::TranscriptChanged>(event)) {
      current = changed->transcript.id;
      if (agent::is_at_work(changed->transcript.state)) continue;
      line.clear();
      return changed->transcript;
    } else if (const auto* notice = std::get_if<agent::Notice>(event);
               notice != nullptr && notice->severity != agent::Severity::Information) {
      // What is merely told is about conversations.
      line.clear();
      if (notice->severity == agent::Severity::Error) return Error{Error::Code::Internal, notice->text};
      std::fprintf(stderr, "%s\n", notice->text.c_str());
    }
  }
  return Error{Error::Code::Internal, "The transcription ended without a result."};
}

Status write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file) return {};
  return Error{Error::Code::Io, "The file " + path + " can not be written; name another one with -o."};
}

Status deliver(const Paths& paths, const Options& options, const agent::Transcript& transcript) {
  FACET_ASSIGN_OR_RETURN(const auto reader, agent::StoreReader::open(paths.database));
  FACET_ASSIGN_OR_RETURN(const auto segments, reader->segments(transcript.id));
  const std::string text = agent::export_transcript(transcript, segments, options.format);
  if (options.out.empty()) {
    print(text);
    return {};
  }
  return write_file(options.out, text);
}

// The options that can be wrong in themselves; an error here is wrong usage.
Result<Options> read_options(const Arguments& arguments) {
  const auto wrong = [](std::string sentence) { return Error{Error::Code::InvalidInput, std::move(sentence)}; };
  if (arguments.positionals().size() != 1) return wrong("Name one recording.");
  Options options;
  options.import.path = arguments.positionals().front();
  options.import.language = arguments.text("language");
  options.import.again = arguments.has("again");
  options.out = arguments.text("output");
  std::string extension = arguments.has("json") ? "json" : "txt";
  if (!options.out.empty()) {
    extension = std::filesystem::path(options.out).extension().string();
    if (!extension.empty()) extension.erase(0, 1);
  }
  const auto format = agent::transcript_format(extension);
  if (!format) return wrong("-o takes a file that ends in .txt, .srt, .vtt, .json or .md.");
  options.format = *format;
  options.choices.engine = arguments.engine();
  options.choices.projector = arguments.text("mmproj");
  options.model = arguments.model();
  return options;
}

Result<int> transcribe_to_file(const Paths& paths, Options options) {
  std::error_code failure;
  if (!std::filesystem::is_regular_file(options.import.path, failure))
    return Error{Error::Code::NotFound, "There is no file " + options.import.path + "."};
  FACET_ASSIGN_OR_RETURN(const agent::Transcript transcript, run_import(paths, options));
  if (transcript.state == agent::TranscriptState::Failed) return Error{Error::Code::Internal, transcript.problem};
  if (transcript.state == agent::TranscriptState::Stopped)
    return Error{Error::Code::Stopped, "Stopped; the same command goes on where it was."};
  FACET_RETURN_IF_ERROR(deliver(paths, options, transcript));
  return kSuccess;
}

}  // namespace

int transcribe(const QStringList& words) {
  Arguments arguments("facet transcribe",
                      "Writes down what is said in a recording or a video of any length. It is stored as it grows: "
                      "what was interrupted goes on where it was, and what is done is there at once.");
  arguments.model_options();
  arguments.data_option();
  arguments.option({"o", "output"}, "file",
                   "Where the transcript goes: .txt, .srt, .vtt, .json or .md; stdout when left out.");
  arguments.option("language", "language", "The language that is spoken, in English (\"German\"); any when left out.");
  arguments.option("mmproj", "file",
                   "The projector that makes the model hear; what is in the model or beside it when left out.");
  arguments.flag("again", "Begin anew, whatever is stored of this recording.");
  arguments.flag("json", "Print JSON: segments with start and end in seconds, text, speaker and language.");
  arguments.positional("file", "The recording.", "FILE");
  if (const auto status = arguments.parse(words)) return *status;
  Result<Options> options = read_options(arguments);
  if (!options.ok()) return arguments.usage_error(options.error().message);
  const Result<Paths> paths = arguments.paths();
  if (!paths.ok()) return fail(paths.error());
  const Result<int> status = transcribe_to_file(*paths, std::move(*options));
  return status.ok() ? *status : fail(status.error());
}

}  // namespace facet::app::cli
