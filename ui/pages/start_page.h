#pragma once

#include <QWidget>

#include "ui/theme.h"

namespace facet::ui {

// What a new conversation shows before anything was asked: what can be done here, as buttons.
class StartPage : public QWidget {
  Q_OBJECT

 public:
  explicit StartPage(const Theme& theme, QWidget* parent = nullptr);

  void set_folders(const QStringList& folders);

 signals:
  void askSuggested(const QString& question);                  // to be sent at once
  void draftSuggested(const QString& text, qsizetype cursor);  // to be completed first
  void attachSuggested();

 private:
  class ThemedText* line_ = nullptr;
};

}  // namespace facet::ui
