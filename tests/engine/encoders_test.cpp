#include <QTest>

#include "engine/cpu/cpu_backend.h"
#include "reference_projectors.h"

using namespace facet;
using namespace facet::engine;

// What encoders make of pictures and sounds, on the CPU, against values computed elsewhere in double precision.
class EncodersTest : public QObject {
  Q_OBJECT

 private slots:
  void finds_projectors() { QVERIFY(reference_projectors::all().size() >= 3); }
  void pictures_agree_data() { reference_projectors::add_rows(); }
  void pictures_agree();
  void sounds_agree_data() { reference_projectors::add_rows(); }
  void sounds_agree();

 private:
  static std::shared_ptr<CpuBackend> cpu() { return std::make_shared<CpuBackend>(2); }
};

void EncodersTest::pictures_agree() {
  QFETCH(QString, base);
  reference_projectors::pictures_agree(base, cpu());
}

void EncodersTest::sounds_agree() {
  QFETCH(QString, base);
  reference_projectors::sounds_agree(base, cpu());
}

QTEST_APPLESS_MAIN(EncodersTest)
#include "encoders_test.moc"
