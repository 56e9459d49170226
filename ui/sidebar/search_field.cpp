#include "ui/sidebar/search_field.h"

#include <QPainter>

#include "ui/widgets/buttons.h"

namespace facet::ui {
namespace {

constexpr int kHeight = 34;
constexpr int kClear = 24;

}  // namespace

SearchField::SearchField(const Theme& theme, QWidget* parent) : QLineEdit(parent), theme_(theme) {
  setObjectName("searchEdit");
  setPlaceholderText(tr("Search"));
  setAccessibleName(tr("Search in all conversations"));
  setToolTip(
      tr("Search in all conversations (%1)").arg(QKeySequence(QKeySequence::Find).toString(QKeySequence::NativeText)));
  setFont(theme.font(Type::Small));
  setFixedHeight(kHeight);
  setFrame(true);
  setTextMargins(26, 0, kClear, 0);
  clear_ = new IconButton(theme, Icon::Close, tr("Clear the search"), this);
  clear_->set_diameter(kClear, 14);
  clear_->hide();
  connect(clear_, &QToolButton::clicked, this, &QLineEdit::clear);
  connect(this, &QLineEdit::textChanged, this, [this](const QString& text) { clear_->setVisible(!text.isEmpty()); });
}

void SearchField::resizeEvent(QResizeEvent* event) {
  QLineEdit::resizeEvent(event);
  clear_->setGeometry(width() - kClear - 5, (height() - kClear) / 2, kClear, kClear);
}

void SearchField::paintEvent(QPaintEvent* event) {
  QLineEdit::paintEvent(event);
  QPainter painter(this);
  const double top = (height() - size::kIconSmall) / 2.0;
  theme_.paint_icon(painter, QRectF(9, top, size::kIconSmall, size::kIconSmall), Icon::Search,
                    theme_.colors().text_muted);
}

}  // namespace facet::ui
