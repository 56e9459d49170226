#include "ui/composer/message_edit.h"

#include <QAbstractTextDocumentLayout>
#include <QKeyEvent>
#include <QMimeData>
#include <QTextBlock>
#include <QUrl>
#include <algorithm>
#include <cmath>

namespace facet::ui {
namespace {

constexpr int kMostLines = 9;

// Programs that copy text put a picture of it beside it.
bool is_picture(const QMimeData& data) {
  return data.hasImage() && !data.hasText();
}

}  // namespace

QStringList local_files(const QMimeData& data) {
  QStringList paths;
  for (const QUrl& url : data.urls()) {
    if (url.isLocalFile()) paths << url.toLocalFile();
  }
  return paths;
}

MessageEdit::MessageEdit(const Theme& theme, QWidget* parent) : QPlainTextEdit(parent), theme_(theme) {
  setObjectName("composerEdit");
  setFrameShape(QFrame::NoFrame);
  setFont(theme_.font(Type::Body));
  setTabChangesFocus(true);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  viewport()->setAutoFillBackground(false);
  document()->setDocumentMargin(0);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  connect(document()->documentLayout(), &QAbstractTextDocumentLayout::documentSizeChanged, this,
          &MessageEdit::fit_height);
  fit_height();
}

// The layout of a plain text edit counts its height in lines.
void MessageEdit::fit_height() {
  const int lines = std::max(1, static_cast<int>(document()->size().height()));
  const double line_height = blockBoundingRect(document()->firstBlock()).height() /
                             std::max(1, document()->firstBlock().layout()->lineCount());
  const int shown = std::min(lines, kMostLines);
  setVerticalScrollBarPolicy(lines > kMostLines ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
  setFixedHeight(static_cast<int>(std::ceil(shown * std::max(line_height, fontMetrics().lineSpacing() * 1.0))));
}

void MessageEdit::resizeEvent(QResizeEvent* event) {
  QPlainTextEdit::resizeEvent(event);
  if (event->oldSize().width() != event->size().width()) fit_height();
}

void MessageEdit::keyPressEvent(QKeyEvent* event) {
  const bool is_return = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
  if (is_return && !(event->modifiers() & (Qt::ShiftModifier | Qt::AltModifier))) {
    emit submitted();
  } else if (event->key() == Qt::Key_Escape) {
    emit cancelled();
  } else if (event->key() == Qt::Key_PageUp || event->key() == Qt::Key_PageDown) {
    emit pageTurned(event->key() == Qt::Key_PageUp ? -1 : 1);
  } else {
    QPlainTextEdit::keyPressEvent(event);
  }
}

bool MessageEdit::canInsertFromMimeData(const QMimeData* source) const {
  return !local_files(*source).isEmpty() || is_picture(*source) || QPlainTextEdit::canInsertFromMimeData(source);
}

void MessageEdit::insertFromMimeData(const QMimeData* source) {
  const QStringList files = local_files(*source);
  if (files.isEmpty() && is_picture(*source)) {
    emit picturePasted(qvariant_cast<QImage>(source->imageData()));
  } else if (files.isEmpty()) {
    QPlainTextEdit::insertFromMimeData(source);
  } else {
    emit filesPasted(files);
  }
}

}  // namespace facet::ui
