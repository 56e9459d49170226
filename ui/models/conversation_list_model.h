#pragma once

#include <QAbstractListModel>
#include <QDate>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "agent/protocol.h"

namespace facet::ui {

// All conversations, newest first, with a heading row before each group of days. Filled from rows and kept up to date
// by events.
//
// Roles: Qt::DisplayRole is the title or the heading, KindRole a Kind, IdRole the agent::ConversationId (0 for a
// heading), UpdatedRole the time of the last change in milliseconds since the epoch, ActivityRole an Activity.
class ConversationListModel : public QAbstractListModel {
  Q_OBJECT

 public:
  enum Role { KindRole = Qt::UserRole + 1, IdRole, UpdatedRole, ActivityRole };
  enum Kind { Heading, Entry };
  enum Activity { Idle, Running, NeedsAnswer, Unread };

  explicit ConversationListModel(QObject* parent = nullptr);

  void reset(std::vector<agent::Conversation> conversations);
  void fold(const agent::Event& event);
  // The one on the screen is never unread.
  void set_current(agent::ConversationId conversation);
  // Groups are by the days before this one; the default is the real today.
  void set_today(std::function<QDate()> today);
  void regroup();

  const agent::Conversation* find(agent::ConversationId conversation) const;
  int row_of(agent::ConversationId conversation) const;  // -1 when it is not here
  bool is_empty() const { return conversations_.empty(); }

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  QHash<int, QByteArray> roleNames() const override;

 private:
  struct Row {
    agent::ConversationId conversation = 0;  // 0 for a heading
    QString heading;
    bool operator==(const Row&) const = default;
  };

  void put(const agent::Conversation& conversation);
  void remove(agent::ConversationId conversation);
  void touch(agent::ConversationId conversation, std::int64_t now_ms);
  void set_activity(agent::ConversationId conversation, Activity activity);
  std::vector<Row> wanted_rows() const;
  void changed(agent::ConversationId conversation);

  std::map<agent::ConversationId, agent::Conversation> conversations_;
  std::map<agent::ConversationId, Activity> activities_;
  std::vector<Row> rows_;
  agent::ConversationId current_ = 0;
  std::function<QDate()> today_;
};

}  // namespace facet::ui
