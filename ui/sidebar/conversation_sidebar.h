#pragma once

#include <QTimer>
#include <QWidget>
#include <functional>

#include "agent/protocol.h"
#include "ui/models/window_model.h"
#include "ui/theme.h"

class QLabel;
class QLineEdit;
class QListView;
class QMenu;
class QStackedWidget;

namespace facet::ui {

class ConversationDelegate;
class IconButton;

// The conversations by day, and the search over everything that was said in them.
class ConversationSidebar : public QWidget {
  Q_OBJECT

 public:
  ConversationSidebar(const Theme& theme, WindowModel& model, QWidget* parent = nullptr);

  // The menu behind the button in the upper corner.
  void set_application_menu(QMenu* menu);
  void focus_search();
  void clear_search();
  void rename_current();
  void ask_to_remove(agent::ConversationId conversation);
  // What is on the screen, be it a conversation or a recording.
  void ask_to_remove_current();

 signals:
  void newRequested();
  void hideRequested();
  // `message` is what a search found, otherwise 0.
  void opened(qlonglong conversation, qlonglong message);
  // `segment` as `message`.
  void recordingOpened(qlonglong recording, qlonglong segment);

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  QWidget* build_head();
  QWidget* build_empty_page(const QString& title, const QString& text);
  void build_lists();
  void connect_lists();
  void search();
  void show_page();
  void select_current();
  int current_row();
  void open_row(const QModelIndex& index);
  void ask_to_remove_row(const QModelIndex& index);
  void ask(const QString& title, const QString& question, const QString& consequence,
           const std::function<void()>& remove);
  void open_context_menu(const QPoint& where);
  void open_result(const QModelIndex& index);

  const Theme& theme_;
  WindowModel& model_;
  IconButton* menu_button_ = nullptr;
  QMenu* menu_ = nullptr;
  QLineEdit* search_ = nullptr;
  QStackedWidget* pages_ = nullptr;
  QListView* list_ = nullptr;
  QListView* results_ = nullptr;
  QWidget* nothing_yet_ = nullptr;
  QWidget* nothing_found_ = nullptr;
  ConversationDelegate* delegate_ = nullptr;
  QTimer search_delay_;
};

}  // namespace facet::ui
