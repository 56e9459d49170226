#include <QTest>
#include <random>

#include "agent/local_model.h"
#include "agent/local_model_rules.h"
#include "agent/prompt/markers.h"
#include "agent/prompt/reply_parser.h"
#include "engine/gguf/gguf_file.h"
#include "engine/text/sampler.h"
#include "json_schema_rules.h"
#include "random_schema.h"

// Whatever the logits and the sampling: calls can be read and fit their schema, answers too, nothing is empty and no
// marker is where it has no meaning. Read by the parser of replies, checked by rules of their own.
namespace facet::agent {

namespace {

using engine::Token;
using Kind = PromptPiece::Kind;

constexpr int kCalls = 10000;
constexpr int kAnswers = 2000;
constexpr int kReplies = 1000;

struct Vocabulary {
  std::unique_ptr<engine::GgufFile> file;
  std::unique_ptr<engine::Tokenizer> tokenizer;
};

Vocabulary vocabulary() {
  auto file = engine::GgufFile::open(FACET_TEST_DATA "/models/e-f32.gguf");
  if (!file.ok()) qFatal("%s", file.error().message.c_str());
  auto tokenizer = engine::Tokenizer::from_gguf(**file);
  if (!tokenizer.ok()) qFatal("%s", tokenizer.error().message.c_str());
  return {std::move(*file), std::move(*tokenizer)};
}

engine::Sampling random_sampling(std::mt19937_64& random) {
  engine::Sampling sampling;
  sampling.temperature = std::array{0.0F, 0.3F, 1.0F, 5.0F}[random() % 4];
  sampling.top_k = std::array{0, 1, 5, 64}[random() % 4];
  sampling.top_p = std::array{0.5F, 0.95F, 1.0F}[random() % 3];
  sampling.min_p = std::array{0.0F, 0.1F}[random() % 2];
  sampling.repetition_penalty = std::array{1.0F, 1.3F, 0.8F}[random() % 3];
  sampling.seed = random();
  return sampling;
}

// A model that likes anything, and markers very much.
class RandomLogits {
 public:
  explicit RandomLogits(std::size_t size) : noise_(1U << 16U), logits_(size) {
    std::mt19937_64 random(11);
    std::normal_distribution<float> normal(0.0F, 4.0F);
    for (float& value : noise_)
      value = normal(random);
  }
  std::span<float> draw(std::mt19937_64& random) {
    const std::size_t place = random();
    for (std::size_t i = 0; i < logits_.size(); ++i)
      logits_[i] = noise_[(place + i * 40503) & (noise_.size() - 1)];
    for (const Marker marker : kAllMarkers)
      logits_[static_cast<std::size_t>(marker_id(marker))] += 8.0F;
    return logits_;
  }

 private:
  std::vector<float> noise_;
  std::vector<float> logits_;
};

struct Reply {
  std::vector<ReplyPiece> pieces;
  std::vector<Token> tokens;
  bool has_ended = false;
};

// What a local model does with its logits.
Reply reply_of(LocalModelGrammar& grammar, const std::vector<PromptPiece>& prompt, std::int64_t room,
               RandomLogits& logits, std::mt19937_64& random) {
  const engine::Tokenizer& tokenizer = grammar.tokenizer();
  engine::Sampler sampler(random_sampling(random), tokenizer.suppressed());
  engine::StreamingDecoder decoder(tokenizer);
  ReplyRules rules(grammar, prompt, room);
  Reply reply;
  for (; room > 0 && !reply.has_ended; --room) {
    sampler.bar(rules.barred(room));
    const std::span<float> now = logits.draw(random);
    const auto chosen = rules.is_masked() ? rules.choose(sampler, now, room)
                                          : std::optional(sampler.sample(now, reply.tokens, &tokenizer));
    if (!chosen) break;
    const Token token = *chosen;
    rules.take(token);
    reply.tokens.push_back(token);
    if (std::string text = decoder.push(token); !text.empty()) reply.pieces.emplace_back(std::move(text));
    if (const auto marker = marker_of_id(token)) reply.pieces.emplace_back(*marker);
    reply.has_ended = tokenizer.ends_generation(token);
  }
  if (std::string text = decoder.flush(); !text.empty()) reply.pieces.emplace_back(std::move(text));
  return reply;
}

const std::vector<PromptPiece> kQuestion = {{Kind::Template, "<bos><|turn>user\nHello<turn|>\n<|turn>model\n", {}}};
const std::vector<PromptPiece> kOpenCall = {
    {Kind::Template, "<bos><|turn>user\nHello<turn|>\n<|turn>model\n<|tool_call>", {}}};

Json tools_of(const std::vector<std::pair<std::string, Json>>& tools) {
  Json declarations = Json::array();
  for (const auto& [name, parameters] : tools)
    declarations.push_back({{"type", "function"}, {"function", {{"name", name}, {"parameters", parameters}}}});
  return declarations;
}

Json read_reply(const Reply& reply, const Json& tools, bool call_is_open) {
  std::vector<ReplyPiece> pieces = reply.pieces;
  if (call_is_open) pieces.insert(pieces.begin(), Marker::ToolCallOpen);
  return parse_reply(pieces, tools, ReplyParser::Start::Content,
                     reply.has_ended ? ReplyParser::End::Stop : ReplyParser::End::Length);
}

std::string shown(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Empty when every call of a reply is one of these tools with arguments that fit.
std::string broken_call(const Json& read, const Json& tools) {
  if (read.contains("problems") || read.contains("incomplete_call")) return "not read: " + shown(read);
  for (const Json& call : read["tool_calls"]) {
    const Json* schema = nullptr;
    for (const Json& tool : tools)
      if (tool["function"]["name"] == call["name"]) schema = &tool["function"]["parameters"];
    if (schema == nullptr) return "not declared: " + shown(call);
    if (!json_schema::is_valid(*schema, call["arguments"]))
      return "does not fit: " + shown(call) + " " + shown(*schema);
  }
  return {};
}

}  // namespace

class GrammarPropertyTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { vocabulary_ = vocabulary(); }
  void calls_can_be_read_and_fit();
  void answers_are_json_and_fit();
  void replies_say_something_and_leak_nothing();
  void a_model_with_random_weights_calls_correctly();
  void a_model_with_random_weights_answers_in_form();

 private:
  Vocabulary vocabulary_;
};

void GrammarPropertyTest::calls_can_be_read_and_fit() {
  std::mt19937_64 random(1);
  RandomLogits logits(static_cast<std::size_t>(vocabulary_.tokenizer->vocabulary_size()));
  LocalModelGrammar grammar(*vocabulary_.tokenizer);
  int calls = 0;
  for (std::uint64_t seed = 0; calls < kCalls; ++seed) {
    random_schema::Drawn drawn(seed);
    const Json tools = tools_of(
        {{"find", drawn.parameters()}, {"find_all", drawn.parameters()}, {"mcp:make-pdf", drawn.parameters()}});
    const auto reply_rules = reply_grammar(tools, {});
    QVERIFY(reply_rules.ok());
    QVERIFY2((*reply_rules)->problems.empty(), shown((*reply_rules)->problems).c_str());
    grammar.use(*reply_rules);
    const std::int64_t least = grammar.call()->distance(grammar.call()->start()) + 1;
    for (int i = 0; i < 10; ++i, ++calls) {
      const std::int64_t room = least + static_cast<std::int64_t>(random() % 150);
      const Reply reply = reply_of(grammar, kOpenCall, room, logits, random);
      const Json read = read_reply(reply, tools, /*call_is_open=*/true);
      QVERIFY2(reply.has_ended, shown(read).c_str());
      QVERIFY(!read["tool_calls"].empty());
      QCOMPARE(read["content"].get<std::string>(), std::string());
      const std::string broken = broken_call(read, tools);
      QVERIFY2(broken.empty(), broken.c_str());
    }
  }
}

void GrammarPropertyTest::answers_are_json_and_fit() {
  std::mt19937_64 random(2);
  RandomLogits logits(static_cast<std::size_t>(vocabulary_.tokenizer->vocabulary_size()));
  LocalModelGrammar grammar(*vocabulary_.tokenizer);
  int plain = 0;
  for (std::uint64_t seed = 0; seed < kAnswers; ++seed) {
    random_schema::Drawn drawn(seed);
    const Json schema = drawn.value(3);
    const Json tools = seed % 2 == 0 ? Json() : tools_of({{"find", drawn.parameters()}});
    const auto reply_rules = reply_grammar(tools, schema);
    QVERIFY2(reply_rules.ok(), shown(schema).c_str());
    grammar.use(*reply_rules);
    const std::int64_t room =
        grammar.answer()->distance(grammar.answer()->start()) + 1 + static_cast<std::int64_t>(random() % 120);
    const Reply reply = reply_of(grammar, kQuestion, room, logits, random);
    const Json read = read_reply(reply, tools, /*call_is_open=*/false);
    QVERIFY2(reply.has_ended, shown(schema).c_str());
    if (!read["tool_calls"].empty()) {
      const std::string broken = broken_call(read, tools);
      QVERIFY2(broken.empty(), broken.c_str());
      continue;
    }
    ++plain;
    const Json answer = Json::parse(read["content"].get<std::string>(), nullptr, false);
    QVERIFY2(!answer.is_discarded(), shown(read).c_str());
    QVERIFY2(json_schema::is_valid(schema, answer), (shown(schema) + shown(answer)).c_str());
  }
  QVERIFY(plain > kAnswers / 4);
}

void GrammarPropertyTest::replies_say_something_and_leak_nothing() {
  std::mt19937_64 random(3);
  RandomLogits logits(static_cast<std::size_t>(vocabulary_.tokenizer->vocabulary_size()));
  LocalModelGrammar grammar(*vocabulary_.tokenizer);
  int with_calls = 0;
  for (std::uint64_t seed = 0; seed < kReplies; ++seed) {
    random_schema::Drawn drawn(seed);
    const Json tools = tools_of({{"find", drawn.parameters()}});
    grammar.use(*reply_grammar(seed % 3 == 0 ? Json() : tools, {}));
    const Reply reply = reply_of(grammar, kQuestion, 20 + static_cast<std::int64_t>(random() % 300), logits, random);
    const Json read = read_reply(reply, tools, /*call_is_open=*/false);
    const std::string broken = broken_call(read, tools);
    QVERIFY2(broken.empty(), broken.c_str());
    with_calls += read["tool_calls"].empty() ? 0 : 1;
    QVERIFY(seed % 3 != 0 || read["tool_calls"].empty());
    if (reply.has_ended) QVERIFY(read["content"].get<std::string>() != "" || !read["tool_calls"].empty());
    // Outside of calls no marker but those of thoughts, in pairs, and the one at the end.
    bool in_call = false;
    bool in_thought = false;
    for (std::size_t i = 0; i < reply.tokens.size(); ++i) {
      const auto marker = marker_of_id(reply.tokens[i]);
      if (!marker || (in_call && *marker == Marker::StringDelimiter)) continue;
      if (*marker == Marker::ToolCallOpen || *marker == Marker::ToolCallClose) {
        QVERIFY(!in_thought && in_call == (*marker == Marker::ToolCallClose));
        in_call = !in_call;
      } else if (*marker == Marker::ChannelOpen || *marker == Marker::ChannelClose) {
        QVERIFY(!in_call && in_thought == (*marker == Marker::ChannelClose));
        in_thought = !in_thought;
      } else {
        QVERIFY(!in_call && !in_thought && i + 1 == reply.tokens.size());
        QVERIFY(*marker == Marker::TurnClose || *marker == Marker::EndOfSequence ||
                (*marker == Marker::ToolResponseOpen && !read["tool_calls"].empty()));
      }
    }
  }
  QVERIFY(with_calls > 100);
}

void GrammarPropertyTest::a_model_with_random_weights_calls_correctly() {
  LocalModelOptions options;
  options.path = FACET_TEST_DATA "/models/e-f32.gguf";
  options.threads = 2;
  const auto model = open_local_model(options);
  QVERIFY(model.ok());
  std::mt19937_64 random(4);
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    random_schema::Drawn drawn(seed);
    const Json tools = tools_of({{"find", drawn.parameters()}, {"read_file", drawn.parameters()}});
    GenerateRequest request;
    request.conversation = 1;
    request.prompt = kOpenCall;
    request.seed = seed;
    request.max_tokens = 200;
    request.grammar = *reply_grammar(tools, {});
    const engine::Sampling sampling = random_sampling(random);
    request.sampling = {sampling.temperature, sampling.top_k, sampling.top_p, sampling.min_p,
                        sampling.repetition_penalty};
    Reply reply;
    GenerateCallbacks callbacks;
    callbacks.piece = [&](const ReplyPiece& piece) { reply.pieces.push_back(piece); };
    const GenerateOutcome outcome = (*model)->generate(request, callbacks, {});
    reply.has_ended =
        outcome.reason == GenerateOutcome::Reason::EndOfTurn || outcome.reason == GenerateOutcome::Reason::ToolResponse;
    QVERIFY2(reply.has_ended, outcome.error.c_str());
    const Json read = read_reply(reply, tools, /*call_is_open=*/true);
    const std::string broken = broken_call(read, tools);
    QVERIFY2(broken.empty() && !read["tool_calls"].empty(), broken.c_str());
  }
}

void GrammarPropertyTest::a_model_with_random_weights_answers_in_form() {
  LocalModelOptions options;
  options.path = FACET_TEST_DATA "/models/e-f32.gguf";
  options.threads = 2;
  const auto model = open_local_model(options);
  QVERIFY(model.ok());
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Json schema = random_schema::Drawn(seed).value(2);
    GenerateRequest request;
    request.conversation = 1;
    request.prompt = kQuestion;
    request.seed = seed;
    request.max_tokens = 200;
    request.grammar = *reply_grammar({}, schema);
    Reply reply;
    GenerateCallbacks callbacks;
    callbacks.piece = [&](const ReplyPiece& piece) { reply.pieces.push_back(piece); };
    const GenerateOutcome outcome = (*model)->generate(request, callbacks, {});
    QVERIFY2(outcome.reason == GenerateOutcome::Reason::EndOfTurn, outcome.error.c_str());
    reply.has_ended = true;
    const Json answer = Json::parse(read_reply(reply, {}, false)["content"].get<std::string>(), nullptr, false);
    QVERIFY2(!answer.is_discarded() && json_schema::is_valid(schema, answer), outcome.text.c_str());
  }
  // What can not be said in the room that there is.
  GenerateRequest request;
  request.prompt = kQuestion;
  request.max_tokens = 30;
  request.grammar = *reply_grammar({}, Json{{"type", "string"}, {"minLength", 100}});
  const GenerateOutcome outcome = (*model)->generate(request, {}, {});
  QVERIFY(outcome.reason == GenerateOutcome::Reason::Failed);
  QVERIFY2(outcome.error.find("room for 30") != std::string::npos, outcome.error.c_str());
}

}  // namespace facet::agent

QTEST_APPLESS_MAIN(facet::agent::GrammarPropertyTest)
#include "grammar_property_test.moc"
