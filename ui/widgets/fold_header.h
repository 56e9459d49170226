#pragma once

#include <QAbstractButton>
#include <optional>

#include "ui/theme.h"

namespace facet::ui {

class Spinner;

// The head of something that can be unfolded: a symbol, a title, what it is about, how it stands, and an arrow. The
// whole line is one button.
class FoldHeader : public QAbstractButton {
  Q_OBJECT

 public:
  FoldHeader(const Theme& theme, QWidget* parent = nullptr);

  struct Line {
    Icon icon = Icon::Tool;
    QString title;
    QString detail;
    QString status;
    std::optional<Icon> status_icon;
    QColor Colors::*status_role = &Colors::text_muted;
    QColor Colors::*icon_role = &Colors::text_muted;  // of the symbol of the state
    bool busy = false;
  };
  void set_line(const Line& line);

  QSize sizeHint() const override;

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;

 private:
  int paint_status(QPainter& painter, int right) const;

  const Theme& theme_;
  Line line_;
  Spinner* spinner_ = nullptr;
  bool focus_by_key_ = false;
};

}  // namespace facet::ui
