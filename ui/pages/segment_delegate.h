#pragma once

#include <QStyledItemDelegate>

#include "ui/theme.h"

class QTextLayout;

namespace facet::ui {

// A row of a recording: when it is said, and what, on as many lines as it takes.
class SegmentDelegate : public QStyledItemDelegate {
  Q_OBJECT

 public:
  explicit SegmentDelegate(const Theme& theme, QObject* parent = nullptr);

  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;

 private:
  void lay_out(QTextLayout& layout, const QModelIndex& index, int width) const;

  const Theme& theme_;
};

}  // namespace facet::ui
