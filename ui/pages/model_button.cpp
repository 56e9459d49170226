#include "ui/pages/model_button.h"

#include <QFocusEvent>
#include <QKeyEvent>
#include <QPainter>

#include "ui/widgets/buttons.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {
namespace {

constexpr int kInset = 10;
constexpr int kMark = 16;

}  // namespace

ModelButton::ModelButton(const Theme& theme, QWidget* parent) : QAbstractButton(parent), theme_(theme) {
  setObjectName("modelLabel");
  setFont(theme.font(Type::Small));
  setCursor(Qt::PointingHandCursor);
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
  spinner_ = new Spinner(theme, this);
  set_model(State::Loading, tr("Loading the model"), {});
}

void ModelButton::set_model(State state, const QString& name, const QString& device) {
  state_ = state;
  device_ = device;
  setText(name);
  spinner_->setVisible(state == State::Loading);
  setAccessibleName(device.isEmpty() ? name : tr("%1 on %2").arg(name, device));
  setToolTip(device.isEmpty() ? tr("The model that answers; click to change it")
                              : tr("%1 on %2; click to change the model").arg(name, device));
  updateGeometry();
  update();
}

QSize ModelButton::sizeHint() const {
  int width = 2 * kInset + kMark + 4 + fontMetrics().horizontalAdvance(text()) + 4 + size::kIconSmall;
  if (!device_.isEmpty()) width += fontMetrics().horizontalAdvance(device_) + space::kSmall;
  return {width, size::kControl};
}

QSize ModelButton::minimumSizeHint() const {
  return {2 * kInset + kMark + 4 + fontMetrics().horizontalAdvance(text()) + 4 + size::kIconSmall, size::kControl};
}

void ModelButton::resizeEvent(QResizeEvent*) {
  spinner_->setGeometry(kInset - 2, (height() - kMark) / 2, kMark, kMark);
}

void ModelButton::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
    click();
  } else {
    QAbstractButton::keyPressEvent(event);
  }
}

void ModelButton::focusInEvent(QFocusEvent* event) {
  focus_by_key_ = comes_by_key(*event);
  QAbstractButton::focusInEvent(event);
}

void ModelButton::paintEvent(QPaintEvent*) {
  const Colors& colors = theme_.colors();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  if (underMouse() || isDown()) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(isDown() ? colors.selected : colors.hover);
    painter.drawRoundedRect(rect(), radius::kSmall, radius::kSmall);
  }
  if (state_ != State::Loading) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(state_ == State::Ready ? colors.success : colors.danger);
    painter.drawEllipse(QRectF(kInset + 2, height() / 2.0 - 4, 8, 8));
  }
  int left = kInset + kMark + 4;
  const int right = width() - kInset - size::kIconSmall - 2;
  painter.setPen(colors.text);
  const QString name = fontMetrics().elidedText(text(), Qt::ElideRight, right - left);
  painter.drawText(QRect(left, 0, right - left, height()), Qt::AlignVCenter | Qt::TextSingleLine, name);
  left += fontMetrics().horizontalAdvance(name) + space::kSmall;
  if (!device_.isEmpty() && right - left > 30) {
    painter.setPen(colors.text_muted);
    painter.drawText(QRect(left, 0, right - left, height()), Qt::AlignVCenter | Qt::TextSingleLine,
                     fontMetrics().elidedText(device_, Qt::ElideRight, right - left));
  }
  const QRectF arrow(width() - kInset - size::kIconSmall + 2, (height() - size::kIconSmall) / 2.0, size::kIconSmall,
                     size::kIconSmall);
  theme_.paint_icon(painter, arrow, Icon::ChevronDown, colors.text_muted);
  if (hasFocus() && focus_by_key_) {
    painter.setPen(QPen(colors.accent, 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), radius::kSmall, radius::kSmall);
  }
}

}  // namespace facet::ui
