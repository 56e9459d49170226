// A region of the screen on its way into a question: the overlay, the keyboard, several screens, and every ending.
#include <QAbstractButton>
#include <QApplication>
#include <QFileInfo>
#include <QLabel>
#include <QMouseEvent>
#include <QSettings>
#include <QTemporaryDir>
#include <QtTest>

#include "tests/ui/support/scenes.h"
#include "ui/capture/region_capture.h"
#include "ui/capture/screen_overlay.h"
#include "ui/composer/composer.h"
#include "ui/main_window.h"
#include "ui/settings.h"
#include "ui/theme.h"

using namespace facet;
using namespace facet::ui;

namespace {

// Every pixel tells where it is.
engine::RgbImage numbered(std::uint32_t width, std::uint32_t height) {
  engine::RgbImage image{width, height, {}};
  for (std::uint32_t y = 0; y < height; ++y)
    for (std::uint32_t x = 0; x < width; ++x)
      for (const std::uint32_t value : {x % 256, y % 256, (x / 256) * 16 + y / 256})
        image.pixels.push_back(static_cast<std::uint8_t>(value));
  return image;
}

QPoint place_of(const QImage& image) {
  const QColor color = image.pixelColor(0, 0);
  return {color.red() + color.blue() / 16 * 256, color.green() + color.blue() % 16 * 256};
}

class FakeScreens : public agent::ScreenSource {
 public:
  Result<agent::ScreenCapture> answer = agent::ScreenCapture{};
  bool keeps_silent = false;
  int asked = 0;
  int stopped = 0;

  void capture(Taker take) override {
    ++asked;
    if (!keeps_silent) take(answer);
  }
  void cancel() override { ++stopped; }

  // One with a pixel a unit and, on its right, one with two.
  void show_two() {
    agent::ScreenCapture capture;
    capture.screens.push_back({"one", 0, 0, 400, 300, numbered(400, 300)});
    capture.screens.push_back({"two", 400, 0, 300, 200, numbered(600, 400)});
    answer = capture;
  }
};

}  // namespace

class CaptureTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void init();
  void cleanup() { capture_.reset(); }
  void a_drawn_region_is_taken();
  void a_scaled_screen_gives_all_its_pixels();
  void return_takes_the_whole_screen();
  void arrows_adjust_by_pixels();
  void the_mouse_moves_and_pulls();
  void a_region_stays_on_its_screen();
  void escape_brings_the_window_back();
  void what_was_chosen_elsewhere_is_taken_at_once();
  void failures_are_said_and_a_no_is_not();
  void what_is_under_way_ends_with_the_page();
  void the_shade_leaves_the_region_bright();
  void a_region_becomes_an_attachment();

 private:
  void start() { capture_->start(window_.get()); }
  QList<ScreenOverlay*> overlays() const {
    QList<ScreenOverlay*> shown;
    const QWidgetList all = QApplication::topLevelWidgets();
    for (QWidget* widget : all) {
      auto* overlay = qobject_cast<ScreenOverlay*>(widget);
      if (overlay != nullptr && overlay->isVisible()) shown << overlay;
    }
    std::sort(shown.begin(), shown.end(), [](auto* one, auto* other) { return one->x() < other->x(); });
    return shown;
  }
  // Overlays in the size of their screens, which offscreen displays do not give them.
  QList<ScreenOverlay*> started() {
    start();
    (void)QTest::qWaitFor([this] { return overlays().size() == 2; });
    QList<ScreenOverlay*> all;
    for (auto* overlay : QApplication::topLevelWidgets())
      if (qobject_cast<ScreenOverlay*>(overlay) != nullptr && overlay->isVisible())
        all << static_cast<ScreenOverlay*>(overlay);
    std::sort(all.begin(), all.end(),
              [](auto* one, auto* other) { return one->chosen().width() < other->chosen().width(); });
    for (ScreenOverlay* overlay : all) {
      overlay->setWindowState(Qt::WindowNoState);
      overlay->resize(overlay->chosen().width() == 400 ? QSize(400, 300) : QSize(300, 200));
    }
    QCoreApplication::processEvents();
    return all;
  }
  static void drag(QWidget* widget, QPoint from, QPoint to) {
    QTest::mousePress(widget, Qt::LeftButton, {}, from);
    QMouseEvent move(QEvent::MouseMove, to, widget->mapToGlobal(to), Qt::NoButton, Qt::LeftButton, {});
    QApplication::sendEvent(widget, &move);
    QTest::mouseRelease(widget, Qt::LeftButton, {}, to);
  }

  QTemporaryDir scratch_;
  std::unique_ptr<Theme> theme_;
  std::unique_ptr<QWidget> window_;
  std::shared_ptr<FakeScreens> screens_;
  std::unique_ptr<RegionCapture> capture_;
};

void CaptureTest::initTestCase() {
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, scratch_.path());
  theme_ = std::make_unique<Theme>();
}

void CaptureTest::init() {
  window_ = std::make_unique<QWidget>();
  window_->show();
  screens_ = std::make_shared<FakeScreens>();
  screens_->show_two();
  capture_ = std::make_unique<RegionCapture>(*theme_, screens_);
  capture_->set_settle_ms(0);
}

void CaptureTest::a_drawn_region_is_taken() {
  QSignalSpy captured(capture_.get(), &RegionCapture::captured);
  const auto all = started();
  QCOMPARE(all.size(), 2);
  QVERIFY(!window_->isVisible());
  drag(all[0], {50, 40}, {170, 100});
  QCOMPARE(all[0]->selection(), QRect(50, 40, 120, 60));
  QTest::keyClick(all[0], Qt::Key_Return);
  QCOMPARE(captured.count(), 1);
  const QImage region = captured.first().first().value<QImage>();
  QCOMPARE(region.size(), QSize(120, 60));
  QCOMPARE(place_of(region), QPoint(50, 40));
  QVERIFY(window_->isVisible());
  QVERIFY(overlays().isEmpty());
}

void CaptureTest::a_scaled_screen_gives_all_its_pixels() {
  QSignalSpy captured(capture_.get(), &RegionCapture::captured);
  const auto all = started();
  drag(all[1], {200, 150}, {150, 100});  // from below to above, from right to left
  QTest::mouseDClick(all[1], Qt::LeftButton, {}, {160, 110});
  const QImage region = captured.first().first().value<QImage>();
  QCOMPARE(region.size(), QSize(100, 100));
  QCOMPARE(place_of(region), QPoint(300, 200));
}

void CaptureTest::return_takes_the_whole_screen() {
  QSignalSpy captured(capture_.get(), &RegionCapture::captured);
  const auto all = started();
  QTest::keyClick(all[1], Qt::Key_Enter);
  const QImage region = captured.first().first().value<QImage>();
  QCOMPARE(region.size(), QSize(600, 400));
  QCOMPARE(place_of(region), QPoint(0, 0));
}

void CaptureTest::arrows_adjust_by_pixels() {
  const auto all = started();
  ScreenOverlay* overlay = all[0];
  QTest::keyClick(overlay, Qt::Key_Left);
  QCOMPARE(overlay->selection(), QRect(100, 75, 200, 150));
  QTest::keyClick(overlay, Qt::Key_Left);
  QTest::keyClick(overlay, Qt::Key_Down);
  QCOMPARE(overlay->selection(), QRect(99, 76, 200, 150));
  QTest::keyClick(overlay, Qt::Key_Right, Qt::ShiftModifier);
  QTest::keyClick(overlay, Qt::Key_Up, Qt::ShiftModifier | Qt::ControlModifier);
  QCOMPARE(overlay->selection(), QRect(99, 76, 201, 140));
  for (int i = 0; i < 30; ++i)
    QTest::keyClick(overlay, Qt::Key_Left, Qt::ControlModifier);
  QCOMPARE(overlay->selection(), QRect(0, 76, 201, 140));  // not beyond the edge
  for (int i = 0; i < 30; ++i)
    QTest::keyClick(overlay, Qt::Key_Left, Qt::ControlModifier | Qt::ShiftModifier);
  QCOMPARE(overlay->selection(), QRect(0, 76, 1, 140));  // not to nothing
}

void CaptureTest::the_mouse_moves_and_pulls() {
  const auto all = started();
  ScreenOverlay* overlay = all[0];
  drag(overlay, {100, 100}, {200, 200});
  drag(overlay, {150, 150}, {170, 140});
  QCOMPARE(overlay->selection(), QRect(120, 90, 100, 100));
  drag(overlay, {150, 150}, {900, 150});
  QCOMPARE(overlay->selection(), QRect(300, 90, 100, 100));
  drag(overlay, {300, 140}, {250, 140});  // its left edge
  QCOMPARE(overlay->selection(), QRect(250, 90, 150, 100));
  drag(overlay, {250, 90}, {240, 80});  // its corner
  QCOMPARE(overlay->selection(), QRect(240, 80, 160, 110));
  drag(overlay, {10, 10}, {11, 11});  // a click changes nothing
  QCOMPARE(overlay->selection(), QRect(240, 80, 160, 110));
}

void CaptureTest::a_region_stays_on_its_screen() {
  const auto all = started();
  drag(all[0], {10, 10}, {60, 60});
  drag(all[1], {10, 10}, {60, 60});
  QVERIFY(all[0]->selection().isEmpty());
  QCOMPARE(all[1]->selection(), QRect(20, 20, 100, 100));
  drag(all[0], {350, 250}, {2000, 2000});
  QCOMPARE(all[0]->selection(), QRect(350, 250, 50, 50));
}

void CaptureTest::escape_brings_the_window_back() {
  QSignalSpy captured(capture_.get(), &RegionCapture::captured);
  QSignalSpy failed(capture_.get(), &RegionCapture::failed);
  const auto all = started();
  drag(all[0], {10, 10}, {60, 60});
  QTest::keyClick(all[0], Qt::Key_Escape);
  QVERIFY(window_->isVisible());
  QVERIFY(overlays().isEmpty());
  QCOMPARE(captured.count() + failed.count(), 0);
  // And once more.
  QCOMPARE(started().size(), 2);
  QCOMPARE(screens_->asked, 2);
}

void CaptureTest::what_was_chosen_elsewhere_is_taken_at_once() {
  screens_->answer->is_chosen = true;
  screens_->answer->screens.pop_back();
  QSignalSpy captured(capture_.get(), &RegionCapture::captured);
  start();
  QTRY_COMPARE(captured.count(), 1);
  QCOMPARE(captured.first().first().value<QImage>().size(), QSize(400, 300));
  QVERIFY(overlays().isEmpty());
  QVERIFY(window_->isVisible());
}

void CaptureTest::failures_are_said_and_a_no_is_not() {
  QSignalSpy failed(capture_.get(), &RegionCapture::failed);
  screens_->answer = Error{Error::Code::Unsupported, "There is no portal."};
  start();
  QTRY_COMPARE(failed.count(), 1);
  QCOMPARE(failed.first().first().toString(), QString("There is no portal."));
  QVERIFY(window_->isVisible());
  screens_->answer = Error{Error::Code::Stopped, "No."};
  start();
  QTRY_VERIFY(!capture_->is_under_way());
  QCOMPARE(failed.count(), 1);
  QVERIFY(window_->isVisible());
}

void CaptureTest::what_is_under_way_ends_with_the_page() {
  screens_->keeps_silent = true;
  start();
  start();
  QTRY_COMPARE(screens_->asked, 1);
  capture_.reset();
  QCOMPARE(screens_->stopped, 1);
}

void CaptureTest::the_shade_leaves_the_region_bright() {
  const auto all = started();
  ScreenOverlay* overlay = all[0];
  drag(overlay, {100, 100}, {300, 200});
  const QImage seen = overlay->grab().toImage();
  const QImage picture = overlay->chosen();
  QCOMPARE(seen.pixelColor(200, 150), picture.pixelColor(100, 50));
  // Outside it is darker by far: what is at 20, 250 has a green of 250.
  QVERIFY(seen.pixelColor(20, 250).green() < 160);
}

void CaptureTest::a_region_becomes_an_attachment() {
  WindowContext context;
  context.submit = [](const agent::Op&) {};
  context.screens = screens_;
  MainWindow window(std::move(context));
  window.show();
  screens_->answer->is_chosen = true;
  auto* composer = window.findChild<Composer*>();
  auto* button = composer->findChild<QAbstractButton*>("captureButton");
  QVERIFY(button->isVisible());
  QVERIFY(!button->accessibleName().isEmpty());
  button->click();
  QTRY_COMPARE(composer->draft().attachments.size(), 1);
  const QString path = composer->draft().attachments.first();
  QCOMPARE(QFileInfo(path).fileName(), QString("Screen region 1.png"));
  QCOMPARE(QImage(path).size(), QSize(400, 300));
  QVERIFY(window.isVisible());
  // Without screens there is nothing to be pressed.
  WindowContext blind;
  blind.submit = [](const agent::Op&) {};
  MainWindow other(std::move(blind));
  other.show();
  QVERIFY(!other.findChild<QAbstractButton*>("captureButton")->isVisible());
}

QTEST_MAIN(CaptureTest)
#include "capture_test.moc"
