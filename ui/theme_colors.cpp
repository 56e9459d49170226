#include "ui/theme.h"

namespace facet::ui {

Colors light_colors() {
  Colors colors;
  colors.canvas = QColor(0xff, 0xff, 0xff);
  colors.sidebar = QColor(0xf5, 0xf5, 0xf2);
  colors.surface = QColor(0xff, 0xff, 0xff);
  colors.surface_sunken = QColor(0xf4, 0xf4, 0xf1);
  colors.hover = QColor(0xeb, 0xeb, 0xe7);
  colors.selected = QColor(0xe3, 0xe5, 0xe0);
  colors.border = QColor(0xe4, 0xe4, 0xdf);
  colors.border_strong = QColor(0xcf, 0xcf, 0xc9);
  colors.text = QColor(0x1e, 0x1f, 0x1d);
  colors.text_muted = QColor(0x62, 0x64, 0x5f);
  colors.accent = QColor(0x0b, 0x6b, 0x66);
  colors.accent_hover = QColor(0x08, 0x58, 0x54);
  colors.on_accent = QColor(0xff, 0xff, 0xff);
  colors.accent_soft = QColor(0xe4, 0xf1, 0xef);
  colors.danger = QColor(0xb3, 0x26, 0x1e);
  colors.danger_soft = QColor(0xfb, 0xec, 0xea);
  colors.warning = QColor(0x8a, 0x54, 0x00);
  colors.warning_soft = QColor(0xfd, 0xf4, 0xe1);
  colors.success = QColor(0x1f, 0x7a, 0x3d);
  colors.marked = QColor(0xff, 0xe8, 0xa3);
  colors.selection = QColor(0xbf, 0xe0, 0xdc);
  colors.scroll_thumb = QColor(0xc6, 0xc7, 0xc1);
  colors.code_keyword = QColor(0x7a, 0x32, 0x8f);
  colors.code_string = QColor(0x2c, 0x6e, 0x2f);
  colors.code_number = QColor(0x9a, 0x4a, 0x00);
  colors.code_comment = QColor(0x66, 0x6a, 0x66);
  colors.code_type = QColor(0x0b, 0x61, 0x8f);
  return colors;
}

Colors dark_colors() {
  Colors colors;
  colors.canvas = QColor(0x1b, 0x1c, 0x1d);
  colors.sidebar = QColor(0x15, 0x16, 0x17);
  colors.surface = QColor(0x23, 0x25, 0x26);
  colors.surface_sunken = QColor(0x27, 0x29, 0x2a);
  colors.hover = QColor(0x2b, 0x2d, 0x2e);
  colors.selected = QColor(0x2f, 0x33, 0x33);
  colors.border = QColor(0x33, 0x36, 0x37);
  colors.border_strong = QColor(0x47, 0x4b, 0x4c);
  colors.text = QColor(0xec, 0xed, 0xea);
  colors.text_muted = QColor(0xa5, 0xa8, 0xa4);
  colors.accent = QColor(0x5c, 0xc8, 0xbe);
  colors.accent_hover = QColor(0x7d, 0xd8, 0xcf);
  colors.on_accent = QColor(0x06, 0x2b, 0x28);
  colors.accent_soft = QColor(0x1c, 0x33, 0x32);
  colors.danger = QColor(0xf2, 0x8b, 0x82);
  colors.danger_soft = QColor(0x3b, 0x22, 0x21);
  colors.warning = QColor(0xe9, 0xb8, 0x5c);
  colors.warning_soft = QColor(0x36, 0x2c, 0x1a);
  colors.success = QColor(0x7f, 0xcf, 0x97);
  colors.marked = QColor(0x5c, 0x4d, 0x17);
  colors.selection = QColor(0x27, 0x57, 0x53);
  colors.scroll_thumb = QColor(0x4c, 0x50, 0x51);
  colors.code_keyword = QColor(0xd2, 0xa3, 0xe6);
  colors.code_string = QColor(0xa2, 0xd1, 0x9a);
  colors.code_number = QColor(0xec, 0xb3, 0x7e);
  colors.code_comment = QColor(0x97, 0x9c, 0x98);
  colors.code_type = QColor(0x8a, 0xc4, 0xec);
  return colors;
}

Colors with_high_contrast(Colors colors) {
  const bool dark = colors.canvas.lightness() < 128;
  const QColor ink = dark ? QColor(Qt::white) : QColor(Qt::black);
  const QColor paper = dark ? QColor(Qt::black) : QColor(Qt::white);
  colors.canvas = colors.sidebar = colors.surface = paper;
  colors.text = ink;
  colors.text_muted = blend(ink, paper, 0.15);
  colors.border = colors.border_strong = blend(ink, paper, 0.3);
  colors.scroll_thumb = blend(ink, paper, 0.4);
  for (QColor* role : {&colors.accent, &colors.danger, &colors.warning, &colors.success, &colors.code_keyword,
                       &colors.code_string, &colors.code_number, &colors.code_comment, &colors.code_type}) {
    *role = blend(*role, ink, 0.35);
  }
  return colors;
}

QColor blend(const QColor& first, const QColor& second, double amount) {
  const auto mix = [amount](int from, int to) { return static_cast<int>(from + (to - from) * amount + 0.5); };
  return QColor(mix(first.red(), second.red()), mix(first.green(), second.green()), mix(first.blue(), second.blue()),
                mix(first.alpha(), second.alpha()));
}

}  // namespace facet::ui
