#include "agent/unsent_prompt.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <set>

#include "agent/prompt/prompt.h"
#include "tests/agent/must.h"
#include "tests/agent/scripted_model.h"

using namespace facet;
using namespace facet::agent;

// What is estimated and read ahead is the very prompt that the model gets when the question is sent.
class UnsentPromptTest : public QObject {
  Q_OBJECT

 private slots:
  void init() { fixture_.emplace(); }
  void is_that_of_the_prompt_that_is_sent_data();
  void is_that_of_the_prompt_that_is_sent();
  void begins_as_the_prompt_that_is_sent();
  void begins_alike_whatever_is_asked();
  void stores_nothing();
  void knows_no_time_before_the_model_does();
  void files_that_are_gone_do_not_count();
  void a_conversation_that_is_gone_has_none();

 private:
  struct Fixture {
    QTemporaryDir folder;
    std::filesystem::path path = std::filesystem::path(folder.path().toStdString()) / "facet.sqlite";
    std::unique_ptr<Store> store = must(Store::open(path));
    std::unique_ptr<StoreReader> reader = must(StoreReader::open(path));
    std::shared_ptr<Script> script = std::make_shared<Script>();
    ScriptedModel model{script};
    TurnOptions options;
    TurnHooks hooks;

    Fixture() {
      options.system_prompt = "Answer from the files in {folder}.";
      hooks.send = [](const Event&) {};
      hooks.ask = [](const Approval&, std::stop_token) { return std::optional(Decision::Deny); };
      hooks.run_tool = [](const auto& work, const ToolProgress& progress) { return work(progress); };
      hooks.serve = [] {};
      hooks.now_ms = [] { return std::int64_t{1000}; };
      script->replies = {{"Well, well."}, {"I see."}, {"So it is."}};
    }

    std::optional<ReadingEstimate> estimate(const UserTurn& question) const {
      const auto prompt = render_unsent(question, *reader, model, options);
      return prompt ? model.estimate_reading(question.conversation, prompt->whole) : std::nullopt;
    }
    ConversationId send(const UserTurn& question) {
      Turn begun = must(begin_turn(*store, *reader, question));
      const ConversationId id = begun.conversation.id;
      run_turn(std::move(begun), *store, *reader, &model, options, hooks, {});
      return id;
    }
    std::string file(const char* name, const QByteArray& content) const {
      QFile out(folder.filePath(name));
      if (!out.open(QIODevice::WriteOnly) || out.write(content) != content.size()) qFatal("file");
      return out.fileName().toStdString();
    }
  };

  std::optional<Fixture> fixture_;
};

void UnsentPromptTest::is_that_of_the_prompt_that_is_sent_data() {
  QTest::addColumn<QByteArray>("file");
  QTest::newRow("no file") << QByteArray();
  QTest::newRow("a file that goes into the prompt") << QByteArray("one two three four\n");
  QTest::newRow("a file that is too long for it") << QByteArray("word ").repeated(10'000);
}

void UnsentPromptTest::is_that_of_the_prompt_that_is_sent() {
  QFETCH(QByteArray, file);
  UserTurn question{.conversation = 0, .text = "What is in it?", .attachments = {}, .folders = {"/home/ann"}};
  if (!file.isEmpty()) question.attachments = {fixture_->file("list.txt", file)};
  for (std::size_t turn = 0; turn < 3; ++turn) {
    const auto estimate = fixture_->estimate(question);
    question.conversation = fixture_->send(question);
    const auto sent = fixture_->model.count_tokens(fixture_->script->requests.at(turn).prompt);
    QCOMPARE(estimate, std::optional(ReadingEstimate{sent, std::nullopt}));
  }
}

// All that stands before the question, and nothing of it.
void UnsentPromptTest::begins_as_the_prompt_that_is_sent() {
  UserTurn question{.conversation = 0, .text = "WHAT IS IN IT?", .attachments = {}, .folders = {"/home/ann"}};
  const std::vector<std::string> before = {"Answer from the files in /home/ann.", "Well, well.", "I see."};
  for (std::size_t turn = 0; turn < 3; ++turn) {
    const auto prompt = render_unsent(question, *fixture_->reader, fixture_->model, fixture_->options);
    const std::string beginning = prompt_text(prompt->beginning);
    question.conversation = fixture_->send(question);
    const std::string sent = prompt_text(fixture_->script->requests.at(turn).prompt);
    QCOMPARE(prompt_text(prompt->whole), sent);
    QVERIFY(sent.starts_with(beginning));
    QCOMPARE(sent.substr(beginning.size()), "user\nWHAT IS IN IT?<turn|>\n<|turn>model\n");
    QVERIFY(beginning.find(before[turn]) != std::string::npos);
  }
}

void UnsentPromptTest::begins_alike_whatever_is_asked() {
  const std::string file = fixture_->file("list.txt", "one two three\n");
  std::set<std::string> beginnings;
  for (const char* text : {"", "A", "model", "user"})
    for (const auto& attachments : {std::vector<std::string>{}, {file}})
      beginnings.insert(
          prompt_text(render_unsent({.conversation = 0, .text = text, .attachments = attachments, .folders = {}},
                                    *fixture_->reader, fixture_->model, fixture_->options)
                          ->beginning));
  QCOMPARE(beginnings.size(), std::size_t{1});
  QVERIFY(beginnings.begin()->find("Answer from the files in none.") != std::string::npos);
}

void UnsentPromptTest::stores_nothing() {
  QVERIFY(fixture_->estimate({.conversation = 0, .text = "Hello", .attachments = {}, .folders = {}}));
  QVERIFY(must(fixture_->reader->conversations()).empty());
}

void UnsentPromptTest::knows_no_time_before_the_model_does() {
  const UserTurn question{.conversation = 0, .text = "Hello", .attachments = {}, .folders = {}};
  QVERIFY(!fixture_->estimate(question)->milliseconds);
  fixture_->script->read_ms_per_token = 20;
  const auto estimate = fixture_->estimate(question);
  QCOMPARE(estimate->milliseconds, std::optional(20 * estimate->tokens));
}

void UnsentPromptTest::files_that_are_gone_do_not_count() {
  const UserTurn without{.conversation = 0, .text = "Hello", .attachments = {}, .folders = {}};
  UserTurn with = without;
  with.attachments = {"/nowhere/at/all"};
  QCOMPARE(fixture_->estimate(with), fixture_->estimate(without));
}

void UnsentPromptTest::a_conversation_that_is_gone_has_none() {
  QVERIFY(!fixture_->estimate({.conversation = 77, .text = "Hello", .attachments = {}, .folders = {}}));
}

QTEST_GUILESS_MAIN(UnsentPromptTest)
#include "unsent_prompt_test.moc"
