// Pictures that a call returns: what the model is told of them, in the same turn and later, how they are stored, and
// what becomes of them where they can not be kept, or not be seen.
#include <QTemporaryDir>
#include <QtTest>
#include <fstream>
#include <future>

#include "agent/agent.h"
#include "agent/attachment.h"
#include "agent/prompt/prompt.h"
#include "agent/transcript.h"
#include "agent/turn.h"
#include "engine/base/channel.h"
#include "engine/base/sha256.h"
#include "tests/agent/event_text.h"
#include "tests/agent/fake_media.h"
#include "tests/agent/must.h"
#include "tests/agent/scripted_model.h"

using namespace facet;
using namespace facet::agent;

namespace {

namespace fs = std::filesystem;

const std::string kScreen = "\x89PNG of a screen";
const std::string kOther = "\x89PNG of another one";
const std::string kLook = "<|tool_call>call:look{}<tool_call|><|tool_response>";

// A tool that answers with these pictures.
Tool look_tool(std::vector<ToolPicture> pictures, Effect effect = Effect::Read) {
  Tool tool;
  tool.name = "look";
  tool.description = "Looks.";
  tool.parameters = {{"type", "object"}, {"properties", Json::object()}};
  tool.effect = effect;
  tool.plan = [effect](const Json&, const ToolContext&) {
    PlannedEffect planned;
    planned.effect = effect;
    planned.text = "Take a picture of screen 1 (100 x 60)";
    return Result<PlannedEffect>(planned);
  };
  tool.run = [pictures = std::move(pictures)](const Json&, const PlannedEffect&, const ToolContext&) {
    ToolResult result{.content = "Here."};
    result.pictures = pictures;
    return result;
  };
  return tool;
}

AttachedMedia picture(std::uint32_t width, std::uint32_t height, std::uint32_t budget = 280) {
  AttachedMedia media{.width = width, .height = height, .budget = budget};
  media.pieces = {FakeMedia::picture(width, height, budget / 10)};
  return media;
}

struct Fixture {
  QTemporaryDir folder;
  fs::path data = fs::canonical(folder.path().toStdString()) / "data";
  fs::path path = data / "facet.sqlite";
  fs::path copies = AttachmentFolder::beside(path);
  std::unique_ptr<Store> store = must(Store::open(path));
  std::unique_ptr<StoreReader> reader = must(StoreReader::open(path));
  std::shared_ptr<FakeMedia> media = std::make_shared<FakeMedia>();
  Attachments attachments{media, AttachmentFolder(copies)};
  std::shared_ptr<Script> script = std::make_shared<Script>();
  ScriptedModel model{script};
  TurnOptions options;
  TurnHooks hooks;
  std::vector<Event> events;

  Fixture() {
    options.seed = 7;
    options.attachments = &attachments;
    options.tools = {look_tool({{"screen 1.png", "image/png", kScreen}})};
    script->info.sees = true;
    media->described[sha256_hex(kScreen)] = picture(100, 60);
    media->described[sha256_hex(kOther)] = picture(80, 40);
    hooks.send = [this](const Event& event) { events.push_back(event); };
    hooks.ask = [](const Approval&, std::stop_token) { return std::optional(Decision::AllowOnce); };
    hooks.run_tool = [](const auto& work, const ToolProgress& progress) { return work(progress); };
    hooks.serve = [] {};
    hooks.now_ms = [] { return std::int64_t{1000}; };
  }

  ConversationId ask(ConversationId conversation = 0, std::stop_token stop = {}) {
    Turn turn = must(begin_turn(*store, *reader,
                                {.conversation = conversation, .text = "What?", .attachments = {}, .folders = {}},
                                &attachments));
    const ConversationId id = turn.conversation.id;
    events.push_back(TurnStarted{id, turn.user, turn.assistant.id});
    run_turn(std::move(turn), *store, *reader, &model, options, hooks, stop);
    return id;
  }
  // A turn that calls the tool and then answers.
  ConversationId look() {
    script->replies.insert(script->replies.end(), {{kLook}, {"A window."}});
    return ask();
  }
  Call call(ConversationId id) const {
    const std::vector<Message> messages = must(reader->messages(id));
    return std::get<CallPart>(messages.at(1).parts.at(0).content).call;
  }
  const std::vector<PromptPiece>& prompt(std::size_t request) const { return script->requests.at(request).prompt; }
  std::ptrdiff_t copy_count() const {
    return fs::exists(copies) ? std::distance(fs::directory_iterator(copies), fs::directory_iterator()) : 0;
  }
};

// As the template prints it, with the size of a picture in the place of its key.
QString spelled(const std::vector<PromptPiece>& prompt) {
  std::string text;
  for (const PromptPiece& piece : prompt)
    text += piece.media ? "PICTURE " + std::to_string(piece.media->piece.width) : piece.text;
  const std::size_t user = text.find("<|turn>user");
  return QString::fromStdString(text.substr(user));
}

// The template, without what is ours: a placeholder for each picture.
QString with_placeholders(const QString& text) {
  static const QRegularExpression shown("<\\|image>PICTURE \\d+<image\\|>");
  return QString(text).replace(shown, "<|image|>");
}

const QString kAsked = "<|turn>user\nWhat?<turn|>\n<|turn>model\n";

}  // namespace

class CallPicturesTest : public QObject {
  Q_OBJECT

 private slots:
  void a_picture_stands_behind_its_result();
  void several_stand_in_their_order();
  void parts_are_told_in_the_result();
  void a_model_without_eyes_is_told_in_words();
  void a_copy_that_is_gone_is_told_in_words();
  void what_is_left_out_to_make_room_is_told_in_words();
  void they_are_stored_with_their_call();
  void small_text_is_looked_at_closely();
  void they_go_with_their_conversation();
  void what_can_not_be_kept_fails_the_call_alone();
  void what_is_no_picture_leaves_nothing_behind();
  void a_failed_call_has_none();
  void a_no_takes_none();
  void a_stop_takes_none_data();
  void a_stop_takes_none();
  void only_who_sees_is_offered_the_screen();
  void what_is_not_stored_yet_is_not_cleaned_away();
};

// The specification of the template: behind the result's closing marker one placeholder for each picture, which is
// expanded as those of a question are.
void CallPicturesTest::a_picture_stands_behind_its_result() {
  Fixture f;
  const ConversationId id = f.look();
  const QString expected = kAsked +
                           "<|tool_call>call:look{}<tool_call|><|tool_response>response:look{value:<|\"|>Here.<|\"|>}"
                           "<tool_response|><|image>PICTURE 100<image|>";
  QCOMPARE(spelled(f.prompt(1)), expected);
  const auto& pieces = f.prompt(1);
  const auto media = std::find_if(pieces.begin(), pieces.end(), [](const auto& piece) { return !!piece.media; });
  QVERIFY(media != pieces.end() && media->kind == PromptPiece::Kind::Media);
  QCOMPARE(media->media->file, (f.copies / sha256_hex(kScreen)).string());
  QCOMPARE(media->media->name, std::string("screen 1.png"));
  QCOMPARE(media->media->budget, 280U);
  // The markers are the template's, what the tool says is not.
  QVERIFY(std::prev(media)->kind == PromptPiece::Kind::Template);
  QVERIFY(QString::fromStdString(std::prev(media)->text).endsWith("<tool_response|><|image>"));
  QVERIFY(std::next(media)->text.starts_with("<image|>"));

  f.script->replies.push_back({"Still."});
  f.ask(id);
  QCOMPARE(spelled(f.prompt(2)), expected + "A window.<turn|>\n" + kAsked);
  // The same messages in the template's own words.
  const Json messages = Json::parse(R"([
    {"role": "user", "content": "What?"},
    {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "function": {"name": "look", "arguments": {}}}]},
    {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "Here."}, {"type": "image"}]}])");
  PromptOptions exact;
  exact.mode = PromptOptions::Mode::Exact;
  QCOMPARE(with_placeholders(expected), spelled(must(render_prompt(messages, {}, exact))));
  QCOMPARE(order_problem(f.events), std::string());
}

void CallPicturesTest::several_stand_in_their_order() {
  Fixture f;
  f.options.tools = {look_tool({{"one.png", "image/png", kOther}, {"two.png", "image/png", kScreen}})};
  f.script->replies = {{"<|tool_call>call:look{}<tool_call|>" + kLook}, {"Two."}};
  f.ask();
  QVERIFY2(spelled(f.prompt(1))
               .endsWith("<|tool_response>response:look{value:<|\"|>Here.<|\"|>}<tool_response|>"
                         "<|image>PICTURE 80<image|><|image>PICTURE 100<image|>"
                         "<|tool_response>response:look{value:<|\"|>Here.\n\nnote: the same call was "
                         "made before in this turn; use its result, or do something else.<|\"|>}"
                         "<tool_response|><|image>PICTURE 80<image|><|image>PICTURE 100<image|>"),
           qPrintable(spelled(f.prompt(1))));
  QCOMPARE(f.copy_count(), 2);
}

void CallPicturesTest::parts_are_told_in_the_result() {
  Fixture f;
  AttachedMedia& wide = f.media->described[sha256_hex(kScreen)];
  wide = picture(300, 60);
  wide.tile_columns = 2;
  wide.pieces = {FakeMedia::picture(160, 60, 28), FakeMedia::picture(161, 60, 28)};
  f.look();
  QVERIFY2(
      spelled(f.prompt(1))
          .contains(
              "<|\"|>Here.\n[The picture screen 1.png, 300 x 60 pixels, is shown in 2 parts, row by row, 2 in a row.]"),
      qPrintable(spelled(f.prompt(1))));
  QVERIFY(spelled(f.prompt(1)).endsWith("<tool_response|><|image>PICTURE 160<image|><|image>PICTURE 161<image|>"));
}

void CallPicturesTest::a_model_without_eyes_is_told_in_words() {
  Fixture f;
  f.script->info.sees = false;
  f.look();
  QVERIFY2(spelled(f.prompt(1))
               .endsWith("{value:<|\"|>Here.\n[There is a picture, screen 1.png, 100 x 60 pixels, but you can not see "
                         "pictures.]<|\"|>}<tool_response|>"),
           qPrintable(spelled(f.prompt(1))));
}

void CallPicturesTest::a_copy_that_is_gone_is_told_in_words() {
  Fixture f;
  const ConversationId id = f.look();
  QVERIFY(fs::remove(f.copies / sha256_hex(kScreen)));
  f.script->replies.push_back({"Gone."});
  f.ask(id);
  QVERIFY2(spelled(f.prompt(2))
               .contains("Here.\n[There was a picture, screen 1.png, 100 x 60 pixels, but it is not "
                         "there any more.]<|\"|>}<tool_response|>A window."),
           qPrintable(spelled(f.prompt(2))));
}

// A picture takes more room than many words.
void CallPicturesTest::what_is_left_out_to_make_room_is_told_in_words() {
  Fixture f;
  const ConversationId id = f.look();
  const Message answer = must(f.reader->messages(id)).at(1);
  QVERIFY(is_long_result(f.call(id)));
  const Senses senses{true, false, [&](const AttachmentPart& file) { return f.attachments.folder().find(file); }};
  Json messages = Json::array();
  append_message(messages, answer, senses, {.results_to = f.call(id).id});
  QCOMPARE(messages.at(1)["content"].get<std::string>(),
           std::string("Here.\n[The picture screen 1.png was left out to make room.]"));
}

void CallPicturesTest::they_are_stored_with_their_call() {
  Fixture f;
  f.options.tools = {look_tool({{"one.png", "image/png", kOther}, {"two.png", "image/png", kScreen}})};
  const Call call = f.call(f.look());
  QCOMPARE(call.result, std::string("Here."));
  QVERIFY(call.state == CallState::Succeeded);
  QCOMPARE(call.pictures.size(), std::size_t{2});
  const AttachmentPart& two = call.pictures[1];
  QCOMPARE(two.name, std::string("two.png"));
  QCOMPARE(two.media_type, std::string("image/png"));
  QCOMPARE(two.path, std::string());
  QCOMPARE(two.bytes, std::int64_t(kScreen.size()));
  QCOMPARE(two.sha256, sha256_hex(kScreen));
  QVERIFY(two.media == f.media->described[sha256_hex(kScreen)]);
  QCOMPARE(must(f.reader->media_in_use()), (std::set{sha256_hex(kScreen), sha256_hex(kOther)}));
  // The same in the news.
  const auto told = std::find_if(f.events.begin(), f.events.end(),
                                 [](const Event& event) { return std::holds_alternative<PartFinished>(event); });
  const Call& news = std::get<CallPart>(std::get<PartFinished>(*told).part.content).call;
  QVERIFY(news.pictures.size() == 2 && news.pictures[1].media == two.media);
  std::ifstream copy(f.copies / two.sha256, std::ios::binary);
  QCOMPARE(std::string(std::istreambuf_iterator<char>(copy), {}), kScreen);
  QVERIFY(fs::status(f.copies / two.sha256).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

// What is known to have small text gets more than its content asks for, and no more than shows all of it.
void CallPicturesTest::small_text_is_looked_at_closely() {
  Fixture f;
  f.options.tools = {look_tool({{"one.png", "image/png", kOther, 1120}, {"two.png", "image/png", kScreen, 1120}})};
  f.media->described[sha256_hex(kOther)].shrinking = 0.5;
  f.media->described[sha256_hex(kScreen)].shrinking = 2;
  const Call call = f.call(f.look());
  QCOMPARE(call.pictures[0].media->budget, 280U);
  QCOMPARE(call.pictures[1].media->budget, 1120U);
  QVERIFY(call.pictures[1].media->budget_choice == BudgetChoice::ByContent);
}

void CallPicturesTest::they_go_with_their_conversation() {
  Fixture f;
  const ConversationId one = f.look();
  const ConversationId two = f.look();
  QCOMPARE(f.copy_count(), 1);
  const auto remove = [&](ConversationId id) {
    must(f.store->remove_conversation(id));
    f.attachments.folder().remove_others(must(f.reader->media_in_use()));
  };
  remove(one);
  QCOMPARE(f.copy_count(), 1);
  remove(two);
  QCOMPARE(f.copy_count(), 0);
}

void CallPicturesTest::what_can_not_be_kept_fails_the_call_alone() {
  Fixture f;
  std::ofstream(f.copies) << "in the way";
  const ConversationId id = f.look();
  const Call call = f.call(id);
  QVERIFY(call.state == CallState::Failed);
  QVERIFY2(call.result.starts_with("error: The file screen 1.png can not be copied to the data folder: ") &&
               call.result.ends_with("; make room there and try again."),
           call.result.c_str());
  QVERIFY(call.pictures.empty());
  QVERIFY(!spelled(f.prompt(1)).contains("PICTURE"));
  // The turn goes on, and has its answer.
  const std::vector<Message> messages = must(f.reader->messages(id));
  QVERIFY(messages[1].finish == Finish::Done);
  QCOMPARE(std::get<TextPart>(messages[1].parts.at(1).content).text, std::string("A window."));
  QCOMPARE(order_problem(f.events), std::string());
}

void CallPicturesTest::what_is_no_picture_leaves_nothing_behind() {
  Fixture f;
  f.options.tools = {look_tool({{"screen 1.png", "image/png", kScreen}, {"torn.png", "image/png", "\x89PNG torn"}})};
  QCOMPARE(f.call(f.look()).result, "error: The file " + sha256_hex("\x89PNG torn") + " is damaged; get it again.");
  QCOMPARE(f.copy_count(), 0);
  f.media->described[sha256_hex(kScreen)].kind = MediaKind::Sound;
  QCOMPARE(f.call(f.look()).result, std::string("error: What the tool has made, screen 1.png, is no picture."));
  QCOMPARE(f.copy_count(), 0);
  // Where nothing decodes pictures.
  Attachments plain;
  f.options.attachments = &plain;
  QVERIFY(f.call(f.look()).state == CallState::Failed);
}

void CallPicturesTest::a_failed_call_has_none() {
  Fixture f;
  Tool& tool = f.options.tools[0];
  tool.run = [run = tool.run](const Json& arguments, const PlannedEffect& planned, const ToolContext& context) {
    ToolResult result = run(arguments, planned, context);
    result.failed = true;
    return result;
  };
  QVERIFY(f.call(f.look()).pictures.empty());
  QCOMPARE(f.copy_count(), 0);
}

void CallPicturesTest::a_no_takes_none() {
  Fixture f;
  f.options.tools = {look_tool({{"screen 1.png", "image/png", kScreen}}, Effect::SeeScreen)};
  std::optional<Approval> asked;
  f.hooks.ask = [&](const Approval& approval, std::stop_token) {
    asked = approval;
    return std::optional(Decision::Deny);
  };
  const Call call = f.call(f.look());
  QVERIFY(call.state == CallState::Denied && call.pictures.empty());
  QCOMPARE(asked->reason, std::string("This looks at your screen."));
  QCOMPARE(asked->effect_text, std::string("Take a picture of screen 1 (100 x 60)"));
  // Each time anew: nothing that could be allowed from now on.
  QVERIFY(asked->scope.empty() && !asked->offers_always);
  QCOMPARE(f.copy_count(), 0);
  f.options.allowed_effects = {Effect::SeeScreen};
  asked.reset();
  QCOMPARE(f.call(f.look()).pictures.size(), std::size_t{1});
  QVERIFY(!asked);
}

void CallPicturesTest::a_stop_takes_none_data() {
  QTest::addColumn<bool>("while_asking");
  QTest::newRow("while the user is asked") << true;
  QTest::newRow("while the picture is looked at") << false;
}

void CallPicturesTest::a_stop_takes_none() {
  QFETCH(bool, while_asking);
  Fixture f;
  f.options.tools = {look_tool({{"screen 1.png", "image/png", kScreen}}, Effect::SeeScreen)};
  std::stop_source stop;
  f.hooks.ask = [&](const Approval&, std::stop_token) {
    if (while_asking) stop.request_stop();
    return while_asking ? std::nullopt : std::optional(Decision::AllowOnce);
  };
  f.media->before_description = [&](std::stop_token, const MediaSource::Progress&) { stop.request_stop(); };
  f.script->replies = {{kLook}, {"Never said."}};
  const ConversationId id = f.ask(0, stop.get_token());
  const Call call = f.call(id);
  QVERIFY(call.state == CallState::Stopped && call.pictures.empty());
  QCOMPARE(call.result, std::string("error: stopped by the user"));
  QVERIFY(must(f.reader->messages(id))[1].finish == Finish::Stopped);
  QCOMPARE(f.copy_count(), 0);
}

namespace {

// The whole agent, on its thread.
struct WholeAgent {
  Fixture f;
  Channel<Event> events{10'000};
  std::promise<void> removed;  // a conversation
  std::unique_ptr<Agent> agent;

  explicit WholeAgent(Effect effect) {
    f.store.reset();
    AgentOptions options;
    options.database = f.path;
    options.media = f.media;
    options.tools = {look_tool({{"screen 1.png", "image/png", kScreen}}, effect)};
    options.load_model = [this](const std::string&) -> Result<std::unique_ptr<TextModel>> {
      return std::unique_ptr<TextModel>(std::make_unique<ScriptedModel>(f.script));
    };
    options.on_event = [this](const Event& event) {
      if (std::holds_alternative<ConversationRemoved>(event)) removed.set_value();
      events.send(event);
    };
    agent = must(Agent::start(options));
    agent->submit(LoadModel{"script"});
  }
  void ask() { agent->submit(UserTurn{.conversation = 0, .text = "What?", .attachments = {}, .folders = {}}); }
  template <typename Awaited>
  Awaited await() {
    while (true) {
      const Event event = *events.receive();
      if (const auto* awaited = std::get_if<Awaited>(&event)) return *awaited;
    }
  }
};

}  // namespace

void CallPicturesTest::only_who_sees_is_offered_the_screen() {
  for (const bool sees : {true, false}) {
    WholeAgent whole(Effect::SeeScreen);
    whole.f.script->info.sees = sees;
    whole.f.script->replies = {{"So."}};
    whole.ask();
    whole.await<TurnFinished>();
    QCOMPARE(prompt_text(whole.f.prompt(0)).find("declaration:look") != std::string::npos, sees);
    whole.agent.reset();
  }
}

// Another conversation is removed, and its copies are, while a picture waits for its row.
void CallPicturesTest::what_is_not_stored_yet_is_not_cleaned_away() {
  WholeAgent whole(Effect::Read);
  whole.f.script->replies = {{"So."}, {kLook}, {"A window."}};
  whole.ask();
  whole.await<TurnFinished>();
  std::ofstream(whole.f.copies / sha256_hex("left over")) << "left over";
  whole.f.media->before_description = [&](std::stop_token, const MediaSource::Progress&) {
    whole.agent->submit(RemoveConversation{1});
    whole.removed.get_future().wait();
  };
  whole.ask();
  whole.await<TurnFinished>();
  const Call call = whole.f.call(2);
  QCOMPARE(call.pictures.size(), std::size_t{1});
  QVERIFY(fs::exists(whole.f.copies / call.pictures[0].sha256));
  // What was due is done when the turn is over.
  whole.agent.reset();
  QVERIFY(!fs::exists(whole.f.copies / sha256_hex("left over")));
}

QTEST_APPLESS_MAIN(CallPicturesTest)
#include "call_pictures_test.moc"
