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
  set_usage({});
}

void ContextGauge::set_usage(const TranscriptModel::Context& context) {
  used_ = context.used_tokens;
  limit_ = context.limit_tokens;
  const QLocale locale;
  QStringList lines{tr("Context: %1 of %2 tokens used").arg(locale.toString(used_), locale.toString(limit_))};
  setAccessibleName(lines.first());
  if (context.reserved_tokens > 0) {
    const qint64 conversation = std::max<qint64>(used_ - context.system_tokens - context.tool_tokens, 0);
    lines << tr("%1 of them the system text").arg(locale.toString(context.system_tokens))
          << tr("%1 the tools").arg(locale.toString(context.tool_tokens))
          << tr("%1 the conversation").arg(locale.toString(conversation))
          << tr("%1 are kept free for the next answer").arg(locale.toString(context.reserved_tokens));
  }
  setToolTip(lines.join('\n'));
  setAccessibleDescription(lines.mid(1).join(QStringLiteral(", ")));
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
