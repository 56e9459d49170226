#include "ui/transcript/turn_status.h"

#include <QDateTime>
#include <QHBoxLayout>
#include <QLocale>
#include <QPainter>

#include "ui/widgets/small_widgets.h"

namespace facet::ui {
namespace {

constexpr qint64 kShowReadingAfterMs = 1000;
constexpr int kBarWidth = 160;

}  // namespace

TurnStatus::TurnStatus(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setFixedHeight(28);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(space::kSmall);
  spinner_ = new Spinner(theme, this);
  text_ = new ThemedLabel(theme, Type::Small, &Colors::text_muted, this);
  row->addWidget(spinner_);
  row->addWidget(text_);
  row->addStretch(1);
  timer_.setInterval(250);
  connect(&timer_, &QTimer::timeout, this, &TurnStatus::refresh);
  hide();
}

void TurnStatus::set_turn(const TranscriptModel::Turn& turn) {
  turn_ = turn;
  refresh();
}

void TurnStatus::refresh() {
  const bool taking_in = turn_.running && turn_.media_total > 0;
  const bool reading = turn_.running && turn_.prompt_total > 0 &&
                       QDateTime::currentMSecsSinceEpoch() - turn_.reading_since_ms >= kShowReadingAfterMs;
  // A part that grows shows by itself that something happens.
  const bool visible = turn_.running && !turn_.part_is_open;
  if (visible) {
    const QLocale locale;
    text_->set_full_text(
        reading
            ? tr("Reading %1 of %2 tokens").arg(locale.toString(turn_.prompt_done), locale.toString(turn_.prompt_total))
        : turn_.summary_total > 0 ? tr("Summarising the conversation so far, to make room")
        : taking_in               ? tr("Looking and listening: %1 of %2")
                          .arg(locale.toString(turn_.media_done + 1), locale.toString(turn_.media_total))
                    : tr("Working"));
  }
  // A prompt that is being read may cross the second without another event.
  if (turn_.running && turn_.prompt_total > 0) {
    timer_.start();
  } else {
    timer_.stop();
  }
  if (visible != isVisibleTo(parentWidget())) setVisible(visible);
  update();
}

void TurnStatus::paintEvent(QPaintEvent*) {
  if (turn_.prompt_total <= 0 || !text_->text().contains(QLocale().toString(turn_.prompt_total))) return;
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  const QRectF track(text_->geometry().right() + space::kMedium, height() / 2.0 - 2, kBarWidth, 4);
  painter.setBrush(theme_.colors().border);
  painter.drawRoundedRect(track, 2, 2);
  QRectF filled = track;
  filled.setWidth(track.width() * static_cast<double>(turn_.prompt_done) / static_cast<double>(turn_.prompt_total));
  painter.setBrush(theme_.colors().accent);
  painter.drawRoundedRect(filled, 2, 2);
}

}  // namespace facet::ui
