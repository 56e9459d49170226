#include "ui/blocks/document_view.h"

#include <QAbstractTextDocumentLayout>
#include <QPainter>
#include <QScrollBar>
#include <QTextBlock>
#include <QTextDocument>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

namespace facet::ui {

DocumentView::DocumentView(const BlockContext& context, QWidget* parent) : QTextBrowser(parent), context_(context) {
  setFrameShape(QFrame::NoFrame);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setAccessibleName(tr("Text"));
  setOpenLinks(false);
  setUndoRedoEnabled(false);
  setFocusPolicy(Qt::ClickFocus);
  viewport()->setAutoFillBackground(false);
  document()->setDocumentMargin(0);
  document()->setDefaultFont(context.theme.font(Type::Body));
  QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Preferred);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  // All of the text is always shown, so there is nowhere to scroll to, whatever the cursor does.
  QScrollBar* bar = verticalScrollBar();
  connect(bar, &QScrollBar::rangeChanged, bar, [bar] { bar->setRange(0, 0); });
  connect(this, &QTextBrowser::anchorClicked, this,
          [this](const QUrl& url) { context_.open_link(url.toString(QUrl::FullyEncoded)); });
}

// A line that is higher than its font has the rest beneath it. After the last line that would be a gap that belongs
// to nobody.
double DocumentView::slack_below() const {
  const QTextBlock last = document()->lastBlock();
  const QTextBlockFormat format = last.blockFormat();
  if (format.lineHeightType() != QTextBlockFormat::ProportionalHeight || last.layout()->lineCount() == 0) return 0;
  const QTextLine line = last.layout()->lineAt(last.layout()->lineCount() - 1);
  return line.height() * (format.lineHeight() / 100.0 - 1.0);
}

int DocumentView::heightForWidth(int width) const {
  document()->setTextWidth(std::max(width, 1));
  return static_cast<int>(std::ceil(document()->size().height() - slack_below()));
}

QSize DocumentView::sizeHint() const {
  return {size::kColumn, heightForWidth(std::max(width(), 40))};
}

int DocumentView::natural_width(int limit) const {
  document()->setTextWidth(limit);
  return std::min(limit, static_cast<int>(std::ceil(document()->idealWidth())) + 1);
}

void DocumentView::content_changed() {
  updateGeometry();
  viewport()->update();
}

// Nothing is ever fetched for a text.
QVariant DocumentView::loadResource(int, const QUrl&) {
  return {};
}

// The page scrolls, not the block.
void DocumentView::wheelEvent(QWheelEvent* event) {
  event->ignore();
}

void DocumentView::changeEvent(QEvent* event) {
  // A changed font would be laid out at once for every block, the theme renders anew anyway.
  if (event->type() != QEvent::FontChange) QTextBrowser::changeEvent(event);
}

void DocumentView::paintEvent(QPaintEvent* event) {
  {
    QPainter painter(viewport());
    painter.setRenderHint(QPainter::Antialiasing);
    for (QTextBlock block = document()->begin(); block.isValid(); block = block.next()) {
      const QRectF area = document()->documentLayout()->blockBoundingRect(block);
      if (area.top() > event->rect().bottom()) break;
      // A bar beside a quote is painted with its first paragraph, however far up that is.
      const bool reaches_down = block.blockFormat().hasProperty(kQuoteBars);
      if (area.bottom() >= event->rect().top() || reaches_down) paint_block(painter, block);
    }
  }
  QTextBrowser::paintEvent(event);
}

void DocumentView::paint_block(QPainter& painter, const QTextBlock& block) const {
  const Colors& colors = context_.theme.colors();
  const QTextBlockFormat format = block.blockFormat();
  const QRectF area = document()->documentLayout()->blockBoundingRect(block);
  if (format.hasProperty(kRule)) {
    painter.fillRect(QRectF(format.leftMargin(), area.center().y(), viewport()->width() - format.leftMargin(), 1),
                     colors.border);
  }
  if (format.hasProperty(kQuoteBars)) paint_bars(painter, block);
  paint_inline_code(painter, block);
}

// One bar for all paragraphs of a quote, drawn with the first of them.
void DocumentView::paint_bars(QPainter& painter, const QTextBlock& block) const {
  const auto bars_of = [](const QTextBlock& each) {
    return each.isValid() ? each.blockFormat().property(kQuoteBars).toList() : QVariantList();
  };
  const QVariantList before = bars_of(block.previous());
  painter.setPen(Qt::NoPen);
  painter.setBrush(context_.theme.colors().border_strong);
  for (const QVariant& x : bars_of(block)) {
    if (before.contains(x)) continue;
    QTextBlock last = block;
    while (bars_of(last.next()).contains(x))
      last = last.next();
    const double top = document()->documentLayout()->blockBoundingRect(block).top();
    const double bottom = document()->documentLayout()->blockBoundingRect(last).bottom();
    painter.drawRoundedRect(QRectF(x.toDouble(), top, 3, bottom - top), 1.5, 1.5);
  }
}

void DocumentView::paint_inline_code(QPainter& painter, const QTextBlock& block) const {
  const QPointF origin = block.layout()->position();
  painter.setPen(Qt::NoPen);
  painter.setBrush(context_.theme.colors().surface_sunken);
  for (auto it = block.begin(); !it.atEnd(); ++it) {
    const QTextFragment fragment = it.fragment();
    if (!fragment.charFormat().hasProperty(kInlineCode)) continue;
    const int start = fragment.position() - block.position();
    const int end = start + fragment.length();
    const QFontMetricsF metrics(fragment.charFormat().font());
    for (int index = 0; index < block.layout()->lineCount(); ++index) {
      const QTextLine line = block.layout()->lineAt(index);
      const int from = std::max(start, line.textStart());
      const int to = std::min(end, line.textStart() + line.textLength());
      if (from >= to) continue;
      const double left = line.cursorToX(from);
      const double right = line.cursorToX(to);
      const double baseline = origin.y() + line.y() + line.ascent();
      const QRectF ground(origin.x() + left - 3, baseline - metrics.ascent() - 1, right - left + 6,
                          metrics.height() + 2);
      painter.drawRoundedRect(ground, 4, 4);
    }
  }
}

}  // namespace facet::ui
