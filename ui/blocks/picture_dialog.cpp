#include "ui/blocks/picture_dialog.h"

#include <QDialog>
#include <QGuiApplication>
#include <QLabel>
#include <QPainter>
#include <QScreen>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "ui/pictures.h"

namespace facet::ui {

namespace {

constexpr double kPartOfScreen = 0.8;
// Screens with twice the pixels show them.
constexpr int kSharpness = 2;

// The picture, and what is drawn on it.
class PictureLabel : public QLabel {
 public:
  PictureLabel(std::function<void(QPainter&, const QRectF&)> paint_over, QWidget* parent)
      : QLabel(parent), paint_over_(std::move(paint_over)) {}

 protected:
  void paintEvent(QPaintEvent* event) override {
    QLabel::paintEvent(event);
    if (!paint_over_) return;
    QPainter painter(this);
    paint_over_(painter, rect());
  }

 private:
  const std::function<void(QPainter&, const QRectF&)> paint_over_;
};

}  // namespace

void show_picture(const QString& name, const QString& path, QSize whole, Pictures& pictures, QWidget* parent,
                  std::function<void(QPainter&, const QRectF&)> paint_over) {
  auto* dialog = new QDialog(parent);
  dialog->setObjectName("pictureDialog");
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setWindowTitle(name);
  auto* column = new QVBoxLayout(dialog);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSizeConstraint(QLayout::SetFixedSize);
  const QScreen* screen = parent != nullptr ? parent->screen() : QGuiApplication::primaryScreen();
  const QSize most = screen->availableSize() * kPartOfScreen;
  const bool fits = whole.width() <= most.width() && whole.height() <= most.height();
  const QSize size = fits ? whole : whole.scaled(most, Qt::KeepAspectRatio);
  // It has its size before the picture is there, so that it stands in its place.
  auto* label = new PictureLabel(std::move(paint_over), dialog);
  label->setFixedSize(size);
  label->setScaledContents(true);
  label->setAccessibleName(name);
  column->addWidget(label);
  const int side = std::max(size.width(), size.height()) * kSharpness;
  const auto show = [label, path, side, &pictures] {
    if (const QPixmap picture = pictures.find(path, side); !picture.isNull()) label->setPixmap(picture);
  };
  QObject::connect(&pictures, &Pictures::loaded, label, [path, show](const QString& loaded) {
    if (loaded == path) show();
  });
  show();
  dialog->open();
}

}  // namespace facet::ui
