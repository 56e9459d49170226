#include "ui/blocks/mono_view.h"

#include <QScrollBar>
#include <QSyntaxHighlighter>
#include <QTextBlock>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "ui/markdown/highlight.h"

namespace facet::ui {

// Puts the spans of the table-driven highlighter on the lines of a document.
class CodeColors : public QSyntaxHighlighter {
 public:
  CodeColors(const Theme& theme, const markdown::Language& language, QTextDocument* document)
      : QSyntaxHighlighter(document), theme_(theme), language_(language) {}

 protected:
  void highlightBlock(const QString& line) override {
    const markdown::HighlightedLine result =
        markdown::highlight_line(language_, line, std::max(previousBlockState(), 0));
    for (const markdown::TokenSpan& span : result.spans)
      setFormat(span.start, span.length, color_of(span.token));
    setCurrentBlockState(result.state);
  }

 private:
  QColor color_of(markdown::Token token) const {
    const Colors& colors = theme_.colors();
    switch (token) {
      case markdown::Token::Keyword:
        return colors.code_keyword;
      case markdown::Token::Type:
        return colors.code_type;
      case markdown::Token::String:
        return colors.code_string;
      case markdown::Token::Number:
        return colors.code_number;
      case markdown::Token::Comment:
        return colors.code_comment;
    }
    return colors.text;
  }

  const Theme& theme_;
  const markdown::Language& language_;
};

// Lines of a unified diff: what goes, what comes, and where.
class DiffColors : public QSyntaxHighlighter {
 public:
  DiffColors(const Theme& theme, QTextDocument* document) : QSyntaxHighlighter(document), theme_(theme) {}

 protected:
  void highlightBlock(const QString& line) override {
    const Colors& colors = theme_.colors();
    if (line.startsWith("@@")) setFormat(0, static_cast<int>(line.size()), colors.text_muted);
    if (line.startsWith('+')) setFormat(0, static_cast<int>(line.size()), colors.success);
    if (line.startsWith('-')) setFormat(0, static_cast<int>(line.size()), colors.danger);
  }

 private:
  const Theme& theme_;
};

MonoView::MonoView(const Theme& theme, Wrap wrap, QWidget* parent) : QPlainTextEdit(parent), theme_(theme) {
  setReadOnly(true);
  setFrameShape(QFrame::NoFrame);
  setUndoRedoEnabled(false);
  setLineWrapMode(wrap == Wrap::Never ? QPlainTextEdit::NoWrap : QPlainTextEdit::WidgetWidth);
  setWordWrapMode(wrap == Wrap::Never ? QTextOption::NoWrap : QTextOption::WrapAtWordBoundaryOrAnywhere);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  setFocusPolicy(Qt::ClickFocus);
  viewport()->setAutoFillBackground(false);
  document()->setDocumentMargin(0);
  setFont(theme.font(Type::MonoSmall));
  setTabStopDistance(4 * fontMetrics().horizontalAdvance(' '));
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  connect(&theme, &Theme::changed, this, &MonoView::refresh_colors);
}

void MonoView::refresh_colors() {
  if (colors_ != nullptr) colors_->rehighlight();
}

void MonoView::set_text(const QString& text) {
  if (text == text_) return;
  if (!text_.isEmpty() && text.startsWith(text_)) {
    QTextCursor cursor(document());
    cursor.movePosition(QTextCursor::End);
    cursor.insertText(text.mid(text_.size()));
  } else {
    setPlainText(text);
  }
  text_ = text;
  fit_scroll_bar();
  updateGeometry();
}

void MonoView::set_language(const QString& name) {
  if (name == language_) return;
  language_ = name;
  delete colors_;
  colors_ = nullptr;
  if (name == "diff") {
    colors_ = new DiffColors(theme_, document());
  } else if (const markdown::Language* language = markdown::find_language(name)) {
    colors_ = new CodeColors(theme_, *language, document());
  }
}

void MonoView::set_maximum_height(int pixels) {
  maximum_height_ = pixels;
  fit_scroll_bar();
}

// A text that fits has no bar, and nothing to stop at with the tabulator.
void MonoView::fit_scroll_bar() {
  const bool scrolls = maximum_height_ > 0 && text_height() > maximum_height_;
  setVerticalScrollBarPolicy(scrolls ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
  setFocusPolicy(scrolls ? Qt::StrongFocus : Qt::ClickFocus);
}

int MonoView::text_height() const {
  double height = 0;
  for (QTextBlock block = document()->begin(); block.isValid(); block = block.next()) {
    height += blockBoundingRect(block).height();
  }
  return static_cast<int>(std::ceil(height));
}

int MonoView::heightForWidth(int) const {
  int height = text_height();
  const bool scrolls_sideways = lineWrapMode() == QPlainTextEdit::NoWrap && horizontalScrollBar()->maximum() > 0;
  if (scrolls_sideways) height += horizontalScrollBar()->sizeHint().height();
  return maximum_height_ > 0 ? std::min(height, maximum_height_) : height;
}

QSize MonoView::sizeHint() const {
  return {size::kColumn, heightForWidth(width())};
}

void MonoView::resizeEvent(QResizeEvent* event) {
  const int height_before = heightForWidth(event->oldSize().width());
  QPlainTextEdit::resizeEvent(event);
  fit_scroll_bar();
  if (heightForWidth(width()) != height_before || event->oldSize().width() != width()) updateGeometry();
}

// Sideways here, up and down by the page unless there is something to scroll inside.
void MonoView::wheelEvent(QWheelEvent* event) {
  const bool sideways =
      std::abs(event->angleDelta().x()) > std::abs(event->angleDelta().y()) || (event->modifiers() & Qt::ShiftModifier);
  const bool scrolls_inside = maximum_height_ > 0 && verticalScrollBar()->maximum() > 0 && hasFocus();
  if (sideways || scrolls_inside) {
    QPlainTextEdit::wheelEvent(event);
  } else {
    event->ignore();
  }
}

}  // namespace facet::ui
