#include <QTemporaryDir>
#include <QtTest>

#include "engine/bench/process_memory.h"
#include "engine/device_backend.h"
#include "engine/engine.h"
#include "tests/model/make_model.h"

using namespace facet;
using namespace facet::engine;

// What is said about matrices that are copied, against what the system counts.
class CopiedMemoryTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void copies_are_in_the_plan_and_the_file_is_given_back();
  void full_precision_reads_the_file();

 private:
  struct Change {
    std::int64_t anonymous = 0;
    std::int64_t of_files = 0;
  };
  // While the first token is evaluated.
  static Change change_by_first_token(const Engine& engine);

  QTemporaryDir folder_;
  std::filesystem::path path_;
};

// Real widths, so that the memory of everything else is little beside the matrices.
void CopiedMemoryTest::initTestCase() {
  path_ = folder_.filePath("model.gguf").toStdString();
  model_maker::ModelShape shape = *model_maker::find_shape("E2B", 6);
  shape.vocabulary_size = 16384;
  QVERIFY(model_maker::make_model({shape, *model_maker::find_file_type("q4_0")}, path_).ok());
}

CopiedMemoryTest::Change CopiedMemoryTest::change_by_first_token(const Engine& engine) {
  const ProcessMemory before = process_memory().value();
  const auto sequence = engine.create_sequence();
  const Token token = 5;
  if (!sequence->sync({&token, 1}).ok()) qFatal("sync");
  const ProcessMemory after = process_memory().value();
  const auto files = [](const ProcessMemory& memory) {
    return static_cast<std::int64_t>(memory.resident_bytes - memory.anonymous_bytes);
  };
  return {static_cast<std::int64_t>(after.anonymous_bytes - before.anonymous_bytes), files(after) - files(before)};
}

void CopiedMemoryTest::copies_are_in_the_plan_and_the_file_is_given_back() {
  QVERIFY(process_memory());
  const EngineOptions options = {.backend = "cpu", .threads = 2, .context_length = 64, .precision = Precision::Fast};
  const auto engine = Engine::open(path_, options);
  QVERIFY(engine.ok());
  const DeviceMemory planned = (*engine)->memory().devices.front();
  // The model is small: only without some 200 MB of unused memory would it stay in the file.
  QCOMPARE(planned.mapped_bytes, std::uint64_t{0});
  const auto weights = static_cast<std::int64_t>(planned.weight_bytes);
  QVERIFY(weights > 50'000'000);
  const Change change = change_by_first_token(**engine);
  // The last large page may be used in part only; caches and intermediate results of a token are little.
  QVERIFY2(change.anonymous * 20 >= weights * 19 && change.anonymous * 20 <= weights * 21,
           qPrintable(QString("%1 planned, %2 taken").arg(weights).arg(change.anonymous)));
  QVERIFY2(change.of_files * 20 <= weights, qPrintable(QString("%1 of the file stayed").arg(change.of_files)));
}

void CopiedMemoryTest::full_precision_reads_the_file() {
  QVERIFY(process_memory());
  const EngineOptions options = {.backend = "cpu", .threads = 2, .context_length = 64, .precision = Precision::Full};
  const auto engine = Engine::open(path_, options);
  QVERIFY(engine.ok());
  const DeviceMemory planned = (*engine)->memory().devices.front();
  QVERIFY(planned.mapped_bytes > 50'000'000);
  const Change change = change_by_first_token(**engine);
  QVERIFY(change.anonymous * 4 <= static_cast<std::int64_t>(planned.mapped_bytes));
}

QTEST_APPLESS_MAIN(CopiedMemoryTest)
#include "copied_memory_test.moc"
