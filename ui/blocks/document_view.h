#pragma once

#include <QTextBrowser>
#include <QTextFormat>

#include "ui/blocks/block_context.h"

namespace facet::ui {

// Read-only rich text as tall as its content, which can be selected and copied. Draws what a text document can not:
// bars beside quotes, rules, and rounded grounds behind inline code.
class DocumentView : public QTextBrowser {
  Q_OBJECT

 public:
  explicit DocumentView(const BlockContext& context, QWidget* parent = nullptr);

  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {40, 0}; }
  // The width that the text would take if no line had to be broken, at most `limit`.
  int natural_width(int limit) const;

  // Properties that the painting looks for.
  enum Property {
    kQuoteBars = QTextFormat::UserProperty + 1,  // of a block: where the bars stand, a list of x
    kRule,                                       // of a block: a line across
    kInlineCode                                  // of a character
  };

 protected:
  QVariant loadResource(int type, const QUrl& name) override;
  void paintEvent(QPaintEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void changeEvent(QEvent* event) override;

  // To be called when the text was changed.
  void content_changed();
  const BlockContext& context() const { return context_; }

 private:
  double slack_below() const;
  void paint_block(QPainter& painter, const QTextBlock& block) const;
  void paint_bars(QPainter& painter, const QTextBlock& block) const;
  void paint_inline_code(QPainter& painter, const QTextBlock& block) const;

  BlockContext context_;
};

}  // namespace facet::ui
