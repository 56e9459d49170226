#pragma once

#include <QMap>
#include <QObject>
#include <QStringList>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "agent/protocol.h"
#include "agent/store/reader.h"
#include "ui/main_window.h"
#include "ui/models/conversation_list_model.h"
#include "ui/models/recording_model.h"
#include "ui/models/search_model.h"
#include "ui/models/transcript_model.h"
#include "ui/pictures.h"

namespace facet::ui {

// What the window knows: the conversations, which of them is on the screen, the model that answers. It turns wishes of
// the user into operations, events into changes of the list models, and fills those from the store. No widgets.
class WindowModel : public QObject {
  Q_OBJECT

 public:
  explicit WindowModel(WindowContext context, QObject* parent = nullptr);
  ~WindowModel() override;

  ConversationListModel& conversations() { return conversations_; }
  SearchModel& search_results() { return search_results_; }
  // Of the conversation on the screen; empty for a new one. Another object after currentChanged.
  TranscriptModel& transcript() { return *transcript_; }
  agent::ConversationId current() const { return current_; }
  // The recording that is on the screen instead of the conversation; null when there is none. Another object after
  // recordingChanged.
  RecordingModel* recording() { return recording_.get(); }
  QString title() const;
  QStringList folders() const;
  // As in agent::Conversation.
  qint64 thinking_tokens() const { return current_ == 0 ? new_thinking_tokens_ : details_.thinking_tokens; }
  const std::vector<agent::PlanStep>& plan() const { return details_.plan; }
  // Empty until the first ModelChanged.
  const std::optional<agent::ModelChanged>& model() const { return model_; }
  // A message of the conversation on the screen was handed over and is not stored yet.
  bool is_sending() const { return sending_.contains(current_); }

  void fold(const agent::Event& event);

  void open(agent::ConversationId conversation);  // 0 begins a new one
  void open_recording(agent::TranscriptId recording);
  // The recording opens as soon as there is something to be seen of it.
  void import_recording(const QString& path);
  void search(const QString& query);
  using Budgets = QMap<QString, quint32>;
  void send(const QString& text, const QStringList& attachments, const Budgets& budgets = {});
  // Answered by readingEstimated.
  void estimate(const QString& text, const QStringList& attachments, const Budgets& budgets = {});
  // Answered by attachmentDescribed.
  void describe(const QString& path, quint32 budget);
  // Nobody waits for that any more.
  void forget(const QString& path);
  Pictures& pictures() { return pictures_; }
  const std::shared_ptr<agent::ScreenSource>& screens() const { return context_.screens; }
  // Where an attached file lies: its copy, or itself.
  QString place_of(const agent::AttachmentPart& file) const;
  void stop();
  void rename(agent::ConversationId conversation, const QString& title);
  void remove(agent::ConversationId conversation);
  void set_folders(const QStringList& folders);
  void set_thinking(qint64 tokens);
  void set_plan(const std::vector<agent::PlanStep>& steps);
  void load_model(const QString& model);
  void submit(agent::Op op);
  // Standing permissions, the oldest first.
  struct Permission {
    agent::Grant grant;
    QString conversation;  // the title of the only one that has it; empty: all have it
  };
  std::vector<Permission> permissions();
  // What is remembered, the newest first.
  struct Remembered {
    agent::Memory memory;
    QString conversation;  // the title of that in which it was kept; empty: it is gone
  };
  std::vector<Remembered> memories();
  // Those that have these words; all of them for none.
  std::set<agent::MemoryId> memories_with(const QString& words);

 signals:
  void currentChanged();      // another conversation is on the screen
  void descriptionChanged();  // title, folders, plan or thinking of this one
  void modelChanged();
  void permissionsChanged();
  void memoryChanged();
  void recordingChanged();  // another one, or none, is on the screen
  void noticePosted(int severity, const QString& text);
  // How long the model would read before it answers what was asked about last; nothing while its speed is not known.
  void readingEstimated(qlonglong conversation, std::optional<qint64> milliseconds);
  void attachmentDescribed(const facet::agent::AttachmentDescribed& described);
  void attachmentProgressed(const facet::agent::AttachmentProgress& progress);
  // The message that was written in this conversation (0 for a new one) is stored.
  void sendAccepted(qlonglong written_in);
  // It is not, and will not be.
  void sendRefused(qlonglong written_in);

 private:
  agent::StoreReader* reader();
  QString title_of(agent::ConversationId conversation);  // empty where there is none
  void load_conversations();
  TranscriptModel* kept_transcript(agent::ConversationId conversation);
  std::unique_ptr<TranscriptModel> load_transcript(agent::ConversationId conversation);
  TranscriptModel::Context last_context(const std::vector<agent::Message>& messages) const;
  void show_transcript(agent::ConversationId conversation);
  void forget_idle_transcripts();
  void load_details();
  void follow_started_turn(const agent::TurnStarted& event);
  void refuse_sending(agent::ConversationId conversation);
  void refuse_all();
  std::optional<agent::ConversationId> where_written(const agent::TurnStarted& event) const;
  agent::UserTurn turn_of(const QString& text, const QStringList& attachments, const Budgets& budgets) const;
  void report(const Error& error);
  void show_recording(std::unique_ptr<RecordingModel> recording);
  bool fold_recording(const agent::Event& event);

  WindowContext context_;
  Pictures pictures_;
  std::unique_ptr<agent::StoreReader> reader_;
  bool conversations_loaded_ = false;
  ConversationListModel conversations_;
  SearchModel search_results_;
  // Of the conversation on the screen, and of every one in which a turn runs.
  std::map<agent::ConversationId, std::unique_ptr<TranscriptModel>> transcripts_;
  std::unique_ptr<TranscriptModel> blank_;
  TranscriptModel* transcript_ = nullptr;
  agent::ConversationId current_ = 0;
  std::unique_ptr<RecordingModel> recording_;
  QStringList importing_;  // what was asked for and is not begun
  agent::Conversation details_;  // of the conversation on the screen, as it is stored
  QStringList new_folders_;
  qint64 new_thinking_tokens_ = 0;
  std::optional<agent::ModelChanged> model_;
  // What was handed over and is not stored yet, by the conversation that it was written in.
  std::map<agent::ConversationId, std::string> sending_;
};

}  // namespace facet::ui
