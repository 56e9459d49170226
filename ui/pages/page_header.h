#pragma once

#include <QWidget>
#include <optional>

#include "agent/protocol.h"
#include "ui/theme.h"

namespace facet::ui {

class IconButton;
class ModelButton;
class ThemedLabel;

// The line above a conversation: its title, and the model that answers with the device that it runs on.
class PageHeader : public QWidget {
  Q_OBJECT

 public:
  explicit PageHeader(const Theme& theme, QWidget* parent = nullptr);

  void set_title(const QString& title);
  void set_model(const std::optional<agent::ModelChanged>& model);
  void set_list_hidden(bool hidden);

 signals:
  void showListRequested();
  void newRequested();
  void openModelRequested();
  void practiceModelRequested();

 private:
  void open_model_menu();

  IconButton* show_list_ = nullptr;
  IconButton* compose_ = nullptr;
  ThemedLabel* title_ = nullptr;
  ModelButton* model_ = nullptr;
  bool practice_ = false;
};

}  // namespace facet::ui
