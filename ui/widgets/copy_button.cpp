#include "ui/widgets/copy_button.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QTimer>

namespace facet::ui {

CopyButton::CopyButton(const Theme& theme, const QString& name, std::function<QString()> content, QWidget* parent)
    : IconButton(theme, Icon::Copy, name, parent), content_(std::move(content)) {
  set_diameter(28, size::kIconSmall);
  connect(this, &QToolButton::clicked, this, &CopyButton::copy);
}

void CopyButton::copy() {
  QGuiApplication::clipboard()->setText(content_());
  set_icon(Icon::Check);
  QTimer::singleShot(1500, this, [this] { set_icon(Icon::Copy); });
}

}  // namespace facet::ui
