#include "ui/blocks/approval_card.h"

#include <QPainter>
#include <QVBoxLayout>

#include "ui/blocks/mono_view.h"
#include "ui/phrases.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {
namespace {

constexpr int kEffectHeight = 320;

}  // namespace

ApprovalCard::ApprovalCard(const BlockContext& context, QWidget* parent) : QWidget(parent), context_(context) {
  setObjectName("approvalCard");
  setFocusPolicy(Qt::StrongFocus);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(space::kLarge, space::kMedium, space::kLarge, space::kLarge);
  column->setSpacing(space::kMedium);

  reason_ = new ThemedText(context.theme, Type::Body, &Colors::text, this);
  column->addWidget(reason_);

  auto* well = new Card(context.theme, &Colors::surface, &Colors::border, radius::kSmall, this);
  auto* inside = new QVBoxLayout(well);
  inside->setContentsMargins(space::kMedium, space::kSmall, space::kMedium, space::kSmall);
  effect_ = new MonoView(context.theme, MonoView::Wrap::Anywhere, well);
  effect_->set_maximum_height(kEffectHeight);
  effect_->setAccessibleName(tr("What would happen"));
  inside->addWidget(effect_);
  column->addWidget(well);

  auto* answers = new FlowLayout(space::kSmall);
  allow_once_ = new TextButton(context.theme, tr("Allow once"), TextButton::Look::Primary, this);
  allow_once_->setObjectName("approvalAllowOnce");
  allow_once_->setToolTip(tr("Let this one call run"));
  conversation_ = new TextButton(context.theme, tr("In this conversation"), TextButton::Look::Secondary, this);
  conversation_->setObjectName("approvalConversation");
  always_ = new TextButton(context.theme, QString(), TextButton::Look::Secondary, this);
  always_->setObjectName("approvalAlways");
  deny_ = new TextButton(context.theme, tr("Deny"), TextButton::Look::Secondary, this);
  deny_->setObjectName("approvalDeny");
  deny_->setToolTip(tr("Do not run it; the model is told so"));
  for (TextButton* button : {allow_once_, conversation_, always_, deny_})
    answers->addWidget(button);
  column->addLayout(answers);

  connect(allow_once_, &QPushButton::clicked, this, [this] { answer(agent::Decision::AllowOnce); });
  connect(conversation_, &QPushButton::clicked, this, [this] { answer(agent::Decision::AllowInConversation); });
  connect(always_, &QPushButton::clicked, this, [this] { answer(agent::Decision::AllowAlwaysHere); });
  connect(deny_, &QPushButton::clicked, this, [this] { answer(agent::Decision::Deny); });
}

void ApprovalCard::set_approval(const agent::Approval& approval) {
  approval_ = approval;
  const QString scope = QString::fromStdString(approval.scope);
  reason_->setText(QString::fromStdString(approval.reason));
  const QString effect = phrases::unmasked(QString::fromStdString(approval.effect_text));
  effect_->set_language(phrases::holds_diff(effect) ? "diff" : QString());
  effect_->set_text(effect);
  always_->setText(tr("Always in %1").arg(phrases::short_path(scope)));
  always_->setAccessibleName(always_->text());
  always_->setToolTip(tr("Allow this and everything like it inside %1 from now on").arg(scope));
  always_->setVisible(approval.offers_always);
  conversation_->setToolTip(tr("Allow this and everything like it inside %1, in this conversation").arg(scope));
  conversation_->setVisible(!scope.isEmpty());
  setAccessibleName(tr("Permission needed"));
  setAccessibleDescription(reason_->text() + ' ' + QString::fromStdString(approval.effect_text));
}

void ApprovalCard::answer(agent::Decision decision) {
  for (TextButton* button : {allow_once_, conversation_, always_, deny_})
    button->setEnabled(false);
  context_.submit(agent::AnswerApproval{approval_.id, decision});
}

void ApprovalCard::paintEvent(QPaintEvent*) {
  const Colors& colors = context_.theme.colors();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(hasFocus() ? QPen(colors.accent, 2) : QPen(Qt::NoPen));
  painter.setBrush(colors.warning_soft);
  painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), radius::kSmall, radius::kSmall);
}

}  // namespace facet::ui
