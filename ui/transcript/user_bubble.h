#pragma once

#include <QWidget>

#include "ui/blocks/block_context.h"

namespace facet::ui {

class ProseView;

// The user's own words at the end of the line, as wide as they need, never as wide as the page.
class UserBubble : public QWidget {
  Q_OBJECT

 public:
  explicit UserBubble(const BlockContext& context, QWidget* parent = nullptr);

  void set_text(const QString& text);

  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  int text_width(int width) const;

  const Theme& theme_;
  ProseView* text_ = nullptr;
};

}  // namespace facet::ui
