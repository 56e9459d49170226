#include <QTemporaryDir>
#include <QtTest>
#include <random>

#include "engine/engine.h"
#include "tests/model/make_model.h"

using namespace facet;
using namespace facet::engine;

// A long conversation on models with the real structure and narrow layers.
class LongContextTest : public QObject {
  Q_OBJECT

 private slots:
  void chunks_equal_single_tokens_data();
  void chunks_equal_single_tokens();
  void takes_positions_up_to_the_trained_length();
  void refuses_logits_that_do_not_fit();

 private:
  static std::unique_ptr<Engine> open(const QTemporaryDir& folder, const char* shape, const EngineOptions& options);
};

std::unique_ptr<Engine> LongContextTest::open(const QTemporaryDir& folder, const char* shape,
                                              const EngineOptions& options) {
  const std::filesystem::path path = folder.filePath(QString(shape) + ".gguf").toStdString();
  if (!std::filesystem::exists(path)) {
    model_maker::ModelShape narrow = *model_maker::find_shape(shape, 6);
    narrow.context_length = 262144;
    const Status made = model_maker::make_model({narrow, *model_maker::find_file_type("q4_0")}, path);
    if (!made.ok()) qFatal("%s", made.error().message.c_str());
  }
  auto engine = Engine::open(path, options);
  if (!engine.ok()) qFatal("%s", engine.error().message.c_str());
  return std::move(engine).value();
}

void LongContextTest::chunks_equal_single_tokens_data() {
  QTest::addColumn<int>("cache");
  QTest::newRow("F32") << static_cast<int>(CacheFormat::F32);
  QTest::newRow("F16") << static_cast<int>(CacheFormat::F16);
  QTest::newRow("Q8_0") << static_cast<int>(CacheFormat::Q8_0);
}

// The sliding layers' rings go round many times, and the full layers attend over a hundred segments.
void LongContextTest::chunks_equal_single_tokens() {
  QFETCH(int, cache);
  constexpr std::size_t kTokens = 32768;
  const QTemporaryDir folder;
  const auto engine =
      open(folder, "tiny-E2B",
           {.context_length = kTokens, .precision = Precision::Fast, .cache_format = static_cast<CacheFormat>(cache)});
  std::mt19937 random(3);
  std::vector<Token> tokens(kTokens);
  for (Token& token : tokens)
    token = static_cast<Token>(300 + random() % 500);
  const auto whole = engine->create_sequence();
  QVERIFY(whole->sync(tokens).ok());
  // The end token by token, behind chunks of another size.
  const auto single = engine->create_sequence();
  constexpr std::size_t kSingle = 600;
  QVERIFY(single->sync(std::span(tokens).first(kTokens - kSingle), {.chunk = 193}).ok());
  for (std::size_t i = kTokens - kSingle; i < kTokens; ++i)
    QVERIFY(single->append(tokens[i]).ok());
  QVERIFY(std::ranges::equal(whole->last_logits(), single->last_logits()));
  for (const float logit : whole->last_logits())
    QVERIFY(std::isfinite(logit));
}

void LongContextTest::takes_positions_up_to_the_trained_length() {
  const QTemporaryDir folder;
  const auto engine = open(folder, "tiny-12B", {.context_length = 262144, .cache_format = CacheFormat::Q8_0});
  QCOMPARE(engine->context_length(), 262144U);
  const auto sequence = engine->create_sequence();
  const std::vector<Token> tokens(262145, 400);
  const auto refused = sequence->sync(tokens);
  QVERIFY(!refused.ok());
  QVERIFY(sequence->sync(std::span(tokens).first(1000)).ok());
}

// A quarter of a million rows of a quarter of a million numbers: said before anything is evaluated.
void LongContextTest::refuses_logits_that_do_not_fit() {
  QFile overcommit("/proc/sys/vm/overcommit_memory");
  if (overcommit.open(QIODevice::ReadOnly) && overcommit.readAll().trimmed() == "1")
    QSKIP("This machine promises more memory than it has.");
  model_maker::ModelShape shape = *model_maker::find_shape("tiny-12B");
  shape.vocabulary_size = 262144;
  shape.context_length = 262144;
  const QTemporaryDir folder;
  const std::filesystem::path path = folder.filePath("wide.gguf").toStdString();
  QVERIFY(model_maker::make_model({shape, *model_maker::find_file_type("q4_0")}, path).ok());
  const auto engine = Engine::open(path, {.context_length = 262144, .cache_format = CacheFormat::Q8_0});
  QVERIFY(engine.ok());
  const auto sequence = (*engine)->create_sequence();
  const std::vector<Token> tokens(262144, 400);
  const auto refused = sequence->sync(tokens, {.logit_rows = tokens.size()});
  QVERIFY(!refused.ok());
  QCOMPARE(refused.error().code, Error::Code::OutOfMemory);
  QCOMPARE(refused.error().message,
           std::string("There is not enough memory for the logits of 262144 tokens (262144 MiB)."));
  // The sequence can be used as before.
  QVERIFY(sequence->sync(std::span(tokens).first(3)).ok());
}

QTEST_GUILESS_MAIN(LongContextTest)
#include "long_context_test.moc"
