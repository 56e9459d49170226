#include "engine/media/rope_table.h"

#include <QTest>
#include <cmath>

#include "media_vectors.h"

using namespace facet::engine;
using nlohmann::json;

// Heads rotated with the table as its header says, against published ones.
class RopeTableTest : public QObject {
  Q_OBJECT

 private slots:
  void published_rotations();
  void the_origin_rotates_nothing();
  void far_positions_are_exact();
};

void RopeTableTest::published_rotations() {
  const json cases = media_vectors::read("vectors/vision-patches-rope.json")["rope"];
  QCOMPARE(cases.size(), std::size_t{5});
  for (const json& item : cases) {
    const std::size_t head_dim = item["head_dim"];
    const RopeTable table = rope_table(item["head_dim"], 64);
    QCOMPARE(std::size_t{table.pairs} * 4, head_dim);
    const std::size_t positions[] = {item["x"], item["y"]};
    for (std::size_t half = 0; half < 2; ++half)
      for (std::size_t j = 0; j < table.pairs; ++j) {
        const std::size_t first = half * head_dim / 2 + j;
        const std::size_t second = first + table.pairs;
        const double a = static_cast<double>(first + 1) / static_cast<double>(head_dim);
        const double b = static_cast<double>(second + 1) / static_cast<double>(head_dim);
        const double cosine = table.cosines_of(positions[half])[j];
        const double sine = table.sines_of(positions[half])[j];
        QVERIFY(std::abs(a * cosine - b * sine - item["output"][first].get<double>()) < 3e-7);
        QVERIFY(std::abs(b * cosine + a * sine - item["output"][second].get<double>()) < 3e-7);
      }
  }
}

void RopeTableTest::the_origin_rotates_nothing() {
  const RopeTable table = rope_table(72, 1);
  QCOMPARE(table.cosines, std::vector<float>(18, 1.0F));
  QCOMPARE(table.sines, std::vector<float>(18, 0.0F));
}

// The longest side of a picture has 3360 patches. The first pair turns by one radian for each, so that an angle in
// single precision would be wrong by 1e-4; the last pairs still turn by little.
void RopeTableTest::far_positions_are_exact() {
  const RopeTable table = rope_table(64, 3360);
  QCOMPARE(table.cosines.size(), std::size_t{3360} * 16);
  QVERIFY(std::abs(table.cosines_of(3359)[0] - std::cos(3359.0L)) < 6e-8L);
  QVERIFY(std::abs(table.sines_of(3359)[0] - std::sin(3359.0L)) < 6e-8L);
  const long double slow = 3359.0L * std::pow(100.0L, -30.0L / 32.0L);
  QVERIFY(std::abs(table.sines_of(3359)[15] - std::sin(slow)) < 6e-8L);
}

QTEST_APPLESS_MAIN(RopeTableTest)
#include "rope_table_test.moc"
