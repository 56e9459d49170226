#include "engine/model/reading_speed.h"

#include <QTest>

#include "engine/engine.h"

using namespace facet;
using namespace facet::engine;

class ReadingSpeedTest : public QObject {
  Q_OBJECT

 private slots:
  void knows_nothing_at_first();
  void gives_what_was_measured();
  void follows_a_change();
  void ignores_single_tokens();
  void chunks_take_a_quarter_of_a_second_data();
  void chunks_take_a_quarter_of_a_second();
  void experts_need_longer_chunks();
  void an_engine_measures_what_it_reads();
};

void ReadingSpeedTest::knows_nothing_at_first() {
  QVERIFY(!ReadingSpeed().seconds_for(100));
}

void ReadingSpeedTest::gives_what_was_measured() {
  ReadingSpeed speed;
  speed.add(100, 2.0);
  QCOMPARE(*speed.seconds_for(1), 0.02);
  QCOMPARE(*speed.seconds_for(4000), 80.0);
  QCOMPARE(*speed.seconds_for(0), 0.0);
}

// A single chunk that something held up does not say much; a machine that has become slower is believed soon.
void ReadingSpeedTest::follows_a_change() {
  ReadingSpeed speed;
  speed.add(64, 0.64);
  speed.add(64, 6.4);
  QVERIFY(*speed.seconds_for(100) > 1.0);
  QVERIFY(*speed.seconds_for(100) < 3.0);
  for (int i = 0; i < 40; ++i)
    speed.add(64, 6.4);
  QVERIFY(*speed.seconds_for(100) > 9.0);
  QVERIFY(*speed.seconds_for(100) <= 10.0);
}

void ReadingSpeedTest::ignores_single_tokens() {
  ReadingSpeed speed;
  speed.add(1, 0.1);
  speed.add(100, 0);
  QVERIFY(!speed.seconds_for(1));
}

void ReadingSpeedTest::chunks_take_a_quarter_of_a_second_data() {
  QTest::addColumn<double>("tokens_per_s");
  QTest::addColumn<unsigned>("chunk");
  QTest::newRow("not known") << 0.0 << 24U;
  QTest::newRow("slow") << 10.0 << 24U;
  QTest::newRow("E2B on two cores") << 200.0 << 50U;
  QTest::newRow("fast") << 10000.0 << 128U;
}

void ReadingSpeedTest::chunks_take_a_quarter_of_a_second() {
  QFETCH(double, tokens_per_s);
  QFETCH(unsigned, chunk);
  ReadingSpeed speed;
  if (tokens_per_s > 0) speed.add(128, 128 / tokens_per_s);
  QCOMPARE(choose_chunk(speed, 24, 128), chunk);
  // A ring with little slack allows less.
  QCOMPARE(choose_chunk(speed, 24, 4), 4U);
}

void ReadingSpeedTest::experts_need_longer_chunks() {
  ModelConfig dense;
  ModelConfig experts;
  experts.expert_count = 128;
  QVERIFY(least_chunk(experts) > least_chunk(dense));
}

void ReadingSpeedTest::an_engine_measures_what_it_reads() {
  const auto engine = Engine::open(FACET_TEST_DATA "/models/e-f32.gguf", {});
  QVERIFY(engine.ok());
  QVERIFY(!(*engine)->seconds_to_read(100));
  const std::vector<Token> tokens(200, 7);
  const auto sequence = (*engine)->create_sequence();
  QCOMPARE(sequence->cached(tokens), std::size_t{0});
  QVERIFY(sequence->sync(tokens).ok());
  const auto seconds = (*engine)->seconds_to_read(100);
  QVERIFY(seconds && *seconds > 0);
  // What is cached costs nothing, but the last token's logits are there already only if nothing follows it.
  QCOMPARE(sequence->cached(tokens), std::size_t{200});
  std::vector<Token> longer = tokens;
  longer.resize(260, 9);
  QCOMPARE(sequence->cached(longer), std::size_t{200});
  longer[150] = 8;
  QCOMPARE(sequence->cached(longer), std::size_t{150});
  QCOMPARE(sequence->cached(std::span<const Token>()), std::size_t{0});
}

QTEST_APPLESS_MAIN(ReadingSpeedTest)
#include "reading_speed_test.moc"
