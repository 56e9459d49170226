#include "ui/widgets/buttons.h"

#include <QFocusEvent>
#include <QKeyEvent>
#include <QPainter>
#include <algorithm>

namespace facet::ui {
namespace {

void paint_focus_ring(QPainter& painter, const QRectF& rect, double corner, const QColor& color) {
  painter.setPen(QPen(color, 2));
  painter.setBrush(Qt::NoBrush);
  painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), corner, corner);
}

}  // namespace

bool comes_by_key(const QFocusEvent& event) {
  return event.reason() == Qt::TabFocusReason || event.reason() == Qt::BacktabFocusReason ||
         event.reason() == Qt::ShortcutFocusReason;
}

IconButton::IconButton(const Theme& theme, Icon icon, const QString& name, QWidget* parent)
    : QToolButton(parent), theme_(theme), icon_(icon) {
  setCursor(Qt::PointingHandCursor);
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  setAttribute(Qt::WA_Hover);
  set_name(name);
}

void IconButton::set_icon(Icon icon) {
  icon_ = icon;
  update();
}

void IconButton::set_look(Look look) {
  look_ = look;
  update();
}

void IconButton::set_diameter(int pixels, int icon_pixels) {
  diameter_ = pixels;
  icon_pixels_ = icon_pixels;
  updateGeometry();
}

void IconButton::set_name(const QString& name, const QString& shortcut) {
  setAccessibleName(name);
  setToolTip(shortcut.isEmpty() ? name : QStringLiteral("%1 (%2)").arg(name, shortcut));
}

QSize IconButton::sizeHint() const {
  return {diameter_, diameter_};
}

void IconButton::focusInEvent(QFocusEvent* event) {
  focus_by_key_ = comes_by_key(*event);
  QToolButton::focusInEvent(event);
}

void IconButton::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
    click();
  } else {
    QToolButton::keyPressEvent(event);
  }
}

void IconButton::paintEvent(QPaintEvent*) {
  const Colors& colors = theme_.colors();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF box = rect();
  const bool round = look_ == Look::Filled;
  const double corner = round ? box.width() / 2 : radius::kSmall;
  QColor ink = isEnabled() ? colors.text_muted : blend(colors.text_muted, colors.surface, 0.5);
  painter.setPen(Qt::NoPen);
  if (look_ == Look::Filled) {
    painter.setBrush(!isEnabled() ? colors.hover : underMouse() || isDown() ? colors.accent_hover : colors.accent);
    painter.drawRoundedRect(box, corner, corner);
    if (isEnabled()) ink = colors.on_accent;
  } else if (isEnabled() && (underMouse() || isDown() || isChecked())) {
    painter.setBrush(isDown() || isChecked() ? colors.selected : colors.hover);
    painter.drawRoundedRect(box, corner, corner);
    ink = colors.text;
  }
  const double inset = (box.width() - icon_pixels_) / 2;
  theme_.paint_icon(painter, QRectF(inset, inset, icon_pixels_, icon_pixels_), icon_, ink);
  if (hasFocus() && focus_by_key_) {
    paint_focus_ring(painter, box, corner, round ? colors.text : colors.accent);
  }
}

TextButton::TextButton(const Theme& theme, const QString& text, Look look, QWidget* parent)
    : QPushButton(text, parent), theme_(theme), look_(look) {
  setCursor(Qt::PointingHandCursor);
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_Hover);
  setAutoDefault(true);  // Return presses it, too
  setAccessibleName(text);
  setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
}

void TextButton::set_leading_icon(std::optional<Icon> icon) {
  leading_ = icon;
  updateGeometry();
  update();
}

void TextButton::set_trailing_icon(std::optional<Icon> icon) {
  trailing_ = icon;
  updateGeometry();
  update();
}

void TextButton::set_maximum_text_width(int pixels) {
  maximum_text_width_ = pixels;
  updateGeometry();
}

QSize TextButton::sizeHint() const {
  const int padding = look_ == Look::Primary || look_ == Look::Secondary ? space::kLarge : 10;
  int width = 2 * padding + std::min(maximum_text_width_, fontMetrics().horizontalAdvance(text()) + 2);
  if (leading_) width += size::kIconSmall + 6;
  if (trailing_) width += size::kIconSmall + 2;
  const int height = look_ == Look::Chip || look_ == Look::Ghost ? 28 : size::kControl;
  return {width, std::max(height, fontMetrics().height() + space::kSmall)};
}

QSize TextButton::minimumSizeHint() const {
  const QSize hint = sizeHint();
  const int shortest = look_ == Look::Chip || look_ == Look::Ghost ? 64 : hint.width();
  return {std::min(hint.width(), shortest), hint.height()};
}

void TextButton::focusInEvent(QFocusEvent* event) {
  focus_by_key_ = comes_by_key(*event);
  QPushButton::focusInEvent(event);
}

QColor TextButton::text_color() const {
  const Colors& colors = theme_.colors();
  if (!isEnabled()) return blend(colors.text_muted, colors.surface, 0.5);
  if (look_ == Look::Primary) return colors.on_accent;
  if (look_ == Look::Ghost && !underMouse()) return colors.text_muted;
  return colors.text;
}

void TextButton::paint_background(QPainter& painter) const {
  const Colors& colors = theme_.colors();
  const bool over = isEnabled() && underMouse();
  QColor fill = Qt::transparent;
  QColor edge = Qt::transparent;
  switch (look_) {
    case Look::Primary:
      fill = !isEnabled() ? colors.hover : over || isDown() ? colors.accent_hover : colors.accent;
      break;
    case Look::Secondary:
      fill = isDown() ? colors.selected : over ? colors.hover : colors.surface;
      edge = colors.border_strong;
      break;
    case Look::Chip:
      fill = isDown() ? colors.selected : over ? colors.hover : colors.surface;
      edge = colors.border;
      break;
    case Look::Ghost:
      if (over || isDown()) fill = isDown() ? colors.selected : colors.hover;
      break;
  }
  painter.setPen(edge.alpha() == 0 ? QPen(Qt::NoPen) : QPen(edge, 1));
  painter.setBrush(fill);
  const double corner = look_ == Look::Chip ? height() / 2.0 : radius::kSmall;
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), corner, corner);
}

void TextButton::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  paint_background(painter);

  const int padding = look_ == Look::Primary || look_ == Look::Secondary ? space::kLarge : 10;
  QRect inner = rect().adjusted(padding, 0, -padding, 0);
  const QColor ink = text_color();
  const int icon_top = (height() - size::kIconSmall) / 2;
  if (leading_) {
    const QRectF where(inner.left(), icon_top, size::kIconSmall, size::kIconSmall);
    theme_.paint_icon(painter, where, *leading_,
                      look_ == Look::Primary ? ink : blend(ink, theme_.colors().text_muted, 0.5));
    inner.setLeft(inner.left() + size::kIconSmall + 6);
  }
  if (trailing_) {
    const QRectF where(inner.right() + 1 - size::kIconSmall + 3, icon_top, size::kIconSmall, size::kIconSmall);
    theme_.paint_icon(painter, where, *trailing_, theme_.colors().text_muted);
    inner.setRight(inner.right() - size::kIconSmall - 2);
  }
  painter.setFont(font());
  painter.setPen(ink);
  const QString shown = fontMetrics().elidedText(text(), Qt::ElideRight, inner.width());
  const bool centred = look_ == Look::Primary || look_ == Look::Secondary;
  painter.drawText(inner, (centred ? Qt::AlignHCenter : Qt::AlignLeft) | Qt::AlignVCenter | Qt::TextSingleLine, shown);
  if (hasFocus() && focus_by_key_) {
    const double corner = look_ == Look::Chip ? height() / 2.0 : radius::kSmall;
    paint_focus_ring(painter, rect(), corner, look_ == Look::Primary ? theme_.colors().text : theme_.colors().accent);
  }
}

}  // namespace facet::ui
