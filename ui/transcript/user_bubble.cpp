#include "ui/transcript/user_bubble.h"

#include <QPainter>
#include <algorithm>

#include "ui/blocks/prose_view.h"

namespace facet::ui {
namespace {

constexpr int kPaddingX = 16;
constexpr int kPaddingY = 10;
constexpr double kWidest = 0.82;  // of the column

}  // namespace

UserBubble::UserBubble(const BlockContext& context, QWidget* parent) : QWidget(parent), theme_(context.theme) {
  text_ = new ProseView(context, ProseView::Tone::Normal, this);
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
}

void UserBubble::set_text(const QString& text) {
  text_->set_plain_text(text);
  setAccessibleName(tr("Your message"));
  updateGeometry();
}

int UserBubble::text_width(int width) const {
  const int limit = std::max(80, static_cast<int>(width * kWidest) - 2 * kPaddingX);
  return text_->natural_width(limit);
}

int UserBubble::heightForWidth(int width) const {
  return text_->heightForWidth(text_width(width)) + 2 * kPaddingY;
}

QSize UserBubble::sizeHint() const {
  return {size::kColumn, heightForWidth(std::max(width(), 120))};
}

void UserBubble::resizeEvent(QResizeEvent*) {
  const int inner = text_width(width());
  text_->setGeometry(width() - kPaddingX - inner, kPaddingY, inner, text_->heightForWidth(inner));
}

void UserBubble::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(theme_.colors().surface_sunken);
  const QRectF bubble = QRectF(text_->geometry()).adjusted(-kPaddingX, -kPaddingY, kPaddingX, kPaddingY);
  painter.drawRoundedRect(bubble, 18, 18);
}

}  // namespace facet::ui
