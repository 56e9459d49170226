#pragma once

#include <QLabel>
#include <QTimer>
#include <QWidget>

#include "ui/theme.h"

namespace facet::ui {

// One line of text that is elided where it does not fit; the whole text is then its tool tip.
class ElidedLabel : public QLabel {
  Q_OBJECT

 public:
  explicit ElidedLabel(QWidget* parent = nullptr);

  void set_full_text(const QString& text);
  void set_elide_mode(Qt::TextElideMode mode);

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  bool event(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;

 private:
  Qt::TextElideMode mode_ = Qt::ElideRight;
};

// A label in a colour role and a type of the theme, which follows when the theme changes.
class ThemedLabel : public ElidedLabel {
  Q_OBJECT

 public:
  ThemedLabel(const Theme& theme, Type type, QColor Colors::*role, QWidget* parent = nullptr);

  void set_role(QColor Colors::*role);

 private:
  void refresh();

  const Theme& theme_;
  QColor Colors::*role_;
};

// Text that may wrap.
class ThemedText : public QLabel {
  Q_OBJECT

 public:
  ThemedText(const Theme& theme, Type type, QColor Colors::*role, QWidget* parent = nullptr);

 private:
  void refresh();

  const Theme& theme_;
  QColor Colors::*role_;
};

// A turning arc; it costs nothing while it is hidden.
class Spinner : public QWidget {
  Q_OBJECT

 public:
  explicit Spinner(const Theme& theme, QWidget* parent = nullptr);

  QSize sizeHint() const override { return {size::kIconSmall, size::kIconSmall}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  const Theme& theme_;
  QTimer timer_;
  int angle_ = 0;
};

// A symbol in a colour role.
class IconView : public QWidget {
  Q_OBJECT

 public:
  IconView(const Theme& theme, Icon icon, QColor Colors::*role, int pixels = size::kIconSmall,
           QWidget* parent = nullptr);

  void set_icon(Icon icon, QColor Colors::*role);
  QSize sizeHint() const override { return {pixels_, pixels_}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  const Theme& theme_;
  Icon icon_;
  QColor Colors::*role_;
  int pixels_;
};

// A surface with rounded corners; its children lie on it.
class Card : public QWidget {
  Q_OBJECT

 public:
  Card(const Theme& theme, QColor Colors::*fill, QColor Colors::*edge, int corner = radius::kMedium,
       QWidget* parent = nullptr);

  void set_colors(QColor Colors::*fill, QColor Colors::*edge);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  const Theme& theme_;
  QColor Colors::*fill_;
  QColor Colors::*edge_;
  int corner_;
};

}  // namespace facet::ui
