#include <QTest>
#include <algorithm>

#include "engine/engine.h"
#include "engine/placed/placed_backend.h"
#include "engine/trial/device_trial.h"
#include "engine/vulkan/vulkan.h"
#include "placements.h"
#include "vulkan_faults.h"

using namespace facet;
using namespace facet::engine;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kNewTokens = 8;
constexpr std::int32_t kDiscrete = 2;  // VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU
// Seconds for a token, of a device and of the CPU beside it.
constexpr Ability kFaster = {{0.001, 0.0001}, {0.002, 0.0002}};
constexpr Ability kSlower = {{0.002, 0.0002}, {0.001, 0.0001}};

std::vector<Token> prompt(int variant = 0) {
  std::vector<Token> tokens(19);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = static_cast<Token>((i * 97 + static_cast<std::size_t>(variant) * 311 + i * i * 31) % 1200);
  return tokens;
}

Token best(std::span<const float> logits) {
  return static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

Result<std::vector<Token>> go_on(Sequence& sequence, std::size_t count) {
  std::vector<Token> tokens;
  while (true) {
    tokens.push_back(best(sequence.last_logits()));
    if (tokens.size() == count) return tokens;
    FACET_RETURN_IF_ERROR(sequence.append(tokens.back()));
  }
}

// What a model says, or the sentence why it does not.
Result<std::vector<Token>> generate(const Engine& engine, int variant = 0) {
  const auto sequence = engine.create_sequence();
  FACET_ASSIGN_OR_RETURN(const auto synced, sequence->sync(prompt(variant), {.chunk = 7}));
  static_cast<void>(synced);
  return go_on(*sequence, kNewTokens);
}

bool is_sentence(const std::string& text) {
  return text.size() > 20 && text.back() == '.' && std::isupper(static_cast<unsigned char>(text.front())) != 0 &&
         text.find('\n') == std::string::npos;
}

}  // namespace

// What the engine does when Vulkan fails, wherever that is: a layer in front of the driver makes every call fail once.
class VulkanFaultsTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void init();
  void cleanup();
  void loading_without_memory_gives_a_sentence_data();
  void loading_without_memory_gives_a_sentence();
  void a_loss_while_loading_changes_nothing_data();
  void a_loss_while_loading_changes_nothing();
  void a_loss_while_computing_changes_nothing_data();
  void a_loss_while_computing_changes_nothing();
  void held_experts_are_brought_again();
  void encodings_survive();
  void conversations_with_pictures_survive();
  void every_conversation_survives();
  void kept_logits_survive();
  void the_third_loss_leads_to_the_cpu();
  void a_device_that_is_away_for_a_moment_is_waited_for();
  void a_device_that_stays_away_is_replaced();
  void a_second_conversation_without_room_gives_a_sentence();
  void auto_takes_a_device_that_is_trusted_and_faster();
  void a_device_that_computes_wrong_is_refused();
  void auto_goes_on_with_the_cpu_without_memory_data();
  void auto_goes_on_with_the_cpu_without_memory();
  void a_device_that_hangs_is_replaced();
  void points_were_many();

 private:
  Result<std::unique_ptr<Engine>> open(EngineOptions options = {});
  std::vector<Token> said(const Result<std::vector<Token>>& result);

  // Of all kinds of kernels one.
  const std::string model_ = FACET_TEST_DATA "/models/moe-f32.gguf";
  const fault_layer::Control* faults_ = nullptr;
  std::vector<std::string> notices_;
  std::chrono::steady_clock::time_point now_;
  std::vector<std::vector<Token>> expected_;  // by variant of the prompt
  std::int64_t alive_before_ = 0;
  int points_ = 0;
};

Result<std::unique_ptr<Engine>> VulkanFaultsTest::open(EngineOptions options) {
  if (options.backend.empty()) options.backend = "vulkan";
  options.notice = [this](const std::string& sentence) { notices_.push_back(sentence); };
  options.clock.now = [this] { return now_; };
  if (options.threads == 0) options.threads = 1;
  return Engine::open(model_, options);
}

std::vector<Token> VulkanFaultsTest::said(const Result<std::vector<Token>>& result) {
  if (!result.ok()) qWarning("%s", result.error().message.c_str());
  return result.ok() ? *result : std::vector<Token>{};
}

void VulkanFaultsTest::initTestCase() {
  faults_ = &vulkan_faults::install();
  const auto devices = find_vulkan_devices("");
  if (!devices.ok()) QSKIP(devices.error().message.c_str());
  QVERIFY2(faults_->calls("vkCreateInstance") > 0, "the layer is not in front of the driver");
  const auto engine = open();
  QVERIFY2(engine.ok(), engine.ok() ? "" : engine.error().message.c_str());
  for (int variant = 0; variant < 3; ++variant)
    expected_.push_back(said(generate(**engine, variant)));
  // The CPU says the same, so that a test need not know who answers.
  const auto cpu = open({.backend = "cpu"});
  for (int variant = 0; variant < 3; ++variant)
    QCOMPARE(said(generate(**cpu, variant)), expected_[static_cast<std::size_t>(variant)]);
  QVERIFY(expected_[0] != expected_[1]);
}

void VulkanFaultsTest::init() {
  faults_->disarm();
  notices_.clear();
  alive_before_ = faults_->alive();
}

// Whatever failed, nothing that was created is left.
void VulkanFaultsTest::cleanup() {
  faults_->disarm();
  faults_->pretend(fault_layer::kTruth);
  if (QTest::currentTestFunction() != QByteArray("a_device_that_hangs_is_replaced"))
    QCOMPARE(faults_->alive(), alive_before_);
}

void VulkanFaultsTest::loading_without_memory_gives_a_sentence_data() {
  QTest::addColumn<QByteArray>("function");
  QTest::addColumn<int>("result");
  for (const char* function :
       {"vkCreateInstance", "vkEnumeratePhysicalDevices", "vkCreateDevice", "vkAllocateMemory", "vkMapMemory",
        "vkCreateBuffer", "vkBindBufferMemory", "vkCreateDescriptorSetLayout", "vkCreatePipelineLayout",
        "vkCreateCommandPool", "vkAllocateCommandBuffers", "vkCreateFence"})
    for (const int result : {fault_layer::kOutOfDeviceMemory, fault_layer::kOutOfHostMemory})
      // As often as the one before it, and next to it.
      if (function != QByteArray("vkBindBufferMemory") || result == fault_layer::kOutOfHostMemory)
        QTest::addRow("%s %d", function, result) << QByteArray(function) << result;
}

void VulkanFaultsTest::loading_without_memory_gives_a_sentence() {
  QFETCH(QByteArray, function);
  QFETCH(int, result);
  for (std::uint64_t n = 1;; ++n) {
    QVERIFY(faults_->arm(function, n, result, fault_layer::kForEver));
    const auto engine = open();
    const std::uint64_t struck = faults_->struck();
    faults_->disarm();
    if (struck == 0) {
      QVERIFY(engine.ok() && n > 1);
      return;
    }
    ++points_;
    QVERIFY2(!engine.ok(), qPrintable(QString::number(n)));
    QCOMPARE(engine.error().code, Error::Code::OutOfMemory);
    QVERIFY2(is_sentence(engine.error().message), engine.error().message.c_str());
    QCOMPARE(faults_->alive(), alive_before_);
  }
}

void VulkanFaultsTest::a_loss_while_loading_changes_nothing_data() {
  QTest::addColumn<QByteArray>("function");
  for (const char* function : {"vkCreateDevice", "vkAllocateMemory", "vkCreateBuffer", "vkCreateFence"})
    QTest::addRow("%s", function) << QByteArray(function);
}

// The calls in the middle stand for those around them: every one of them takes a whole load more.
void VulkanFaultsTest::a_loss_while_loading_changes_nothing() {
  QFETCH(QByteArray, function);
  const std::uint64_t before = faults_->calls(function);
  QVERIFY(open().ok());
  const std::uint64_t calls = faults_->calls(function) - before;
  for (std::uint64_t n = 1; n <= calls; n += std::max<std::uint64_t>(1, calls / 4)) {
    now_ += 1h;
    QVERIFY(faults_->arm(function, n, fault_layer::kDeviceLost, 1));
    const auto engine = open();
    QVERIFY2(engine.ok(), engine.ok() ? "" : engine.error().message.c_str());
    QCOMPARE(faults_->struck(), 1U);
    faults_->disarm();
    QCOMPARE(said(generate(**engine)), expected_[0]);
    ++points_;
  }
  QVERIFY(notices_.empty());
}

void VulkanFaultsTest::a_loss_while_computing_changes_nothing_data() {
  QTest::addColumn<QByteArray>("function");
  QTest::addColumn<int>("result");
  QTest::addColumn<std::uint64_t>("step");
  // Of calls that come as often as others, and next to them, every third one will do.
  const auto row = [](const char* function, int result, std::uint64_t step = 1) {
    QTest::addRow("%s %d", function, result) << QByteArray(function) << result << step;
  };
  row("vkQueueSubmit", fault_layer::kDeviceLost);
  row("vkWaitForFences", fault_layer::kDeviceLost);
  row("vkQueueSubmit", fault_layer::kOutOfHostMemory, 3);
  row("vkCreateComputePipelines", fault_layer::kOutOfDeviceMemory, 3);
  row("vkCreateShaderModule", fault_layer::kOutOfHostMemory, 7);
  row("vkCreateDescriptorPool", fault_layer::kOutOfHostMemory);
  row("vkAllocateDescriptorSets", fault_layer::kOutOfDeviceMemory, 20);
  row("vkBeginCommandBuffer", fault_layer::kOutOfHostMemory);
  row("vkEndCommandBuffer", fault_layer::kOutOfDeviceMemory);
  row("vkResetFences", fault_layer::kOutOfDeviceMemory, 3);
}

// At every call of a turn.
void VulkanFaultsTest::a_loss_while_computing_changes_nothing() {
  QFETCH(QByteArray, function);
  QFETCH(int, result);
  QFETCH(std::uint64_t, step);
  // What is made once on a device takes a new one each time.
  const bool is_made_once = function.startsWith("vkCreate") || function == "vkAllocateDescriptorSets";
  auto engine = open();
  QVERIFY(engine.ok());
  for (std::uint64_t n = 1;; n += step) {
    now_ += 1h;
    if (is_made_once && n > 1) engine = open();
    QVERIFY(engine.ok());
    QVERIFY(faults_->arm(function, n, result, 1));
    const auto tokens = said(generate(**engine));
    QCOMPARE(tokens, expected_[0]);
    if (faults_->struck() == 0) {
      QVERIFY(n > 1);
      break;
    }
    ++points_;
    QCOMPARE(faults_->struck(), 1U);
  }
  QVERIFY2(notices_.empty(), notices_.empty() ? "" : notices_.front().c_str());
}

// Chat and background share the engine: a loss in one, and the other goes on.
// The device holds some of the experts that the CPU has. What it held is gone with it, and it begins with none.
void VulkanFaultsTest::held_experts_are_brought_again() {
  const Backend* placed = nullptr;
  EngineOptions options{.backend = "cpu"};
  options.wrap_backend = [&](std::unique_ptr<Backend> cpu) -> std::unique_ptr<Backend> {
    auto gpu = open_vulkan("");
    if (!gpu.ok()) qFatal("%s", gpu.error().message.c_str());
    auto both = std::make_unique<PlacedBackend>(std::move(cpu), std::move(gpu).value(),
                                                placements::held(placements::config_of(model_))[1].placement);
    placed = both.get();
    return both;
  };
  for (const char* function : {"vkQueueSubmit", "vkWaitForFences"}) {
    std::uint64_t calls = faults_->calls(function);
    const auto engine = open(options);
    QVERIFY(engine.ok());
    QCOMPARE(said(generate(**engine)), expected_[0]);
    calls = faults_->calls(function) - calls;
    for (std::uint64_t n = 1; n <= calls; n += std::max<std::uint64_t>(1, calls / 12)) {
      now_ += 1h;
      faults_->arm(function, n, fault_layer::kDeviceLost, 1);
      QCOMPARE(said(generate(**engine)), expected_[0]);
      faults_->disarm();
      QVERIFY(placed->work().held_experts > 0);
      ++points_;
    }
  }
  QVERIFY(notices_.empty());
}

// What a lost device had of a sound is begun again.
void VulkanFaultsTest::encodings_survive() {
  const auto engine = open({.projector = FACET_TEST_DATA "/models/mmproj-e-bf16.gguf", .media_cache_bytes = 0});
  QVERIFY2(engine.ok(), engine.ok() ? "" : engine.error().message.c_str());
  PcmAudio audio;
  for (int i = 0; i < 4000; ++i)
    audio.samples.push_back(static_cast<float>(i * 37 % 101) / 101);
  const auto encode = [&] { return (*engine)->encode(audio); };
  for (const char* function : {"vkQueueSubmit", "vkWaitForFences"}) {
    std::uint64_t calls = faults_->calls(function);
    const auto expected = encode();
    QVERIFY2(expected.ok(), expected.ok() ? "" : expected.error().message.c_str());
    calls = faults_->calls(function) - calls;
    QVERIFY(calls > 3);
    for (std::uint64_t n = 1; n <= calls; n += std::max<std::uint64_t>(1, calls / 12)) {
      now_ += 1h;
      QVERIFY(faults_->arm(function, n, fault_layer::kDeviceLost, 1));
      const auto encoded = encode();
      QVERIFY2(encoded.ok(), encoded.ok() ? "" : encoded.error().message.c_str());
      QCOMPARE((*encoded)->rows, (*expected)->rows);
      faults_->disarm();
      ++points_;
    }
  }
  QVERIFY(notices_.empty());
}

// A picture that sees itself, which the sequence has to hand over again.
void VulkanFaultsTest::conversations_with_pictures_survive() {
  const auto engine = open({.projector = FACET_TEST_DATA "/models/mmproj-unified-f16.gguf"});
  QVERIFY2(engine.ok(), engine.ok() ? "" : engine.error().message.c_str());
  RgbImage image{96, 60, {}};
  for (int i = 0; i < 96 * 60 * 3; ++i)
    image.pixels.push_back(static_cast<std::uint8_t>(i * 7));
  const auto media = (*engine)->encode(image, 70);
  QVERIFY2(media.ok(), media.ok() ? "" : media.error().message.c_str());
  std::vector<SequenceItem> items;
  for (const Token token : prompt())
    items.emplace_back(token);
  items.emplace_back(MediaSlice::all_of(*media));
  items.emplace_back(Token{9});
  const auto logits = [](const Sequence& sequence) {
    return std::vector<float>(sequence.last_logits().begin(), sequence.last_logits().end());
  };
  const auto whole = (*engine)->create_sequence();
  QVERIFY(whole->sync(items).ok());
  const std::vector<float> first = logits(*whole);
  QVERIFY(whole->append(30).ok());
  const std::vector<float> expected = logits(*whole);
  for (std::uint64_t n = 1;; ++n) {
    now_ += 1h;
    const auto sequence = (*engine)->create_sequence();
    QVERIFY(faults_->arm("vkQueueSubmit", n, fault_layer::kDeviceLost, 1));
    QVERIFY(sequence->sync(items).ok());
    QCOMPARE(logits(*sequence), first);
    QVERIFY(sequence->append(30).ok());
    QCOMPARE(logits(*sequence), expected);
    if (faults_->struck() == 0) break;
    ++points_;
  }
  faults_->disarm();
  QVERIFY(notices_.empty());
}

void VulkanFaultsTest::every_conversation_survives() {
  const auto engine = open();
  QVERIFY(engine.ok());
  const auto chat = (*engine)->create_sequence(Priority::Chat);
  const auto background = (*engine)->create_sequence(Priority::Background);
  const auto idle = (*engine)->create_sequence();
  QVERIFY(chat->sync(prompt(0)).ok() && background->sync(prompt(1)).ok() && idle->sync(prompt(2)).ok());
  std::vector<std::vector<Token>> tokens(2);
  for (std::size_t i = 0; i < kNewTokens; ++i) {
    now_ += 1h;
    QVERIFY(faults_->arm("vkQueueSubmit", 1 + i % 5, fault_layer::kDeviceLost, 1));
    for (std::size_t s = 0; s < 2; ++s) {
      Sequence& sequence = s == 0 ? *chat : *background;
      tokens[s].push_back(best(sequence.last_logits()));
      QVERIFY(sequence.append(tokens[s].back()).ok());
    }
    ++points_;
  }
  faults_->disarm();
  QCOMPARE(tokens[0], expected_[0]);
  QCOMPARE(tokens[1], expected_[1]);
  // It does not know yet that its cache is gone.
  QCOMPARE(said(go_on(*idle, kNewTokens)), expected_[2]);
  QVERIFY(notices_.empty());
}

// Logits of many rows are those of the same tokens, also when the first of them were read before the loss.
void VulkanFaultsTest::kept_logits_survive() {
  const auto engine = open();
  QVERIFY(engine.ok());
  const auto rows_of = [&](Sequence& sequence) {
    std::vector<float> values;
    for (std::size_t row = 0; row < sequence.logit_rows(); ++row)
      values.insert(values.end(), sequence.logits(row).begin(), sequence.logits(row).end());
    return values;
  };
  const auto whole = (*engine)->create_sequence();
  QVERIFY(whole->sync(prompt(), {.chunk = 5, .logit_rows = 12}).ok());
  for (std::uint64_t n = 1;; ++n) {
    now_ += 1h;
    const auto sequence = (*engine)->create_sequence();
    const std::vector<Token> tokens = prompt();
    QVERIFY(sequence->sync(std::span(tokens).first(4)).ok());
    QVERIFY(faults_->arm("vkQueueSubmit", n, fault_layer::kDeviceLost, 1));
    std::vector<std::size_t> progress;
    const auto synced = sequence->sync(
        prompt(),
        {.chunk = 5, .logit_rows = 12, .progress = [&](std::size_t done, std::size_t) { progress.push_back(done); }});
    QVERIFY(synced.ok());
    QCOMPARE(rows_of(*sequence), rows_of(*whole));
    QCOMPARE(progress.back(), synced->evaluated);
    QCOMPARE(synced->reused + synced->evaluated, prompt().size());
    if (faults_->struck() == 0) break;
    QCOMPARE(synced->reused, 0U);
    ++points_;
  }
}

void VulkanFaultsTest::the_third_loss_leads_to_the_cpu() {
  const auto engine = open();
  QVERIFY(engine.ok());
  const std::string device = (*engine)->device();
  const auto sequence = (*engine)->create_sequence();
  QVERIFY(sequence->sync(prompt()).ok());
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < kNewTokens; ++i) {
    tokens.push_back(best(sequence->last_logits()));
    now_ += 10s;
    if (i >= 3) faults_->arm("vkQueueSubmit", 1, fault_layer::kDeviceLost, 1);
    QVERIFY(sequence->append(tokens.back()).ok());
    QCOMPARE(notices_.size(), i < 5 ? 0U : 1U);
    QCOMPARE((*engine)->device() == device, i < 5);
    ++points_;
  }
  QCOMPARE(tokens, expected_[0]);
  QVERIFY2(is_sentence(notices_.front()), notices_.front().c_str());
  QVERIFY(QString::fromStdString(notices_.front()).contains("the CPU"));
  QVERIFY(QString::fromStdString((*engine)->device()).startsWith("CPU"));
}

// A machine that wakes up: the device was lost and can not be opened for a while.
void VulkanFaultsTest::a_device_that_is_away_for_a_moment_is_waited_for() {
  int pauses = 0;
  EngineOptions options;
  options.clock.pause = [&](std::chrono::milliseconds length) {
    ++pauses;
    if (length >= 2s) faults_->disarm();
  };
  const auto engine = open(options);
  QVERIFY(engine.ok());
  const std::string device = (*engine)->device();
  faults_->arm("vkQueueSubmit", 3, fault_layer::kDeviceLost, 1);
  faults_->arm("vkCreateDevice", 1, fault_layer::kInitializationFailed, fault_layer::kForEver);
  QCOMPARE(said(generate(**engine)), expected_[0]);
  QCOMPARE(pauses, 1);
  QCOMPARE((*engine)->device(), device);
  QVERIFY(notices_.empty());
  ++points_;
}

void VulkanFaultsTest::a_device_that_stays_away_is_replaced() {
  int pauses = 0;
  EngineOptions options;
  options.clock.pause = [&](std::chrono::milliseconds) { ++pauses; };
  for (const char* function : {"vkCreateInstance", "vkEnumeratePhysicalDevices", "vkCreateDevice"}) {
    notices_.clear();
    const auto engine = open(options);
    QVERIFY(engine.ok());
    faults_->arm("vkQueueSubmit", 3, fault_layer::kDeviceLost, 1);
    faults_->arm(function, 1, fault_layer::kInitializationFailed, fault_layer::kForEver);
    QCOMPARE(said(generate(**engine)), expected_[0]);
    QVERIFY(QString::fromStdString((*engine)->device()).startsWith("CPU"));
    QCOMPARE(notices_.size(), 1U);
    QVERIFY2(is_sentence(notices_.front()), notices_.front().c_str());
    faults_->disarm();
    ++points_;
  }
  // Not for long: a turn waits meanwhile.
  QVERIFY(pauses > 0 && pauses <= 6);
}

// The conversation that has its place goes on, and the other one comes in when there is room again.
void VulkanFaultsTest::a_second_conversation_without_room_gives_a_sentence() {
  const auto engine = open();
  QVERIFY(engine.ok());
  const auto first = (*engine)->create_sequence();
  QVERIFY(first->sync(prompt(0)).ok());
  const std::uint64_t before = faults_->calls("vkCreateBuffer");
  QVERIFY((*engine)->create_sequence()->sync(prompt(1)).ok());
  const std::uint64_t calls = faults_->calls("vkCreateBuffer") - before;
  for (std::uint64_t n = 1; n <= calls; ++n) {
    const auto second = (*engine)->create_sequence();
    faults_->arm("vkCreateBuffer", n, fault_layer::kOutOfDeviceMemory, fault_layer::kForEver);
    const auto synced = second->sync(prompt(1));
    QVERIFY(!synced.ok());
    QCOMPARE(synced.error().code, Error::Code::OutOfMemory);
    QVERIFY2(is_sentence(synced.error().message), synced.error().message.c_str());
    faults_->disarm();
    QVERIFY(second->sync(prompt(1)).ok());
    QCOMPARE(said(go_on(*second, kNewTokens)), expected_[1]);
    ++points_;
  }
  QCOMPARE(said(go_on(*first, kNewTokens)), expected_[0]);
  QVERIFY(notices_.empty());
}

// "auto" is the CPU unless there is a device that somebody vouches for and that was measured to be faster, whatever it
// calls itself.
void VulkanFaultsTest::auto_takes_a_device_that_is_trusted_and_faster() {
  QVERIFY(QString::fromStdString((*open({.backend = "auto"}))->device()).startsWith("CPU"));
  std::vector<DeviceTrial> trials;
  Ability ability;
  EngineOptions options{.backend = "auto"};
  options.try_device = [&](const DeviceTrial& trial) {
    trials.push_back(trial);
    return DeviceVerdict{"plain", "", false, ability};
  };
  const std::size_t devices = find_vulkan_devices("")->size();
  for (const std::int32_t kind : {fault_layer::kTruth, kDiscrete}) {
    faults_->pretend(kind);
    for (const auto& [measured, device] : {std::pair{Ability(), "CPU"}, {kSlower, "CPU"}, {kFaster, "Vulkan"}}) {
      trials.clear();
      ability = measured;
      const auto engine = open(options);
      QVERIFY(engine.ok());
      QVERIFY2(QString::fromStdString((*engine)->device()).startsWith(device), (*engine)->device().c_str());
      QCOMPARE(trials.size(), devices);
      QCOMPARE(trials.front().model, std::filesystem::path(model_));
      QVERIFY(trials.front().use.find("experts") != std::string::npos);
      QCOMPARE(said(generate(**engine)), expected_[0]);
      QVERIFY(notices_.empty());
    }
  }
  // Whoever names a device gets it.
  ability = kSlower;
  options.backend = "vulkan";
  QVERIFY(QString::fromStdString((*open(options))->device()).startsWith("Vulkan"));
}

void VulkanFaultsTest::a_device_that_computes_wrong_is_refused() {
  faults_->pretend(kDiscrete);
  EngineOptions options{.backend = "auto"};
  bool is_known = false;
  options.try_device = [&](const DeviceTrial&) {
    return DeviceVerdict{"", "it computes wrong (softcap)", is_known, {}};
  };
  for (const bool known : {false, true}) {
    is_known = known;
    notices_.clear();
    const auto engine = open(options);
    QVERIFY(engine.ok());
    QVERIFY(QString::fromStdString((*engine)->device()).startsWith("CPU"));
    // It is said once, not with every start.
    QCOMPARE(notices_.size(), known ? 0U : 1U);
    if (!known) QVERIFY2(is_sentence(notices_.front()), notices_.front().c_str());
    options.backend = "vulkan";
    const auto refused = open(options);
    QVERIFY(!refused.ok());
    QVERIFY2(is_sentence(refused.error().message), refused.error().message.c_str());
    QVERIFY(refused.error().message.find("softcap") != std::string::npos);
    options.backend = "auto";
  }
}

void VulkanFaultsTest::auto_goes_on_with_the_cpu_without_memory_data() {
  QTest::addColumn<QByteArray>("function");
  for (const char* function : {"vkCreateDevice", "vkAllocateMemory", "vkMapMemory", "vkCreateBuffer"})
    QTest::newRow(function) << QByteArray(function);
}

// While the model is loaded, and when its first conversation begins.
void VulkanFaultsTest::auto_goes_on_with_the_cpu_without_memory() {
  QFETCH(QByteArray, function);
  faults_->pretend(kDiscrete);
  EngineOptions options{.backend = "auto"};
  options.try_device = [](const DeviceTrial&) { return DeviceVerdict{"floats", "", true, kFaster}; };
  for (std::uint64_t n = 1;; ++n) {
    notices_.clear();
    QVERIFY(faults_->arm(function, n, fault_layer::kOutOfDeviceMemory, fault_layer::kForEver));
    const auto engine = open(options);
    QVERIFY2(engine.ok(), engine.ok() ? "" : engine.error().message.c_str());
    QCOMPARE(said(generate(**engine)), expected_[0]);
    if (faults_->struck() == 0) {
      QVERIFY(n > 1 && notices_.empty());
      return;
    }
    QVERIFY(QString::fromStdString((*engine)->device()).startsWith("CPU"));
    QCOMPARE(notices_.size(), 1U);
    QVERIFY2(is_sentence(notices_.front()), notices_.front().c_str());
    QVERIFY(notices_.front().find("memory") != std::string::npos);
    ++points_;
  }
}

// A wait that ends without an answer. What the device may still do must not meet memory that is gone.
void VulkanFaultsTest::a_device_that_hangs_is_replaced() {
  for (std::uint64_t n = 1; n <= 5; ++n) {
    notices_.clear();
    const auto engine = open();
    QVERIFY(engine.ok());
    faults_->arm("vkWaitForFences", n, fault_layer::kTimeout, 1);
    QCOMPARE(said(generate(**engine)), expected_[0]);
    QCOMPARE(faults_->struck(), 1U);
    QVERIFY(QString::fromStdString((*engine)->device()).startsWith("CPU"));
    QCOMPARE(notices_.size(), 1U);
    QVERIFY2(is_sentence(notices_.front()), notices_.front().c_str());
    ++points_;
  }
}

void VulkanFaultsTest::points_were_many() {
  qInfo("%d faults", points_);
  QVERIFY2(points_ >= 500, qPrintable(QString::number(points_)));
}

QTEST_APPLESS_MAIN(VulkanFaultsTest)
#include "vulkan_faults_test.moc"
