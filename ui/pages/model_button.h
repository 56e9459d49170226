#pragma once

#include <QAbstractButton>

#include "ui/theme.h"

namespace facet::ui {

// Names the model and the device, with a dot for its state; opens the menu that changes the model.
class ModelButton : public QAbstractButton {
  Q_OBJECT

 public:
  enum class State { Loading, Ready, Failed };

  explicit ModelButton(const Theme& theme, QWidget* parent = nullptr);

  void set_model(State state, const QString& name, const QString& device);

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;

 private:
  const Theme& theme_;
  State state_ = State::Loading;
  QString device_;
  class Spinner* spinner_ = nullptr;
  bool focus_by_key_ = false;
};

}  // namespace facet::ui
