// Pictures, sounds and videos of a question: what the model is told, what is stored, and what the user hears of what
// does not reach the model.
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>
#include <fstream>

#include "agent/agent.h"
#include "agent/attachment.h"
#include "agent/attachment_description.h"
#include "agent/meeting/recording_file.h"
#include "agent/prompt/prompt.h"
#include "agent/store/migrations.h"
#include "agent/turn.h"
#include "agent/unsent_prompt.h"
#include "engine/base/sha256.h"
#include "tests/agent/event_text.h"
#include "tests/agent/fake_media.h"
#include "tests/agent/must.h"
#include "tests/agent/scripted_model.h"

using namespace facet;
using namespace facet::agent;

namespace {

namespace fs = std::filesystem;

using Kind = PromptPiece::Kind;

struct Fixture {
  QTemporaryDir folder;
  fs::path root = fs::canonical(folder.path().toStdString());
  fs::path data = root / "data";
  fs::path path = data / "facet.sqlite";
  std::unique_ptr<Store> store = must(Store::open(path));
  std::unique_ptr<StoreReader> reader = must(StoreReader::open(path));
  std::shared_ptr<FakeMedia> media = std::make_shared<FakeMedia>();
  std::map<std::string, std::string> said;  // in files, by their path
  Attachments attachments{media, AttachmentFolder(AttachmentFolder::beside(path)),
                          [this](const std::string& file) { return said[file]; }};
  std::shared_ptr<Script> script = std::make_shared<Script>();
  ScriptedModel model{script};
  TurnOptions options;
  TurnHooks hooks;
  std::vector<Event> events;

  Fixture() {
    options.seed = 7;
    options.attachments = &attachments;
    script->info.sees = true;
    script->info.hears = true;
    hooks.send = [this](const Event& event) { events.push_back(event); };
    hooks.ask = [](const Approval&, std::stop_token) { return std::optional(Decision::Deny); };
    hooks.run_tool = [](const auto& work, const ToolProgress& progress) { return work(progress); };
    hooks.serve = [] {};
    hooks.now_ms = [] { return std::int64_t{1000}; };
  }

  std::string file(const std::string& name, const QByteArray& content) const {
    QFile out(QString::fromStdString((root / name).string()));
    if (!out.open(QIODevice::WriteOnly) || out.write(content) != content.size()) qFatal("file");
    return (root / name).string();
  }
  std::string picture(const std::string& name = "cat.png", std::int64_t tokens = 60) {
    AttachedMedia described{.width = 100, .height = 60, .budget = 70};
    described.pieces = {FakeMedia::picture(100, 60, tokens)};
    media->described[name] = described;
    return file(name, QByteArray("\x89PNG of ") + name.c_str());
  }
  std::string sound(const std::string& name = "talk.wav") {
    AttachedMedia described{.kind = MediaKind::Sound, .duration_ms = 40'000};
    described.pieces = {FakeMedia::sound(0, 320'000, 500), FakeMedia::sound(320'000, 640'000, 500)};
    media->described[name] = described;
    return file(name, QByteArray("RIFF\xFF of ") + name.c_str());
  }
  std::string video(const std::string& name = "film.mp4") {
    AttachedMedia described{.kind = MediaKind::Video, .width = 64, .height = 48, .duration_ms = 75'000, .budget = 70};
    for (const std::int64_t number : {0, 1})
      described.pieces.push_back({.kind = MediaPiece::Kind::Frame,
                                  .width = 64,
                                  .height = 48,
                                  .number = number,
                                  .shown_ms = number * 74'900,
                                  .tokens = 63});
    described.pieces.push_back(FakeMedia::sound(0, 160'000, 250));
    media->described[name] = described;
    return file(name, QByteArray("\x1A\x45\xDF\xA3\xFF film"));
  }

  Turn begin(const UserTurn& question) { return must(begin_turn(*store, *reader, question, &attachments)); }
  ConversationId ask(std::vector<std::string> files, ConversationId conversation = 0, const std::string& text = "What?",
                     std::map<std::string, std::uint32_t> budgets = {}) {
    script->replies.push_back({"So."});
    Turn turn = begin({.conversation = conversation,
                       .text = text,
                       .attachments = std::move(files),
                       .folders = {},
                       .budgets = std::move(budgets)});
    const ConversationId id = turn.conversation.id;
    events.push_back(TurnStarted{id, turn.user, turn.assistant.id});
    run_turn(std::move(turn), *store, *reader, &model, options, hooks, {});
    return id;
  }
  const std::vector<PromptPiece>& prompt(std::size_t request) const { return script->requests.at(request).prompt; }
  std::vector<Message> messages(ConversationId id) const { return must(reader->messages(id)); }
  static const AttachmentPart& file_of(const Message& message, std::size_t part = 0) {
    return std::get<AttachmentPart>(message.parts.at(part).content);
  }
  // Of the last answer; empty when there is none.
  QString notice(ConversationId id) const {
    const std::vector<Message> all = messages(id);
    for (const Part& part : all.back().parts)
      if (const auto* notice = std::get_if<NoticePart>(&part.content)) return QString::fromStdString(notice->text);
    return {};
  }
};

// As the template prints it, with the kinds of the media in the place of their keys.
QString spelled(const std::vector<PromptPiece>& prompt) {
  std::string text;
  for (const PromptPiece& piece : prompt) {
    if (!piece.media) {
      text += piece.text;
      continue;
    }
    const MediaPiece& shown = piece.media->piece;
    text += shown.kind == MediaPiece::Kind::Sound   ? "SOUND " + std::to_string(shown.begin)
            : shown.kind == MediaPiece::Kind::Frame ? "FRAME " + std::to_string(shown.number)
                                                    : "PICTURE " + std::to_string(shown.y);
  }
  return QString::fromStdString(text);
}

const QString kEnd = "<turn|>\n<|turn>model\n";

}  // namespace

class MediaTurnTest : public QObject {
  Q_OBJECT

 private slots:
  void a_picture_stands_before_the_text();
  void a_video_is_frames_with_their_times_and_sound();
  void tiles_say_which_part_they_are();
  void a_typed_placeholder_stays_text();
  void the_prompt_hash_covers_the_picture();
  void a_model_without_eyes_says_so();
  void what_is_left_out_is_said();
  void who_can_not_hear_reads_transcripts();
  void long_transcripts_are_cut();
  void transcripts_belong_to_unchanged_files();
  void a_damaged_picture_is_the_problem();
  void a_stop_does_not_wait_for_a_large_file();
  void a_stopped_copy_leaves_nothing();
  void what_was_attached_is_stored();
  void a_copy_survives_the_file();
  void copies_go_with_the_last_conversation();
  void an_older_database_is_brought_up_to_date();
  void a_file_is_described_before_it_is_sent();
  void an_unsent_picture_is_in_the_prompt();
  void a_description_decodes_once();
};

void MediaTurnTest::a_picture_stands_before_the_text() {
  Fixture f;
  const ConversationId id = f.ask({f.file("notes.txt", "one"), f.picture()});
  QCOMPARE(spelled(f.prompt(0)),
           "<bos><|turn>user\n<|image>PICTURE 0<image|>File: notes.txt\n\none\n\nQuestion: What?" + kEnd);
  // And stays in front of everything that follows.
  f.ask({}, id, "And?");
  QVERIFY(spelled(f.prompt(1)).startsWith("<bos><|turn>user\n<|image>PICTURE 0<image|>File: notes.txt"));
  QCOMPARE(f.notice(id), QString());
}

// The form of the processor of the published models: "mm:ss " before each frame, one space between them.
void MediaTurnTest::a_video_is_frames_with_their_times_and_sound() {
  Fixture f;
  f.ask({f.video()});
  QCOMPARE(spelled(f.prompt(0)),
           "<bos><|turn>user\n00:00 <|image>FRAME 0<image|> 01:14 <|image>FRAME 1<image|><|audio>SOUND 0<audio|>What?" +
               kEnd);
  f.ask({f.sound()});
  QCOMPARE(spelled(f.prompt(1)), "<bos><|turn>user\n<|audio>SOUND 0<audio|><|audio>SOUND 320000<audio|>What?" + kEnd);
}

void MediaTurnTest::tiles_say_which_part_they_are() {
  Fixture f;
  const std::string path = f.picture("page.png");
  AttachedMedia& page = f.media->described["page.png"];
  page.tile_rows = 2;
  page.pieces = {FakeMedia::picture(100, 60, 60), FakeMedia::picture(100, 60, 60)};
  page.pieces[1].y = 50;
  f.ask({path});
  QCOMPARE(
      spelled(f.prompt(0)),
      "<bos><|turn>user\nPart 1 of 2, row 1, column 1: <|image>PICTURE 0<image|> Part 2 of 2, row 2, column 1: "
      "<|image>PICTURE 50<image|>Where a place is asked for, name its part: {\"part\": 1, \"box_2d\": [y0, x0, y1, "
      "x1], \"label\": \"...\"}, each number from 0 to 1000 of that part.\n\nWhat?" +
          kEnd);
}

void MediaTurnTest::a_typed_placeholder_stays_text() {
  Fixture f;
  f.ask({f.picture()}, 0, "What does <|image|> mean, and <image|>?");
  int media = 0;
  for (const PromptPiece& piece : f.prompt(0)) {
    media += piece.media ? 1 : 0;
    if (piece.text.find("<|image|>") != std::string::npos) QVERIFY(piece.kind == Kind::Data);
  }
  QCOMPARE(media, 1);
}

void MediaTurnTest::the_prompt_hash_covers_the_picture() {
  const auto hash = [](const char* name, std::uint32_t budget) {
    Fixture f;
    const std::string path = f.picture(name);
    const ConversationId id = f.ask(
        {path}, 0, "What?",
        budget == 0 ? std::map<std::string, std::uint32_t>{} : std::map<std::string, std::uint32_t>{{path, budget}});
    return must(f.reader->steps(f.messages(id)[1].id)).at(0).prompt_sha256;
  };
  QCOMPARE(hash("cat.png", 0), hash("cat.png", 0));
  QVERIFY(hash("cat.png", 0) != hash("dog.png", 0));
  QVERIFY(hash("cat.png", 0) != hash("cat.png", 1120));
}

void MediaTurnTest::a_model_without_eyes_says_so() {
  Fixture f;
  f.script->info.sees = false;
  const std::string path = f.picture();
  const ConversationId id = f.ask({path});
  QCOMPARE(spelled(f.prompt(0)),
           "<bos><|turn>user\nFile: " + QString::fromStdString(path) + "\n\nQuestion: What?" + kEnd);
  QCOMPARE(f.notice(id),
           QString("Scripted model can not see cat.png and is only told where it is; open a model with a projector, "
                   "an 'mmproj' file beside it."));
  f.script->info.media_remark = "its projector is damaged";
  QVERIFY(f.notice(f.ask({path})).endsWith("is only told where it is (its projector is damaged)."));
  // It was said; a question without pictures needs no word about them.
  QCOMPARE(f.notice(f.ask({}, id)), QString());
  QCOMPARE(order_problem(f.events), std::string());
}

void MediaTurnTest::what_is_left_out_is_said() {
  Fixture f;
  f.script->info.hears = false;
  QCOMPARE(
      f.notice(f.ask({f.video()})),
      QString("Scripted model sees film.mp4 but can not hear it; import it as a recording with a model that hears, "
              "and its transcript is read instead."));
  QVERIFY(!spelled(f.prompt(0)).contains("SOUND"));
  QVERIFY(f.notice(f.ask({f.sound()})).startsWith("Scripted model can not hear talk.wav"));
  f.script->info.hears = true;
  f.script->info.sees = false;
  QVERIFY(f.notice(f.ask({f.video("other.mp4")})).startsWith("Scripted model hears other.mp4 but can not see it"));
  QCOMPARE(spelled(f.prompt(2)), "<bos><|turn>user\n<|audio>SOUND 0<audio|>What?" + kEnd);
  f.script->info.sees = true;
  const std::string path = f.video("long.mp4");
  f.media->described["long.mp4"].pieces.pop_back();
  f.media->described["long.mp4"].remark = "its sound is left out because it is long";
  QCOMPARE(f.notice(f.ask({path})), QString("Of long.mp4 its sound is left out because it is long."));
}

void MediaTurnTest::who_can_not_hear_reads_transcripts() {
  Fixture f;
  const std::string film = f.video();
  f.said[film] = "[0:00:05] Hello.\n";
  f.script->info.hears = false;
  QCOMPARE(f.notice(f.ask({film})),
           QString("Scripted model sees film.mp4 but can not hear it, and reads its transcript instead."));
  const QString shown = spelled(f.prompt(0));
  QVERIFY2(shown.contains("FRAME 1") && !shown.contains("SOUND"), qPrintable(shown));
  QVERIFY2(shown.contains("File: film.mp4, what is said in it:\n\n[0:00:05] Hello.\n\nQuestion: What?"),
           qPrintable(shown));

  const std::string talk = f.sound();
  f.said[talk] = "[0:00:01] One.\n[0:00:02] Two.\n";
  QCOMPARE(f.notice(f.ask({talk})), QString("Scripted model can not hear talk.wav and reads its transcript instead."));
  QVERIFY(spelled(f.prompt(1)).contains("File: talk.wav, what is said in it:\n\n[0:00:01] One.\n[0:00:02] Two.\n"));
  f.script->info.hears = true;
  QCOMPARE(f.notice(f.ask({talk})), QString());
  QVERIFY(!spelled(f.prompt(2)).contains("One."));
}

// Whole lines, and the model is told that there are more.
void MediaTurnTest::long_transcripts_are_cut() {
  Fixture f;
  const std::string talk = f.sound();
  for (int i = 0; i < 2000; ++i)
    f.said[talk] += "[0:00:01] Again.\n";
  const AttachmentPart file = must(f.attachments.read(talk));
  QVERIFY(file.text.size() < 17'000);
  QVERIFY(QString::fromStdString(file.text).endsWith("[0:00:01] Again.\n(The transcript goes on.)\n"));
}

void MediaTurnTest::transcripts_belong_to_unchanged_files() {
  Fixture f;
  const std::string path = f.file("talk.wav", "RIFF one");
  QCOMPARE(transcript_of(*f.reader, path), std::string());
  const RecordingFile file = must(recording_file(path));
  const TranscriptId id = must(f.store->transcripts().create(file, "Talk", "A model", ""));
  Segment segment;
  segment.end = 5 * 16000;
  segment.speech_begin = 2 * 16000;
  segment.speech_end = 4 * 16000;
  segment.text = "Hello.";
  must(f.store->transcripts().add_segment(id, segment));
  QCOMPARE(transcript_of(*f.reader, path), std::string());  // it is not all yet
  QVERIFY(f.store->transcripts().set_state(id, TranscriptState::Done).ok());
  QCOMPARE(transcript_of(*f.reader, path), std::string("[0:00:02] Hello.\n"));
  f.file("talk.wav", "RIFF another one");
  QCOMPARE(transcript_of(*f.reader, path), std::string());
  QCOMPARE(transcript_of(*f.reader, path + ".not"), std::string());
}

void MediaTurnTest::a_damaged_picture_is_the_problem() {
  Fixture f;
  const Turn turn =
      f.begin({.conversation = 0, .text = "What?", .attachments = {f.file("torn.png", "\x89PNG torn")}, .folders = {}});
  QCOMPARE(turn.problem, std::string("The file torn.png is damaged; get it again."));
}

void MediaTurnTest::a_stop_does_not_wait_for_a_large_file() {
  Fixture f;
  const std::string path = f.file("backup.txt", QByteArray(1 << 20, 'x'));
  std::stop_source stop;
  stop.request_stop();
  const UserTurn asked{.conversation = 0, .text = "What?", .attachments = {path}, .folders = {}};
  const Turn turn = must(begin_turn(*f.store, *f.reader, asked, &f.attachments, stop.get_token()));
  // It is still in the question, only not read to its end.
  const AttachmentPart& file = Fixture::file_of(turn.user);
  QCOMPARE(file.name, std::string("backup.txt"));
  QCOMPARE(file.bytes, std::int64_t{1 << 20});
  QCOMPARE(file.sha256, std::string());
  QCOMPARE(file.text, std::string());
}

void MediaTurnTest::a_stopped_copy_leaves_nothing() {
  Fixture f;
  const QTemporaryDir place;
  const AttachmentFolder folder(place.filePath("attachments").toStdString());
  AttachmentPart file;
  file.path = f.file("long.wav", QByteArray(3 << 20, 'x'));
  file.sha256 = std::string(64, 'a');
  std::stop_source stop;
  QVERIFY(folder.keep(file, stop.get_token()).ok());
  QCOMPARE(QFileInfo(QString::fromStdString(folder.find(file))).size(), qint64{3 << 20});
  QVERIFY(folder.find(file) != file.path);

  file.sha256 = std::string(64, 'b');
  stop.request_stop();
  const Status stopped = folder.keep(file, stop.get_token());
  QVERIFY(!stopped.ok());
  QCOMPARE(stopped.error().code, Error::Code::Stopped);
  QCOMPARE(folder.find(file), file.path);
  QCOMPARE(QDir(place.filePath("attachments")).entryList(QDir::Files), QStringList{QString(64, 'a')});
}

void MediaTurnTest::what_was_attached_is_stored() {
  Fixture f;
  const std::string path = f.picture();
  const ConversationId id = f.ask({path, f.video()}, 0, "What?", {{path, 560}});
  const std::vector<Message> messages = f.messages(id);
  const AttachmentPart& picture = Fixture::file_of(messages[0]);
  AttachedMedia expected = f.media->described["cat.png"];
  expected.budget = 560;
  expected.budget_choice = BudgetChoice::ByUser;
  expected.pieces[0].tokens = 56;
  QVERIFY(picture.media == expected);
  QCOMPARE(picture.sha256, sha256_hex("\x89PNG of cat.png"));
  QVERIFY(Fixture::file_of(messages[0], 1).media == f.media->described["film.mp4"]);
}

void MediaTurnTest::a_copy_survives_the_file() {
  Fixture f;
  const std::string path = f.picture();
  const ConversationId id = f.ask({path});
  const fs::path copy = f.data / "attachments" / sha256_hex("\x89PNG of cat.png");
  QVERIFY(fs::exists(copy));
  QVERIFY(fs::remove(path));
  f.ask({}, id, "And?");
  const auto& pieces = f.prompt(1);
  const auto media = std::find_if(pieces.begin(), pieces.end(), [](const PromptPiece& piece) { return !!piece.media; });
  QVERIFY(media != pieces.end());
  QCOMPARE(media->media->file, copy.string());
  QCOMPARE(media->media->name, std::string("cat.png"));
  // Without either the conversation goes on in words.
  QVERIFY(fs::remove(copy));
  f.ask({}, id, "And now?");
  QVERIFY(spelled(f.prompt(2)).startsWith("<bos><|turn>user\nFile: " + QString::fromStdString(path)));
}

void MediaTurnTest::copies_go_with_the_last_conversation() {
  Fixture f;
  const std::string path = f.picture();
  const ConversationId one = f.ask({path});
  const ConversationId two = f.ask({path, f.picture("dog.png")});
  const auto copies = [&] {
    return std::distance(fs::directory_iterator(f.data / "attachments"), fs::directory_iterator());
  };
  const auto clean = [&] { f.attachments.folder().remove_others(must(f.reader->media_in_use())); };
  clean();
  QCOMPARE(copies(), 2);
  must(f.store->remove_conversation(two));
  clean();
  QCOMPARE(copies(), 1);
  // Nothing that somebody else has put there is touched.
  std::ofstream(f.data / "attachments" / "read me.txt") << "mine";
  must(f.store->remove_conversation(one));
  clean();
  QCOMPARE(copies(), 1);
  QVERIFY(fs::exists(f.data / "attachments" / "read me.txt"));
}

void MediaTurnTest::an_older_database_is_brought_up_to_date() {
  QTemporaryDir folder;
  const fs::path path = fs::path(folder.path().toStdString()) / "facet.sqlite";
  {
    const auto database = must(Database::open(path, Database::Mode::Write));
    must(migrate(*database, store_migrations().first(1)));
    must(
        database->execute("INSERT INTO conversation VALUES (1, 'Old', '', 1, 1);"
                          "INSERT INTO message VALUES (1, 1, 'user', 'done', 1);"
                          "INSERT INTO part VALUES (1, 1, 0, 0, 'attachment', '', NULL, 1);"
                          "INSERT INTO attachment VALUES (1, 1, 'cat.png', '/x/cat.png', 'image/png', 4, '00ff');"));
  }
  must(Store::open(path));
  const auto messages = must(must(StoreReader::open(path))->messages(1));
  const auto& file = std::get<AttachmentPart>(messages.at(0).parts.at(0).content);
  QCOMPARE(file.name, std::string("cat.png"));
  QVERIFY(!file.media);
  QVERIFY(fs::exists(path.string() + ".backup-v1"));
}

void MediaTurnTest::a_file_is_described_before_it_is_sent() {
  Fixture f;
  const std::string path = f.picture();
  const AttachmentPart file = must(f.attachments.glance(path, 280));
  const AttachmentDescribed described = description_of({path, 280}, file, f.attachments, &f.model);
  QCOMPARE(described.tokens, std::int64_t{28});
  QVERIFY(described.can_be_sent && described.problem.empty());
  std::vector<std::int64_t> tokens;
  for (const auto& cost : described.costs)
    tokens.push_back(cost.tokens);
  // Chosen by content first.
  QCOMPARE(tokens, (std::vector<std::int64_t>{60, 7, 14, 28, 56, 112}));
  f.script->info.sees = false;
  QVERIFY(description_of({path, 0}, file, f.attachments, &f.model)
              .problem.starts_with("Scripted model can not see cat.png"));
  const AttachmentDescribed failed = failed_description({"/x/torn.png", 0}, {Error::Code::CorruptFile, "Torn."});
  QVERIFY(!failed.can_be_sent);
  QCOMPARE(failed.problem, std::string("Torn."));
}

void MediaTurnTest::an_unsent_picture_is_in_the_prompt() {
  Fixture f;
  const UserTurn question{.conversation = 0, .text = "What?", .attachments = {f.picture()}, .folders = {}};
  const auto unsent = render_unsent(question, *f.reader, f.model, f.options);
  QVERIFY(unsent.has_value());
  f.ask(question.attachments);
  // Its file is the original as long as nothing was copied; it is the same to the model.
  QCOMPARE(prompt_text(unsent->whole), prompt_text(f.prompt(0)));
}

void MediaTurnTest::a_description_decodes_once() {
  Fixture f;
  const std::string path = f.picture();
  for (const std::uint32_t budget : {0U, 70U, 1120U, 0U})
    must(f.attachments.glance(path, budget));
  must(f.attachments.read(path, 0));
  QCOMPARE(f.media->descriptions, 1);
  // Another content under the same name.
  f.file("cat.png", "\x89PNG of another cat");
  must(f.attachments.glance(path, 0));
  QCOMPARE(f.media->descriptions, 2);
}

QTEST_APPLESS_MAIN(MediaTurnTest)
#include "media_turn_test.moc"
