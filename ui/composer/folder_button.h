#pragma once

#include <QStringList>

#include "ui/widgets/buttons.h"

namespace facet::ui {

// Which folders the model may read without asking, and the menu that changes them.
class FolderButton : public TextButton {
  Q_OBJECT

 public:
  explicit FolderButton(const Theme& theme, QWidget* parent = nullptr);

  const QStringList& folders() const { return folders_; }
  void set_folders(const QStringList& folders);

 signals:
  void foldersChanged(const QStringList& folders);

 private:
  void open_menu();
  void add_folder();

  QStringList folders_;
};

}  // namespace facet::ui
