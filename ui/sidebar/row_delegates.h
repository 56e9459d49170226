#pragma once

#include <QStyledItemDelegate>

#include "ui/theme.h"

class QTextLayout;

namespace facet::ui {

// Paints a row of the list of conversations: a heading, or a title with a mark for what goes on in it.
class ConversationDelegate : public QStyledItemDelegate {
  Q_OBJECT

 public:
  explicit ConversationDelegate(const Theme& theme, QObject* parent = nullptr);

  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  void updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option,
                            const QModelIndex& index) const override;
  void setModelData(QWidget* editor, QAbstractItemModel* model, const QModelIndex& index) const override;

 signals:
  void renamed(qlonglong conversation, const QString& title) const;
  void recordingRenamed(qlonglong recording, const QString& title) const;

 private:
  void paint_activity(QPainter& painter, const QRect& row, int activity) const;

  const Theme& theme_;
};

// Paints what a search found: the title, and the passage with its matches marked.
class SearchDelegate : public QStyledItemDelegate {
  Q_OBJECT

 public:
  explicit SearchDelegate(const Theme& theme, QObject* parent = nullptr);

  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

 private:
  void lay_out(QTextLayout& layout, const QString& snippet, int width) const;
  static QRect inner_rect(const QRect& row);

  const Theme& theme_;
};

}  // namespace facet::ui
