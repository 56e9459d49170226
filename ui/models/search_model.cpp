#include "ui/models/search_model.h"

#include <algorithm>

#include "agent/meeting/export.h"

namespace facet::ui {

void SearchModel::reset(std::vector<agent::SearchHit> hits) {
  // A title is mostly the first question again: it is a result of its own only where nothing else was found.
  const auto found_inside = [&hits](agent::ConversationId conversation) {
    return std::any_of(hits.begin(), hits.end(), [conversation](const agent::SearchHit& hit) {
      return !hit.transcript && hit.conversation.id == conversation && hit.message != 0;
    });
  };
  beginResetModel();
  hits_.clear();
  for (const agent::SearchHit& hit : hits) {
    if (hit.transcript || hit.message != 0 || !found_inside(hit.conversation.id)) hits_.push_back(hit);
  }
  endResetModel();
}

int SearchModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(hits_.size());
}

QVariant SearchModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const agent::SearchHit& hit = hits_[static_cast<std::size_t>(index.row())];
  switch (role) {
    case Qt::DisplayRole:
      if (!hit.transcript) return QString::fromStdString(hit.conversation.title);
      return QString::fromStdString(hit.segment == 0 ? hit.transcript->title
                                                     : hit.transcript->title + ", " + agent::clock_time(hit.at_ms));
    case SnippetRole:
      return QString::fromStdString(hit.snippet);
    case Qt::AccessibleDescriptionRole:
      return QString::fromStdString(hit.snippet).remove(QChar(0x2068)).remove(QChar(0x2069));
    case IdRole:
      return static_cast<qlonglong>(hit.conversation.id);
    case MessageRole:
      return static_cast<qlonglong>(hit.message);
    case RecordingRole:
      return static_cast<qlonglong>(hit.transcript ? hit.transcript->id : 0);
    case SegmentRole:
      return static_cast<qlonglong>(hit.segment);
    default:
      return {};
  }
}

QHash<int, QByteArray> SearchModel::roleNames() const {
  return {{Qt::DisplayRole, "title"}, {SnippetRole, "snippet"},     {IdRole, "id"},
          {MessageRole, "message"},   {RecordingRole, "recording"}, {SegmentRole, "segment"}};
}

}  // namespace facet::ui
