#pragma once

#include <QPushButton>
#include <QToolButton>
#include <optional>

#include "ui/theme.h"

// The two buttons of the window. Both show where the keyboard is only when it was the keyboard that came there.
namespace facet::ui {

// Whether it was the keyboard that brought the focus.
bool comes_by_key(const QFocusEvent& event);

// A symbol alone. Its name is its tool tip and what a screen reader says.
class IconButton : public QToolButton {
  Q_OBJECT

 public:
  enum class Look { Ghost, Filled };

  IconButton(const Theme& theme, Icon icon, const QString& name, QWidget* parent = nullptr);

  void set_icon(Icon icon);
  void set_look(Look look);
  void set_diameter(int pixels, int icon_pixels);
  void set_name(const QString& name, const QString& shortcut = {});

  QSize sizeHint() const override;

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;

 private:
  const Theme& theme_;
  Icon icon_;
  Look look_ = Look::Ghost;
  int diameter_ = size::kControl;
  int icon_pixels_ = size::kIcon;
  bool focus_by_key_ = false;
};

// Words, with a symbol before or after them.
class TextButton : public QPushButton {
  Q_OBJECT

 public:
  enum class Look { Primary, Secondary, Ghost, Chip };

  TextButton(const Theme& theme, const QString& text, Look look, QWidget* parent = nullptr);

  void set_leading_icon(std::optional<Icon> icon);
  void set_trailing_icon(std::optional<Icon> icon);
  // Text that does not fit is elided; a text with a limit takes no more room than this.
  void set_maximum_text_width(int pixels);

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;

 private:
  QColor text_color() const;
  void paint_background(QPainter& painter) const;

  const Theme& theme_;
  Look look_;
  std::optional<Icon> leading_;
  std::optional<Icon> trailing_;
  int maximum_text_width_ = 360;
  bool focus_by_key_ = false;
};

}  // namespace facet::ui
