#pragma once

#include <QDBusVariant>
#include <QObject>
#include <QVariant>

namespace facet::ui {

// Asks the desktop portal whether it prefers dark, without waiting for it, and listens to changes. Where no portal
// answers nothing is ever emitted.
class DesktopAppearance : public QObject {
  Q_OBJECT

 public:
  explicit DesktopAppearance(QObject* parent = nullptr);

 signals:
  void preferenceRead(bool dark);
  // The desktop has no preference of its own.
  void preferenceAbsent();

 private slots:
  void settingChanged(const QString& group, const QString& key, const QDBusVariant& value);

 private:
  void report(const QVariant& value);
};

}  // namespace facet::ui
