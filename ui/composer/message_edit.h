#pragma once

#include <QImage>
#include <QPlainTextEdit>

#include "ui/theme.h"

namespace facet::ui {

// Where the user writes: grows with its lines, sends on Return, and takes files that are pasted.
class MessageEdit : public QPlainTextEdit {
  Q_OBJECT

 public:
  explicit MessageEdit(const Theme& theme, QWidget* parent = nullptr);

 signals:
  void submitted();            // Return without Shift
  void cancelled();            // Escape
  void pageTurned(int pages);  // Page Up, Page Down: meant for the conversation
  void filesPasted(const QStringList& paths);
  void picturePasted(const QImage& picture);

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  bool canInsertFromMimeData(const QMimeData* source) const override;
  void insertFromMimeData(const QMimeData* source) override;

 private:
  void fit_height();

  const Theme& theme_;
};

// Paths of the local files in a drop or on the clipboard; empty when it holds something else.
QStringList local_files(const QMimeData& data);

}  // namespace facet::ui
