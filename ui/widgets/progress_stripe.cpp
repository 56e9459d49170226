#include "ui/widgets/progress_stripe.h"

#include <QPainter>
#include <algorithm>

namespace facet::ui {

ProgressStripe::ProgressStripe(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setFixedHeight(space::kTiny);
  setAccessibleName(tr("Progress"));
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void ProgressStripe::set_part(double part) {
  part_ = std::clamp(part, 0.0, 1.0);
  setAccessibleDescription(tr("%1 percent").arg(qRound(100 * part_)));
  update();
}

void ProgressStripe::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  const QRectF whole(rect());
  const double corner = whole.height() / 2;
  painter.setBrush(theme_.colors().border);
  painter.drawRoundedRect(whole, corner, corner);
  painter.setBrush(theme_.colors().accent);
  if (part_ > 0)
    painter.drawRoundedRect(QRectF(0, 0, std::max(whole.width() * part_, 2 * corner), whole.height()), corner, corner);
}

}  // namespace facet::ui
