#include "ui/pictures.h"

#include <QMetaObject>
#include <utility>

namespace facet::ui {

namespace {

constexpr int kMostKilobytes = 64 * 1024;

int kilobytes_of(const QImage& image) {
  return static_cast<int>(image.sizeInBytes() / 1024) + 1;
}

}  // namespace

Pictures::Pictures(Decode decode, QObject* parent)
    : QObject(parent), decode_(std::move(decode)), cache_(kMostKilobytes) {
  pool_.setMaxThreadCount(1);
}

Pictures::~Pictures() {
  pool_.clear();
  pool_.waitForDone();
}

QPixmap Pictures::find(const QString& path, int longest_side) {
  const QString key = QString::number(longest_side) + '/' + path;
  if (const QPixmap* known = cache_.object(key)) return *known;
  if (!decode_ || path.isEmpty() || asked_.contains(key)) return {};
  asked_.insert(key);
  pool_.start([this, key, path, longest_side] {
    const QImage image = decode_(path.toStdString(), longest_side);
    QMetaObject::invokeMethod(
        this, [this, key, path, image] { take(key, path, image); }, Qt::QueuedConnection);
  });
  return {};
}

// What could not be decoded is not asked for again.
void Pictures::take(const QString& key, const QString& path, const QImage& image) {
  if (image.isNull()) return;
  asked_.remove(key);
  cache_.insert(key, new QPixmap(QPixmap::fromImage(image)), kilobytes_of(image));
  emit loaded(path);
}

}  // namespace facet::ui
