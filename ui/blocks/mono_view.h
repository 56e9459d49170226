#pragma once

#include <QPlainTextEdit>

#include "ui/theme.h"

class QSyntaxHighlighter;

namespace facet::ui {

// Read-only text in a fixed pitch: code, arguments, results. As tall as its lines, up to a limit beyond which it
// scrolls by itself.
class MonoView : public QPlainTextEdit {
  Q_OBJECT

 public:
  enum class Wrap { Never, Anywhere };

  MonoView(const Theme& theme, Wrap wrap, QWidget* parent = nullptr);

  // Only what is new is inserted when the text has grown.
  void set_text(const QString& text);
  // Colours for this language, or for a unified diff ("diff"); none where it is not known.
  void set_language(const QString& name);
  void set_maximum_height(int pixels);

  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {40, 0}; }

 protected:
  void wheelEvent(QWheelEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void refresh_colors();
  void fit_scroll_bar();
  int text_height() const;

  const Theme& theme_;
  QSyntaxHighlighter* colors_ = nullptr;
  QString language_;
  QString text_;
  int maximum_height_ = 0;
};

}  // namespace facet::ui
