#include "ui/transcript/message_widget.h"

#include <QPainter>
#include <QVBoxLayout>
#include <QVariantAnimation>

#include "ui/models/transcript_model.h"
#include "ui/phrases.h"
#include "ui/transcript/user_bubble.h"
#include "ui/widgets/copy_button.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {
namespace {

constexpr int kFooterHeight = 28;
constexpr int kIconInset = 6;  // between the edge of the copy button and its symbol

// Cards stand close together; text keeps its distance from them.
int gap_between(const agent::Part& above, const agent::Part& below) {
  const auto is_text = [](const agent::Part& part) { return std::holds_alternative<agent::TextPart>(part.content); };
  return is_text(above) || is_text(below) ? space::kLarge : space::kSmall;
}

}  // namespace

MessageWidget::MessageWidget(const BlockContext& context, QWidget* parent) : QWidget(parent), context_(context) {
  column_ = new QVBoxLayout(this);
  column_->setContentsMargins(0, kOutset, 0, kOutset);
  column_->setSpacing(space::kSmall);
  parts_column_ = new QVBoxLayout;
  parts_column_->setContentsMargins(kOutset, 0, kOutset, 0);
  parts_column_->setSpacing(0);
  column_->addLayout(parts_column_);
}

void MessageWidget::set_message(const agent::Message& message) {
  const bool is_new = message_.id != message.id;
  message_ = message;
  if (message.role == agent::Role::User) {
    if (is_new) show_user_message();
  } else {
    show_parts();
    if (footer_ == nullptr) build_footer();
    refresh_footer();
  }
  const QString time = phrases::clock(message.created_ms);
  setAccessibleName(message.role == agent::Role::User ? tr("You, %1").arg(time) : tr("Answer, %1").arg(time));
}

// What the user wrote never changes.
void MessageWidget::show_user_message() {
  parts_column_->setSpacing(space::kTiny);
  QWidget* chips = nullptr;
  for (const agent::Part& part : message_.parts) {
    if (!std::holds_alternative<agent::AttachmentPart>(part.content)) continue;
    if (chips == nullptr) {
      chips = new QWidget(this);
      new FlowLayout(space::kTiny, chips);
      parts_column_->addWidget(chips, 0, Qt::AlignRight);
    }
    PartWidget* chip = make_part_widget(part, context_, chips);
    chip->set_part(part, PartWidget::Growth::Complete);
    chips->layout()->addWidget(chip);
  }
  const QString text = TranscriptModel::text_of(message_);
  if (text.isEmpty()) return;
  auto* bubble = new UserBubble(context_, this);
  bubble->set_text(text);
  bubble->setToolTip(phrases::moment(message_.created_ms));
  parts_column_->addWidget(bubble);
}

void MessageWidget::show_parts() {
  const bool streaming = message_.finish == agent::Finish::Streaming;
  for (std::size_t index = 0; index < message_.parts.size(); ++index) {
    const agent::Part& part = message_.parts[index];
    if (index >= parts_.size()) {
      if (index > 0) parts_column_->addSpacing(gap_between(message_.parts[index - 1], part));
      parts_.push_back(make_part_widget(part, context_, this));
      parts_column_->addWidget(parts_.back());
    }
    const bool growing = streaming && index + 1 == message_.parts.size();
    parts_[index]->set_part(part, growing ? PartWidget::Growth::Growing : PartWidget::Growth::Complete);
  }
}

void MessageWidget::build_footer() {
  footer_ = new QWidget(this);
  footer_->setFixedHeight(kFooterHeight);
  auto* outer = new QHBoxLayout(footer_);
  outer->setContentsMargins(kOutset - kIconInset, 0, kOutset, 0);
  footer_inside_ = new QWidget(footer_);
  outer->addWidget(footer_inside_);
  auto* row = new QHBoxLayout(footer_inside_);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(space::kSmall);
  copy_ = new CopyButton(
      context_.theme, tr("Copy answer"), [this] { return TranscriptModel::text_of(message_); }, footer_inside_);
  state_ = new ThemedLabel(context_.theme, Type::Caption, &Colors::text_muted, footer_inside_);
  time_ = new ThemedLabel(context_.theme, Type::Caption, &Colors::text_muted, footer_inside_);
  row->addWidget(copy_);
  row->addWidget(state_);
  row->addWidget(time_);
  row->addStretch(1);
  column_->addWidget(footer_);
}

void MessageWidget::refresh_footer() {
  footer_->setVisible(message_.finish != agent::Finish::Streaming);
  switch (message_.finish) {
    case agent::Finish::Streaming:
    case agent::Finish::Done:
      state_->set_full_text({});
      break;
    case agent::Finish::Length:
      state_->set_full_text(tr("Cut off at the length limit"));
      break;
    case agent::Finish::Stopped:
      state_->set_full_text(tr("Stopped"));
      break;
    case agent::Finish::Failed:
      state_->set_full_text(tr("Failed"));
      break;
  }
  copy_->setVisible(!TranscriptModel::text_of(message_).isEmpty());
  state_->setVisible(!state_->text().isEmpty());
  time_->set_full_text(phrases::clock(message_.created_ms));
  time_->setToolTip(phrases::moment(message_.created_ms));
  time_->setVisible(underMouse());
}

void MessageWidget::enterEvent(QEnterEvent*) {
  if (time_ != nullptr) time_->setVisible(true);
}

void MessageWidget::leaveEvent(QEvent*) {
  if (time_ != nullptr) time_->setVisible(false);
}

void MessageWidget::flash() {
  auto* fade = new QVariantAnimation(this);
  fade->setStartValue(100);
  fade->setEndValue(0);
  fade->setDuration(1600);
  connect(fade, &QVariantAnimation::valueChanged, this, [this](const QVariant& value) {
    flash_ = value.toInt();
    update();
  });
  fade->start(QAbstractAnimation::DeleteWhenStopped);
}

void MessageWidget::paintEvent(QPaintEvent*) {
  if (flash_ == 0) return;
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  QColor color = context_.theme.colors().marked;
  color.setAlpha(160 * flash_ / 100);
  painter.setBrush(color);
  painter.drawRoundedRect(rect(), radius::kLarge, radius::kLarge);
}

}  // namespace facet::ui
