#include "ui/widgets/context_gauge.h"

#include <QLocale>
#include <QPainter>
#include <algorithm>

namespace facet::ui {
namespace {

constexpr int kRing = 16;
constexpr double kNearlyFull = 0.8;

}  // namespace

ContextGauge::ContextGauge(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setObjectName("contextGauge");
  setFont(theme.font(Type::Caption));
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  set_usage(0, 0);
}

void ContextGauge::set_usage(qint64 used_tokens, qint64 limit_tokens) {
  used_ = used_tokens;
  limit_ = limit_tokens;
  const QLocale locale;
  const QString sentence = tr("Context: %1 of %2 tokens used").arg(locale.toString(used_), locale.toString(limit_));
  setAccessibleName(sentence);
  setToolTip(sentence);
  setVisible(limit_ > 0);
  updateGeometry();
  update();
}

double ContextGauge::share() const {
  return limit_ <= 0 ? 0 : std::clamp(static_cast<double>(used_) / static_cast<double>(limit_), 0.0, 1.0);
}

QString ContextGauge::percent() const {
  const int value = used_ > 0 ? std::max(1, static_cast<int>(share() * 100 + 0.5)) : 0;
  return tr("%1 %").arg(value);
}

QSize ContextGauge::sizeHint() const {
  return {kRing + 6 + fontMetrics().horizontalAdvance(tr("%1 %").arg(100)), size::kControl};
}

void ContextGauge::paintEvent(QPaintEvent*) {
  const Colors& colors = theme_.colors();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QString text = percent();
  const int text_width = fontMetrics().horizontalAdvance(text);
  const double left = width() - text_width - 6 - kRing;
  const QRectF ring = QRectF(left, (height() - kRing) / 2.0, kRing, kRing).adjusted(1.5, 1.5, -1.5, -1.5);
  painter.setPen(QPen(colors.border_strong, 2.5));
  painter.drawEllipse(ring);
  QPen arc(share() >= kNearlyFull ? colors.warning : colors.accent, 2.5);
  arc.setCapStyle(Qt::RoundCap);
  painter.setPen(arc);
  if (used_ > 0) painter.drawArc(ring, 90 * 16, -std::max(1, static_cast<int>(share() * 360 * 16)));
  painter.setPen(colors.text_muted);
  painter.drawText(QRect(width() - text_width, 0, text_width + 1, height()), Qt::AlignVCenter | Qt::TextSingleLine,
                   text);
}

}  // namespace facet::ui
