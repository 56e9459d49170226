#pragma once

#include <QWidget>

#include "agent/meeting/export.h"
#include "ui/models/window_model.h"
#include "ui/theme.h"
#include "ui/widgets/banner.h"

class QListView;
class QStackedWidget;

namespace facet::ui {

class IconButton;
class ProgressStripe;
class TextButton;
class ThemedLabel;
class ThemedText;

// A recording: what was said in it and when, how far it has been listened to, and what can be done with it.
class RecordingPage : public QWidget {
  Q_OBJECT

 public:
  RecordingPage(const Theme& theme, WindowModel& model, QWidget* parent = nullptr);

  void set_list_hidden(bool hidden);
  void focus_list();
  void reveal(agent::SegmentId segment);
  // Writes the transcript to a file; says in the banner when that fails.
  void save(const QString& path, agent::TranscriptFormat format);

 signals:
  void showListRequested();
  void newRequested();

 private:
  QWidget* build_header();
  QWidget* build_status();
  void build_list();
  void show_recording();
  void show_state();
  void open_export_menu();
  void choose_file(agent::TranscriptFormat format, const QString& extension);
  void copy_selected();
  void tell(Banner::Kind kind, const QString& text);
  QString state_text() const;

  const Theme& theme_;
  WindowModel& model_;
  IconButton* show_list_ = nullptr;
  IconButton* compose_ = nullptr;
  ThemedLabel* title_ = nullptr;
  TextButton* stop_ = nullptr;
  TextButton* resume_ = nullptr;
  TextButton* export_ = nullptr;
  Banner* notice_ = nullptr;
  ThemedText* state_ = nullptr;
  ProgressStripe* progress_ = nullptr;
  QStackedWidget* pages_ = nullptr;
  ThemedText* nothing_ = nullptr;
  QListView* list_ = nullptr;
};

}  // namespace facet::ui
