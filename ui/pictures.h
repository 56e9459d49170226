#pragma once

#include <QCache>
#include <QImage>
#include <QObject>
#include <QPixmap>
#include <QSet>
#include <QThreadPool>
#include <functional>
#include <string>

namespace facet::ui {

// Pictures from files of other people, smaller than they are. They are decoded outside of this program, on a thread of
// their own; a page asks again when it is told that one has come. Lives on the UI thread.
class Pictures : public QObject {
  Q_OBJECT

 public:
  // Runs on any thread. A null image for what can not be decoded.
  using Decode = std::function<QImage(const std::string& path, int longest_side)>;

  explicit Pictures(Decode decode, QObject* parent = nullptr);
  ~Pictures() override;

  // Null while it is decoded, and for good when it can not be.
  QPixmap find(const QString& path, int longest_side);

 signals:
  void loaded(const QString& path);

 private:
  void take(const QString& key, const QString& path, const QImage& image);

  Decode decode_;
  QCache<QString, QPixmap> cache_;  // costs are kilobytes
  QSet<QString> asked_;
  QThreadPool pool_;
};

}  // namespace facet::ui
