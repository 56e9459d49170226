#include "ui/sidebar/row_delegates.h"

#include <QAbstractItemView>
#include <QLineEdit>
#include <QPainter>
#include <QTextLayout>
#include <cmath>

#include "ui/models/conversation_list_model.h"
#include "ui/models/search_model.h"

namespace facet::ui {
namespace {

constexpr int kRowHeight = 34;
constexpr int kHeadingHeight = 32;
constexpr int kOuterInset = 8;
constexpr int kInnerInset = 10;
constexpr int kSymbol = 14;

void paint_ground(QPainter& painter, const Theme& theme, const QStyleOptionViewItem& option) {
  const Colors& colors = theme.colors();
  const bool selected = option.state & QStyle::State_Selected;
  const bool hovered = option.state & QStyle::State_MouseOver;
  const QRectF ground = QRectF(option.rect).adjusted(kOuterInset, 1, -kOuterInset, -1);
  if (selected || hovered) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(selected ? colors.selected : colors.hover);
    painter.drawRoundedRect(ground, radius::kSmall, radius::kSmall);
  }
  if ((option.state & QStyle::State_HasFocus) && (option.state & QStyle::State_KeyboardFocusChange)) {
    painter.setPen(QPen(colors.accent, 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(ground.adjusted(1, 1, -1, -1), radius::kSmall, radius::kSmall);
  }
}

}  // namespace

ConversationDelegate::ConversationDelegate(const Theme& theme, QObject* parent)
    : QStyledItemDelegate(parent), theme_(theme) {}

QSize ConversationDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const bool heading = index.data(ConversationListModel::KindRole).toInt() == ConversationListModel::Heading;
  return {option.rect.width(), std::max(heading ? kHeadingHeight : kRowHeight, option.fontMetrics.height() + 14)};
}

void ConversationDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                                 const QModelIndex& index) const {
  const Colors& colors = theme_.colors();
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  QRect text_rect = option.rect.adjusted(kOuterInset + kInnerInset, 0, -kOuterInset - kInnerInset, 0);
  if (index.data(ConversationListModel::KindRole).toInt() == ConversationListModel::Heading) {
    painter->setFont(theme_.font(Type::Caption));
    painter->setPen(colors.text_muted);
    painter->drawText(text_rect.adjusted(0, 0, 0, -6), Qt::AlignLeft | Qt::AlignBottom, index.data().toString());
    painter->restore();
    return;
  }
  paint_ground(*painter, theme_, option);
  const int activity = index.data(ConversationListModel::ActivityRole).toInt();
  if (activity != ConversationListModel::Idle) {
    paint_activity(*painter, text_rect, activity);
    text_rect.setRight(text_rect.right() - 18);
  }
  if (index.data(ConversationListModel::KindRole).toInt() == ConversationListModel::Recording) {
    const int top = text_rect.center().y() - kSymbol / 2;
    theme_.paint_icon(*painter, QRectF(text_rect.left(), top, kSymbol, kSymbol), Icon::Sound, colors.text_muted);
    text_rect.setLeft(text_rect.left() + kSymbol + space::kSmall);
  }
  painter->setFont(option.font);
  painter->setPen(colors.text);
  const QString title = option.fontMetrics.elidedText(index.data().toString(), Qt::ElideRight, text_rect.width());
  painter->drawText(text_rect, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine, title);
  painter->restore();
}

// A ring while it works, a filled dot where something waits for the user.
void ConversationDelegate::paint_activity(QPainter& painter, const QRect& row, int activity) const {
  const Colors& colors = theme_.colors();
  const QRectF dot(row.right() - 8, row.center().y() - 3.5, 8, 8);
  if (activity == ConversationListModel::Running) {
    painter.setPen(QPen(colors.accent, 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawEllipse(dot.adjusted(1, 1, -1, -1));
    return;
  }
  painter.setPen(Qt::NoPen);
  painter.setBrush(activity == ConversationListModel::NeedsAnswer ? colors.warning : colors.accent);
  painter.drawEllipse(dot);
}

QWidget* ConversationDelegate::createEditor(QWidget* parent, const QStyleOptionViewItem&, const QModelIndex&) const {
  auto* editor = new QLineEdit(parent);
  editor->setObjectName("renameEdit");
  editor->setTextMargins(6, 0, 6, 0);
  editor->setAccessibleName(tr("Title"));
  editor->setToolTip(tr("Return renames, Esc leaves it as it was"));
  return editor;
}

void ConversationDelegate::updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option,
                                                const QModelIndex&) const {
  editor->setGeometry(option.rect.adjusted(kOuterInset, 1, -kOuterInset, -1));
}

// The title changes when the store has it, not before.
void ConversationDelegate::setModelData(QWidget* editor, QAbstractItemModel*, const QModelIndex& index) const {
  const QString title = static_cast<QLineEdit*>(editor)->text().simplified();
  if (title.isEmpty() || title == index.data().toString()) return;
  const qlonglong id = index.data(ConversationListModel::IdRole).toLongLong();
  if (index.data(ConversationListModel::KindRole).toInt() == ConversationListModel::Recording) {
    emit recordingRenamed(id, title);
  } else {
    emit renamed(id, title);
  }
}

SearchDelegate::SearchDelegate(const Theme& theme, QObject* parent) : QStyledItemDelegate(parent), theme_(theme) {}

// At most two lines, with the matches marked.
void SearchDelegate::lay_out(QTextLayout& layout, const QString& snippet, int width) const {
  QList<QTextLayout::FormatRange> marks;
  QString plain;
  qsizetype open = -1;
  for (const QChar c : snippet.simplified()) {
    if (c == QChar(0x2068)) {
      open = plain.size();
    } else if (c == QChar(0x2069)) {
      QTextCharFormat marked;
      marked.setBackground(theme_.colors().marked);
      marked.setForeground(theme_.colors().text);
      if (open >= 0)
        marks << QTextLayout::FormatRange{static_cast<int>(open), static_cast<int>(plain.size() - open), marked};
      open = -1;
    } else {
      plain += c;
    }
  }
  layout.setText(plain);
  layout.setFont(theme_.font(Type::Caption));
  layout.setFormats(marks);
  layout.beginLayout();
  double y = 0;
  for (int row = 0; row < 2; ++row) {
    QTextLine line = layout.createLine();
    if (!line.isValid()) break;
    line.setLineWidth(width);
    line.setPosition(QPointF(0, y));
    y += line.height();
  }
  layout.endLayout();
}

QRect SearchDelegate::inner_rect(const QRect& row) {
  return row.adjusted(kOuterInset + kInnerInset, 8, -kOuterInset - kInnerInset, -8);
}

QSize SearchDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const auto* view = qobject_cast<const QAbstractItemView*>(option.widget);
  const int width = view == nullptr ? option.rect.width() : view->viewport()->width();
  QTextLayout layout;
  lay_out(layout, index.data(SearchModel::SnippetRole).toString(), inner_rect(QRect(0, 0, width, 0)).width());
  return {width,
          option.fontMetrics.lineSpacing() + 2 + static_cast<int>(std::ceil(layout.boundingRect().height())) + 16};
}

void SearchDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  paint_ground(*painter, theme_, option);
  const QRect inner = inner_rect(option.rect);
  painter->setFont(option.font);
  painter->setPen(theme_.colors().text);
  const int line = option.fontMetrics.lineSpacing();
  painter->drawText(QRect(inner.left(), inner.top(), inner.width(), line), Qt::AlignLeft | Qt::TextSingleLine,
                    option.fontMetrics.elidedText(index.data().toString(), Qt::ElideRight, inner.width()));
  QTextLayout layout;
  lay_out(layout, index.data(SearchModel::SnippetRole).toString(), inner.width());
  painter->setPen(theme_.colors().text_muted);
  layout.draw(painter, inner.topLeft() + QPoint(0, line + 2));
  painter->restore();
}

}  // namespace facet::ui
