#pragma once

#include <QObject>
#include <QTimer>
#include <functional>
#include <mutex>
#include <vector>

#include "agent/protocol.h"

namespace facet::ui {

// Carries events from any thread to the UI thread, which gets them in order and together, at most once per frame. Lives
// on the UI thread.
class EventQueue : public QObject {
  Q_OBJECT

 public:
  explicit EventQueue(std::function<void(const agent::Event&)> fold, QObject* parent = nullptr);

  // From any thread.
  void post(const agent::Event& event);

 private:
  void drain();

  std::function<void(const agent::Event&)> fold_;
  std::mutex mutex_;
  std::vector<agent::Event> waiting_;
  QTimer frame_;
};

}  // namespace facet::ui
