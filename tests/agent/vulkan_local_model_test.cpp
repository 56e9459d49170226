#include <QTest>

#include "agent/grammar/reply_grammar.h"
#include "agent/local_model.h"
#include "agent/prompt/reply_parser.h"
#include "engine/vulkan/vulkan.h"
#include "tests/engine/vulkan_faults.h"

namespace facet::agent {

namespace {

using Kind = PromptPiece::Kind;
using Reason = GenerateOutcome::Reason;

GenerateRequest request_of(ConversationId conversation) {
  GenerateRequest request;
  request.conversation = conversation;
  request.prompt = {{Kind::Template, "<bos><|turn>user\n", {}},
                    {Kind::Data, "Conversation " + std::to_string(conversation), {}},
                    {Kind::Template, "<turn|>\n<|turn>model\n", {}}};
  request.sampling.temperature = 0.0F;
  request.max_tokens = 6;
  return request;
}

}  // namespace

// Conversations on a graphics device that fails them.
class VulkanLocalModelTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void cleanup() { faults_->disarm(); }
  void old_conversations_make_room_for_a_new_one();
  void one_that_finds_no_room_gives_a_sentence();
  void the_device_is_the_one_that_computes();
  void replies_follow_their_grammar();

 private:
  std::unique_ptr<TextModel> open() const;

  const fault_layer::Control* faults_ = nullptr;
  mutable std::vector<std::string> notices_;
};

std::unique_ptr<TextModel> VulkanLocalModelTest::open() const {
  LocalModelOptions options;
  options.path = FACET_TEST_DATA "/models/e-f32.gguf";
  options.backend = "vulkan";
  options.notice = [this](const std::string& sentence) { notices_.push_back(sentence); };
  auto model = open_local_model(options);
  return model.ok() ? std::move(*model) : nullptr;
}

void VulkanLocalModelTest::initTestCase() {
  faults_ = &vulkan_faults::install();
  // A device that is there must open.
  if (const auto devices = engine::find_vulkan_devices(""); !devices.ok()) QSKIP(devices.error().message.c_str());
  QVERIFY(open() != nullptr);
}

void VulkanLocalModelTest::old_conversations_make_room_for_a_new_one() {
  const auto model = open();
  const GenerateOutcome first = model->generate(request_of(1), {}, {});
  QVERIFY(first.reason != Reason::Failed);
  // Once: when the first conversation is gone there is room.
  faults_->arm("vkCreateBuffer", 1, fault_layer::kOutOfDeviceMemory, 1);
  const GenerateOutcome second = model->generate(request_of(2), {}, {});
  QCOMPARE(faults_->struck(), 1U);
  QVERIFY2(second.reason != Reason::Failed, second.error.c_str());
  // It is read again, and says the same.
  const GenerateOutcome again = model->generate(request_of(1), {}, {});
  QCOMPARE(again.cached_tokens, std::int64_t{0});
  QCOMPARE(again.tokens, first.tokens);
}

void VulkanLocalModelTest::one_that_finds_no_room_gives_a_sentence() {
  const auto model = open();
  faults_->arm("vkCreateBuffer", 1, fault_layer::kOutOfDeviceMemory, fault_layer::kForEver);
  const GenerateOutcome failed = model->generate(request_of(1), {}, {});
  QVERIFY(failed.reason == Reason::Failed);
  QVERIFY2(failed.error.ends_with('.') && failed.error.size() > 20, failed.error.c_str());
  faults_->disarm();
  QVERIFY(model->generate(request_of(1), {}, {}).reason != Reason::Failed);
}

void VulkanLocalModelTest::the_device_is_the_one_that_computes() {
  const auto model = open();
  QVERIFY(model->info().device.starts_with("Vulkan"));
  const GenerateOutcome expected = model->generate(request_of(1), {}, {});
  notices_.clear();
  faults_->arm("vkQueueSubmit", 1, fault_layer::kDeviceLost, fault_layer::kForEver);
  const GenerateOutcome outcome = model->generate(request_of(2), {}, {});
  faults_->disarm();
  QVERIFY2(outcome.reason != Reason::Failed, outcome.error.c_str());
  QVERIFY(model->info().device.starts_with("CPU"));
  QCOMPARE(notices_.size(), std::size_t{1});
  QCOMPARE(model->generate(request_of(1), {}, {}).tokens, expected.tokens);
}

// Where few logits decide they alone leave the device; in a call and in an answer of a form all of them have to.
void VulkanLocalModelTest::replies_follow_their_grammar() {
  const auto model = open();
  const Json tools = Json::parse(R"([{"type": "function", "function": {"name": "find", "parameters": {
    "type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["file", "folder"]}}}}}])");
  GenerateRequest call = request_of(1);
  call.prompt.back().text += "<|tool_call>";
  call.sampling.temperature = 1.0F;
  call.max_tokens = 60;
  call.grammar = *reply_grammar(tools, {});
  GenerateRequest answer = request_of(2);
  answer.sampling.temperature = 1.0F;
  answer.max_tokens = 60;
  answer.grammar = *reply_grammar({}, Json::parse(R"({"type": "array", "items": {"type": "boolean"}, "minItems": 2})"));
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    call.seed = answer.seed = seed;
    const GenerateOutcome called = model->generate(call, {}, {});
    const Json read =
        parse_reply("<|tool_call>" + called.text, tools, ReplyParser::Start::Content, ReplyParser::End::Stop);
    QVERIFY2(!read["tool_calls"].empty() && !read.contains("problems"), called.text.c_str());
    for (const Json& one : read["tool_calls"])
      QVERIFY(one["arguments"] == Json({{"kind", "file"}}) || one["arguments"] == Json({{"kind", "folder"}}));
    const GenerateOutcome answered = model->generate(answer, {}, {});
    const Json list = Json::parse(answered.text.substr(0, answered.text.rfind(']') + 1), nullptr, false);
    QVERIFY2(list.is_array() && list.size() >= 2, answered.text.c_str());
    // And free text again, from few logits.
    QVERIFY(model->generate(request_of(3), {}, {}).reason != Reason::Failed);
  }
}

}  // namespace facet::agent

QTEST_APPLESS_MAIN(facet::agent::VulkanLocalModelTest)
#include "vulkan_local_model_test.moc"
