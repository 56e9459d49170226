#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

#include "ui/settings.h"
#include "ui/theme.h"

using namespace facet::ui;

class ThemeTest : public QObject {
  Q_OBJECT

 private slots:
  void contrast_data();
  void contrast();
  void icons_are_drawn_in_their_colour();
  void choice_is_remembered();
};

// Contrast as WCAG 2.1 defines it, from relative luminance.
double channel(double value) {
  return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

double luminance(const QColor& color) {
  return 0.2126 * channel(color.redF()) + 0.7152 * channel(color.greenF()) + 0.0722 * channel(color.blueF());
}

double contrast_of(const QColor& a, const QColor& b) {
  const double first = luminance(a);
  const double second = luminance(b);
  return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

void ThemeTest::contrast_data() {
  QTest::addColumn<bool>("dark");
  QTest::addColumn<bool>("high");
  QTest::newRow("light") << false << false;
  QTest::newRow("dark") << true << false;
  QTest::newRow("light, high contrast") << false << true;
  QTest::newRow("dark, high contrast") << true << true;
}

void ThemeTest::contrast() {
  QFETCH(bool, dark);
  QFETCH(bool, high);
  const Colors plain = dark ? dark_colors() : light_colors();
  const Colors colors = high ? with_high_contrast(plain) : plain;
  const auto check = [](const char* what, const QColor& ink, const QColor& ground, double least) {
    const double found = contrast_of(ink, ground);
    QVERIFY2(found >= least, qPrintable(QString("%1: %2").arg(what).arg(found)));
  };
  const double kText = high ? 7.0 : 4.5;
  const double kGraphics = high ? 4.5 : 3.0;
  for (const QColor& ground :
       {colors.canvas, colors.sidebar, colors.surface, colors.surface_sunken, colors.hover, colors.selected}) {
    check("text", colors.text, ground, kText);
    check("muted text", colors.text_muted, ground, kText);
  }
  for (const QColor& ground : {colors.canvas, colors.surface, colors.surface_sunken}) {
    check("link", colors.accent, ground, kText);
    check("danger", colors.danger, ground, kText);
    check("warning", colors.warning, ground, kText);
    check("success", colors.success, ground, kGraphics);
  }
  for (const QColor& ink :
       {colors.code_keyword, colors.code_string, colors.code_number, colors.code_comment, colors.code_type}) {
    check("code", ink, colors.surface_sunken, kText);
  }
  check("button", colors.on_accent, colors.accent, kText);
  check("pressed button", colors.on_accent, colors.accent_hover, kText);
  for (const QColor& ground :
       {colors.accent_soft, colors.danger_soft, colors.warning_soft, colors.marked, colors.selection}) {
    check("text on a tint", colors.text, ground, kText);
  }
}

void ThemeTest::icons_are_drawn_in_their_colour() {
  const Theme theme;
  for (int icon = 0; icon <= static_cast<int>(Icon::Warning); ++icon) {
    const QImage image = theme.icon_pixmap(static_cast<Icon>(icon), 24, QColor(10, 200, 30), 2.0).toImage();
    QCOMPARE(image.size(), QSize(48, 48));
    int drawn = 0;
    for (int y = 0; y < 48; ++y) {
      for (int x = 0; x < 48; ++x) {
        const QColor pixel = image.pixelColor(x, y);
        if (pixel.alpha() < 250) continue;
        ++drawn;
        QVERIFY(std::abs(pixel.red() - 10) < 4 && std::abs(pixel.green() - 200) < 4 && std::abs(pixel.blue() - 30) < 4);
      }
    }
    QVERIFY2(drawn > 20, qPrintable(QString("icon %1").arg(icon)));
  }
}

void ThemeTest::choice_is_remembered() {
  const QTemporaryDir scratch;
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, scratch.path());
  {
    Theme theme;
    QSignalSpy changes(&theme, &Theme::changed);
    const bool was_dark = theme.is_dark();
    theme.set_appearance(was_dark ? Appearance::Light : Appearance::Dark);
    QCOMPARE(theme.is_dark(), !was_dark);
    QCOMPARE(changes.count(), 1);
    theme.set_appearance(Appearance::Dark);
  }
  const Theme again;
  QCOMPARE(again.appearance(), Appearance::Dark);
  QCOMPARE(again.colors().canvas, dark_colors().canvas);
}

QTEST_MAIN(ThemeTest)
#include "theme_test.moc"
