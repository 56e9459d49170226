// No command runs unasked: through the tool, the policy, and the turn that asks.
#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <filesystem>
#include <set>

#include "agent/turn.h"
#include "tests/agent/must.h"
#include "tests/agent/scripted_model.h"
#include "tests/tools/shell_tricks.h"
#include "tools/all_tools.h"
#include "tools/sandbox/sandbox.h"

using namespace facet;
using namespace facet::agent;

namespace {

namespace fs = std::filesystem;

std::string call_of(const std::string& command, const std::string& rest = {}) {
  return "<|tool_call>call:run_command{command:<|\"|>" + command + "<|\"|>" + rest + "}<tool_call|>";
}

tools::sandbox::Sandbox own_sandbox() {
  return tools::sandbox::Sandbox(fs::path(FACET_PROGRAM).parent_path() / "facet-sandbox",
                                 tools::sandbox::Surroundings{});
}

// A conversation in which the model calls what it is told to, and a user who gives one answer to everything.
struct Fixture {
  QTemporaryDir folder;
  std::string root = fs::canonical(folder.path().toStdString()).string();
  fs::path database = root + "/data/facet.sqlite";
  std::string work = root + "/work";
  std::unique_ptr<Store> store;
  std::unique_ptr<StoreReader> reader;
  std::shared_ptr<Script> script = std::make_shared<Script>();
  ScriptedModel model{script};
  TurnOptions options;
  TurnHooks hooks;
  std::vector<Approval> asked;
  std::vector<Call> finished;
  std::set<CallId> running;
  Decision decision = Decision::Deny;

  explicit Fixture(const tools::sandbox::Sandbox& sandbox = own_sandbox()) {
    fs::create_directories(work);
    fs::create_directories(root + "/data");
    store = must(Store::open(database));
    reader = must(StoreReader::open(database));
    options.seed = 7;
    options.limits.steps = 10'000;
    options.tools = {tools::run_command_tool(sandbox)};
    hooks.send = [this](const Event& event) {
      const auto* changed = std::get_if<CallChanged>(&event);
      if (changed == nullptr) return;
      if (changed->call.state == CallState::Running) running.insert(changed->call.id);
      if (is_final(changed->call.state)) finished.push_back(changed->call);
    };
    hooks.ask = [this](const Approval& approval, std::stop_token) {
      asked.push_back(approval);
      return std::optional(decision);
    };
    hooks.run_tool = [](const auto& work_of_tool, const ToolProgress& progress) { return work_of_tool(progress); };
    hooks.serve = [] {};
    hooks.now_ms = [] { return std::int64_t{1000}; };
  }

  // One turn with these calls.
  void turn(const std::vector<std::string>& calls) {
    std::string reply;
    for (const std::string& call : calls)
      reply += call;
    script->replies = {{reply + "<|tool_response>"}, {"Done.<turn|>"}};
    script->next_reply = 0;
    Turn begun = must(begin_turn(*store, *reader, {.text = "Go", .attachments = {}, .folders = {work}}));
    run_turn(std::move(begun), *store, *reader, &model, options, hooks, {});
  }
};

}  // namespace

class CommandGateTest : public QObject {
  Q_OBJECT

 private slots:
  void no_command_runs_unasked() {
    Fixture f;
    // Whatever else has been allowed for good.
    must(f.store->add_grant(Effect::Read, "/"));
    must(f.store->add_grant(Effect::Write, "/"));
    f.options.allowed_effects = {Effect::Read, Effect::Write, Effect::Network};
    const std::string mark = f.work + "/mark";
    const std::vector<std::string> tricks = tools::test::shell_tricks(mark);
    QVERIFY(tricks.size() >= 1000);
    for (std::size_t begin = 0; begin < tricks.size(); begin += 100) {
      std::vector<std::string> calls;
      for (std::size_t i = begin; i < std::min(begin + 100, tricks.size()); ++i)
        calls.push_back(call_of(tricks[i]));
      f.turn(calls);
    }
    QCOMPARE(f.finished.size(), tricks.size());
    QCOMPARE(f.running.size(), std::size_t{0});
    QVERIFY(!fs::exists(mark));
    std::size_t refused = 0;
    for (std::size_t i = 0; i < f.finished.size(); ++i) {
      const Call& call = f.finished[i];
      if (!call.approval) {
        // Those with characters that nobody sees are not even asked about.
        QVERIFY2(call.state == CallState::Failed && call.result.starts_with("error: the command has characters"),
                 (call.arguments_json + call.result).c_str());
        ++refused;
        continue;
      }
      QVERIFY(call.state == CallState::Denied);
      // Who is asked sees every line of it.
      const std::string shown = tools::test::replaced(tricks[i], "\n", "\n    ");
      QVERIFY2(call.approval->effect_text.ends_with("\n    " + shown), call.approval->effect_text.c_str());
      // At most for the conversation, and for this folder.
      QVERIFY(!call.approval->offers_always);
    }
    QCOMPARE(f.asked.size() + refused, tricks.size());
    qInfo("%zu commands: %zu asked about, %zu refused", tricks.size(), f.asked.size(), refused);
  }

  // The walls are no reason to run what has not been allowed, and who allows commands does not allow the network.
  void the_network_is_asked_for_each_time() {
    Fixture f;
    if (own_sandbox().wall().wall == tools::sandbox::Wall::None) QSKIP("this system has no wall");
    f.options.allowed_effects = {Effect::Execute};
    f.turn({call_of("echo free > free"), call_of("echo out > out", ",network:true")});
    QCOMPARE(f.asked.size(), std::size_t{1});
    QCOMPARE(f.asked[0].reason,
             std::string("This runs a program on your computer. This sends data out of your computer."));
    QVERIFY(fs::exists(f.work + "/free"));
    QVERIFY(!fs::exists(f.work + "/out"));
  }

  // Without walls each command asks, whatever has been allowed, and says why.
  void without_walls_everything_asks() {
    Fixture f(tools::sandbox::Sandbox("/nowhere/facet-sandbox", tools::sandbox::Surroundings{}));
    f.options.allowed_effects = {Effect::Execute, Effect::Network};
    must(f.store->add_grant(Effect::Execute, "/"));
    f.turn({call_of("echo a > a"), call_of("echo b > b", ",network:true")});
    QCOMPARE(f.asked.size(), std::size_t{2});
    for (const Approval& approval : f.asked) {
      QVERIFY2(approval.reason.find("Nothing would hold it, for this system has no walls for commands (") !=
                   std::string::npos,
               approval.reason.c_str());
      QVERIFY2(approval.effect_text.find("Held by nothing") != std::string::npos, approval.effect_text.c_str());
    }
    QVERIFY(!fs::exists(f.work + "/a") && !fs::exists(f.work + "/b"));
  }

  void what_is_allowed_runs() {
    Fixture f;
    f.decision = Decision::AllowOnce;
    f.turn({call_of("echo 'ran here' > file; cat file; pwd")});
    QCOMPARE(f.finished.size(), std::size_t{1});
    QCOMPARE(f.finished[0].result, "ran here\n" + f.work);
    QCOMPARE(f.asked.size(), std::size_t{1});
    QVERIFY2(f.asked[0].effect_text.ends_with("-c\n    echo 'ran here' > file; cat file; pwd"),
             f.asked[0].effect_text.c_str());
  }

  void facets_own_folder_is_no_place_for_commands() {
    Fixture f;
    f.decision = Decision::AllowOnce;
    f.options.own_places.facet = f.root;
    f.turn({call_of("echo a > a")});
    QVERIFY(f.asked.empty());
    QCOMPARE(f.finished[0].result, std::string("error: Facet's own data can not be changed by a tool"));
  }
};

QTEST_GUILESS_MAIN(CommandGateTest)
#include "command_gate_test.moc"
