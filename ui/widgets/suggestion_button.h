#pragma once

#include <QAbstractButton>

#include "ui/theme.h"

namespace facet::ui {

// A card that can be pressed: a symbol, a title, and a line beneath it.
class SuggestionButton : public QAbstractButton {
  Q_OBJECT

 public:
  SuggestionButton(const Theme& theme, Icon icon, const QString& title, const QString& detail,
                   QWidget* parent = nullptr);

  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;

 private:
  const Theme& theme_;
  Icon icon_;
  QString detail_;
  bool focus_by_key_ = false;
};

}  // namespace facet::ui
