#pragma once

#include <QMap>
#include <QStringList>
#include <QTemporaryDir>
#include <QWidget>
#include <optional>

#include "agent/protocol.h"
#include "ui/models/transcript_model.h"
#include "ui/theme.h"

namespace facet::ui {

class AttachmentBar;
class ContextGauge;
class FolderButton;
class IconButton;
class MessageEdit;
class Pictures;
class ThemedLabel;
class ThinkingButton;

// What has been written and not been sent.
struct Draft {
  QString text;
  QStringList attachments;
  QMap<QString, quint32> budgets = {};  // how closely a picture is looked at, by path

  bool is_empty() const { return text.trimmed().isEmpty() && attachments.isEmpty(); }
  bool operator==(const Draft&) const = default;
};

// Where a message is written: the text, its files, the folders that may be read, and the buttons that send it and, while
// a message waits or an answer is being written, stop that. A draft can always be written; it can be sent when nothing
// stands against it, and while an answer is being written, which it then steers.
class Composer : public QWidget {
  Q_OBJECT

 public:
  explicit Composer(const Theme& theme, QWidget* parent = nullptr);

  enum class State { Ready, Unavailable, Sending, Answering };
  // `reason` says in a few words why nothing can be sent.
  void set_state(State state, const QString& reason = {});
  State state() const { return state_; }

  Draft draft() const;
  void set_draft(const Draft& draft);
  // Folders among the paths become folders of the conversation.
  void attach(const QStringList& paths);
  // A picture without a file, from the clipboard.
  void attach_picture(const QImage& picture);
  // A region of the screen.
  void attach_region(const QImage& picture);
  // Whether regions of the screen can be captured.
  void set_can_capture(bool can);
  void choose_files();
  // What shows pictures; null for none.
  void set_pictures(Pictures* pictures);
  void show_description(const agent::AttachmentDescribed& described);
  void show_progress(const agent::AttachmentProgress& progress);
  // Asks about all attached files anew.
  void describe_all();
  void set_folders(const QStringList& folders);
  void set_usage(const TranscriptModel::Context& context);
  // Whether the model can think, and how much it may.
  void set_thinking(bool can_think, qint64 tokens);
  // Whether there is a conversation that can have a plan.
  void set_can_plan(bool can);
  // How long the model would read before it answers the draft; nothing when that is not known.
  void set_reading_time(std::optional<qint64> milliseconds);
  void focus_edit();
  // Puts the text in and the cursor at `cursor`.
  void suggest(const QString& text, qsizetype cursor);

 signals:
  void draftChanged();
  void descriptionWanted(const QString& path, quint32 budget);
  void descriptionUnwanted(const QString& path);
  void sendRequested(const facet::ui::Draft& draft);
  void stopRequested();
  void captureRequested();
  void foldersChanged(const QStringList& folders);
  void thinkingChosen(qint64 tokens);
  void planRequested();
  void pageTurned(int pages);

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  QWidget* build_tools();
  void attach_image(const QImage& picture, const QString& name);
  bool can_send() const;
  void send();
  void refresh();
  void follow_draft();
  QString hint() const;

  const Theme& theme_;
  State state_ = State::Ready;
  QString reason_;
  std::optional<qint64> reading_ms_;
  QTemporaryDir pasted_;  // pictures that were pasted, until they are sent and copied
  int pasted_count_ = 0;
  int captured_count_ = 0;
  AttachmentBar* attachments_ = nullptr;
  MessageEdit* edit_ = nullptr;
  FolderButton* folders_ = nullptr;
  ThinkingButton* thinking_ = nullptr;
  IconButton* plan_ = nullptr;
  ThemedLabel* hint_ = nullptr;
  ContextGauge* gauge_ = nullptr;
  IconButton* attach_ = nullptr;
  IconButton* capture_ = nullptr;
  IconButton* send_ = nullptr;
  IconButton* stop_ = nullptr;
};

}  // namespace facet::ui

Q_DECLARE_METATYPE(facet::ui::Draft)
