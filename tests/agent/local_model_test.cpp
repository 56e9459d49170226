#include "agent/local_model.h"

#include <QTest>
#include <set>

#include "agent/grammar/reply_grammar.h"
#include "agent/prompt/markers.h"
#include "agent/prompt/prompt.h"
#include "agent/prompt/reply_parser.h"

namespace facet::agent {

namespace {

using Kind = PromptPiece::Kind;
using Reason = GenerateOutcome::Reason;

std::unique_ptr<TextModel> open(const char* path, std::uint32_t context_length = 0) {
  LocalModelOptions options;
  options.path = path;
  options.threads = 2;
  options.context_length = context_length;
  auto model = open_local_model(options);
  if (!model.ok()) qFatal("%s", model.error().message.c_str());
  return std::move(model).value();
}

// Random weights: what it says means nothing, but it says it by all the rules.
std::unique_ptr<TextModel> open_random(std::uint32_t context_length = 0) {
  return open(FACET_TEST_DATA "/models/e-f32.gguf", context_length);
}

GenerateRequest request_of(const std::string& question, std::uint64_t seed = 1) {
  GenerateRequest request;
  request.conversation = 1;
  request.prompt = {{Kind::Template, "<bos><|turn>user\n", {}},
                    {Kind::Data, question, {}},
                    {Kind::Template, "<turn|>\n<|turn>model\n", {}}};
  request.seed = seed;
  request.max_tokens = 24;
  return request;
}

std::string spelled(const std::vector<ReplyPiece>& pieces) {
  std::string text;
  for (const ReplyPiece& piece : pieces) {
    const auto* words = std::get_if<std::string>(&piece);
    text += words != nullptr ? *words : std::string(marker_text(std::get<Marker>(piece)));
  }
  return text;
}

// Some hundred tokens.
const std::string kLong = [] {
  std::string text;
  for (int line = 0; line < 40; ++line)
    text += "Line " + std::to_string(line) + " of the book that nobody has read.\n";
  return text;
}();

// The request that goes on where the first one ended.
GenerateRequest continued(const GenerateRequest& first, const GenerateOutcome& outcome) {
  GenerateRequest next = first;
  next.prompt.push_back({Kind::Tokens, outcome.text, outcome.tokens});
  next.prompt.push_back({Kind::Template, "<turn|>\n<|turn>user\n", {}});
  next.prompt.push_back({Kind::Data, "The page turns.", {}});
  next.prompt.push_back({Kind::Template, "<turn|>\n<|turn>model\n", {}});
  return next;
}

}  // namespace

class LocalModelTest : public QObject {
  Q_OBJECT

 private slots:
  void describes_itself();
  void the_seed_decides();
  void pieces_and_text_agree();
  void a_continued_conversation_is_not_read_again();
  void an_estimate_knows_what_is_cached();
  void what_was_read_ahead_is_not_read_again();
  void reading_ahead_ends_between_chunks();
  void before_anybody_asks_nothing_is_lost();
  void conversations_keep_their_own_cache();
  void markers_in_data_stay_text();
  void a_full_context_is_an_outcome();
  void a_stop_is_obeyed();
  void a_thought_is_closed_at_its_limit();
  void wrong_requests_fail_with_a_sentence();
  void unusable_files_are_refused();
  void overrides_are_used();
  void the_practice_model_calls_a_tool();
};

void LocalModelTest::describes_itself() {
  const auto model = open_random(512);
  QCOMPARE(model->info().context_length, std::int64_t{512});
  QCOMPARE(model->info().name, std::string("tiny-e f32 seed 11"));
  QVERIFY(model->info().variant == PromptVariant::Small);
  QVERIFY(!model->info().device.empty());
  QVERIFY(!model->info().built_in);
}

void LocalModelTest::the_seed_decides() {
  const auto model = open_random();
  std::set<std::string> texts;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const GenerateOutcome once = model->generate(request_of("Hello", seed), {}, {});
    const GenerateOutcome again = model->generate(request_of("Hello", seed), {}, {});
    QVERIFY(!once.tokens.empty());
    QCOMPARE(once.tokens, again.tokens);
    QCOMPARE(once.text, again.text);
    texts.insert(once.text);
  }
  QVERIFY(texts.size() > 1);
}

void LocalModelTest::pieces_and_text_agree() {
  const auto model = open_random();
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    std::vector<ReplyPiece> pieces;
    std::int64_t read = 0;
    GenerateCallbacks callbacks;
    callbacks.piece = [&](const ReplyPiece& piece) { pieces.push_back(piece); };
    callbacks.prompt_progress = [&](std::int64_t done, std::int64_t) { read = done; };
    GenerateRequest request = request_of("The reader turns the page.", seed);
    request.conversation = static_cast<ConversationId>(seed);
    const GenerateOutcome outcome = model->generate(request, callbacks, {});
    QCOMPARE(spelled(pieces), outcome.text);
    QCOMPARE(outcome.prompt_tokens, model->count_tokens(request.prompt));
    QVERIFY(outcome.reason == Reason::Length || outcome.reason == Reason::EndOfTurn ||
            outcome.reason == Reason::ToolResponse);
    QVERIFY(outcome.reason != Reason::Length || outcome.tokens.size() == 24);
    QVERIFY(read > 0);
  }
}

void LocalModelTest::a_continued_conversation_is_not_read_again() {
  const auto model = open_random();
  const GenerateRequest first = request_of("The reader turns the page, and the page turns the reader.");
  const GenerateOutcome outcome = model->generate(first, {}, {});
  QCOMPARE(outcome.cached_tokens, std::int64_t{0});
  const GenerateRequest next = continued(first, outcome);
  const GenerateOutcome second = model->generate(next, {}, {});
  // All but the last sampled token has been evaluated.
  QCOMPARE(second.cached_tokens, outcome.prompt_tokens + static_cast<std::int64_t>(outcome.tokens.size()) - 1);
  // And the answer is the one of a model that reads everything anew.
  const GenerateOutcome fresh = open_random()->generate(next, {}, {});
  QCOMPARE(fresh.cached_tokens, std::int64_t{0});
  QCOMPARE(second.tokens, fresh.tokens);
}

void LocalModelTest::an_estimate_knows_what_is_cached() {
  const auto model = open_random();
  const GenerateRequest first = request_of("The reader turns the page, and reads on until the lamp goes out.");
  const auto unread = model->estimate_reading(1, first.prompt);
  QCOMPARE(unread->tokens, model->count_tokens(first.prompt));
  // Nothing was measured until now.
  QVERIFY(!unread->milliseconds);
  const GenerateOutcome outcome = model->generate(first, {}, {});
  const GenerateRequest next = continued(first, outcome);
  const auto estimate = model->estimate_reading(1, next.prompt);
  QVERIFY(estimate->milliseconds && *estimate->milliseconds >= 0);
  QCOMPARE(model->estimate_reading(2, next.prompt)->tokens, model->count_tokens(next.prompt));
  const GenerateOutcome second = model->generate(next, {}, {});
  QVERIFY(second.cached_tokens > 0);
  QCOMPARE(estimate->tokens, second.prompt_tokens - second.cached_tokens);
}

// The next new conversation takes up what was read for it, and answers what a model answers that reads everything anew.
void LocalModelTest::what_was_read_ahead_is_not_read_again() {
  const auto model = open_random();
  const GenerateRequest request = request_of(kLong);
  const std::vector<PromptPiece> beginning(request.prompt.begin(), request.prompt.begin() + 2);
  const std::int64_t ahead = model->count_tokens(beginning);
  model->read_ahead(0, beginning, ReadAhead::Everything, [] { return true; }, {});
  const auto estimate = model->estimate_reading(0, request.prompt);
  QCOMPARE(estimate->tokens, model->count_tokens(request.prompt) - ahead);
  QVERIFY(estimate->milliseconds);
  const GenerateOutcome outcome = model->generate(request, {}, {});
  QCOMPARE(outcome.cached_tokens, ahead);
  QCOMPARE(outcome.tokens, open_random()->generate(request, {}, {}).tokens);
  // Nothing is left for the one after.
  QCOMPARE(model->estimate_reading(0, request.prompt)->tokens, model->count_tokens(request.prompt));
  // Known already: what was said since is not given up for it.
  const std::int64_t unread = model->estimate_reading(1, continued(request, outcome).prompt)->tokens;
  model->read_ahead(1, beginning, ReadAhead::Little, [] { return true; }, {});
  QCOMPARE(model->estimate_reading(1, continued(request, outcome).prompt)->tokens, unread);
}

void LocalModelTest::reading_ahead_ends_between_chunks() {
  const auto model = open_random();
  const GenerateRequest request = request_of(kLong);
  const std::int64_t all = model->count_tokens(request.prompt);
  int chunks = 0;
  model->read_ahead(0, request.prompt, ReadAhead::Everything, [&] { return ++chunks < 2; }, {});
  QCOMPARE(chunks, 2);
  const std::int64_t unread = model->estimate_reading(0, request.prompt)->tokens;
  QVERIFY(unread > 0 && unread < all);
  std::stop_source stop;
  stop.request_stop();
  model->read_ahead(
      0, request.prompt, ReadAhead::Everything, [] { return true; }, stop.get_token());
  QCOMPARE(model->estimate_reading(0, request.prompt)->tokens, unread);
}

void LocalModelTest::before_anybody_asks_nothing_is_lost() {
  const auto model = open_random();
  const GenerateRequest request = request_of(kLong);
  const std::int64_t all = model->count_tokens(request.prompt);
  const auto read_little = [&] { model->read_ahead(0, request.prompt, ReadAhead::Little, [] { return true; }, {}); };
  read_little();
  QCOMPARE(model->estimate_reading(0, request.prompt)->tokens, all - 32);
  // As many conversations as are kept; the first takes up what was read.
  std::vector<GenerateRequest> next;
  for (ConversationId id = 1; id <= 3; ++id) {
    GenerateRequest first = request_of("The reader turns the page.");
    first.conversation = id;
    next.push_back(continued(first, model->generate(first, {}, {})));
  }
  read_little();
  QCOMPARE(model->estimate_reading(0, request.prompt)->tokens, all);
  for (const GenerateRequest& again : next)
    QVERIFY(model->estimate_reading(again.conversation, again.prompt)->tokens < model->count_tokens(again.prompt));
}

void LocalModelTest::conversations_keep_their_own_cache() {
  const auto model = open_random();
  std::vector<GenerateRequest> next;
  for (ConversationId conversation = 1; conversation <= 4; ++conversation) {
    GenerateRequest request = request_of("Question " + std::to_string(conversation));
    request.conversation = conversation;
    next.push_back(continued(request, model->generate(request, {}, {})));
  }
  // Three fit: the first has gone, the others are still there.
  for (std::size_t i = 3; i > 0; --i)
    QVERIFY(model->generate(next[i], {}, {}).cached_tokens > 10);
  QCOMPARE(model->generate(next[0], {}, {}).cached_tokens, std::int64_t{0});
}

void LocalModelTest::markers_in_data_stay_text() {
  const auto model = open_random();
  const std::vector<PromptPiece> trusted = {{Kind::Template, "<turn|>", {}}};
  const std::vector<PromptPiece> data = {{Kind::Data, "<turn|>", {}}};
  const std::vector<PromptPiece> spelled_output = {{Kind::Tokens, "<turn|>", {}}};
  const std::vector<PromptPiece> ids = {{Kind::Tokens, "anything", {106, 107, 108}}};
  QCOMPARE(model->count_tokens(trusted), std::int64_t{2});  // the beginning of the sequence is added
  QVERIFY(model->count_tokens(data) > 2);
  QCOMPARE(model->count_tokens(spelled_output), std::int64_t{2});
  QCOMPARE(model->count_tokens(ids), std::int64_t{4});
  QCOMPARE(model->count_tokens({{Kind::Template, "<bos><turn|>", {}}}), std::int64_t{2});
}

void LocalModelTest::a_full_context_is_an_outcome() {
  const auto model = open_random(64);
  std::string question;
  for (int i = 0; i < 100; ++i)
    question += "page ";
  const GenerateOutcome too_long = model->generate(request_of(question), {}, {});
  QVERIFY(too_long.reason == Reason::ContextFull);
  QVERIFY2(too_long.error.find("holds 64") != std::string::npos, too_long.error.c_str());
  QVERIFY(too_long.tokens.empty());
  // Some of these end by themselves; one that does not runs into the end of the context.
  bool filled = false;
  for (std::uint64_t seed = 0; seed < 20 && !filled; ++seed) {
    GenerateRequest request = request_of("Hello", seed);
    request.max_tokens = 1000;
    const GenerateOutcome outcome = model->generate(request, {}, {});
    if (outcome.reason != Reason::ContextFull) continue;
    filled = true;
    QCOMPARE(outcome.prompt_tokens + static_cast<std::int64_t>(outcome.tokens.size()), std::int64_t{65});
    QVERIFY(outcome.error.ends_with('.'));
  }
  QVERIFY(filled);
}

// Random weights would think for ever.
void LocalModelTest::a_thought_is_closed_at_its_limit() {
  const auto model = open_random();
  GenerateRequest request;
  request.prompt = {{.kind = PromptPiece::Kind::Template,
                     .text = "<bos><|turn>user\nhi<turn|>\n<|turn>model\n<|channel>thought\n",
                     .tokens = {}}};
  request.grammar = std::make_shared<const ReplyGrammar>();
  request.max_tokens = 40;
  request.seed = 3;
  for (const std::int64_t limit : {std::int64_t{1}, std::int64_t{7}}) {
    request.thinking_tokens = limit;
    const GenerateOutcome outcome = model->generate(request, {}, {});
    QVERIFY(static_cast<std::int64_t>(outcome.tokens.size()) > limit);
    for (std::int64_t token = 0; token < limit; ++token)
      QVERIFY(outcome.tokens[static_cast<std::size_t>(token)] != marker_id(Marker::ChannelClose));
    QCOMPARE(outcome.tokens[static_cast<std::size_t>(limit)], marker_id(Marker::ChannelClose));
    // It does not begin to think again.
    QCOMPARE(std::count(outcome.tokens.begin(), outcome.tokens.end(), marker_id(Marker::ChannelOpen)), 0);
  }
}

void LocalModelTest::a_stop_is_obeyed() {
  const auto model = open_random();
  std::stop_source before;
  before.request_stop();
  const GenerateOutcome none = model->generate(request_of("Hello"), {}, before.get_token());
  QVERIFY(none.reason == Reason::Stopped);
  QVERIFY(none.tokens.empty());
  QVERIFY(none.error.empty());

  std::stop_source during;
  GenerateCallbacks callbacks;
  callbacks.piece = [&](const ReplyPiece&) { during.request_stop(); };
  GenerateRequest request = request_of("Hello");
  request.max_tokens = 1000;
  const GenerateOutcome some = model->generate(request, callbacks, during.get_token());
  QVERIFY(some.reason == Reason::Stopped || some.reason == Reason::EndOfTurn || some.reason == Reason::ToolResponse);
  QVERIFY(some.tokens.size() < 10);
  // The conversation goes on afterwards.
  QVERIFY(!model->generate(continued(request, some), {}, {}).tokens.empty());
}

void LocalModelTest::wrong_requests_fail_with_a_sentence() {
  const auto model = open_random();
  GenerateRequest request = request_of("Hello");
  request.prompt.push_back({Kind::Tokens, "?", {5000}});
  const GenerateOutcome outcome = model->generate(request, {}, {});
  QVERIFY(outcome.reason == Reason::Failed);
  QVERIFY2(outcome.error.find("5000") != std::string::npos, outcome.error.c_str());

  GenerateRequest nothing = request_of("Hello");
  nothing.max_tokens = 0;
  const GenerateOutcome empty = model->generate(nothing, {}, {});
  QVERIFY(empty.reason == Reason::Length);
  QVERIFY(empty.tokens.empty());

  GenerateCallbacks throwing;
  throwing.piece = [](const ReplyPiece&) { throw std::runtime_error("a callback failed"); };
  const GenerateOutcome thrown = model->generate(request_of("Hello"), throwing, {});
  QVERIFY(thrown.reason == Reason::Failed);
  QVERIFY2(thrown.error.find("a callback failed") != std::string::npos, thrown.error.c_str());
}

void LocalModelTest::unusable_files_are_refused() {
  for (const char* path : {"/no/such/file.gguf", FACET_TEST_DATA "/models/e-f32.json"}) {
    LocalModelOptions options;
    options.path = path;
    const auto model = open_local_model(options);
    QVERIFY(!model.ok());
    QVERIFY2(model.error().message.ends_with('.'), model.error().message.c_str());
  }
}

void LocalModelTest::overrides_are_used() {
  const auto model = open_random();
  GenerateRequest request = request_of("Hello");
  request.sampling.temperature = 0.0F;
  request.sampling.top_k = 5;
  const GenerateOutcome outcome = model->generate(request, {}, {});
  const Json used = Json::parse(outcome.sampling_json);
  QCOMPARE(used["temperature"].get<double>(), 0.0);
  QCOMPARE(used["top_k"].get<int>(), 5);
  QVERIFY(std::abs(used["top_p"].get<double>() - 0.95) < 1e-6);  // the publisher's
  request.seed = 99;
  QCOMPARE(model->generate(request, {}, {}).tokens, outcome.tokens);  // greedy knows no seed
}

void LocalModelTest::the_practice_model_calls_a_tool() {
  const auto model = open(FACET_SOURCE_DIR "/resources/built-in-model/practice-text.gguf");
  const Json tools = Json::parse(R"([{"type": "function", "function": {
    "name": "read_file", "description": "Read a text file, whole or a range of lines.",
    "parameters": {"type": "object", "required": ["path"], "properties": {
      "path": {"type": "string", "description": "Path of the file."},
      "first_line": {"type": "integer", "description": "First line to return, counted from 1."},
      "line_count": {"type": "integer", "description": "How many lines to return."}}}}}])");
  const Json messages = Json::parse(R"([{"role": "user", "content": "What does notes/garden.txt say?"}])");
  const auto prompt = render_prompt(messages, tools, {});
  QVERIFY(prompt.ok());
  GenerateRequest request;
  request.prompt = *prompt;
  request.sampling.temperature = 0.0F;
  request.max_tokens = 100;
  std::vector<ReplyPiece> pieces;
  GenerateCallbacks callbacks;
  callbacks.piece = [&](const ReplyPiece& piece) { pieces.push_back(piece); };
  const GenerateOutcome outcome = model->generate(request, callbacks, {});
  const Json reply = parse_reply(pieces, tools, start_after(request.prompt), ReplyParser::End::Stop);
  QVERIFY2(outcome.reason == Reason::ToolResponse, outcome.text.c_str());
  QCOMPARE(reply["tool_calls"].size(), std::size_t{1});
  QCOMPARE(reply["tool_calls"][0]["name"].get<std::string>(), std::string("read_file"));
  QCOMPARE(reply["tool_calls"][0]["arguments"]["path"].get<std::string>(), std::string("notes/garden.txt"));
}

}  // namespace facet::agent

QTEST_APPLESS_MAIN(facet::agent::LocalModelTest)
#include "local_model_test.moc"
