#include "ui/blocks/picture_dialog.h"

#include <QDialog>
#include <QGuiApplication>
#include <QLabel>
#include <QScreen>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/pictures.h"

namespace facet::ui {

namespace {

constexpr double kPartOfScreen = 0.8;

void fit(QLabel& label, const QPixmap& picture, QSize most) {
  QPixmap shown = picture;
  if (picture.width() > most.width() || picture.height() > most.height())
    shown = picture.scaled(most, Qt::KeepAspectRatio, Qt::SmoothTransformation);
  label.setPixmap(shown);
  label.setFixedSize(shown.size());
}

}  // namespace

void show_picture(const QString& name, const QString& path, Pictures& pictures, QWidget* parent) {
  auto* dialog = new QDialog(parent);
  dialog->setObjectName("pictureDialog");
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setWindowTitle(name);
  auto* column = new QVBoxLayout(dialog);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSizeConstraint(QLayout::SetFixedSize);
  auto* label = new QLabel(dialog);
  label->setAlignment(Qt::AlignCenter);
  label->setAccessibleName(name);
  column->addWidget(label);
  const QScreen* screen = parent != nullptr ? parent->screen() : QGuiApplication::primaryScreen();
  const QSize most = screen->availableSize() * kPartOfScreen;
  const int side = std::max(most.width(), most.height());
  const auto show = [label, most, path, side, &pictures] {
    const QPixmap picture = pictures.find(path, side);
    if (!picture.isNull()) fit(*label, picture, most);
  };
  label->setMinimumSize(320, 240);
  QObject::connect(&pictures, &Pictures::loaded, label, [path, show](const QString& loaded) {
    if (loaded == path) show();
  });
  show();
  dialog->open();
}

}  // namespace facet::ui
