#pragma once

#include <QProxyStyle>

class QStyleOptionMenuItem;

namespace facet::ui {

class Theme;

// How the toolkit's own controls look (scroll bars, menus, fields, tool tips, dialog buttons), drawn from the theme's
// colours. A style and not a style sheet: it costs nothing per widget and nothing when the theme changes.
class Style : public QProxyStyle {
  Q_OBJECT

 public:
  explicit Style(const Theme& theme);

  void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                     const QWidget* widget) const override;
  void drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                   const QWidget* widget) const override;
  void drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                          const QWidget* widget) const override;
  int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override;
  int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                QStyleHintReturn* data) const override;
  QSize sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& contents,
                         const QWidget* widget) const override;

 private:
  void draw_button(const QStyleOption& option, QPainter& painter) const;
  void draw_field(const QStyleOption& option, QPainter& painter) const;
  void draw_scroll_bar(const QStyleOptionComplex& option, QPainter& painter, const QWidget* widget) const;
  void draw_menu_item(const QStyleOptionMenuItem& item, QPainter& painter) const;

  const Theme& theme_;
};

}  // namespace facet::ui
