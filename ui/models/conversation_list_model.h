#pragma once

#include <QAbstractListModel>
#include <QDate>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "agent/protocol.h"

namespace facet::ui {

// All conversations and recordings, newest first, with a heading row before each group of days. Filled from rows and
// kept up to date by events.
//
// Roles: Qt::DisplayRole is the title or the heading, KindRole a Kind, IdRole the agent::ConversationId, of a recording
// the agent::TranscriptId (0 for a heading), UpdatedRole the time of the last change in milliseconds since the epoch,
// ActivityRole an Activity.
class ConversationListModel : public QAbstractListModel {
  Q_OBJECT

 public:
  enum Role { KindRole = Qt::UserRole + 1, IdRole, UpdatedRole, ActivityRole };
  enum Kind { Heading, Entry, Recording };
  enum Activity { Idle, Running, NeedsAnswer, Unread };

  explicit ConversationListModel(QObject* parent = nullptr);

  void reset(std::vector<agent::Conversation> conversations, std::vector<agent::Transcript> recordings = {});
  void fold(const agent::Event& event);
  // The one on the screen is never unread.
  void set_current(agent::ConversationId conversation);
  // Groups are by the days before this one; the default is the real today.
  void set_today(std::function<QDate()> today);
  void regroup();

  const agent::Conversation* find(agent::ConversationId conversation) const;
  const agent::Transcript* find_recording(agent::TranscriptId recording) const;
  // -1 when it is not here
  int row_of(agent::ConversationId conversation) const;
  int row_of_recording(agent::TranscriptId recording) const;
  bool is_empty() const { return conversations_.empty() && recordings_.empty(); }

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  QHash<int, QByteArray> roleNames() const override;

 private:
  struct Row {
    Kind kind = Heading;
    std::int64_t id = 0;
    QString heading;
    bool operator==(const Row&) const = default;
  };

  void put(const agent::Conversation& conversation);
  void remove(agent::ConversationId conversation);
  void touch(agent::ConversationId conversation, std::int64_t now_ms);
  void set_activity(agent::ConversationId conversation, Activity activity);
  std::vector<Row> wanted_rows() const;
  void changed(int row);
  int row_of(Kind kind, std::int64_t id) const;
  QString title_of(const Row& row) const;
  std::int64_t updated_ms(const Row& row) const;
  Activity activity_of(const Row& row) const;

  std::map<agent::ConversationId, agent::Conversation> conversations_;
  std::map<agent::TranscriptId, agent::Transcript> recordings_;
  std::map<agent::ConversationId, Activity> activities_;
  std::vector<Row> rows_;
  agent::ConversationId current_ = 0;
  std::function<QDate()> today_;
};

}  // namespace facet::ui
