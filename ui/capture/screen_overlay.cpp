#include "ui/capture/screen_overlay.h"

#include <QKeyEvent>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <utility>

namespace facet::ui {
namespace {

const QColor kShade(0, 0, 0, 120);
constexpr double kReach = 8;   // so close to an edge the mouse takes hold of it
constexpr double kHandle = 7;  // side of the squares at the corners
constexpr int kLeastDrag = 3;  // a hand that trembles while it clicks draws nothing
constexpr int kLargeStep = 10;
constexpr double kPillHeight = 30;

}  // namespace

ScreenOverlay::ScreenOverlay(const Theme& theme, QImage picture, const QRect& place, QWidget* parent)
    : QWidget(parent, Qt::Window | Qt::FramelessWindowHint | Qt::WindowStaysOnTopHint),
      theme_(theme),
      picture_(std::move(picture)) {
  setObjectName("screenOverlay");
  setWindowTitle(tr("Choose a region of the screen"));
  setAccessibleName(windowTitle());
  setAccessibleDescription(tr("Return takes the whole screen, arrows draw a region, Escape cancels"));
  setAttribute(Qt::WA_OpaquePaintEvent);
  // The end of the overlay is not the end of the program, even while no other window is shown.
  setAttribute(Qt::WA_QuitOnClose, false);
  setCursor(Qt::CrossCursor);
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setGeometry(place);
}

// --- numbers ------------------------------------------------------------------------------------------------------

QPoint ScreenOverlay::pixel_at(const QPointF& position) const {
  const double across = position.x() * picture_.width() / std::max(width(), 1);
  const double down = position.y() * picture_.height() / std::max(height(), 1);
  return {std::clamp(static_cast<int>(across), 0, picture_.width()),
          std::clamp(static_cast<int>(down), 0, picture_.height())};
}

QRectF ScreenOverlay::shown(const QRect& pixels) const {
  const double across = static_cast<double>(width()) / picture_.width();
  const double down = static_cast<double>(height()) / picture_.height();
  return {pixels.x() * across, pixels.y() * down, pixels.width() * across, pixels.height() * down};
}

void ScreenOverlay::set_selection(const QRect& selection) {
  const bool begins = selection_.isEmpty() && !selection.isEmpty();
  selection_ = selection.intersected(picture_.rect());
  if (begins) emit began();
  update();
}

void ScreenOverlay::clear_selection() {
  selection_ = {};
  dragging_ = false;
  update();
}

QImage ScreenOverlay::chosen() const {
  return selection_.isEmpty() ? picture_ : picture_.copy(selection_);
}

// --- the mouse ----------------------------------------------------------------------------------------------------

ScreenOverlay::Grip ScreenOverlay::grip_at(const QPoint& pixel) const {
  Grip grip;
  if (selection_.isEmpty()) return {.is_new = true};
  const int reach = static_cast<int>(kReach * picture_.width() / std::max(width(), 1));
  const QRect around = selection_.adjusted(-reach, -reach, reach, reach);
  if (!around.contains(pixel)) return {.is_new = true};
  const QRect within = selection_.adjusted(reach, reach, -reach, -reach);
  grip.left = pixel.x() < within.left();
  grip.right = !grip.left && pixel.x() > within.right();
  grip.top = pixel.y() < within.top();
  grip.bottom = !grip.top && pixel.y() > within.bottom();
  grip.inside = !grip.is_edge();
  return grip;
}

Qt::CursorShape ScreenOverlay::cursor_of(const Grip& grip) const {
  if (grip.is_new) return Qt::CrossCursor;
  if (grip.inside) return Qt::SizeAllCursor;
  if ((grip.left && grip.top) || (grip.right && grip.bottom)) return Qt::SizeFDiagCursor;
  if ((grip.right && grip.top) || (grip.left && grip.bottom)) return Qt::SizeBDiagCursor;
  return grip.left || grip.right ? Qt::SizeHorCursor : Qt::SizeVerCursor;
}

void ScreenOverlay::mousePressEvent(QMouseEvent* event) {
  if (event->button() == Qt::RightButton) return void(emit cancelled());
  if (event->button() != Qt::LeftButton) return;
  pressed_ = pixel_at(event->position());
  grip_ = grip_at(pressed_);
  was_ = selection_;
  dragging_ = true;
}

void ScreenOverlay::mouseMoveEvent(QMouseEvent* event) {
  const QPoint pixel = pixel_at(event->position());
  if (dragging_) {
    drag_to(pixel);
  } else {
    setCursor(cursor_of(grip_at(pixel)));
  }
}

void ScreenOverlay::drag_to(const QPoint& pixel) {
  const QPoint moved = pixel - pressed_;
  if (grip_.is_new) {
    if (moved.manhattanLength() < kLeastDrag) return;
    // Between edges of pixels, so that nothing of the one under the pointer is lost or added.
    set_selection(
        QRect(std::min(pressed_.x(), pixel.x()), std::min(pressed_.y(), pixel.y()), qAbs(moved.x()), qAbs(moved.y())));
  } else if (grip_.inside) {
    QRect place = was_.translated(moved);
    place.moveLeft(std::clamp(place.left(), 0, picture_.width() - place.width()));
    place.moveTop(std::clamp(place.top(), 0, picture_.height() - place.height()));
    set_selection(place);
  } else {
    const QRect place = was_.adjusted(grip_.left ? moved.x() : 0, grip_.top ? moved.y() : 0,
                                      grip_.right ? moved.x() : 0, grip_.bottom ? moved.y() : 0);
    set_selection(QRect(std::min(place.left(), place.right()), std::min(place.top(), place.bottom()),
                        std::max(1, qAbs(place.width())), std::max(1, qAbs(place.height()))));
  }
}

// What can be done now is said beneath the region.
void ScreenOverlay::mouseReleaseEvent(QMouseEvent*) {
  dragging_ = false;
  update();
}

void ScreenOverlay::mouseDoubleClickEvent(QMouseEvent*) {
  emit taken();
}

// --- the keyboard -------------------------------------------------------------------------------------------------

// Who has drawn nothing yet begins in the middle.
void ScreenOverlay::step(int dx, int dy, bool corner) {
  if (selection_.isEmpty()) {
    const QSize size = picture_.size() / 2;
    set_selection(QRect(QPoint((picture_.width() - size.width()) / 2, (picture_.height() - size.height()) / 2), size));
    return;
  }
  QRect place = corner ? selection_.adjusted(0, 0, dx, dy) : selection_.translated(dx, dy);
  place.setWidth(std::max(place.width(), 1));
  place.setHeight(std::max(place.height(), 1));
  if (!corner) {
    place.moveLeft(std::clamp(place.left(), 0, picture_.width() - place.width()));
    place.moveTop(std::clamp(place.top(), 0, picture_.height() - place.height()));
  }
  set_selection(place);
}

void ScreenOverlay::keyPressEvent(QKeyEvent* event) {
  const int length = event->modifiers() & Qt::ControlModifier ? kLargeStep : 1;
  const bool corner = event->modifiers() & Qt::ShiftModifier;
  switch (event->key()) {
    case Qt::Key_Escape:
      emit cancelled();
      break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
      emit taken();
      break;
    case Qt::Key_Left:
      step(-length, 0, corner);
      break;
    case Qt::Key_Right:
      step(length, 0, corner);
      break;
    case Qt::Key_Up:
      step(0, -length, corner);
      break;
    case Qt::Key_Down:
      step(0, length, corner);
      break;
    default:
      QWidget::keyPressEvent(event);
  }
}

// --- what is seen -------------------------------------------------------------------------------------------------

void ScreenOverlay::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  painter.drawImage(QRectF(rect()), picture_, QRectF(picture_.rect()));
  const QRectF bright = shown(selection_);
  QRegion shade(rect());
  if (!selection_.isEmpty()) shade -= QRegion(bright.toAlignedRect());
  painter.setClipRegion(shade);
  painter.fillRect(rect(), kShade);
  painter.setClipping(false);
  if (!selection_.isEmpty()) {
    const Colors& colors = theme_.colors();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(QColor(255, 255, 255, 220), 3));
    painter.drawRect(bright);
    painter.setPen(QPen(colors.accent, 1.5));
    painter.drawRect(bright);
    painter.setPen(QPen(Qt::white, 1));
    painter.setBrush(colors.accent);
    for (const QPointF& corner : {bright.topLeft(), bright.topRight(), bright.bottomLeft(), bright.bottomRight()})
      painter.drawRoundedRect(QRectF(corner - QPointF(kHandle, kHandle) / 2, QSizeF(kHandle, kHandle)), 2, 2);
  }
  paint_words(painter);
}

void ScreenOverlay::paint_words(QPainter& painter) const {
  painter.setFont(theme_.font(Type::Small));
  const double bottom = height() - space::kVast;
  if (selection_.isEmpty()) {
    paint_pill(painter, tr("Draw a region  ·  Return takes the whole screen  ·  Esc cancels"), {width() / 2.0, bottom});
    return;
  }
  const QLocale locale;
  const QString size = tr("%1 × %2").arg(locale.toString(selection_.width()), locale.toString(selection_.height()));
  const QRectF bright = shown(selection_);
  const double above = bright.top() - kPillHeight / 2 - space::kSmall;
  const double inside = bright.top() + kPillHeight / 2 + space::kSmall;
  paint_pill(painter, size, {bright.center().x(), above > kPillHeight / 2 ? above : inside});
  const double below = bright.bottom() + kPillHeight / 2 + space::kSmall;
  const double within = bright.bottom() - kPillHeight / 2 - space::kSmall;
  if (!dragging_)
    paint_pill(painter, tr("Return attaches it  ·  Esc cancels"),
               {bright.center().x(), below + kPillHeight / 2 < height() ? below : within});
}

void ScreenOverlay::paint_pill(QPainter& painter, const QString& text, const QPointF& centre) const {
  const Colors& colors = theme_.colors();
  const double across = painter.fontMetrics().horizontalAdvance(text) + 2 * space::kMedium;
  const double left = std::clamp(centre.x() - across / 2, 4.0, std::max(4.0, width() - across - 4));
  const QRectF pill(left, centre.y() - kPillHeight / 2, across, kPillHeight);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(colors.border, 1));
  painter.setBrush(colors.surface);
  painter.drawRoundedRect(pill, kPillHeight / 2, kPillHeight / 2);
  painter.setPen(colors.text);
  painter.drawText(pill, Qt::AlignCenter, text);
}

}  // namespace facet::ui
