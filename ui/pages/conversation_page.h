#pragma once

#include <QTimer>
#include <QWidget>
#include <map>

#include "agent/protocol.h"
#include "ui/composer/composer.h"
#include "ui/models/window_model.h"

class QStackedWidget;

namespace facet::ui {

class Banner;
class DropOverlay;
class PageHeader;
class PlanPanel;
class RegionCapture;
class StartPage;
class TranscriptView;

// The conversation on the screen: what it is called, what was said, and where the next message is written.
class ConversationPage : public QWidget {
  Q_OBJECT

 public:
  ConversationPage(const Theme& theme, WindowModel& model, QWidget* parent = nullptr);

  void focus_composer();
  void choose_files();
  // Puts a region of the screen into the question. Nothing where the screens can not be seen.
  void capture_region();
  void choose_model();
  // Puts the keyboard into the plan of the conversation.
  void write_plan();
  void reveal(agent::MessageId message);
  void set_list_hidden(bool hidden);

 signals:
  void newRequested();
  void showListRequested();

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dragLeaveEvent(QDragLeaveEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void build();
  void connect_parts();
  void show_current();
  void show_description();
  void show_turn();
  void show_thinking();
  void show_model();
  void show_notice(int severity, const QString& text);
  void ask(const Draft& draft);
  void estimate_reading();
  void open_link(const QString& link);

  const Theme& theme_;
  WindowModel& model_;
  PageHeader* header_ = nullptr;
  Banner* model_banner_ = nullptr;
  Banner* notice_ = nullptr;
  QStackedWidget* pages_ = nullptr;
  StartPage* start_ = nullptr;
  TranscriptView* transcript_ = nullptr;
  PlanPanel* plan_ = nullptr;
  Composer* composer_ = nullptr;
  DropOverlay* overlay_ = nullptr;
  RegionCapture* capture_ = nullptr;
  QTimer estimate_delay_;  // from the last change of the draft
  agent::ConversationId shown_ = 0;
  std::map<agent::ConversationId, Draft> drafts_;
};

}  // namespace facet::ui
