#include <QTest>

#include "engine/cpu/cpu_backend.h"
#include "engine/engine.h"

using namespace facet;
using namespace facet::engine;

// The memory that operations work in is part of the plan, and set aside at loading: there is none or there is enough.
// That it is enough for every operand of a model shows whenever one runs, since a backend checks it.
class WorkingMemoryTest : public QObject {
  Q_OBJECT

 private slots:
  void counts_what_it_sets_aside();
  void too_much_is_one_sentence_data();
  void too_much_is_one_sentence();
  void is_part_of_the_plan();
  void is_enough_for_a_long_conversation();
};

void WorkingMemoryTest::counts_what_it_sets_aside() {
  LargestOperands operands;
  operands.products = {{4, 64}, {10, 1024}, {3, 2048}};
  // Ten rows of 1024: a byte for each, and for each 32 of them four numbers.
  const std::uint64_t rounded = 10 * (1024 + 1024 / 32 * 4 * sizeof(float));
  QCOMPARE(CpuBackend(1, Products::Int8).working_bytes(operands), rounded);
  QCOMPARE(CpuBackend(1, Products::Float32).working_bytes(operands), std::uint64_t{0});
  // Eight heads of one group side by side, each with 64 values and two numbers, for every 256 tokens.
  operands.context = 1000;
  operands.attentions = {{8, 1, 64, 0}, {8, 1, 32, 300}};
  QCOMPARE(CpuBackend(1, Products::Float32).working_bytes(operands), std::uint64_t{4 * 8 * 66 * sizeof(float)});
}

void WorkingMemoryTest::too_much_is_one_sentence_data() {
  QTest::addColumn<bool>("products");
  QTest::newRow("products") << true;
  QTest::newRow("attention") << false;
}

void WorkingMemoryTest::too_much_is_one_sentence() {
  QFETCH(bool, products);
  LargestOperands operands;
  if (products) {
    operands.products = {{UINT32_MAX, 1U << 30U}};
  } else {
    operands.context = UINT32_MAX;
    operands.attentions = {{UINT32_MAX, 1, 1U << 30U, 0}};
  }
  const Status status = CpuBackend(1, Products::Int8).reserve(operands);
  QVERIFY(!status.ok());
  QCOMPARE(status.error().code, Error::Code::OutOfMemory);
  const QString sentence = QString::fromStdString(status.error().message);
  QVERIFY2(sentence.startsWith("There is not enough memory for") && sentence.endsWith('.'), qPrintable(sentence));
}

void WorkingMemoryTest::is_part_of_the_plan() {
  std::vector<std::uint64_t> bytes;
  for (const Precision precision : {Precision::Full, Precision::Fast}) {
    const auto engine = Engine::open(FACET_TEST_DATA "/models/e-q4_0.gguf", {.precision = precision});
    QVERIFY(engine.ok());
    bytes.push_back((*engine)->memory().activation_bytes);
  }
  QVERIFY(bytes[1] > bytes[0]);
}

// Many segments, all layers, one token at a time and the largest batches, with a ring that allows two tokens at once.
void WorkingMemoryTest::is_enough_for_a_long_conversation() {
  for (const std::uint32_t rewind : {0U, 1U}) {
    for (const char* name : {"e-q4_0", "dense-q4_k_m", "moe-q4_k_m"}) {
      const std::string path = std::string(FACET_TEST_DATA "/models/") + name + ".gguf";
      const auto engine = Engine::open(
          path, {.threads = 8, .context_length = 1400, .rewind_length = rewind, .precision = Precision::Fast});
      QVERIFY(engine.ok());
      const auto sequence = (*engine)->create_sequence();
      const std::vector<Token> tokens(1399, 7);
      QVERIFY(sequence->sync(tokens, {.logit_rows = 6}).ok());
      QVERIFY(sequence->append(8).ok());
    }
  }
}

QTEST_APPLESS_MAIN(WorkingMemoryTest)
#include "working_memory_test.moc"
