// What the model is asked, and when rows are written: the parts of a turn that its events do not show.
#include "agent/turn.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include "agent/prompt/prompt.h"
#include "engine/base/sha256.h"
#include "tests/agent/event_text.h"
#include "tests/agent/must.h"
#include "tests/agent/scripted_model.h"
#include "tests/agent/turn_fixture.h"

using namespace facet;
using namespace facet::agent;

namespace {

namespace fs = std::filesystem;

// The prompts below are those of the official template with neither tools nor system text.
const std::string kStart = "<bos>";

}  // namespace

class TurnTest : public QObject {
  Q_OBJECT

 private slots:
  void the_history_is_rendered();
  void the_system_prompt_names_the_folder();
  void the_running_turn_repeats_what_was_generated();
  void an_older_turn_is_rendered_from_its_rows();
  void calls_of_one_run_stay_together();
  void thoughts_are_dropped_with_the_next_question();
  void short_texts_are_put_into_the_prompt();
  void other_files_are_named_by_path();
  void a_file_that_is_gone_ends_the_turn();
  void later_questions_are_not_seen();
  void growing_text_reaches_its_row_within_250_ms();
  void a_model_that_only_repeats_itself_is_stopped();
  void every_run_leaves_a_step();
  void old_turns_make_room();
  void seeds_are_drawn_where_none_is_given();
  void results_are_cut_and_mended();
  void a_failing_store_ends_the_turn();
  void nothing_is_sent_for_nothing();
  void titles_come_from_the_question();
  void only_what_was_shown_runs();
  void a_new_message_is_heard_between_calls();
};

// What was called for before the user wrote is done or left; the next turn tells the model of both.
void TurnTest::a_new_message_is_heard_between_calls() {
  TurnFixture f;
  int runs = 0;
  Tool tool = echo_tool();
  tool.run = [&](const Json&, const PlannedEffect&, const ToolContext&) {
    ++runs;
    return ToolResult{"hey back", Json::object(), false};
  };
  f.options.tools = {tool};
  f.hooks.is_steered = [&] { return runs > 0; };
  const std::string other = "<|tool_call>call:echo{text:<|\"|>ho<|\"|>}<tool_call|>";
  f.script->replies = {{kEchoCall + other + "<|tool_response>"}, {"Stopped that.<turn|>"}};
  const ConversationId id = f.turn(f.ask("Say it twice"));
  QCOMPARE(runs, 1);
  QCOMPARE(f.finished().finish, Finish::Done);
  QCOMPARE(f.script->requests.size(), std::size_t{1});
  const Message answer = must(f.reader->messages(id)).back();
  QCOMPARE(std::get<CallPart>(answer.parts[0].content).call.state, CallState::Succeeded);
  QCOMPARE(std::get<CallPart>(answer.parts[1].content).call.state, CallState::Stopped);

  f.hooks.is_steered = {};
  f.turn(f.ask("Once is enough", id));
  const std::string prompt = f.prompt(1);
  QVERIFY2(prompt.find("hey back") < prompt.find("Once is enough"), prompt.c_str());
  QVERIFY2(prompt.find("the turn ended before this could run") < prompt.find("Once is enough"), prompt.c_str());
}

// While the user reads what would happen, it may become something else.
void TurnTest::only_what_was_shown_runs() {
  for (const bool changes : {false, true}) {
    TurnFixture f;
    int runs = 0;
    PlannedEffect planned;
    planned.effect = Effect::Write;
    planned.text = "Replace /a/plan.md";
    planned.paths = {"/a/plan.md"};
    planned.basis = "before";
    Tool tool = echo_tool();
    tool.plan = [&](const Json&, const ToolContext&) { return Result<PlannedEffect>(planned); };
    tool.run = [&](const Json&, const PlannedEffect& shown, const ToolContext&) {
      ++runs;
      return ToolResult{shown.basis, Json::object(), false};
    };
    f.options.tools = {tool};
    std::string shown;
    f.hooks.ask = [&](const Approval& approval, std::stop_token) {
      shown = approval.effect_text;
      if (changes) planned.basis = "after";
      return std::optional(Decision::AllowOnce);
    };
    f.script->replies = {{kEchoCall + "<|tool_response>"}, {"Done.<turn|>"}};
    const ConversationId id = f.turn(f.ask("Write it"));
    QCOMPARE(shown, std::string("Replace /a/plan.md"));
    QCOMPARE(runs, changes ? 0 : 1);
    const Message answer = must(f.reader->messages(id)).back();
    const Call& call = std::get<CallPart>(answer.parts.front().content).call;
    QCOMPARE(call.state, changes ? CallState::Failed : CallState::Succeeded);
    QCOMPARE(call.result,
             changes ? std::string("error: what this would do has changed since it was shown; nothing was done")
                     : std::string("before"));
  }
}

void TurnTest::the_history_is_rendered() {
  TurnFixture f;
  f.script->replies = {{"Hello.<turn|>"}, {"Fine.<turn|>"}};
  const ConversationId id = f.turn(f.ask("Hi"));
  f.turn(f.ask("How are you?", id));
  QCOMPARE(f.prompt(0), kStart + "<|turn>user\nHi<turn|>\n<|turn>model\n");
  QCOMPARE(f.prompt(1), kStart +
                            "<|turn>user\nHi<turn|>\n<|turn>model\nHello.<turn|>\n"
                            "<|turn>user\nHow are you?<turn|>\n<|turn>model\n");
  QCOMPARE(f.script->requests[1].conversation, id);
  QCOMPARE(f.script->requests[1].seed, std::uint64_t{7});
}

void TurnTest::the_system_prompt_names_the_folder() {
  TurnFixture f;
  f.options.system_prompt = "Folder: {folder}. Again: {folder}";
  f.script->replies = {{"Hello.<turn|>"}, {"Hello.<turn|>"}};
  f.turn(f.ask("Hi"));
  QVERIFY(f.prompt(0).starts_with(
      kStart + "<|turn>system\nFolder: /home/ann/notes. Again: /home/ann/notes<turn|>\n<|turn>user\n"));
  f.turn({.conversation = 0, .text = "Hi", .attachments = {}, .folders = {}});
  QVERIFY(f.prompt(1).starts_with(kStart + "<|turn>system\nFolder: none. Again: none<turn|>\n"));
}

void TurnTest::the_running_turn_repeats_what_was_generated() {
  TurnFixture f;
  f.options.tools = {echo_tool()};
  // Not as the template would write it: a space in the call, and the text before it.
  const std::string said = "Wait. <|tool_call>call:echo{ text:<|\"|>hey<|\"|>}<tool_call|><|tool_response>";
  f.script->replies = {{said}, {"Done.<turn|>"}};
  f.turn(f.ask("Hi"));
  QVERIFY2(f.prompt(1).starts_with(f.prompt(0) + said), f.prompt(1).c_str());
  QVERIFY(f.prompt(1).ends_with("<|tool_response>response:echo{value:<|\"|>hey<|\"|>}<tool_response|>"));

  std::vector<std::int32_t> repeated;
  for (const PromptPiece& piece : f.script->requests[1].prompt)
    repeated.insert(repeated.end(), piece.tokens.begin(), piece.tokens.end());
  QVERIFY(repeated.size() > 5);
  QCOMPARE(repeated.back(), marker_id(Marker::ToolResponseOpen));
}

void TurnTest::an_older_turn_is_rendered_from_its_rows() {
  TurnFixture f;
  f.options.tools = {echo_tool()};
  f.script->replies = {{kEchoCall + "<|tool_response>"}, {"It said hey.<turn|>"}, {"Yes.<turn|>"}};
  const ConversationId id = f.turn(f.ask("Hi"));
  f.turn(f.ask("Sure?", id));
  QVERIFY2(
      f.prompt(2).ends_with("<|turn>user\nHi<turn|>\n<|turn>model\n" + kEchoCall +
                            "<|tool_response>response:echo{value:<|\"|>hey<|\"|>}<tool_response|>It said hey.<turn|>\n"
                            "<|turn>user\nSure?<turn|>\n<|turn>model\n"),
      f.prompt(2).c_str());
}

void TurnTest::calls_of_one_run_stay_together() {
  TurnFixture f;
  f.options.tools = {echo_tool()};
  const std::string other = "<|tool_call>call:echo{text:<|\"|>you<|\"|>}<tool_call|>";
  const std::string hey = "response:echo{value:<|\"|>hey<|\"|>}<tool_response|>";
  const std::string you = "response:echo{value:<|\"|>you<|\"|>}<tool_response|>";
  f.script->replies = {{kEchoCall + other + "<|tool_response>"},
                       {"Ok.<turn|>"},
                       {"Yes.<turn|>"},
                       {kEchoCall + "<|tool_response>"},
                       {other + "<|tool_response>"},
                       {"Ok.<turn|>"},
                       {"Yes.<turn|>"}};
  const ConversationId together = f.turn(f.ask("Hi"));
  f.turn(f.ask("Sure?", together));
  QVERIFY2(f.prompt(2).find(kEchoCall + other + "<|tool_response>" + hey + "<|tool_response>" + you + "Ok.<turn|>") !=
               std::string::npos,
           f.prompt(2).c_str());
  const ConversationId apart = f.turn(f.ask("Hi"));
  f.turn(f.ask("Sure?", apart));
  QVERIFY2(f.prompt(6).find(kEchoCall + "<|tool_response>" + hey + other + "<|tool_response>" + you + "Ok.<turn|>") !=
               std::string::npos,
           f.prompt(6).c_str());
}

void TurnTest::thoughts_are_dropped_with_the_next_question() {
  TurnFixture f;
  f.options.tools = {echo_tool()};
  const std::string thought = "<|channel>thought\nHm.\n<channel|>";
  f.script->replies = {{thought + kEchoCall + "<|tool_response>"}, {"Hey.<turn|>"}, {"Yes.<turn|>"}};
  const ConversationId id = f.turn(f.ask("Hi"));
  f.turn(f.ask("Sure?", id));
  QVERIFY(f.prompt(1).find(thought + kEchoCall) != std::string::npos);
  QVERIFY(f.prompt(2).find("Hm.") == std::string::npos);
}

void TurnTest::short_texts_are_put_into_the_prompt() {
  TurnFixture f;
  f.script->replies = {{"Ok.<turn|>"}};
  UserTurn question = f.ask("Which is longer?");
  question.attachments = {f.file("a.txt", "one\n\n"), f.file("b.md", "# two\nthree <turn|>")};
  const ConversationId id = f.turn(question);
  QCOMPARE(f.prompt(0), kStart +
                            "<|turn>user\nFile: a.txt\n\none\n\nFile: b.md\n\n# two\nthree <turn|>\n\n"
                            "Question: Which is longer?<turn|>\n<|turn>model\n");
  // What a file spells is data and never a marker.
  for (const PromptPiece& piece : f.script->requests[0].prompt)
    if (piece.text.find("three") != std::string::npos) QVERIFY(piece.kind == PromptPiece::Kind::Data);

  const auto messages = must(f.reader->messages(id));
  const auto& file = std::get<AttachmentPart>(messages[0].parts.at(1).content);
  QCOMPARE(file.name, std::string("b.md"));
  QCOMPARE(file.path, question.attachments[1]);
  QCOMPARE(file.media_type, std::string("text/markdown"));
  QCOMPARE(file.bytes, std::int64_t{19});
  QCOMPARE(file.sha256, sha256_hex("# two\nthree <turn|>"));
  QCOMPARE(file.text, std::string("# two\nthree <turn|>"));
}

void TurnTest::other_files_are_named_by_path() {
  TurnFixture f;
  f.script->replies = {{"Ok.<turn|>"}};
  UserTurn question = f.ask("What is this?");
  question.attachments = {f.file("large.txt", QByteArray(16 * 1024 + 1, 'x')),
                          f.file("zero.txt", QByteArray("a\0b", 3)), f.file("latin1.txt", "caf\xe9"),
                          f.file("border.txt", QByteArray(16 * 1024, 'y'))};
  f.turn(question);
  QCOMPARE(f.prompt(0), kStart + "<|turn>user\nFile: " + question.attachments[0] +
                            "\n\nFile: " + question.attachments[1] + "\n\nFile: " + question.attachments[2] +
                            "\n\nFile: border.txt\n\n" + std::string(16 * 1024, 'y') +
                            "\n\nQuestion: What is this?<turn|>\n<|turn>model\n");
}

void TurnTest::a_file_that_is_gone_ends_the_turn() {
  TurnFixture f;
  UserTurn question = f.ask("What is this?");
  question.attachments = {"/missing/a.txt"};
  const ConversationId id = f.turn(question);
  const std::string sentence = "The file /missing/a.txt can not be read: No such file or directory.";
  QVERIFY(f.script->requests.empty());
  QVERIFY(f.finished().finish == Finish::Failed);
  QCOMPARE(f.finished().error, sentence);
  const auto messages = must(f.reader->messages(id));
  QCOMPARE(std::get<TextPart>(messages[0].parts.at(0).content).text, std::string("What is this?"));
  QCOMPARE(std::get<NoticePart>(messages[1].parts.at(0).content).text, sentence);
  question.attachments = {f.root.string()};
  f.turn(question);
  QCOMPARE(f.finished().error,
           "The file " + f.root.string() + " can not be read: it is a folder; add it as a folder instead.");
}

void TurnTest::later_questions_are_not_seen() {
  TurnFixture f;
  f.script->replies = {{"First.<turn|>"}};
  Turn first = must(begin_turn(*f.store, *f.reader, f.ask("One")));
  must(begin_turn(*f.store, *f.reader, f.ask("Two", first.conversation.id)));
  run_turn(std::move(first), *f.store, *f.reader, &f.model, f.options, f.hooks, {});
  QCOMPARE(f.prompt(0), kStart + "<|turn>user\nOne<turn|>\n<|turn>model\n");
}

void TurnTest::growing_text_reaches_its_row_within_250_ms() {
  TurnFixture f;
  f.script->replies = {{"a b c d e<turn|>"}};
  std::vector<std::string> rows;
  f.script->before_piece = [&](std::size_t) {
    const auto messages = must(f.reader->messages(1));
    const auto& parts = messages.back().parts;
    rows.push_back(parts.empty() ? "-" : std::get<TextPart>(parts[0].content).text);
    f.now_ms += 125;
  };
  f.turn(f.ask("Hi"));
  // Before each word and the marker: the second word is 125 ms old when the row is written at the third.
  QCOMPARE(rows, std::vector<std::string>({"-", "", "", "a b c", "a b c", "a b c d e"}));
  QCOMPARE(std::get<TextPart>(must(f.reader->messages(1)).back().parts[0].content).text, std::string("a b c d e"));
}

void TurnTest::a_model_that_only_repeats_itself_is_stopped() {
  const auto times = [](int count, const std::string& text) {
    std::string all;
    for (int i = 0; i < count; ++i)
      all += text;
    return all;
  };
  std::string table;
  for (int row = 0; row < 300; ++row)
    table += "| row " + std::to_string(row) + " | 0 |\n";
  const auto finish_of = [](const std::string& reply) {
    TurnFixture f;
    f.script->replies = {{reply + "<turn|>"}};
    f.turn(f.ask("Hi"));
    return std::pair(f.finished().finish, f.finished().error);
  };
  const std::pair endless(Finish::Failed,
                          std::string("The model only repeated itself and was stopped; ask again, or in other words."));
  QVERIFY(finish_of("The number is " + times(500, "1111 ")) == endless);
  QVERIFY(finish_of(times(400, "file33.txt\n")) == endless);
  QVERIFY(finish_of("<|channel>thought\n" + times(200, "Let me think about it once more. ")) == endless);
  QVERIFY(finish_of(table).first == Finish::Done);
  QVERIFY(finish_of(times(60, "no, ") + "yes.").first == Finish::Done);
}

void TurnTest::every_run_leaves_a_step() {
  TurnFixture f;
  f.options.tools = {echo_tool()};
  f.script->replies = {{kEchoCall + "<|tool_response>"}, {"Cut", GenerateOutcome::Reason::Length}};
  f.turn(f.ask("Hi"));
  const auto steps = must(f.reader->steps(f.finished().message));
  QCOMPARE(steps.size(), std::size_t{2});
  QCOMPARE(steps[0].model, std::string("Scripted model"));
  QCOMPARE(steps[0].seed, std::uint64_t{7});
  QCOMPARE(steps[0].prompt_sha256, sha256_hex(f.prompt(0)));
  QCOMPARE(steps[0].prompt_tokens, std::int64_t{100});
  QCOMPARE(steps[0].finish_reason, std::string("tool_response"));
  QCOMPARE(steps[1].prompt_sha256, sha256_hex(f.prompt(1)));
  QCOMPARE(steps[1].completion_tokens, std::int64_t{1});
  QCOMPARE(steps[1].finish_reason, std::string("length"));
}

void TurnTest::old_turns_make_room() {
  TurnFixture f;
  f.script->info.context_length = 40;  // words, of which ten are kept for the answer
  ConversationId id = 0;
  for (int turn = 0; turn < 12; ++turn) {
    f.script->replies.push_back({"Answer " + std::to_string(turn) + ".<turn|>"});
    id = f.turn(f.ask("Question " + std::to_string(turn), id));
    QVERIFY(f.finished().finish == Finish::Done);
    QVERIFY(f.model.count_tokens(f.script->requests.back().prompt) <= 30);
  }
  QVERIFY(f.prompt(1).find("Question 0") != std::string::npos);
  QVERIFY(f.prompt(11).starts_with("<bos><|turn>user\nQuestion "));
  QVERIFY(f.prompt(11).find("Question 0") == std::string::npos);
  QVERIFY(f.prompt(11).find("Answer 10.") != std::string::npos);
  int notices = 0;
  for (const Message& message : must(f.reader->messages(id)))
    for (const Part& part : message.parts)
      if (std::holds_alternative<NoticePart>(part.content)) ++notices;
  QCOMPARE(notices, 1);  // said once, not after every answer
}

void TurnTest::seeds_are_drawn_where_none_is_given() {
  TurnFixture f;
  f.options.seed.reset();
  f.script->replies = {{"A.<turn|>"}, {"B.<turn|>"}};
  f.turn(f.ask("Hi"));
  f.turn(f.ask("Hi"));
  QVERIFY(f.script->requests[0].seed != f.script->requests[1].seed);
}

void TurnTest::results_are_cut_and_mended() {
  TurnFixture f;
  f.script->info.context_length = 131'072;
  Tool tool = echo_tool();
  tool.run = [](const Json&, const PlannedEffect&, const ToolContext& context) {
    return ToolResult{"\xff" + std::string(context.result_limit_bytes, 'x'), {{"bad", "\xfe"}}, false};
  };
  f.options.tools = {tool};
  f.script->replies = {{kEchoCall + "<|tool_response>"}, {"Ok.<turn|>"}};
  const ConversationId id = f.turn(f.ask("Hi"));
  const Call call = std::get<CallPart>(must(f.reader->messages(id))[1].parts[0].content).call;
  QVERIFY(call.result.size() <= 24 * 1024);
  QVERIFY(call.result.starts_with("\uFFFDxxx"));
  QVERIFY2(call.result.ends_with("x\n[cut: these are the first 24376 of 24579 bytes]"),
           call.result.substr(call.result.size() - 80).c_str());
  QCOMPARE(call.details_json, std::string("{\"bad\":\"\uFFFD\"}"));
}

void TurnTest::a_failing_store_ends_the_turn() {
  TurnFixture f;
  f.script->replies = {{"one two three four<turn|>"}};
  // The conversation disappears underneath: no part can be written any more.
  f.script->before_piece = [&](std::size_t piece) {
    if (piece == 0) must(f.store->remove_conversation(1));
  };
  f.turn(f.ask("Hi"));
  QVERIFY(f.finished().finish == Finish::Failed);
  QVERIFY(!f.finished().error.empty());
  const auto deltas = std::count_if(f.events.begin(), f.events.end(),
                                    [](const Event& event) { return std::holds_alternative<PartDelta>(event); });
  QCOMPARE(deltas, 0);  // what could not be stored was not shown
}

void TurnTest::nothing_is_sent_for_nothing() {
  TurnFixture f;
  QCOMPARE(begin_turn(*f.store, *f.reader, f.ask(" \n ")).error().message, std::string("There is nothing to send."));
  QCOMPARE(begin_turn(*f.store, *f.reader, f.ask("x", 99)).error().message,
           std::string("The conversation does not exist any more."));
  QVERIFY(must(f.reader->conversations()).empty());
}

void TurnTest::titles_come_from_the_question() {
  TurnFixture f;
  QCOMPARE(must(begin_turn(*f.store, *f.reader, f.ask("Hello\nWorld"))).conversation.title, std::string("Hello"));
  UserTurn file = f.ask("");
  file.attachments = {f.file("plan.txt", "x")};
  QCOMPARE(must(begin_turn(*f.store, *f.reader, file)).conversation.title, std::string("plan.txt"));
}

QTEST_APPLESS_MAIN(TurnTest)
#include "turn_test.moc"
