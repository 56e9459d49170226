#pragma once

#include <QWidget>

#include "ui/theme.h"

namespace facet::ui {

class IconButton;
class IconView;
class TextButton;
class ThemedText;

// A line at the top of the page that says what the user should know, with at most one thing to do about it.
class Banner : public QWidget {
  Q_OBJECT

 public:
  enum class Kind { Information, Warning, Error };

  explicit Banner(const Theme& theme, QWidget* parent = nullptr);

  void set_content(Kind kind, const QString& text, const QString& action = {});

 signals:
  void actionTriggered();
  void closed();

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  const Theme& theme_;
  Kind kind_ = Kind::Information;
  IconView* icon_ = nullptr;
  ThemedText* text_ = nullptr;
  TextButton* action_ = nullptr;
  IconButton* close_ = nullptr;
};

}  // namespace facet::ui
