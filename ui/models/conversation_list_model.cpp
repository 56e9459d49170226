#include "ui/models/conversation_list_model.h"

#include <algorithm>
#include <tuple>

#include "ui/phrases.h"

namespace facet::ui {

ConversationListModel::ConversationListModel(QObject* parent)
    : QAbstractListModel(parent), today_([] { return QDate::currentDate(); }) {}

void ConversationListModel::reset(std::vector<agent::Conversation> conversations,
                                  std::vector<agent::Transcript> recordings) {
  beginResetModel();
  recordings_.clear();
  for (agent::Transcript& each : recordings)
    recordings_.insert_or_assign(each.id, std::move(each));
  conversations_.clear();
  for (agent::Conversation& each : conversations)
    conversations_.insert_or_assign(each.id, std::move(each));
  rows_ = wanted_rows();
  endResetModel();
}

void ConversationListModel::set_today(std::function<QDate()> today) {
  today_ = std::move(today);
  regroup();
}

void ConversationListModel::set_current(agent::ConversationId conversation) {
  current_ = conversation;
  const auto found = activities_.find(conversation);
  if (found != activities_.end() && found->second == Unread) set_activity(conversation, Idle);
}

void ConversationListModel::fold(const agent::Event& event) {
  if (const auto* changed_event = std::get_if<agent::ConversationChanged>(&event)) {
    put(changed_event->conversation);
  } else if (const auto* removed = std::get_if<agent::ConversationRemoved>(&event)) {
    remove(removed->conversation);
  } else if (const auto* started = std::get_if<agent::TurnStarted>(&event)) {
    touch(started->conversation, started->user.created_ms);
    set_activity(started->conversation, Running);
  } else if (const auto* call = std::get_if<agent::CallChanged>(&event)) {
    const bool asks = call->call.state == agent::CallState::AwaitingApproval;
    set_activity(call->conversation, asks ? NeedsAnswer : Running);
  } else if (const auto* finished = std::get_if<agent::TurnFinished>(&event)) {
    set_activity(finished->conversation, finished->conversation == current_ ? Idle : Unread);
  } else if (const auto* recording = std::get_if<agent::TranscriptChanged>(&event)) {
    recordings_.insert_or_assign(recording->transcript.id, recording->transcript);
    regroup();
    changed(row_of_recording(recording->transcript.id));
  } else if (const auto* gone = std::get_if<agent::TranscriptRemoved>(&event)) {
    recordings_.erase(gone->transcript);
    regroup();
  }
}

void ConversationListModel::put(const agent::Conversation& conversation) {
  conversations_.insert_or_assign(conversation.id, conversation);
  regroup();
  changed(row_of(conversation.id));
}

void ConversationListModel::remove(agent::ConversationId conversation) {
  conversations_.erase(conversation);
  activities_.erase(conversation);
  regroup();
}

void ConversationListModel::touch(agent::ConversationId conversation, std::int64_t now_ms) {
  const auto found = conversations_.find(conversation);
  if (found == conversations_.end() || now_ms <= found->second.updated_ms) return;
  found->second.updated_ms = now_ms;
  regroup();
}

void ConversationListModel::set_activity(agent::ConversationId conversation, Activity activity) {
  Activity& kept = activities_[conversation];
  if (kept == activity) return;
  kept = activity;
  changed(row_of(conversation));
}

std::vector<ConversationListModel::Row> ConversationListModel::wanted_rows() const {
  std::vector<Row> sorted;
  for (const auto& [id, conversation] : conversations_)
    sorted.push_back({Entry, id, {}});
  for (const auto& [id, recording] : recordings_)
    sorted.push_back({Recording, id, {}});
  std::sort(sorted.begin(), sorted.end(), [this](const Row& a, const Row& b) {
    return std::tuple(updated_ms(a), a.kind, a.id) > std::tuple(updated_ms(b), b.kind, b.id);
  });
  const QDate today = today_();
  std::vector<Row> rows;
  QString group;
  for (const Row& row : sorted) {
    const QString next = phrases::day_group(updated_ms(row), today);
    if (next != group) rows.push_back({Heading, 0, next});
    group = next;
    rows.push_back(row);
  }
  return rows;
}

// Turns the rows that are there into those that should be, row by row, so that a view keeps its selection and place.
void ConversationListModel::regroup() {
  const std::vector<Row> wanted = wanted_rows();
  for (int row = static_cast<int>(rows_.size()) - 1; row >= 0; --row) {
    const auto here = rows_.begin() + row;
    if (std::find(wanted.begin(), wanted.end(), *here) != wanted.end()) continue;
    beginRemoveRows({}, row, row);
    rows_.erase(here);
    endRemoveRows();
  }
  for (std::size_t index = 0; index < wanted.size(); ++index) {
    const auto row = static_cast<int>(index);
    if (index < rows_.size() && rows_[index] == wanted[index]) continue;
    const auto found = std::find(rows_.begin() + row, rows_.end(), wanted[index]);
    if (found == rows_.end()) {
      beginInsertRows({}, row, row);
      rows_.insert(rows_.begin() + row, wanted[index]);
      endInsertRows();
    } else {
      const auto from = static_cast<int>(found - rows_.begin());
      beginMoveRows({}, from, from, {}, row);
      std::rotate(rows_.begin() + row, found, found + 1);
      endMoveRows();
    }
  }
}

void ConversationListModel::changed(int row) {
  if (row >= 0) emit dataChanged(index(row), index(row));
}

const agent::Conversation* ConversationListModel::find(agent::ConversationId conversation) const {
  const auto found = conversations_.find(conversation);
  return found == conversations_.end() ? nullptr : &found->second;
}

const agent::Transcript* ConversationListModel::find_recording(agent::TranscriptId recording) const {
  const auto found = recordings_.find(recording);
  return found == recordings_.end() ? nullptr : &found->second;
}

int ConversationListModel::row_of(agent::ConversationId conversation) const {
  return row_of(Entry, conversation);
}

int ConversationListModel::row_of_recording(agent::TranscriptId recording) const {
  return row_of(Recording, recording);
}

int ConversationListModel::row_of(Kind kind, std::int64_t id) const {
  if (id == 0) return -1;
  const auto found = std::find(rows_.begin(), rows_.end(), Row{kind, id, {}});
  return found == rows_.end() ? -1 : static_cast<int>(found - rows_.begin());
}

// A view may still ask for a row that is about to go: it is empty then, and idle.
QString ConversationListModel::title_of(const Row& row) const {
  const agent::Conversation* conversation = row.kind == Entry ? find(row.id) : nullptr;
  const agent::Transcript* recording = row.kind == Recording ? find_recording(row.id) : nullptr;
  if (conversation == nullptr && recording == nullptr) return {};
  const std::string& title = conversation != nullptr ? conversation->title : recording->title;
  const QString line = QString::fromStdString(title).simplified();
  return line.isEmpty() ? tr("Untitled") : line;
}

std::int64_t ConversationListModel::updated_ms(const Row& row) const {
  if (const agent::Conversation* conversation = row.kind == Entry ? find(row.id) : nullptr)
    return conversation->updated_ms;
  const agent::Transcript* recording = row.kind == Recording ? find_recording(row.id) : nullptr;
  return recording == nullptr ? 0 : recording->updated_ms;
}

ConversationListModel::Activity ConversationListModel::activity_of(const Row& row) const {
  if (row.kind == Recording) {
    const agent::Transcript* recording = find_recording(row.id);
    return recording != nullptr && agent::is_at_work(recording->state) ? Running : Idle;
  }
  const auto found = activities_.find(row.id);
  return found == activities_.end() ? Idle : found->second;
}

int ConversationListModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

QVariant ConversationListModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const Row& row = rows_[static_cast<std::size_t>(index.row())];
  if (row.kind == Heading) {
    if (role == Qt::DisplayRole) return row.heading;
    if (role == KindRole) return Heading;
    return role == IdRole ? QVariant(qlonglong{0}) : QVariant();
  }
  switch (role) {
    case Qt::DisplayRole:
    case Qt::EditRole:
    case Qt::ToolTipRole:
      return title_of(row);
    case Qt::AccessibleTextRole:
      return row.kind == Recording ? tr("Recording: %1").arg(title_of(row)) : title_of(row);
    case KindRole:
      return row.kind;
    case IdRole:
      return static_cast<qlonglong>(row.id);
    case UpdatedRole:
      return static_cast<qlonglong>(updated_ms(row));
    case ActivityRole:
      return activity_of(row);
    default:
      return {};
  }
}

Qt::ItemFlags ConversationListModel::flags(const QModelIndex& index) const {
  if (!index.isValid() || data(index, KindRole).toInt() == Heading) return Qt::NoItemFlags;
  return Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsEditable;
}

QHash<int, QByteArray> ConversationListModel::roleNames() const {
  return {{Qt::DisplayRole, "title"},
          {KindRole, "kind"},
          {IdRole, "id"},
          {UpdatedRole, "updated"},
          {ActivityRole, "activity"}};
}

}  // namespace facet::ui
