#include "ui/blocks/picture_button.h"

#include <QCoreApplication>

#include "ui/blocks/picture_dialog.h"
#include "ui/phrases.h"
#include "ui/widgets/thumbnail.h"

namespace facet::ui {
namespace {

constexpr QSize kLargest(240, 160);
// Enough to be hit; what is even flatter is cut off at its ends.
constexpr int kSmallestSide = 24;

// In the box, with the picture's own sides.
QSize size_in_box(const QSize& whole) {
  if (whole.isEmpty()) return kLargest;
  return whole.scaled(kLargest, Qt::KeepAspectRatio).expandedTo(QSize(kSmallestSide, kSmallestSide));
}

}  // namespace

Thumbnail* make_picture_button(const BlockContext& context, const agent::AttachmentPart& file, QWidget* parent) {
  if (context.pictures == nullptr || !context.place_of || !file.media) return nullptr;
  const QString place = context.place_of(file);
  if (place.isEmpty()) return nullptr;
  const QString name = QString::fromStdString(file.name);
  const QSize whole(static_cast<int>(file.media->width), static_cast<int>(file.media->height));
  auto* button = new Thumbnail(context.theme, phrases::icon_of(file), context.pictures, parent);
  button->setFocusPolicy(Qt::TabFocus);
  button->setCursor(Qt::PointingHandCursor);
  button->setAccessibleName(QCoreApplication::translate("facet::ui::AttachmentChip", "Show %1").arg(name));
  button->setToolTip(QCoreApplication::translate("facet::ui::AttachmentChip", "Show it larger"));
  button->show_file(place, size_in_box(whole));
  QObject::connect(button, &QAbstractButton::clicked, button, [button, name, place, whole, all = context.pictures] {
    show_picture(name, place, whole, *all, button->window());
  });
  return button;
}

}  // namespace facet::ui
