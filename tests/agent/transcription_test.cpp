// Recordings on their way into transcripts, with a model that says what a test has written.
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <latch>

#include "agent/agent.h"
#include "agent/meeting/transcription.h"
#include "agent/prompt/prompt.h"
#include "agent/store/database.h"
#include "agent/store/migrations.h"
#include "agent/store/reader.h"
#include "agent/store/store.h"
#include "engine/base/channel.h"
#include "engine/base/sha256.h"
#include "engine/bench/process_memory.h"
#include "tests/agent/event_text.h"
#include "tests/agent/fake_sound.h"
#include "tests/agent/must.h"
#include "tests/agent/scripted_model.h"
#include "tests/agent/spoken_recording.h"

using namespace facet;
using namespace facet::agent;

namespace {

namespace fs = std::filesystem;

const engine::PcmAudio& sound_of(const GenerateRequest& request) {
  for (const PromptPiece& piece : request.prompt)
    if (piece.media) return *piece.media->sound;
  qFatal("nothing to hear");
}

// Another text for every sound, the same for the same one.
ScriptedReply heard(const GenerateRequest& request) {
  const auto& samples = sound_of(request).samples;
  const std::string_view bytes(reinterpret_cast<const char*>(samples.data()), samples.size() * sizeof(float));
  return {"heard " + sha256_hex(bytes).substr(0, 8) + "<turn|>"};
}

std::string repeated(int times, const std::string& text) {
  std::string all;
  for (int i = 0; i < times; ++i)
    all += text;
  return all;
}

// Half a minute of sentences, four times, each time with 5 s of nothing behind it: four segments at least.
const std::vector<float>& talk() {
  static const std::vector<float> samples = [] {
    const spoken::Recording part = spoken::conversation(spoken::kVoices[0], 1, {0.5, 0.7});
    std::vector<float> all;
    for (int i = 0; i < 4; ++i) {
      all.insert(all.end(), part.samples.begin(), part.samples.end());
      all.resize(all.size() + 5 * 16000);
    }
    return all;
  }();
  return samples;
}

class Fixture {
 public:
  Fixture() {
    sound->samples = talk();
    script->info.hears = true;
    script->hear = heard;
    options.database = database;
    options.sound = sound;
    options.load_model = [this](const std::string& model) -> Result<std::unique_ptr<TextModel>> {
      if (model == "missing") return Error{Error::Code::NotFound, "There is no model missing."};
      return std::unique_ptr<TextModel>(std::make_unique<ScriptedModel>(script));
    };
    options.on_event = [this](const Event& event) {
      if (react) react(event);
      events_.send(event);
    };
    QFile file(QString::fromStdString(recording));
    if (!file.open(QIODevice::WriteOnly) || file.write("sound") != 5) qFatal("no recording");
  }

  void start() {
    agent = must(Agent::start(options));
    agent->submit(LoadModel{"script"});
    reader = must(StoreReader::open(database));
  }
  void import(bool again = false) { agent->submit(ImportRecording{recording, {}, again}); }

  // Receives events up to one that is like this.
  Event wait_for(const std::function<bool(const Event&)>& wanted) {
    while (true) {
      const Event event = *events_.receive();
      if (!std::holds_alternative<TranscriptProgress>(event)) texts.push_back(event_text(event));
      if (wanted(event)) return event;
    }
  }
  Transcript wait_for(TranscriptState state) {
    return wait_for_transcript([state](const Transcript& each) { return each.state == state; });
  }
  // However it ends.
  Transcript wait_for_end() {
    return wait_for_transcript([](const Transcript& each) { return !is_at_work(each.state); });
  }
  Transcript wait_for_transcript(const std::function<bool(const Transcript&)>& wanted) {
    return std::get<TranscriptChanged>(wait_for([&](const Event& event) {
             const auto* changed = std::get_if<TranscriptChanged>(&event);
             return changed != nullptr && wanted(changed->transcript);
           }))
        .transcript;
  }
  std::string wait_for_refusal() {
    return std::get<ImportRefused>(
               wait_for([](const Event& event) { return std::holds_alternative<ImportRefused>(event); }))
        .error;
  }
  // Rows without their ids.
  std::vector<Segment> segments(TranscriptId transcript) const {
    std::vector<Segment> rows = must(reader->segments(transcript));
    for (Segment& row : rows)
      row.id = 0;
    return rows;
  }
  // What an import that nothing disturbs writes down.
  static std::vector<Segment> undisturbed() {
    Fixture calm;
    calm.start();
    calm.import();
    return calm.segments(calm.wait_for(TranscriptState::Done).id);
  }

  QTemporaryDir folder;
  fs::path database = fs::path(folder.path().toStdString()) / "facet.sqlite";
  std::string recording = folder.filePath("board meeting.wav").toStdString();
  std::shared_ptr<FakeSound> sound = std::make_shared<FakeSound>();
  std::shared_ptr<Script> script = std::make_shared<Script>();
  std::function<void(const Event&)> react;  // on the agent thread
  AgentOptions options;
  std::vector<std::string> texts;

 private:
  Channel<Event> events_{10'000};

 public:
  std::unique_ptr<StoreReader> reader;
  std::unique_ptr<Agent> agent;
};

// What becomes of one segment when the model gives these replies in turn.
struct Asked {
  Segment segment;
  std::vector<GenerateRequest> requests;
};
Asked ask_for_segment(std::vector<std::string> replies, const std::string& language = {}) {
  Asked asked;
  auto script = std::make_shared<Script>();
  script->hear = [&](const GenerateRequest& request) {
    asked.requests.push_back(request);
    return ScriptedReply{replies.at(asked.requests.size() - 1)};
  };
  ScriptedBackground model(script);
  FakeSound sound;
  const spoken::Recording spoken_once = spoken::conversation(spoken::kVoices[0], 1, {0.4});
  sound.samples.assign(spoken_once.samples.begin(), spoken_once.samples.begin() + 7 * 16000);
  int segments = 0;
  TranscriptionHooks hooks;
  hooks.segment = [&](const Segment& segment) {
    ++segments;
    asked.segment = segment;
  };
  hooks.progress = [](std::int64_t, std::int64_t) {};
  must(transcribe({"x", 0, language, PromptVariant::Small}, sound, model, hooks, {}));
  if (segments != 1) qFatal("%d segments", segments);
  return asked;
}

}  // namespace

class TranscriptionTest : public QObject {
  Q_OBJECT

 private slots:
  void a_recording_becomes_rows_and_events();
  void what_was_stopped_goes_on_behind_its_last_segment();
  void the_next_start_of_the_same_import_goes_on();
  void what_is_done_is_not_done_again();
  void silence_is_not_transcribed();
  void progress_is_what_is_written_down();
  void the_prompt_is_the_publishers();
  void a_loop_is_asked_for_once_more();
  void a_loop_that_stays_is_marked();
  void more_than_anybody_can_say_is_marked();
  void what_is_no_letter_is_left_out();
  void nothing_understood_is_remembered();
  void a_model_that_can_not_hear_says_so_before_anything_is_decoded();
  void what_is_not_there_is_refused();
  void a_failure_can_be_taken_up_again();
  void a_file_that_has_changed_is_another_recording();
  void another_model_goes_on();
  void conversations_go_on_meanwhile();
  void segments_are_found_and_removed();
  void an_older_database_gets_its_tables();
  void four_hours_take_no_more_memory_than_a_minute();
};

void TranscriptionTest::a_recording_becomes_rows_and_events() {
  Fixture f;
  f.start();
  f.import();
  const Transcript done = f.wait_for(TranscriptState::Done);
  const std::vector<Segment> rows = must(f.reader->segments(done.id));
  QVERIFY(rows.size() >= 4);
  std::vector<std::string> expected = {"model loading script", "model Scripted model ready",
                                       "transcript 1 waiting: \"board meeting\"",
                                       "transcript 1 running: \"board meeting\""};
  for (const Segment& row : rows)
    expected.push_back("segment " + std::to_string(row.id) + " of 1: \"" + row.text + "\"");
  expected.push_back("transcript 1 done: \"board meeting\"");
  QCOMPARE(f.texts, expected);
  QCOMPARE(done.duration_ms, static_cast<std::int64_t>(talk().size()) / 16);
  QCOMPARE(done.model, std::string("Scripted model"));
  QCOMPARE(fs::path(done.path).filename().string(), std::string("board meeting.wav"));
  for (std::size_t i = 1; i < rows.size(); ++i)
    QVERIFY(rows[i].begin >= rows[i - 1].end);
}

void TranscriptionTest::what_was_stopped_goes_on_behind_its_last_segment() {
  Fixture f;
  int added = 0;
  f.react = [&](const Event& event) {
    if (std::holds_alternative<SegmentAdded>(event) && ++added == 2) f.agent->submit(StopTranscription{1});
  };
  f.start();
  f.import();
  const Transcript stopped = f.wait_for(TranscriptState::Stopped);
  const std::size_t before = f.segments(stopped.id).size();
  QVERIFY(before >= 2);
  f.agent->submit(ResumeTranscription{stopped.id});
  f.wait_for(TranscriptState::Done);
  QVERIFY(f.segments(stopped.id) == Fixture::undisturbed());
  // What was written down is not read again but for half a minute.
  const std::int64_t resumed_at = f.segments(stopped.id)[before - 1].end;
  QVERIFY(static_cast<std::int64_t>(f.sound->skipped) >= resumed_at - 31 * 16000);
}

// However the process ended: the row says that it runs when the next one starts.
void TranscriptionTest::the_next_start_of_the_same_import_goes_on() {
  Fixture f;
  std::latch enough(2);
  f.react = [&](const Event& event) {
    if (std::holds_alternative<SegmentAdded>(event) && !enough.try_wait()) enough.count_down();
  };
  f.start();
  f.import();
  enough.wait();
  f.agent.reset();
  f.react = {};
  must(must(Store::open(f.database))->transcripts().set_state(1, TranscriptState::Running));
  f.start();
  QCOMPARE(must(f.reader->transcript(1))->state, TranscriptState::Stopped);
  f.import();
  f.wait_for(TranscriptState::Done);
  QVERIFY(f.segments(1) == Fixture::undisturbed());
  QCOMPARE(f.sound->opened.load(), 2);
  QCOMPARE(must(f.reader->transcripts()).size(), std::size_t{1});
}

void TranscriptionTest::what_is_done_is_not_done_again() {
  Fixture f;
  f.start();
  f.import();
  f.wait_for(TranscriptState::Done);
  f.import();
  QCOMPARE(f.wait_for(TranscriptState::Done).id, TranscriptId{1});
  QCOMPARE(f.sound->opened.load(), 1);
  f.import(/*again=*/true);
  QCOMPARE(f.wait_for(TranscriptState::Done).id, TranscriptId{2});
  QCOMPARE(f.sound->opened.load(), 2);
  QVERIFY(f.segments(1) == f.segments(2));
}

void TranscriptionTest::silence_is_not_transcribed() {
  Fixture f;
  f.sound->samples.assign(60 * 16000, 0.0F);
  f.script->hear = [](const GenerateRequest&) -> ScriptedReply { qFatal("there was nothing to hear"); };
  f.start();
  f.import();
  QVERIFY(f.segments(f.wait_for(TranscriptState::Done).id).empty());
}

// What is heard and not yet understood would promise an end that does not come.
void TranscriptionTest::progress_is_what_is_written_down() {
  auto script = std::make_shared<Script>();
  script->hear = heard;
  ScriptedBackground model(script);
  FakeSound sound;
  sound.samples = talk();
  std::int64_t told = -1;
  TranscriptionHooks hooks;
  hooks.progress = [&](std::int64_t done, std::int64_t total) {
    QVERIFY(done >= told);
    QCOMPARE(total, sound.whole_length());
    told = done;
  };
  hooks.segment = [&](const Segment& segment) {
    QVERIFY(told >= 0);
    QVERIFY2(told <= segment.begin, qPrintable(QString("%1 of %2").arg(told).arg(segment.begin)));
  };
  must(transcribe({"x", 0, "", PromptVariant::Small}, sound, model, hooks, {}));
  QCOMPARE(told, sound.whole_length());
}

void TranscriptionTest::the_prompt_is_the_publishers() {
  const Asked any = ask_for_segment({"Hello.<turn|>"});
  QCOMPARE(any.segment.text, std::string("Hello."));
  QCOMPARE(any.segment.remark, SegmentRemark::None);
  const std::string prompt = prompt_text(any.requests.at(0).prompt);
  const std::string words =
      "Transcribe the following speech segment in its original language. Follow these specific instructions for "
      "formatting the answer:\n* Only output the transcription, with no newlines.\n* When transcribing numbers, write "
      "the digits, i.e. write 1.7 and not one point seven, and write 3 instead of three.";
  QVERIFY2(prompt.find(words) != std::string::npos, prompt.c_str());
  QVERIFY(prompt.find(words) < prompt.find("<|audio>"));
  QVERIFY(prompt.find("<audio|>") < prompt.rfind("<|turn>model"));
  QCOMPARE(any.requests[0].sampling.temperature.value_or(1), 0.0F);
  const Asked german = ask_for_segment({"Hallo.<turn|>"}, "German");
  QVERIFY(prompt_text(german.requests.at(0).prompt)
              .find("Transcribe the following speech segment in German into German text.") != std::string::npos);
  QCOMPARE(german.segment.language, std::string("German"));
}

void TranscriptionTest::a_loop_is_asked_for_once_more() {
  const Asked asked = ask_for_segment({repeated(40, "Thank you. "), "Thank you all for coming.<turn|>"});
  QCOMPARE(asked.requests.size(), std::size_t{2});
  QVERIFY(asked.requests[1].sampling.temperature.value_or(0) > 0);
  QVERIFY(asked.requests[1].sampling.repetition_penalty.value_or(1) > 1);
  QCOMPARE(asked.segment.text, std::string("Thank you all for coming."));
  QCOMPARE(asked.segment.remark, SegmentRemark::None);
}

void TranscriptionTest::a_loop_that_stays_is_marked() {
  const Asked asked =
      ask_for_segment({"We agree. " + repeated(40, "Thank you. "), repeated(40, "no "), "never asked for<turn|>"});
  QCOMPARE(asked.requests.size(), std::size_t{2});
  QCOMPARE(asked.segment.text, std::string("We agree. Thank you."));
  QCOMPARE(asked.segment.remark, SegmentRemark::Repeated);
}

void TranscriptionTest::more_than_anybody_can_say_is_marked() {
  std::string endless;
  for (int i = 0; i < 500; ++i)
    endless += "word" + std::to_string(i) + " ";
  const Asked asked = ask_for_segment({endless, endless});
  QCOMPARE(asked.requests.size(), std::size_t{2});
  QCOMPARE(asked.segment.remark, SegmentRemark::Overlong);
  QVERIFY(asked.segment.text.starts_with("word0 word1"));
}

// Other programs would end a file at some of them, or a line.
void TranscriptionTest::what_is_no_letter_is_left_out() {
  using namespace std::string_literals;
  const Asked asked = ask_for_segment({"Ends\0 here\x0B and\r\n\x1B there\x7F, caf\u00e9.\x01<turn|>"s});
  QCOMPARE(asked.segment.text, std::string("Ends here and there , caf\u00e9."));
}

void TranscriptionTest::nothing_understood_is_remembered() {
  const Asked asked = ask_for_segment({" \n<turn|>"});
  QCOMPARE(asked.requests.size(), std::size_t{1});
  QCOMPARE(asked.segment.remark, SegmentRemark::Empty);
  QCOMPARE(asked.segment.text, std::string());
}

void TranscriptionTest::a_model_that_can_not_hear_says_so_before_anything_is_decoded() {
  Fixture f;
  f.script->info.hears = false;
  f.start();
  f.import();
  const std::string why = f.wait_for_refusal();
  QVERIFY2(why.starts_with("'Scripted model' can not hear") && why.ends_with('.'), why.c_str());
  QCOMPARE(f.sound->opened.load(), 0);
  QVERIFY(must(f.reader->transcripts()).empty());
}

void TranscriptionTest::what_is_not_there_is_refused() {
  Fixture f;
  f.start();
  f.agent->submit(ImportRecording{"/nowhere/at all.wav"});
  QCOMPARE(f.wait_for_refusal(), std::string("There is no file /nowhere/at all.wav."));
  f.agent->submit(ImportRecording{f.folder.path().toStdString()});
  QVERIFY(f.wait_for_refusal().starts_with("There is no file "));
  f.agent->submit(LoadModel{"missing"});
  f.import();
  QCOMPARE(f.wait_for_refusal(), std::string("There is no model missing."));
}

void TranscriptionTest::a_failure_can_be_taken_up_again() {
  Fixture f;
  f.sound->damaged_from = 60 * 16000;
  f.start();
  f.import();
  const Transcript failed = f.wait_for(TranscriptState::Failed);
  QCOMPARE(failed.problem, std::string("The recording is damaged; get it again."));
  QVERIFY(!f.segments(1).empty());
  f.sound->damaged_from = -1;
  f.agent->submit(ResumeTranscription{1});
  QCOMPARE(f.wait_for(TranscriptState::Done).problem, std::string());
  QVERIFY(f.segments(1) == Fixture::undisturbed());
}

void TranscriptionTest::a_file_that_has_changed_is_another_recording() {
  Fixture f;
  int added = 0;
  f.react = [&](const Event& event) {
    if (std::holds_alternative<SegmentAdded>(event) && ++added == 1) f.agent->submit(StopTranscription{1});
  };
  f.start();
  f.import();
  f.wait_for(TranscriptState::Stopped);
  const std::vector<Segment> before = f.segments(1);
  QFile file(QString::fromStdString(f.recording));
  QVERIFY(file.open(QIODevice::WriteOnly) && file.write("another sound") > 0);
  file.close();
  f.agent->submit(ResumeTranscription{1});
  QCOMPARE(f.wait_for_end().problem, "The file " + f.recording + " has changed since; import it again.");
  QVERIFY(f.segments(1) == before);
  f.import();
  QCOMPARE(f.wait_for_end().id, TranscriptId{2});
  QVERIFY(file.remove());
  f.agent->submit(ResumeTranscription{1});
  QCOMPARE(f.wait_for_end().problem, "There is no file " + f.recording + ".");
}

void TranscriptionTest::another_model_goes_on() {
  Fixture f;
  int added = 0;
  f.react = [&](const Event& event) {
    if (std::holds_alternative<SegmentAdded>(event) && ++added == 1) f.agent->submit(LoadModel{"script"});
  };
  f.start();
  f.import();
  f.wait_for(TranscriptState::Done);
  QVERIFY(f.segments(1) == Fixture::undisturbed());
  QCOMPARE(std::count(f.texts.begin(), f.texts.end(), "model Scripted model ready"), 2);
}

// The model is in the middle of a segment until a question has been answered.
void TranscriptionTest::conversations_go_on_meanwhile() {
  Fixture f;
  std::latch answered(1);
  f.script->hear = [&](const GenerateRequest& request) {
    answered.wait();
    return heard(request);
  };
  f.script->replies = {{"Here I am.<turn|>"}};
  f.start();
  f.import();
  f.wait_for(TranscriptState::Running);
  f.agent->submit(UserTurn{.text = "Are you there?", .attachments = {}, .folders = {}});
  f.wait_for([](const Event& event) { return std::holds_alternative<TurnFinished>(event); });
  answered.count_down();
  f.wait_for(TranscriptState::Done);
  QVERIFY(f.segments(1) == Fixture::undisturbed());
}

void TranscriptionTest::segments_are_found_and_removed() {
  Fixture f;
  f.script->hear = [](const GenerateRequest&) { return ScriptedReply{"The harbour café is closed.<turn|>"}; };
  f.start();
  f.import();
  f.wait_for(TranscriptState::Done);
  const auto hits = must(f.reader->search("harbour caf"));
  QCOMPARE(hits.size(), f.segments(1).size());
  QVERIFY(hits[0].transcript && hits[0].transcript->id == 1 && hits[0].segment != 0);
  QCOMPARE(hits[0].snippet, std::string("The \u2068harbour\u2069 \u2068café\u2069 is closed."));
  f.agent->submit(RenameTranscript{1, "Spring plans"});
  f.wait_for(TranscriptState::Done);
  const auto titles = must(f.reader->search("spring"));
  QVERIFY(titles.size() == 1 && titles[0].transcript->title == "Spring plans" && titles[0].segment == 0);
  QVERIFY(must(f.reader->search("board")).empty());
  f.agent->submit(RemoveTranscript{1});
  f.wait_for([](const Event& event) { return std::holds_alternative<TranscriptRemoved>(event); });
  QVERIFY(must(f.reader->search("harbour")).empty() && must(f.reader->search("spring")).empty());
  QVERIFY(must(f.reader->transcripts()).empty() && must(f.reader->segments(1)).empty());
}

void TranscriptionTest::an_older_database_gets_its_tables() {
  Fixture f;
  {
    const auto older = must(Database::open(f.database, Database::Mode::Write));
    must(migrate(*older, store_migrations().first(2)));
    must(older->execute("INSERT INTO conversation (title, model, created_ms, updated_ms) VALUES ('kept', '', 1, 1)"));
  }
  f.start();
  QVERIFY(fs::exists(f.database.string() + ".backup-v2"));
  QCOMPARE(must(f.reader->conversations()).at(0).title, std::string("kept"));
  f.import();
  QVERIFY(!f.segments(f.wait_for(TranscriptState::Done).id).empty());
}

// What the first minute takes is taken once.
void TranscriptionTest::four_hours_take_no_more_memory_than_a_minute() {
  FakeSound sound;
  sound.samples = talk();
  sound.length = std::int64_t{4} * 3600 * 16000;
  auto script = std::make_shared<Script>();
  script->hear = heard;
  ScriptedBackground model(script);
  std::int64_t first_bytes = 0;
  std::int64_t most_bytes = 0;
  int segments = 0;
  TranscriptionHooks hooks;
  hooks.segment = [&](const Segment&) { ++segments; };
  hooks.progress = [&](std::int64_t done, std::int64_t) {
    const auto bytes = static_cast<std::int64_t>(engine::process_memory()->anonymous_bytes);
    if (done < 60 * 16000) return;
    if (first_bytes == 0) first_bytes = bytes;
    most_bytes = std::max(most_bytes, bytes);
  };
  must(transcribe({"x", 0, "", PromptVariant::Small}, sound, model, hooks, {}));
  QVERIFY(segments > 400);
  qInfo("%d segments, memory grew by %lld kB", segments, static_cast<long long>((most_bytes - first_bytes) / 1024));
  QVERIFY(most_bytes - first_bytes <= 10'000'000);
}

QTEST_GUILESS_MAIN(TranscriptionTest)
#include "transcription_test.moc"
