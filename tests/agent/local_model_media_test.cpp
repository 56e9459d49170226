// Pictures and sounds on their way through the local model: what it answers is compared with answers that were computed
// elsewhere in double precision.
#include <QTest>
#include <algorithm>
#include <limits>

#include "agent/local_model.h"
#include "engine/gguf/gguf_file.h"
#include "engine/text/tokenizer.h"
#include "tests/agent/fake_media.h"
#include "tests/engine/reference_conversations.h"

namespace facet::agent {

namespace {

namespace reference_conversations = engine::reference_conversations;
namespace reference_projectors = engine::reference_projectors;

using Kind = PromptPiece::Kind;
using Reason = GenerateOutcome::Reason;
using reference_projectors::json;

const std::string kModel = FACET_TEST_DATA "/models/e-f32.gguf";
const std::string kProjector = FACET_TEST_DATA "/models/mmproj-e-bf16.gguf";

std::unique_ptr<TextModel> open(const std::string& model, const std::string& projector,
                                std::shared_ptr<MediaSource> media, std::uint32_t context = 0) {
  LocalModelOptions options;
  options.path = model;
  options.threads = 2;
  options.context_length = context;
  options.projector = projector;
  options.media = std::move(media);
  auto opened = open_local_model(options);
  if (!opened.ok()) qFatal("%s", opened.error().message.c_str());
  return std::move(opened).value();
}

// Adds what a reference conversation shows, and gives its prompt.
std::optional<GenerateRequest> request_of(const reference_conversations::Conversation& conversation, FakeMedia& media) {
  const reference_projectors::Inputs inputs;
  GenerateRequest request;
  request.conversation = 1;
  request.sampling.temperature = 0.0F;
  request.max_tokens = 1;
  std::size_t next = 0;
  const auto words = [&](std::size_t end) {
    PromptPiece piece{Kind::Tokens, "", {}};
    piece.tokens.assign(conversation.tokens.begin() + static_cast<std::ptrdiff_t>(next),
                        conversation.tokens.begin() + static_cast<std::ptrdiff_t>(end));
    request.prompt.push_back(std::move(piece));
  };
  for (const json& item : conversation.details["items"]) {
    const std::string file = item["file"];
    AttachedMedia described;
    std::uint32_t budget = 0;
    if (item["kind"] == "audio") {
      const auto samples = inputs.samples(file);
      described.pieces = {FakeMedia::sound(0, static_cast<std::int64_t>(samples.size()), item["count"])};
      media.contents[file] = {engine::PcmAudio{samples}};
    } else {
      const auto image = inputs.image(file);
      if (!image) return std::nullopt;
      described.pieces = {FakeMedia::picture(image->width, image->height, item["count"])};
      budget = item["budget"];
      media.contents[file] = {*image};
    }
    media.described[file] = described;
    words(item["first"]);
    const MediaItem shown{described.pieces[0], "/x/" + file, file, "", budget};
    request.prompt.push_back({Kind::Media, key_of(shown), {}, shown});
    next = item["first"].get<std::size_t>() + item["count"].get<std::size_t>();
  }
  words(conversation.tokens.size());
  return request;
}

struct Shown {
  std::shared_ptr<FakeMedia> media = std::make_shared<FakeMedia>();
  reference_conversations::Conversation conversation;
  GenerateRequest request;

  explicit Shown(const char* id) {
    for (const auto& each : reference_conversations::all())
      if (each.id == id) conversation = each;
    request = *request_of(conversation, *media);
  }
  std::unique_ptr<TextModel> open(std::uint32_t context = 0) const {
    return agent::open(kModel, kProjector, media, context);
  }
};

// The most probable of what a model may say: tokens without a meaning are never chosen.
std::int32_t expected(const reference_conversations::Conversation& conversation) {
  const auto file = engine::GgufFile::open(conversation.model.toStdString()).value();
  const auto tokenizer = engine::Tokenizer::from_gguf(*file).value();
  const std::vector<float> rows =
      reference_projectors::values_at(reference_conversations::data(), conversation.details["logits"]);
  const std::size_t vocabulary = conversation.details["logits"]["shape"][1];
  std::vector<float> last(rows.end() - static_cast<std::ptrdiff_t>(vocabulary), rows.end());
  for (const engine::Token never : tokenizer->suppressed())
    last[static_cast<std::size_t>(never)] = -std::numeric_limits<float>::infinity();
  return static_cast<std::int32_t>(std::max_element(last.begin(), last.end()) - last.begin());
}

}  // namespace

class LocalModelMediaTest : public QObject {
  Q_OBJECT

 private slots:
  void answers_agree_data() { reference_conversations::add_rows(); }
  void answers_agree();
  void a_follow_up_question_encodes_nothing();
  void estimates_know_what_is_encoded();
  void what_was_encoded_ahead_is_not_encoded_again();
  void reading_ahead_reads_pictures();
  void a_stop_is_obeyed();
  void what_can_not_be_taken_fails_with_a_sentence();
  void without_a_projector_it_says_so();
};

void LocalModelMediaTest::answers_agree() {
  QFETCH(int, number);
  const auto conversation = reference_conversations::all().at(static_cast<std::size_t>(number));
  if (conversation.projector.isEmpty()) QSKIP("its projector is not there");
  if (conversation.model.contains("mmproj-text-sf")) QSKIP("its vocabulary has no conversations");
  auto media = std::make_shared<FakeMedia>();
  auto request = request_of(conversation, *media);
  if (!request) QSKIP("its picture has a palette");
  const auto model = open(conversation.model.toStdString(), conversation.projector.toStdString(), media);
  QVERIFY(model->info().sees);
  QCOMPARE(model->count_tokens(request->prompt), static_cast<std::int64_t>(conversation.tokens.size()));
  const GenerateOutcome outcome = model->generate(*request, {}, {});
  QCOMPARE(outcome.error, std::string());
  QCOMPARE(outcome.prompt_tokens, static_cast<std::int64_t>(conversation.tokens.size()));
  QCOMPARE(outcome.tokens.at(0), expected(conversation));
}

void LocalModelMediaTest::a_follow_up_question_encodes_nothing() {
  Shown shown("causal-image-bf16");
  const auto model = shown.open();
  std::vector<std::pair<std::int64_t, std::int64_t>> progress;
  GenerateCallbacks callbacks;
  callbacks.media_progress = [&](std::int64_t done, std::int64_t total) { progress.emplace_back(done, total); };
  const GenerateOutcome first = model->generate(shown.request, callbacks, {});
  QCOMPARE(shown.media->decoded, 1);
  QVERIFY(!progress.empty());
  QCOMPARE(progress.back(), (std::pair<std::int64_t, std::int64_t>{1, 1}));

  GenerateRequest next = shown.request;
  next.prompt.push_back({Kind::Tokens, first.text, first.tokens});
  next.prompt.push_back({Kind::Data, "And now?", {}});
  progress.clear();
  const GenerateOutcome second = model->generate(next, callbacks, {});
  QCOMPARE(shown.media->decoded, 1);
  QVERIFY(progress.empty());
  // The token that was said last was not read yet.
  QCOMPARE(second.cached_tokens, first.prompt_tokens);
  // In another conversation it is read again, but not encoded.
  next.conversation = 2;
  const GenerateOutcome other = model->generate(next, callbacks, {});
  QCOMPARE(other.cached_tokens, std::int64_t{0});
  QCOMPARE(shown.media->decoded, 1);
  QCOMPARE(other.tokens, second.tokens);
  // Looked at with another budget it is another picture.
  next.prompt[1].media->budget = 140;
  (void)model->generate(next, callbacks, {});
  QCOMPARE(shown.media->decoded, 2);
}

void LocalModelMediaTest::estimates_know_what_is_encoded() {
  Shown shown("causal-image-bf16");
  const auto model = shown.open();
  const auto total = static_cast<std::int64_t>(shown.conversation.tokens.size());
  const auto unread = model->estimate_reading(1, shown.request.prompt);
  QCOMPARE(unread->tokens, total);
  QVERIFY(!unread->milliseconds);
  const std::vector<MediaItem> items = {*shown.request.prompt[1].media};
  QVERIFY(!model->milliseconds_for(items));
  QCOMPARE(model->generate(shown.request, {}, {}).tokens.size(), std::size_t{1});
  const auto read = model->estimate_reading(1, shown.request.prompt);
  QVERIFY2(read->tokens <= 1, qPrintable(QString::number(read->tokens)));
  // What it costs is told although it is known already: of another picture of its size.
  QVERIFY(model->milliseconds_for(items).has_value());
  QCOMPARE(model->estimate_reading(2, shown.request.prompt)->tokens, total);
  QCOMPARE(shown.media->decoded, 1);
}

void LocalModelMediaTest::what_was_encoded_ahead_is_not_encoded_again() {
  Shown shown("causal-image-bf16");
  const auto model = shown.open();
  model->encode_ahead(shown.request.prompt, [] { return true; }, {});
  QCOMPARE(shown.media->decoded, 1);
  const GenerateOutcome outcome = model->generate(shown.request, {}, {});
  QCOMPARE(outcome.cached_tokens, std::int64_t{0});
  QCOMPARE(outcome.tokens.at(0), expected(shown.conversation));
  QCOMPARE(shown.media->decoded, 1);
}

void LocalModelMediaTest::reading_ahead_reads_pictures() {
  Shown shown("causal-image-bf16");
  const auto model = shown.open();
  model->read_ahead(1, shown.request.prompt, ReadAhead::Little, [] { return true; }, {});
  QCOMPARE(shown.media->decoded, 0);
  model->read_ahead(1, shown.request.prompt, ReadAhead::Everything, [] { return true; }, {});
  QCOMPARE(shown.media->decoded, 1);
  const GenerateOutcome outcome = model->generate(shown.request, {}, {});
  QCOMPARE(outcome.cached_tokens, outcome.prompt_tokens - 1);
  QCOMPARE(outcome.tokens.at(0), expected(shown.conversation));
}

void LocalModelMediaTest::a_stop_is_obeyed() {
  Shown shown("causal-image-bf16");
  const auto model = shown.open();
  std::stop_source stop;
  stop.request_stop();
  QVERIFY(model->generate(shown.request, {}, stop.get_token()).reason == Reason::Stopped);
  QCOMPARE(shown.media->decoded, 0);
  QCOMPARE(model->generate(shown.request, {}, {}).tokens.at(0), expected(shown.conversation));
}

void LocalModelMediaTest::what_can_not_be_taken_fails_with_a_sentence() {
  Shown shown("causal-image-bf16");
  const auto model = shown.open();
  const auto content = shown.media->contents;
  shown.media->contents.clear();
  const GenerateOutcome damaged = model->generate(shown.request, {}, {});
  QVERIFY(damaged.reason == Reason::Failed);
  QVERIFY2(damaged.error.find("is damaged; get it again.") != std::string::npos, damaged.error.c_str());
  // Too long for the context: nothing is decoded for it.
  const GenerateOutcome full = shown.open(64)->generate(shown.request, {}, {});
  QVERIFY(full.reason == Reason::ContextFull);
  QVERIFY2(full.error.find("attach less") != std::string::npos, full.error.c_str());
  // And then it goes on as if nothing had been.
  shown.media->contents = content;
  QCOMPARE(model->generate(shown.request, {}, {}).tokens.at(0), expected(shown.conversation));
}

void LocalModelMediaTest::without_a_projector_it_says_so() {
  Shown shown("causal-image-bf16");
  const auto model = agent::open(kModel, "", shown.media);
  QVERIFY(!model->info().sees && !model->info().hears);
  const GenerateOutcome outcome = model->generate(shown.request, {}, {});
  QVERIFY(outcome.reason == Reason::Failed);
  QVERIFY2(outcome.error.find("projector") != std::string::npos, outcome.error.c_str());
  // Nor without anything that decodes.
  QVERIFY(!agent::open(kModel, kProjector, nullptr)->info().sees);
}

}  // namespace facet::agent

QTEST_APPLESS_MAIN(facet::agent::LocalModelMediaTest)
#include "local_model_media_test.moc"
