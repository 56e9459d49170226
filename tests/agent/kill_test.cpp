// Ends a process at random moments while it streams answers, without any warning, and looks at what is left: the store
// opens and is whole, and everything that was shown as sent or finished is there.
#include <unistd.h>

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>
#include <cstring>
#include <map>
#include <random>

#include "agent/store/database.h"
#include "agent/turn.h"
#include "tests/agent/event_text.h"
#include "tests/agent/must.h"
#include "tests/agent/scripted_model.h"

using namespace facet;
using namespace facet::agent;

namespace {

namespace fs = std::filesystem;

constexpr int kKills = 100;
constexpr int kMaxLines = 400;  // of the child before it is ended
constexpr std::uint32_t kSeed = 20'240'611;

// --- the process that is ended ------------------------------------------------------------------------------------

// One write per line: a line that arrives was acknowledged.
void acknowledge(const std::string& line) {
  const std::string whole = line + "\n";
  if (::write(STDOUT_FILENO, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size())) _exit(1);
}

void acknowledge(const Event& event) {
  if (const auto* started = std::get_if<TurnStarted>(&event))
    acknowledge("message " + std::to_string(started->user.id) + " " + content_text(started->user.parts[0].content));
  if (const auto* part = std::get_if<PartFinished>(&event))
    acknowledge("part " + std::to_string(part->part.id) + " " + content_text(part->part.content));
  if (std::holds_alternative<PartDelta>(event)) acknowledge("delta");
  if (const auto* finished = std::get_if<TurnFinished>(&event))
    acknowledge("answer " + std::to_string(finished->message) + " " + std::string(name_of(finished->finish)));
}

Tool look_tool() {
  Tool tool;
  tool.name = "look";
  tool.parameters = {{"type", "object"}, {"properties", Json::object()}};
  tool.plan = [](const Json&, const ToolContext&) { return Result<PlannedEffect>(PlannedEffect{}); };
  tool.run = [](const Json&, const PlannedEffect&, const ToolContext&) {
    return ToolResult{std::string(3000, 'r'), Json::object(), false};
  };
  return tool;
}

std::vector<ScriptedReply> replies_for_one_turn(int turn) {
  std::string words;
  for (int i = 0; i < 20 + turn * 37 % 100; ++i)
    words += "word" + std::to_string(turn) + "x" + std::to_string(i) + " ";
  return {{"<|channel>thought\nHm, " + words +
           "\n<channel|>Let me see.<|tool_call>call:look{}<tool_call|><|tool_response>"},
          {words + "and so on.<turn|>"}};
}

// Asks and answers until it is ended. The clock runs fast, so that growing texts are written every few words.
int stream_for_ever(const fs::path& database) {
  const auto store = must(Store::open(database));
  must(store->close_interrupted());
  const auto reader = must(StoreReader::open(database));
  TurnOptions options;
  options.tools = {look_tool()};
  std::int64_t now_ms = 0;
  TurnHooks hooks;
  hooks.send = [](const Event& event) { acknowledge(event); };
  hooks.run_tool = [](const auto& work, const ToolProgress& progress) { return work(progress); };
  hooks.serve = [] {};
  hooks.now_ms = [&] { return now_ms += 60; };
  for (int turn = 0;; ++turn) {
    auto script = std::make_shared<Script>();
    script->replies = replies_for_one_turn(turn);
    ScriptedModel model(script);
    const std::string question = "Question " + std::to_string(turn);
    Turn begun =
        must(begin_turn(*store, *reader, {.conversation = 0, .text = question, .attachments = {}, .folders = {}}));
    hooks.send(TurnStarted{begun.conversation.id, begun.user, begun.assistant.id});
    run_turn(std::move(begun), *store, *reader, &model, options, hooks, {});
  }
}

// --- the process that looks ---------------------------------------------------------------------------------------

// Everything that a child has acknowledged, by what it is and its id.
using Acknowledged = std::map<QString, QString>;

void run_and_kill(const QString& database, int lines, Acknowledged& acknowledged) {
  QProcess child;
  child.start(QCoreApplication::applicationFilePath(), {"--stream", database});
  int seen = 0;
  const auto read_lines = [&] {
    while (child.canReadLine()) {
      const QString line = QString::fromUtf8(child.readLine()).trimmed();
      ++seen;
      if (line != "delta") acknowledged[line.section(' ', 0, 1)] = line.section(' ', 2);
    }
  };
  while (seen < lines) {
    if (!child.waitForReadyRead(60'000)) qFatal("%s", child.readAllStandardError().constData());
    read_lines();
  }
  child.kill();
  child.waitForFinished();
  read_lines();
}

QString check(const fs::path& path, const Acknowledged& acknowledged) {
  const auto store = Store::open(path);
  if (!store.ok()) return QString::fromStdString(store.error().message);
  must((*store)->close_interrupted());
  const auto database = must(Database::open(path, Database::Mode::Write));
  Statement row = must(database->query("PRAGMA integrity_check"));
  must(row.next());
  if (const std::string verdict = row.text(); verdict != "ok") return QString::fromStdString(verdict);
  must(database->execute("INSERT INTO search (search) VALUES ('integrity-check')"));
  if (must(database->integer("SELECT count(*) FROM message WHERE finish = 'streaming'")) != 0) return "still streaming";
  if (must(database->integer("SELECT count(*) FROM part WHERE NOT finished")) != 0) return "an unfinished part";
  if (must(database->integer("SELECT count(*) FROM call WHERE state IN ('preparing', 'running')")) != 0)
    return "a running call";
  if (must(database->integer(
          "SELECT count(*) FROM part WHERE kind = 'text' AND id NOT IN (SELECT rowid FROM search)")) != 0)
    return "a text that can not be found";

  Acknowledged stored;
  const auto reader = must(StoreReader::open(path));
  for (const Conversation& conversation : must(reader->conversations(/*limit=*/100'000)))
    for (const Message& message : must(reader->messages(conversation.id))) {
      const QString id = QString::number(message.id);
      const bool is_question = message.role == Role::User;
      stored[(is_question ? "message " : "answer ") + id] = QString::fromStdString(
          is_question ? content_text(message.parts.at(0).content) : std::string(name_of(message.finish)));
      for (const Part& part : message.parts)
        stored["part " + QString::number(part.id)] = QString::fromStdString(content_text(part.content));
    }
  for (const auto& [what, content] : acknowledged)
    if (!stored.contains(what) || stored[what] != content)
      return what + " was \"" + content + "\" and is \"" + stored[what] + "\"";
  return {};
}

}  // namespace

class KillTest : public QObject {
  Q_OBJECT

 private slots:
  void whatever_was_acknowledged_survives() {
    const QTemporaryDir folder;
    const fs::path path = fs::path(folder.path().toStdString()) / "facet.sqlite";
    std::mt19937 random(kSeed);
    Acknowledged all;
    for (int kill = 0; kill < kKills; ++kill) {
      const int lines = 1 + static_cast<int>(random() % kMaxLines);
      Acknowledged acknowledged;
      run_and_kill(QString::fromStdString(path.string()), lines, acknowledged);
      QVERIFY2(!acknowledged.empty(), "the child did not stream");
      all.merge(acknowledged);
      const QString problem = check(path, all);
      QVERIFY2(problem.isEmpty(), qPrintable(QString("after kill %1: %2").arg(kill + 1).arg(problem)));
    }
    QVERIFY(all.size() > kKills);
  }
};

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--stream") == 0) return stream_for_ever(argv[2]);
  QCoreApplication application(argc, argv);
  KillTest test;
  return QTest::qExec(&test, argc, argv);
}
#include "kill_test.moc"
