#pragma once

#include <QAbstractListModel>
#include <QString>
#include <vector>

#include "agent/protocol.h"

namespace facet::ui {

// The messages of one conversation, one row each, oldest first. Filled from rows of the store and kept up to date by
// events; both ways lead to the same content.
//
// Roles: Qt::DisplayRole is the text of the message (its text parts), AuthorRole an agent::Role, FinishRole an
// agent::Finish, CreatedRole the time in milliseconds since the epoch, IdRole the agent::MessageId.
class TranscriptModel : public QAbstractListModel {
  Q_OBJECT

 public:
  enum Role { AuthorRole = Qt::UserRole + 1, FinishRole, CreatedRole, IdRole };

  // The turn that runs in this conversation, or the one that ran last.
  struct Turn {
    bool running = false;
    qint64 prompt_done = 0;
    qint64 prompt_total = 0;  // 0 while the prompt is not being read
    qint64 media_done = 0;
    qint64 media_total = 0;       // 0 while no pictures and sounds are taken in
    qint64 summary_done = 0;
    qint64 summary_total = 0;     // 0 while no summary is written
    qint64 reading_since_ms = 0;  // the same for media and prompt
    bool part_is_open = false;    // the last part still grows or runs
    bool awaiting_approval = false;
    QString error;
  };
  struct Context {
    qint64 used_tokens = 0;
    qint64 limit_tokens = 0;
    // As in agent::ContextChanged; 0 while that is not known.
    qint64 system_tokens = 0;
    qint64 tool_tokens = 0;
    qint64 reserved_tokens = 0;
  };

  explicit TranscriptModel(agent::ConversationId conversation, QObject* parent = nullptr);

  agent::ConversationId conversation() const { return conversation_; }
  const std::vector<agent::Message>& messages() const { return messages_; }
  const Turn& turn() const { return turn_; }
  const Context& context() const { return context_; }
  int row_of(agent::MessageId message) const;  // -1 when it is not here

  void reset(std::vector<agent::Message> messages);
  void set_context(const Context& context);
  // Events of other conversations are ignored.
  void fold(const agent::Event& event);

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QHash<int, QByteArray> roleNames() const override;

  // All text parts, one after the other, as the model wrote them.
  static QString text_of(const agent::Message& message);

 signals:
  // `turn()` or `context()` are others now.
  void turnChanged();

 private:
  void apply(const agent::TurnStarted& event);
  void apply(const agent::CompactionProgress& event);
  void apply(const agent::MediaProgress& event);
  void apply(const agent::PromptProgress& event);
  void apply(const agent::PartStarted& event);
  void apply(const agent::PartDelta& event);
  void apply(const agent::PartFinished& event);
  void apply(const agent::CallChanged& event);
  void apply(const agent::ContextChanged& event);
  void apply(const agent::ReadingEstimated&) {}
  void apply(const agent::AttachmentProgress&) {}
  void apply(const agent::AttachmentDescribed&) {}
  void apply(const agent::TurnFinished& event);
  void apply(const agent::ConversationChanged&) {}
  void apply(const agent::PlanChanged&) {}
  void apply(const agent::ConversationRemoved&) {}
  void apply(const agent::ModelChanged&) {}
  void apply(const agent::Notice&) {}

  void put_message(agent::Message message);
  void put_part(agent::MessageId message, const agent::Part& part);
  agent::Part* find_part(agent::MessageId message, agent::PartId part);
  void touched(agent::MessageId message);

  agent::ConversationId conversation_;
  std::vector<agent::Message> messages_;
  Turn turn_;
  Context context_;
};

}  // namespace facet::ui
