#include "ui/pages/segment_delegate.h"

#include <QAbstractItemView>
#include <QPainter>
#include <QTextLayout>
#include <cmath>

#include "ui/models/recording_model.h"

namespace facet::ui {
namespace {

constexpr int kTimeWidth = 76;

QRect inner_rect(const QRect& row) {
  return row.adjusted(space::kMedium, space::kSmall, -space::kMedium, -space::kSmall);
}

}  // namespace

SegmentDelegate::SegmentDelegate(const Theme& theme, QObject* parent) : QStyledItemDelegate(parent), theme_(theme) {}

void SegmentDelegate::lay_out(QTextLayout& layout, const QModelIndex& index, int width) const {
  QString text = index.data().toString();
  if (const QString speaker = index.data(RecordingModel::SpeakerRole).toString(); !speaker.isEmpty())
    text.prepend(speaker + QStringLiteral(": "));
  if (index.data(RecordingModel::UnsureRole).toBool()) text.append(tr(" [unsure]"));
  layout.setText(text);
  layout.setFont(theme_.font(Type::Body));
  layout.beginLayout();
  double y = 0;
  for (QTextLine line = layout.createLine(); line.isValid(); line = layout.createLine()) {
    line.setLineWidth(width);
    line.setPosition(QPointF(0, y));
    y += line.height() * 1.2;
  }
  layout.endLayout();
}

QSize SegmentDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const auto* view = qobject_cast<const QAbstractItemView*>(option.widget);
  const int width = view == nullptr ? option.rect.width() : view->viewport()->width();
  QTextLayout layout;
  lay_out(layout, index, inner_rect(QRect(0, 0, width, 0)).width() - kTimeWidth);
  return {width, static_cast<int>(std::ceil(layout.boundingRect().height())) + 2 * space::kSmall};
}

void SegmentDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const Colors& colors = theme_.colors();
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  const bool selected = option.state & QStyle::State_Selected;
  if (selected || (option.state & QStyle::State_MouseOver)) {
    painter->setPen(Qt::NoPen);
    painter->setBrush(selected ? colors.selected : colors.hover);
    painter->drawRoundedRect(QRectF(option.rect).adjusted(0, 1, 0, -1), radius::kSmall, radius::kSmall);
  }
  const QRect inner = inner_rect(option.rect);
  QTextLayout layout;
  lay_out(layout, index, inner.width() - kTimeWidth);
  const bool unsure = index.data(RecordingModel::UnsureRole).toBool();
  painter->setPen(unsure ? colors.text_muted : colors.text);
  layout.draw(painter, inner.topLeft() + QPoint(kTimeWidth, 0));
  painter->setFont(theme_.font(Type::MonoSmall));
  painter->setPen(unsure ? colors.warning : colors.text_muted);
  const double baseline = inner.top() + (layout.lineCount() > 0 ? layout.lineAt(0).ascent() : 0);
  painter->drawText(QPointF(inner.left(), baseline), index.data(RecordingModel::TimeRole).toString());
  painter->restore();
}

}  // namespace facet::ui
