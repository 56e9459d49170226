#include "ui/widgets/banner.h"

#include <QHBoxLayout>
#include <QPainter>

#include "ui/widgets/buttons.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {

Banner::Banner(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(space::kMedium, 6, 6, 6);
  row->setSpacing(space::kSmall);
  icon_ = new IconView(theme, Icon::Info, &Colors::accent, size::kIconSmall, this);
  text_ = new ThemedText(theme, Type::Small, &Colors::text, this);
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  action_ = new TextButton(theme, {}, TextButton::Look::Secondary, this);
  action_->setFont(theme.font(Type::Small));
  close_ = new IconButton(theme, Icon::Close, tr("Dismiss"), this);
  close_->set_diameter(28, 14);
  row->addWidget(icon_);
  row->addWidget(text_, 1);
  row->addWidget(action_);
  row->addWidget(close_);
  connect(action_, &QPushButton::clicked, this, &Banner::actionTriggered);
  connect(close_, &QToolButton::clicked, this, [this] {
    hide();
    emit closed();
  });
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  hide();
}

void Banner::set_content(Kind kind, const QString& text, const QString& action) {
  kind_ = kind;
  text_->setText(text);
  setAccessibleName(text);
  action_->setText(action);
  action_->setAccessibleName(action);
  action_->setToolTip(action);
  action_->setVisible(!action.isEmpty());
  switch (kind) {
    case Kind::Information:
      icon_->set_icon(Icon::Info, &Colors::accent);
      break;
    case Kind::Warning:
      icon_->set_icon(Icon::Warning, &Colors::warning);
      break;
    case Kind::Error:
      icon_->set_icon(Icon::Warning, &Colors::danger);
      break;
  }
  show();
  update();
}

void Banner::paintEvent(QPaintEvent*) {
  const Colors& colors = theme_.colors();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(kind_ == Kind::Information ? colors.accent_soft
                   : kind_ == Kind::Warning   ? colors.warning_soft
                                              : colors.danger_soft);
  painter.drawRoundedRect(rect(), radius::kMedium, radius::kMedium);
}

}  // namespace facet::ui
