#include "tests/model/random_blocks.h"

#include <QtTest>
#include <cmath>

using namespace facet;
using namespace facet::engine;
using model_maker::RandomBlocks;

class RandomBlocksTest : public QObject {
  Q_OBJECT

 private slots:
  void values_have_the_deviation_data() { formats(); }
  void values_have_the_deviation();
  void pieces_change_nothing_data() { formats(); }
  void pieces_change_nothing();

 private:
  static void formats() {
    QTest::addColumn<quint32>("id");
    for (const FormatInfo& format : all_formats())
      if (format.decode != nullptr)
        QTest::newRow(std::string(format.name).c_str()) << static_cast<quint32>(format.format);
  }
};

// Decoded by the engine, whose decoders are tested against the formats' formulas.
void RandomBlocksTest::values_have_the_deviation() {
  QFETCH(quint32, id);
  const FormatInfo& format = *find_format(id);
  constexpr std::size_t kElements = 1U << 20U;
  for (const double wanted : {0.011, 0.06, 1.0}) {
    std::vector<std::byte> blocks(kElements / format.block_elements * format.block_bytes);
    RandomBlocks(format.format, wanted, 7, "some.weight").fill(blocks);
    std::vector<float> values(kElements);
    format.decode(blocks.data(), values.data(), values.size());
    double sum = 0;
    double squares = 0;
    for (const float value : values) {
      QVERIFY(std::isfinite(value));
      sum += static_cast<double>(value);
      squares += static_cast<double>(value) * static_cast<double>(value);
    }
    const double mean = sum / kElements;
    const double deviation = std::sqrt(squares / kElements);
    // A format whose scales are powers of two is right on average only.
    const double tolerance = format.format == Format::MXFP4 ? 0.15 : 0.05;
    QVERIFY2(std::abs(deviation / wanted - 1) < tolerance, qPrintable(QString::number(deviation / wanted)));
    QVERIFY2(std::abs(mean / wanted) < 0.02, qPrintable(QString::number(mean / wanted)));
  }
}

void RandomBlocksTest::pieces_change_nothing() {
  QFETCH(quint32, id);
  const FormatInfo& format = *find_format(id);
  const std::size_t chunk = RandomBlocks::kChunkBlocks * format.block_bytes;
  std::vector<std::byte> whole(3 * chunk + 5 * format.block_bytes);
  RandomBlocks(format.format, 0.1, 7, "some.weight").fill(whole);
  std::vector<std::byte> pieces(whole.size());
  RandomBlocks blocks(format.format, 0.1, 7, "some.weight");
  blocks.fill(std::span(pieces).first(chunk));
  blocks.fill(std::span(pieces).subspan(chunk, 2 * chunk));
  blocks.fill(std::span(pieces).subspan(3 * chunk));
  QVERIFY(whole == pieces);
  std::vector<std::byte> other(whole.size());
  RandomBlocks(format.format, 0.1, 7, "other.weight").fill(other);
  QVERIFY(whole != other);
}

QTEST_APPLESS_MAIN(RandomBlocksTest)
#include "random_blocks_test.moc"
