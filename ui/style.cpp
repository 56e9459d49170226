#include "ui/style.h"

#include <QPainter>
#include <QPainterPath>
#include <QScrollBar>
#include <QStyleFactory>
#include <QStyleOption>

#include "ui/theme.h"

namespace facet::ui {
namespace {

constexpr int kMenuRow = 32;
constexpr int kMenuGutter = 30;  // room for the check mark

void fill_rounded(QPainter& painter, const QRectF& rect, double corner, const QColor& fill, const QColor& edge) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(edge.isValid() ? QPen(edge, 1) : QPen(Qt::NoPen));
  painter.setBrush(fill);
  painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), corner, corner);
  painter.restore();
}

}  // namespace

Style::Style(const Theme& theme) : QProxyStyle(QStyleFactory::create("Fusion")), theme_(theme) {}

void Style::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                          const QWidget* widget) const {
  const Colors& colors = theme_.colors();
  switch (element) {
    case PE_PanelButtonCommand:
      draw_button(*option, *painter);
      return;
    case PE_PanelLineEdit:
    case PE_FrameLineEdit:
      // One without an edge shows it with the keyboard alone.
      if (const auto* frame = qstyleoption_cast<const QStyleOptionFrame*>(option);
          frame != nullptr && frame->lineWidth <= 0 && !(option->state & State_HasFocus))
        return;
      draw_field(*option, *painter);
      return;
    case PE_FrameMenu:
    case PE_PanelMenu:
      painter->fillRect(option->rect, colors.surface);
      painter->setPen(colors.border_strong);
      painter->drawRect(option->rect.adjusted(0, 0, -1, -1));
      return;
    case PE_PanelTipLabel:
      painter->fillRect(option->rect, colors.text);
      return;
    case PE_FrameFocusRect:
      painter->save();
      painter->setRenderHint(QPainter::Antialiasing);
      painter->setPen(QPen(colors.accent, 2));
      painter->setBrush(Qt::NoBrush);
      painter->drawRoundedRect(QRectF(option->rect).adjusted(1, 1, -1, -1), radius::kSmall, radius::kSmall);
      painter->restore();
      return;
    default:
      QProxyStyle::drawPrimitive(element, option, painter, widget);
  }
}

// Buttons of dialogs; those of the window paint themselves.
void Style::draw_button(const QStyleOption& option, QPainter& painter) const {
  const Colors& colors = theme_.colors();
  const auto* button = qstyleoption_cast<const QStyleOptionButton*>(&option);
  const bool is_default = button != nullptr && (button->features & QStyleOptionButton::DefaultButton);
  const bool hovered = option.state & State_MouseOver;
  QColor fill = hovered ? colors.hover : colors.surface;
  if (option.state & State_Sunken) fill = colors.selected;
  fill_rounded(painter, option.rect, radius::kSmall, fill, is_default ? colors.accent : colors.border_strong);
}

void Style::draw_field(const QStyleOption& option, QPainter& painter) const {
  const Colors& colors = theme_.colors();
  const bool focused = option.state & State_HasFocus;
  fill_rounded(painter, option.rect, radius::kSmall, colors.surface, focused ? colors.accent : colors.border_strong);
}

void Style::drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                        const QWidget* widget) const {
  const Colors& colors = theme_.colors();
  switch (element) {
    case CE_MenuItem:
      if (const auto* item = qstyleoption_cast<const QStyleOptionMenuItem*>(option)) {
        draw_menu_item(*item, *painter);
        return;
      }
      break;
    case CE_MenuEmptyArea:
      painter->fillRect(option->rect, colors.surface);
      return;
    case CE_Splitter:
      painter->fillRect(option->rect, colors.border);
      return;
    default:
      break;
  }
  QProxyStyle::drawControl(element, option, painter, widget);
}

void Style::draw_menu_item(const QStyleOptionMenuItem& item, QPainter& painter) const {
  const Colors& colors = theme_.colors();
  if (item.menuItemType == QStyleOptionMenuItem::Separator) {
    const int y = item.rect.center().y();
    painter.fillRect(item.rect.left() + space::kMedium, y, item.rect.width() - 2 * space::kMedium, 1, colors.border);
    return;
  }
  const bool enabled = item.state & State_Enabled;
  if ((item.state & State_Selected) && enabled) {
    fill_rounded(painter, item.rect.adjusted(space::kTiny, 1, -space::kTiny, -1), radius::kSmall, colors.hover, {});
  }
  painter.save();
  painter.setFont(item.font);
  painter.setPen(enabled ? colors.text : colors.text_muted);
  const QRect text_rect = item.rect.adjusted(kMenuGutter, 0, -space::kLarge, 0);
  const QStringList columns = item.text.split('\t');
  painter.drawText(text_rect, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextShowMnemonic | Qt::TextSingleLine,
                   columns.value(0));
  painter.setPen(colors.text_muted);
  painter.drawText(text_rect, Qt::AlignRight | Qt::AlignVCenter | Qt::TextSingleLine, columns.value(1));
  const QRectF mark(item.rect.left() + 9, item.rect.center().y() - 7, 15, 15);
  if (item.checked) theme_.paint_icon(painter, mark, Icon::Check, colors.text);
  if (item.menuItemType == QStyleOptionMenuItem::SubMenu) {
    const QRectF arrow(item.rect.right() - 22, item.rect.center().y() - 7, 15, 15);
    theme_.paint_icon(painter, arrow, Icon::ChevronRight, colors.text_muted);
  }
  painter.restore();
}

void Style::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                               const QWidget* widget) const {
  if (control == CC_ScrollBar) {
    draw_scroll_bar(*option, *painter, widget);
  } else {
    QProxyStyle::drawComplexControl(control, option, painter, widget);
  }
}

// A thumb without a groove, so that a scroll bar is no line through the page.
void Style::draw_scroll_bar(const QStyleOptionComplex& option, QPainter& painter, const QWidget* widget) const {
  const Colors& colors = theme_.colors();
  const auto* slider = qstyleoption_cast<const QStyleOptionSlider*>(&option);
  if (slider == nullptr || slider->minimum == slider->maximum) return;
  QRectF thumb = subControlRect(CC_ScrollBar, slider, SC_ScrollBarSlider, widget);
  const double inset = 3;
  thumb =
      slider->orientation == Qt::Vertical ? thumb.adjusted(inset, 2, -inset, -2) : thumb.adjusted(2, inset, -2, -inset);
  const bool active = (option.state & State_MouseOver) || (option.activeSubControls & SC_ScrollBarSlider);
  const QColor color = active ? blend(colors.scroll_thumb, colors.text_muted, 0.6) : colors.scroll_thumb;
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(color);
  const double corner = std::min(thumb.width(), thumb.height()) / 2;
  painter.drawRoundedRect(thumb, corner, corner);
  painter.restore();
}

int Style::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const {
  switch (metric) {
    case PM_ScrollBarExtent:
      return 12;
    case PM_ScrollBarSliderMin:
      return 32;
    case PM_MenuPanelWidth:
      return 1;
    case PM_MenuVMargin:
      return 4;
    case PM_MenuHMargin:
      return 0;
    case PM_SplitterWidth:
      return 1;
    case PM_ToolTipLabelFrameWidth:
      return 6;
    case PM_DefaultFrameWidth:
      return 1;
    default:
      return QProxyStyle::pixelMetric(metric, option, widget);
  }
}

int Style::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget, QStyleHintReturn* data) const {
  switch (hint) {
    case SH_ScrollBar_Transient:
    case SH_DialogButtonBox_ButtonsHaveIcons:
    case SH_ItemView_ShowDecorationSelected:
      return 0;
    case SH_ToolTip_WakeUpDelay:
      return 500;
    case SH_ToolTipLabel_Opacity:
      return 255;
    default:
      return QProxyStyle::styleHint(hint, option, widget, data);
  }
}

QSize Style::sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& contents,
                              const QWidget* widget) const {
  QSize result = QProxyStyle::sizeFromContents(type, option, contents, widget);
  if (type == CT_MenuItem) {
    const auto* item = qstyleoption_cast<const QStyleOptionMenuItem*>(option);
    if (item != nullptr && item->menuItemType == QStyleOptionMenuItem::Separator) return {contents.width(), 9};
    const bool has_shortcut = item != nullptr && item->text.contains('\t');
    result = QSize(contents.width() + kMenuGutter + space::kLarge + (has_shortcut ? space::kHuge : 0), kMenuRow);
  } else if (type == CT_PushButton) {
    result = QSize(std::max(result.width(), 88), size::kControl);
  }
  return result;
}

}  // namespace facet::ui
