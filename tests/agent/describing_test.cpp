// Files that take long to decode: the agent goes on meanwhile, tells how far it is, and stops when nobody wants them.
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>
#include <condition_variable>
#include <mutex>

#include "agent/agent.h"
#include "engine/base/channel.h"
#include "tests/agent/event_text.h"
#include "tests/agent/fake_media.h"
#include "tests/agent/must.h"
#include "tests/agent/scripted_model.h"

using namespace facet;
using namespace facet::agent;

namespace {

namespace fs = std::filesystem;

// An agent whose files are decoded when the test says so.
class Fixture {
 public:
  Fixture() {
    media->described["talk.wav"] = {.kind = MediaKind::Sound, .duration_ms = 40'000};
    media->described["talk.wav"].pieces = {FakeMedia::sound(0, 320'000, 500)};
    media->before_description = [this](const std::stop_token& stop, const MediaSource::Progress& progress) {
      if (progress) progress(0.5);
      std::unique_lock lock(mutex_);
      ++running_;
      changed_.wait(lock, stop, [this] { return may_go_on_; });
      --running_;
      was_stopped_ = was_stopped_ || stop.stop_requested();
    };
    script->info.sees = true;
    script->info.hears = true;
    AgentOptions options;
    options.database = root / "facet.sqlite";
    options.media = media;
    options.load_model = [this](const std::string&) -> Result<std::unique_ptr<TextModel>> {
      return std::unique_ptr<TextModel>(std::make_unique<ScriptedModel>(script));
    };
    options.on_event = [this](const Event& event) { events_.send(event); };
    agent = must(Agent::start(std::move(options)));
    agent->submit(LoadModel{"script"});
    wait_for("model Scripted model ready");
    QFile file(QString::fromStdString(talk));
    if (!file.open(QIODevice::WriteOnly) || file.write("RIFF\xFF talk") < 0) qFatal("file");
  }
  ~Fixture() { agent.reset(); }

  void go_on() {
    const std::lock_guard lock(mutex_);
    may_go_on_ = true;
    changed_.notify_all();
  }
  bool was_stopped() {
    const std::lock_guard lock(mutex_);
    return was_stopped_;
  }
  // How many files are being decoded.
  int running() {
    const std::lock_guard lock(mutex_);
    return running_;
  }
  // Receives events up to the one that begins like this.
  const Event& wait_for(const std::string& beginning) {
    do {
      log.push_back(*events_.receive());
      texts.push_back(event_text(log.back()));
    } while (!texts.back().starts_with(beginning));
    return log.back();
  }
  bool has(const std::string& beginning) const {
    return std::any_of(texts.begin(), texts.end(), [&](const auto& text) { return text.starts_with(beginning); });
  }
  UserTurn question() const {
    return {.conversation = 0, .text = "What?", .attachments = {talk}, .folders = {}, .budgets = {}};
  }

  QTemporaryDir folder;
  fs::path root = fs::canonical(folder.path().toStdString());
  std::string talk = (root / "talk.wav").string();
  std::shared_ptr<FakeMedia> media = std::make_shared<FakeMedia>();
  std::shared_ptr<Script> script = std::make_shared<Script>();
  std::vector<Event> log;
  std::vector<std::string> texts;

 private:
  Channel<Event> events_{10'000};
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool may_go_on_ = false;
  bool was_stopped_ = false;
  int running_ = 0;

 public:
  std::unique_ptr<Agent> agent;
};

}  // namespace

class DescribingTest : public QObject {
  Q_OBJECT

 private slots:
  void the_agent_goes_on_meanwhile();
  void what_nobody_wants_is_stopped();
  void a_question_waits_for_its_file();
  void a_stopped_question_does_not_wait();
  void what_can_not_be_decoded_is_told_once();
  void a_passing_failure_is_tried_again();
  void an_estimate_comes_when_the_file_is_known();
  void the_end_does_not_wait();
};

void DescribingTest::the_agent_goes_on_meanwhile() {
  Fixture f;
  f.script->replies = {{"Hello."}};
  f.agent->submit(DescribeAttachment{f.talk, 0});
  f.wait_for("attachment talk.wav: 0 percent");
  f.wait_for("attachment talk.wav: 50 percent");
  // A whole turn has room while the file is being decoded.
  f.agent->submit(UserTurn{.conversation = 0, .text = "Hi", .attachments = {}, .folders = {}, .budgets = {}});
  f.wait_for("turn finished in 1: done");
  QVERIFY(!f.has("attachment talk.wav: 500"));
  f.go_on();
  const auto described = std::get<AttachmentDescribed>(f.wait_for("attachment talk.wav: 500"));
  QVERIFY(described.can_be_sent);
  QCOMPARE(described.path, f.talk);
  // What is known is told at once.
  f.agent->submit(DescribeAttachment{f.talk, 0});
  f.wait_for("attachment talk.wav: 500");
  QCOMPARE(f.media->descriptions.load(), 1);
}

void DescribingTest::what_nobody_wants_is_stopped() {
  Fixture f;
  f.agent->submit(DescribeAttachment{f.talk, 0});
  f.wait_for("attachment talk.wav: 50 percent");
  f.agent->submit(ForgetAttachment{f.talk});
  QTRY_VERIFY(f.was_stopped());
  // Asked anew it begins anew, and only that is answered.
  f.go_on();
  f.agent->submit(DescribeAttachment{f.talk, 0});
  f.wait_for("attachment talk.wav: 500");
  QCOMPARE(f.media->descriptions.load(), 2);
  QVERIFY(!f.has("attachment : 0"));
}

void DescribingTest::a_question_waits_for_its_file() {
  Fixture f;
  f.script->replies = {{"A talk."}, {"Before."}};
  f.agent->submit(f.question());
  // It still needs what the composer has let go.
  f.agent->submit(ForgetAttachment{f.talk});
  f.agent->submit(EstimateReading{.question = {.conversation = 0, .text = "Hi", .attachments = {}, .folders = {}}});
  f.wait_for("would read");
  QVERIFY(!f.has("turn started"));
  QVERIFY(!f.was_stopped());
  f.go_on();
  f.wait_for("turn started");
  f.wait_for("turn finished in 1: done");
  QCOMPARE(f.media->descriptions.load(), 1);
  const auto& prompt = f.script->requests.at(0).prompt;
  QVERIFY(std::any_of(prompt.begin(), prompt.end(), [](const PromptPiece& piece) { return !!piece.media; }));
}

void DescribingTest::a_stopped_question_does_not_wait() {
  Fixture f;
  f.agent->submit(f.question());
  QTRY_COMPARE(f.media->descriptions.load(), 1);
  f.agent->submit(StopTurn{0});
  f.wait_for("turn finished in 1: stopped");
  QTRY_COMPARE(f.running(), 0);
  QVERIFY(f.script->requests.empty());
}

void DescribingTest::what_can_not_be_decoded_is_told_once() {
  Fixture f;
  f.go_on();
  f.media->described.clear();
  f.agent->submit(DescribeAttachment{f.talk, 0});
  const auto failed = std::get<AttachmentDescribed>(f.wait_for("attachment :"));
  QVERIFY(!failed.can_be_sent);
  QVERIFY2(failed.problem.find("talk.wav is damaged") != std::string::npos, failed.problem.c_str());
  // The turn says the same, and nothing is decoded again.
  f.agent->submit(f.question());
  f.wait_for("turn finished in 1: failed");
  QCOMPARE(f.media->descriptions.load(), 1);
}

void DescribingTest::a_passing_failure_is_tried_again() {
  Fixture f;
  f.go_on();
  const auto slow = f.media->before_description;
  f.media->before_description = [](const std::stop_token&, const MediaSource::Progress&) {
    throw std::runtime_error("out of cheese");
  };
  f.agent->submit(DescribeAttachment{f.talk, 0});
  const auto failed = std::get<AttachmentDescribed>(f.wait_for("attachment :"));
  QVERIFY2(failed.problem.find("out of cheese") != std::string::npos, failed.problem.c_str());
  // A turn ends with it, and does not try for ever.
  f.agent->submit(f.question());
  f.wait_for("turn finished in 1: failed");
  f.media->before_description = slow;
  f.agent->submit(DescribeAttachment{f.talk, 0});
  f.wait_for("attachment talk.wav: 500");
}

void DescribingTest::an_estimate_comes_when_the_file_is_known() {
  Fixture f;
  f.agent->submit(EstimateReading{f.question()});
  f.agent->submit(DescribeAttachment{f.talk, 0});
  f.wait_for("attachment talk.wav: 0 percent");
  QVERIFY(!f.has("would read"));
  f.go_on();
  f.wait_for("would read");
}

// It would hang here otherwise.
void DescribingTest::the_end_does_not_wait() {
  Fixture f;
  f.agent->submit(DescribeAttachment{f.talk, 0});
  f.wait_for("attachment talk.wav: 50 percent");
  f.agent->submit(f.question());
  f.agent.reset();
  QVERIFY(f.was_stopped());
}

QTEST_GUILESS_MAIN(DescribingTest)
#include "describing_test.moc"
