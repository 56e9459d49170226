#pragma once

#include <QImage>
#include <QWidget>
#include <optional>

#include "ui/theme.h"

namespace facet::ui {

// One screen as it looked a moment ago, all over that screen, on which a region is drawn. All numbers are pixels of the
// picture: a screen with twice the pixels gives them all, and the keyboard reaches each of them.
//
// The mouse draws a new region, moves the one that is there, or pulls its edges; arrows move it, with Shift they move
// its lower right corner, with Ctrl by larger steps. Return or a double click takes the region, or the whole screen
// where there is none.
class ScreenOverlay : public QWidget {
  Q_OBJECT

 public:
  // `place` is where the screen lies.
  ScreenOverlay(const Theme& theme, QImage picture, const QRect& place, QWidget* parent = nullptr);

  QRect selection() const { return selection_; }
  void clear_selection();
  QImage chosen() const;

 signals:
  void began();  // a region, here
  void taken();
  void cancelled();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  // What the mouse has hold of.
  struct Grip {
    bool is_new = false;
    bool left = false;
    bool top = false;
    bool right = false;
    bool bottom = false;
    bool inside = false;

    bool is_edge() const { return left || top || right || bottom; }
  };

  Grip grip_at(const QPoint& pixel) const;
  Qt::CursorShape cursor_of(const Grip& grip) const;
  QPoint pixel_at(const QPointF& position) const;
  QRectF shown(const QRect& pixels) const;
  void drag_to(const QPoint& pixel);
  void step(int dx, int dy, bool corner);
  void set_selection(const QRect& selection);
  void paint_words(QPainter& painter) const;
  void paint_pill(QPainter& painter, const QString& text, const QPointF& centre) const;

  const Theme& theme_;
  QImage picture_;
  QRect selection_;
  Grip grip_;
  QPoint pressed_;  // where the mouse went down
  QRect was_;       // the selection then
  bool dragging_ = false;
};

}  // namespace facet::ui
