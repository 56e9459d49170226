#include "ui/theme.h"

#include <QApplication>
#include <QFile>
#include <QFontDatabase>
#include <QFontInfo>
#include <QPainter>
#include <QPalette>
#include <QPixmapCache>
#include <QSvgRenderer>
#include <QToolTip>
#include <algorithm>
#include <map>

#include "ui/desktop_appearance.h"
#include "ui/settings.h"
#include "ui/style.h"

// Outside of any namespace, as the macro demands: a static library's resources are linked only where they are named.
static void load_resources() {
  Q_INIT_RESOURCE(ui);
}

namespace facet::ui {
namespace {

const char* icon_file(Icon icon) {
  switch (icon) {
    case Icon::ArrowDown:
      return "arrow-down";
    case Icon::ArrowUp:
      return "arrow-up";
    case Icon::Attach:
      return "attach";
    case Icon::Check:
      return "check";
    case Icon::ChevronDown:
      return "chevron-down";
    case Icon::ChevronRight:
      return "chevron-right";
    case Icon::Clock:
      return "clock";
    case Icon::Close:
      return "close";
    case Icon::Code:
      return "code";
    case Icon::Compose:
      return "compose";
    case Icon::Copy:
      return "copy";
    case Icon::Cross:
      return "cross";
    case Icon::Edit:
      return "edit";
    case Icon::File:
      return "file";
    case Icon::Folder:
      return "folder";
    case Icon::Globe:
      return "globe";
    case Icon::Info:
      return "info";
    case Icon::List:
      return "list";
    case Icon::Logo:
      return "logo";
    case Icon::Menu:
      return "menu";
    case Icon::Model:
      return "model";
    case Icon::Picture:
      return "picture";
    case Icon::Plus:
      return "plus";
    case Icon::Screen:
      return "screen";
    case Icon::Search:
      return "search";
    case Icon::Shield:
      return "shield";
    case Icon::Sidebar:
      return "sidebar";
    case Icon::Sound:
      return "sound";
    case Icon::Stop:
      return "stop";
    case Icon::Terminal:
      return "terminal";
    case Icon::Thought:
      return "thought";
    case Icon::Tool:
      return "tool";
    case Icon::Trash:
      return "trash";
    case Icon::Video:
      return "video";
    case Icon::Warning:
      return "warning";
  }
  return "";
}

QByteArray icon_source(Icon icon) {
  QFile file(QStringLiteral(":/icons/%1.svg").arg(QLatin1String(icon_file(icon))));
  return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

Appearance appearance_from(const QString& name) {
  if (name == QLatin1String("light")) return Appearance::Light;
  if (name == QLatin1String("dark")) return Appearance::Dark;
  return Appearance::System;
}

QString name_of(Appearance appearance) {
  switch (appearance) {
    case Appearance::System:
      return QStringLiteral("system");
    case Appearance::Light:
      return QStringLiteral("light");
    case Appearance::Dark:
      return QStringLiteral("dark");
  }
  return {};
}

// The desktop's own font where it has chosen one; otherwise the best of those that are common. The colour emoji come
// last, because the toolkit draws them monochrome unless their family is named.
QStringList text_families() {
  const QString desktop = QFontInfo(QApplication::font()).family();
  QStringList families;
  if (!desktop.startsWith(QLatin1String("DejaVu"))) families << desktop;
  families << QStringLiteral("Inter") << QStringLiteral("Noto Sans") << QStringLiteral("DejaVu Sans")
           << QStringLiteral("Noto Color Emoji");
  families.removeDuplicates();
  return families;
}

QStringList mono_families() {
  return {QStringLiteral("JetBrains Mono"), QStringLiteral("Noto Sans Mono"), QStringLiteral("DejaVu Sans Mono"),
          QFontDatabase::systemFont(QFontDatabase::FixedFont).family(), QStringLiteral("Noto Color Emoji")};
}

QPalette palette_of(const Colors& colors) {
  QPalette palette;
  palette.setColor(QPalette::Window, colors.canvas);
  palette.setColor(QPalette::WindowText, colors.text);
  palette.setColor(QPalette::Base, colors.surface);
  palette.setColor(QPalette::AlternateBase, colors.surface_sunken);
  palette.setColor(QPalette::Text, colors.text);
  palette.setColor(QPalette::PlaceholderText, colors.text_muted);
  palette.setColor(QPalette::Button, colors.surface);
  palette.setColor(QPalette::ButtonText, colors.text);
  palette.setColor(QPalette::BrightText, colors.danger);
  palette.setColor(QPalette::ToolTipBase, colors.text);
  palette.setColor(QPalette::ToolTipText, colors.canvas);
  palette.setColor(QPalette::Highlight, colors.selection);
  palette.setColor(QPalette::HighlightedText, colors.text);
  palette.setColor(QPalette::Link, colors.accent);
  palette.setColor(QPalette::LinkVisited, colors.accent);
  palette.setColor(QPalette::Light, colors.surface);
  palette.setColor(QPalette::Midlight, colors.border);
  palette.setColor(QPalette::Mid, colors.border);
  palette.setColor(QPalette::Dark, colors.border_strong);
  palette.setColor(QPalette::Shadow, colors.border_strong);
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
    palette.setColor(QPalette::Disabled, role, blend(colors.text_muted, colors.canvas, 0.3));
  }
  return palette;
}

}  // namespace

struct Theme::State {
  Appearance appearance = Appearance::System;
  bool desktop_dark = false;
  bool fallback_dark = false;  // what the toolkit's own palette looked like before ours replaced it
  bool dark = false;
  bool high_contrast = false;
  Colors colors;
  QStringList text_families;
  QStringList mono_families;
  double base_points = 10.5;
  std::map<Icon, QByteArray> icon_sources;
};

Theme::Theme(QObject* parent) : QObject(parent), state_(std::make_unique<State>()) {
  load_resources();
  State& state = *state_;
  state.text_families = text_families();
  state.mono_families = mono_families();
  state.base_points = std::max(state.base_points, QApplication::font().pointSizeF());
  const QPalette before = QApplication::palette();
  state.fallback_dark = before.color(QPalette::Window).lightness() < before.color(QPalette::WindowText).lightness();

  const QSettings settings = window_settings();
  state.appearance = appearance_from(settings.value("appearance").toString());
  // The last answer of the desktop bridges the moment until the portal has answered again.
  state.desktop_dark = settings.value("desktop-dark", state.fallback_dark).toBool();
  state.dark = state.appearance == Appearance::Dark || (state.appearance == Appearance::System && state.desktop_dark);

  state.high_contrast = settings.value("high-contrast").toBool();

  QApplication::setStyle(new Style(*this));
  apply();

  auto* desktop = new DesktopAppearance(this);
  const auto follow = [this](bool dark) {
    state_->desktop_dark = dark;
    window_settings().setValue("desktop-dark", dark);
    set_appearance(state_->appearance);
  };
  connect(desktop, &DesktopAppearance::preferenceRead, this, follow);
  connect(desktop, &DesktopAppearance::preferenceAbsent, this, [this, follow] { follow(state_->fallback_dark); });
}

// The application's style draws from this theme, so it must not outlive it.
Theme::~Theme() {
  if (qobject_cast<Style*>(QApplication::style()) != nullptr) QApplication::setStyle(QStringLiteral("Fusion"));
}

Appearance Theme::appearance() const {
  return state_->appearance;
}

void Theme::set_appearance(Appearance appearance) {
  if (appearance != state_->appearance) window_settings().setValue("appearance", name_of(appearance));
  state_->appearance = appearance;
  const bool dark = appearance == Appearance::Dark || (appearance == Appearance::System && state_->desktop_dark);
  if (dark == state_->dark) return;
  state_->dark = dark;
  apply();
  emit changed();
}

bool Theme::has_high_contrast() const {
  return state_->high_contrast;
}

void Theme::set_high_contrast(bool high) {
  if (high == state_->high_contrast) return;
  window_settings().setValue("high-contrast", high);
  state_->high_contrast = high;
  apply();
  emit changed();
}

bool Theme::is_dark() const {
  return state_->dark;
}

const Colors& Theme::colors() const {
  return state_->colors;
}

void Theme::apply() {
  state_->colors = state_->dark ? dark_colors() : light_colors();
  if (state_->high_contrast) state_->colors = with_high_contrast(state_->colors);
  QApplication::setPalette(palette_of(state_->colors));
  QApplication::setFont(font(Type::Body));
  QToolTip::setPalette(QApplication::palette());
  QToolTip::setFont(font(Type::Small));
}

QFont Theme::font(Type type) const {
  const bool mono = type == Type::Mono || type == Type::MonoSmall;
  QFont font;
  font.setFamilies(mono ? state_->mono_families : state_->text_families);
  if (mono) font.setStyleHint(QFont::Monospace);
  const double base = state_->base_points;
  switch (type) {
    case Type::Caption:
      font.setPointSizeF(base - 1.5);
      break;
    case Type::Small:
      font.setPointSizeF(base - 0.75);
      break;
    case Type::Body:
      font.setPointSizeF(base);
      break;
    case Type::Strong:
      font.setPointSizeF(base);
      font.setWeight(QFont::DemiBold);
      break;
    case Type::Title:
      font.setPointSizeF(base + 1);
      font.setWeight(QFont::DemiBold);
      break;
    case Type::Display:
      font.setPointSizeF(base + 8);
      font.setWeight(QFont::DemiBold);
      break;
    case Type::Mono:
      font.setPointSizeF(base - 0.5);
      break;
    case Type::MonoSmall:
      font.setPointSizeF(base - 0.75);
      break;
  }
  return font;
}

QPixmap Theme::icon_pixmap(Icon icon, int logical_size, const QColor& color, qreal device_pixel_ratio) const {
  const int pixels = qRound(logical_size * device_pixel_ratio);
  const QString key = QStringLiteral("facet:%1:%2:%3").arg(static_cast<int>(icon)).arg(pixels).arg(color.rgba());
  QPixmap pixmap;
  if (QPixmapCache::find(key, &pixmap)) return pixmap;

  auto [source, inserted] = state_->icon_sources.try_emplace(icon);
  if (inserted) source->second = icon_source(icon);
  QByteArray tinted = source->second;
  tinted.replace("currentColor", color.name().toLatin1());

  pixmap = QPixmap(pixels, pixels);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  QSvgRenderer(tinted).render(&painter);
  painter.end();
  pixmap.setDevicePixelRatio(device_pixel_ratio);
  QPixmapCache::insert(key, pixmap);
  return pixmap;
}

void Theme::paint_icon(QPainter& painter, const QRectF& where, Icon icon, const QColor& color) const {
  const int logical_size = qRound(where.width());
  const qreal ratio = painter.device()->devicePixelRatioF();
  painter.drawPixmap(where.topLeft(), icon_pixmap(icon, logical_size, color, ratio));
}

}  // namespace facet::ui
