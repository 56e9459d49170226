#include "ui/models/transcript_model.h"

#include <QDateTime>
#include <algorithm>

namespace facet::ui {

TranscriptModel::TranscriptModel(agent::ConversationId conversation, QObject* parent)
    : QAbstractListModel(parent), conversation_(conversation) {}

int TranscriptModel::row_of(agent::MessageId message) const {
  // What is asked for is nearly always the last.
  const auto found = std::find_if(messages_.rbegin(), messages_.rend(),
                                  [message](const agent::Message& each) { return each.id == message; });
  return found == messages_.rend() ? -1 : static_cast<int>(messages_.rend() - found) - 1;
}

void TranscriptModel::reset(std::vector<agent::Message> messages) {
  beginResetModel();
  messages_ = std::move(messages);
  endResetModel();
}

void TranscriptModel::set_context(const Context& context) {
  context_ = context;
  emit turnChanged();
}

void TranscriptModel::fold(const agent::Event& event) {
  std::visit(
      [this](const auto& kind) {
        // What belongs to no conversation changes nothing here.
        if constexpr (requires { kind.conversation == conversation_; }) {
          if (kind.conversation == conversation_) apply(kind);
        }
      },
      event);
}

void TranscriptModel::apply(const agent::TurnStarted& event) {
  put_message(event.user);
  agent::Message assistant;
  assistant.id = event.assistant;
  assistant.conversation = conversation_;
  assistant.role = agent::Role::Assistant;
  assistant.finish = agent::Finish::Streaming;
  // Its row carries the exact time; until that is read again, the question's is near enough.
  assistant.created_ms = event.user.created_ms;
  put_message(std::move(assistant));
  turn_ = {};
  turn_.running = true;
  emit turnChanged();
}

void TranscriptModel::apply(const agent::CompactionProgress& event) {
  turn_.summary_done = event.done;
  turn_.summary_total = event.total;
  emit turnChanged();
}

void TranscriptModel::apply(const agent::MediaProgress& event) {
  turn_.summary_total = 0;
  if (turn_.media_total == 0) turn_.reading_since_ms = QDateTime::currentMSecsSinceEpoch();
  turn_.media_done = event.done;
  turn_.media_total = event.done < event.total ? event.total : 0;
  emit turnChanged();
}

void TranscriptModel::apply(const agent::PromptProgress& event) {
  turn_.summary_total = 0;
  turn_.media_total = 0;
  if (turn_.prompt_total == 0) turn_.reading_since_ms = QDateTime::currentMSecsSinceEpoch();
  turn_.prompt_done = event.done;
  turn_.prompt_total = event.done < event.total ? event.total : 0;
  emit turnChanged();
}

void TranscriptModel::apply(const agent::PartStarted& event) {
  turn_.summary_total = 0;
  turn_.media_total = 0;
  turn_.prompt_total = 0;
  turn_.part_is_open = true;
  put_part(event.message, event.part);
  emit turnChanged();
}

void TranscriptModel::apply(const agent::PartDelta& event) {
  agent::Part* part = find_part(event.message, event.part);
  if (part == nullptr) return;
  if (auto* text = std::get_if<agent::TextPart>(&part->content)) text->text += event.text;
  if (auto* thought = std::get_if<agent::ThoughtPart>(&part->content)) thought->text += event.text;
  touched(event.message);
}

void TranscriptModel::apply(const agent::PartFinished& event) {
  turn_.part_is_open = false;
  put_part(event.message, event.part);
  emit turnChanged();
}

void TranscriptModel::apply(const agent::CallChanged& event) {
  agent::Part* part = find_part(event.message, event.part);
  if (part == nullptr) return;
  part->content = agent::CallPart{event.call};
  turn_.awaiting_approval = event.call.state == agent::CallState::AwaitingApproval;
  touched(event.message);
  emit turnChanged();
}

void TranscriptModel::apply(const agent::ContextChanged& event) {
  context_ = {event.used_tokens, event.context_length, event.system_tokens, event.tool_tokens, event.reserved_tokens};
  emit turnChanged();
}

void TranscriptModel::apply(const agent::TurnFinished& event) {
  turn_ = {};
  turn_.error = QString::fromStdString(event.error);
  const int row = row_of(event.message);
  if (row >= 0) messages_[static_cast<std::size_t>(row)].finish = event.finish;
  touched(event.message);
  emit turnChanged();
}

void TranscriptModel::put_message(agent::Message message) {
  const int row = row_of(message.id);
  if (row >= 0) {
    messages_[static_cast<std::size_t>(row)] = std::move(message);
    emit dataChanged(index(row), index(row));
    return;
  }
  const int end = static_cast<int>(messages_.size());
  beginInsertRows({}, end, end);
  messages_.push_back(std::move(message));
  endInsertRows();
}

void TranscriptModel::put_part(agent::MessageId message, const agent::Part& part) {
  if (agent::Part* existing = find_part(message, part.id)) {
    *existing = part;
  } else if (const int row = row_of(message); row >= 0) {
    auto& parts = messages_[static_cast<std::size_t>(row)].parts;
    const auto behind = std::find_if(parts.begin(), parts.end(),
                                     [&part](const agent::Part& each) { return each.ordinal > part.ordinal; });
    parts.insert(behind, part);
  }
  touched(message);
}

agent::Part* TranscriptModel::find_part(agent::MessageId message, agent::PartId part) {
  const int row = row_of(message);
  if (row < 0) return nullptr;
  auto& parts = messages_[static_cast<std::size_t>(row)].parts;
  const auto found =
      std::find_if(parts.begin(), parts.end(), [part](const agent::Part& each) { return each.id == part; });
  return found == parts.end() ? nullptr : &*found;
}

void TranscriptModel::touched(agent::MessageId message) {
  const int row = row_of(message);
  if (row >= 0) emit dataChanged(index(row), index(row));
}

int TranscriptModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(messages_.size());
}

QVariant TranscriptModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const agent::Message& message = messages_[static_cast<std::size_t>(index.row())];
  switch (role) {
    case Qt::DisplayRole:
      return text_of(message);
    case AuthorRole:
      return static_cast<int>(message.role);
    case FinishRole:
      return static_cast<int>(message.finish);
    case CreatedRole:
      return static_cast<qlonglong>(message.created_ms);
    case IdRole:
      return static_cast<qlonglong>(message.id);
    default:
      return {};
  }
}

QHash<int, QByteArray> TranscriptModel::roleNames() const {
  return {{Qt::DisplayRole, "text"},
          {AuthorRole, "author"},
          {FinishRole, "finish"},
          {CreatedRole, "created"},
          {IdRole, "id"}};
}

QString TranscriptModel::text_of(const agent::Message& message) {
  QStringList texts;
  for (const agent::Part& part : message.parts) {
    if (const auto* text = std::get_if<agent::TextPart>(&part.content)) texts << QString::fromStdString(text->text);
  }
  return texts.join(QStringLiteral("\n\n"));
}

}  // namespace facet::ui
