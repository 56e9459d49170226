// Scripted turns in, whole lists of events out. The cases are the files in golden/, which explain themselves:
//
//   # What the case shows.
//   ask: a question; further ones are asked when the turn before them is over
//   reply: what the model says, markers spelled; one line for each run
//   reply length: the same, ended by that reason instead (length, context_full, failed); `error: ...` says its sentence
//   answer: allow once | always | deny       to each approval in turn
//   stop: delta N | running | asked | started     stops the turn when that event comes
//   steps: N, allow: read, refuse: yes       options of the agent
//   ----
//   the events
#include <QDir>
#include <QTemporaryDir>
#include <QtTest>

#include "agent/agent.h"
#include "agent/store/reader.h"
#include "engine/base/channel.h"
#include "tests/agent/event_text.h"
#include "tests/agent/must.h"
#include "tests/agent/scripted_model.h"

using namespace facet;
using namespace facet::agent;

namespace {

namespace fs = std::filesystem;
using Reason = GenerateOutcome::Reason;

struct Case {
  std::vector<std::string> questions;
  std::vector<ScriptedReply> replies;
  std::vector<Decision> answers;
  std::string stop;
  AgentOptions options;
  QStringList events;
};

Decision decision_of(const QString& word) {
  if (word == "allow once") return Decision::AllowOnce;
  if (word == "in this conversation") return Decision::AllowInConversation;
  if (word == "always") return Decision::AllowAlwaysHere;
  if (word != "deny") qFatal("no decision: %s", qPrintable(word));
  return Decision::Deny;
}

Reason reason_of(const QString& word) {
  if (word == "length") return Reason::Length;
  if (word == "context_full") return Reason::ContextFull;
  if (word == "failed") return Reason::Failed;
  return Reason::EndOfTurn;
}

void read_directive(const QString& line, Case& out) {
  const QString key = line.section(": ", 0, 0).trimmed();
  const QString value = line.section(": ", 1).replace("\\n", "\n");
  if (key == "ask")
    out.questions.push_back(value.toStdString());
  else if (key == "reply")
    out.replies.push_back({value.toStdString()});
  else if (key.startsWith("reply "))
    out.replies.push_back({value.toStdString(), reason_of(key.mid(6))});
  else if (key == "error")
    out.replies.back().error = value.toStdString();
  else if (key == "answer")
    out.answers.push_back(decision_of(value));
  else if (key == "stop")
    out.stop = value.toStdString();
  else if (key == "steps")
    out.options.limits.steps = value.toInt();
  else if (key == "allow" && value == "read")
    out.options.allowed_effects = {Effect::Read};
  else if (key == "refuse")
    out.options.refuse_unanswered = true;
  else
    qFatal("no directive: %s", qPrintable(line));
}

Case read_case(const QString& path) {
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly)) qFatal("%s", qPrintable(path));
  Case out;
  bool in_events = false;
  for (const QString& line : QString::fromUtf8(file.readAll()).split('\n')) {
    if (in_events) {
      out.events.push_back(line);
    } else if (line == "----") {
      in_events = true;
    } else if (!line.startsWith('#') && !line.isEmpty()) {
      read_directive(line, out);
    }
  }
  return out;
}

Tool tool(const std::string& name, Json properties, std::function<PlannedEffect(const Json&)> plan,
          std::function<ToolResult(const Json&, const ToolContext&)> run) {
  Tool out;
  out.name = name;
  out.description = "For tests.";
  Json required = Json::array();
  for (const auto& [key, schema] : properties.items())
    required.push_back(key);
  out.parameters = {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
  out.plan = [plan](const Json& arguments, const ToolContext&) { return Result<PlannedEffect>(plan(arguments)); };
  out.run = [run](const Json& arguments, const PlannedEffect&, const ToolContext& context) {
    return run(arguments, context);
  };
  return out;
}

// look reads inside the folders, peek outside; wait runs until it is stopped; broken throws.
std::vector<Tool> tools() {
  const Json name = {{"name", {{"type", "string"}}}};
  const auto inside = [](const Json&) { return PlannedEffect{Effect::Read, "Look", {}, true}; };
  const auto outside = [](const Json& arguments) {
    const auto path = arguments["path"].get<std::string>();
    return PlannedEffect{Effect::Read, "Read " + path, {path}, false};
  };
  return {tool("look", name, inside,
               [](const Json& arguments, const ToolContext&) {
                 return ToolResult{"seen: " + arguments["name"].get<std::string>(), {{"lines", 1}}, false};
               }),
          tool("peek", {{"path", {{"type", "string"}}}}, outside,
               [](const Json&, const ToolContext& context) {
                 return context.outside_allowed ? ToolResult{"content", Json::object(), false}
                                                : ToolResult::failure("it lies outside");
               }),
          tool("wait", Json::object(), inside,
               [](const Json&, const ToolContext& context) {
                 context.progress("waiting");
                 while (!context.stop.stop_requested())
                   std::this_thread::yield();
                 return ToolResult::failure("stopped");
               }),
          tool("broken", Json::object(), inside,
               [](const Json&, const ToolContext&) -> ToolResult { throw std::runtime_error("out of cheese"); })};
}

// Sends what a case wants to happen when certain events come. Runs on the agent thread.
class Reactions {
 public:
  explicit Reactions(const Case& scripted) : case_(scripted) {}
  Agent* agent = nullptr;

  void to(const Event& event) {
    const auto* delta = std::get_if<PartDelta>(&event);
    if (delta != nullptr) ++deltas_;
    if (delta != nullptr && case_.stop == "delta " + std::to_string(deltas_)) stop(delta->conversation);
    if (const auto* started = std::get_if<TurnStarted>(&event); started != nullptr && case_.stop == "started")
      stop(started->conversation);
    const auto* changed = std::get_if<CallChanged>(&event);
    if (changed == nullptr) return;
    if (changed->call.state == CallState::Running && case_.stop == "running") stop(changed->conversation);
    if (changed->call.state != CallState::AwaitingApproval) return;
    if (case_.stop == "asked") return stop(changed->conversation);
    if (answers_ < case_.answers.size())
      agent->submit(AnswerApproval{changed->call.approval->id, case_.answers[answers_++]});
  }

 private:
  void stop(ConversationId conversation) { agent->submit(StopTurn{conversation}); }

  const Case& case_;
  int deltas_ = 0;
  std::size_t answers_ = 0;
};

// What the rows say about an answer, in the words of the events about its parts.
QStringList stored_parts(const StoreReader& reader, ConversationId conversation, MessageId message) {
  QStringList out;
  for (const Message& row : must(reader.messages(conversation)))
    if (row.id == message)
      for (const Part& part : row.parts)
        out.push_back(QString::fromStdString(content_text(part.content)));
  return out;
}

}  // namespace

class GoldenTest : public QObject {
  Q_OBJECT

 private slots:
  void turns_data() {
    QTest::addColumn<QString>("path");
    const QDir folder(FACET_SOURCE_DIR "/tests/agent/golden");
    for (const QString& name : folder.entryList({"*.txt"}))
      QTest::newRow(qPrintable(name)) << folder.filePath(name);
  }

  void turns() {
    QFETCH(QString, path);
    const QTemporaryDir folder;
    Case scripted = read_case(path);
    const fs::path database = fs::path(folder.path().toStdString()) / "facet.sqlite";
    Channel<Event> events(10'000);
    Reactions reactions(scripted);
    scripted.options.database = database;
    scripted.options.system_prompt = "Be brief.";
    scripted.options.tools = tools();
    scripted.options.seed = 1;
    auto script = std::make_shared<Script>(Script{.replies = scripted.replies, .requests = {}});
    scripted.options.load_model = [script](const std::string&) -> Result<std::unique_ptr<TextModel>> {
      return std::unique_ptr<TextModel>(std::make_unique<ScriptedModel>(script));
    };
    scripted.options.on_event = [&](const Event& event) {
      events.send(event);
      reactions.to(event);
    };
    const auto agent = must(Agent::start(scripted.options));
    reactions.agent = agent.get();
    const auto reader = must(StoreReader::open(database));
    agent->submit(LoadModel{"script"});

    std::vector<Event> all;
    QStringList finished_parts;
    for (const std::string& question : scripted.questions) {
      agent->submit(UserTurn{.conversation = all.empty() ? 0 : 1, .text = question, .attachments = {}, .folders = {}});
      while (all.empty() || !std::holds_alternative<TurnFinished>(all.back()) || events_of_turn_ == 0) {
        all.push_back(*events.receive());
        ++events_of_turn_;
        if (const auto* part = std::get_if<PartFinished>(&all.back()))
          finished_parts.push_back(QString::fromStdString(content_text(part->part.content)));
      }
      const auto& finished = std::get<TurnFinished>(all.back());
      QCOMPARE(stored_parts(*reader, finished.conversation, finished.message), finished_parts);
      QVERIFY(must(reader->messages(finished.conversation)).back().finish == finished.finish);
      finished_parts.clear();
      events_of_turn_ = 0;
    }
    QCOMPARE(QString::fromStdString(order_problem(all)), QString());

    QStringList lines;
    for (const Event& event : all)
      if (!std::holds_alternative<ModelChanged>(event)) lines.push_back(QString::fromStdString(event_text(event)));
    const QString actual = lines.join('\n') + '\n';
    const QString expected = scripted.events.join('\n');
    if (actual != expected) qWarning("%s", qPrintable("The events were:\n" + actual));
    QCOMPARE(actual, expected);
  }

 private:
  int events_of_turn_ = 0;
};

QTEST_APPLESS_MAIN(GoldenTest)
#include "golden_test.moc"
