#pragma once

#include <QAbstractListModel>
#include <vector>

#include "agent/store/reader.h"

namespace facet::ui {

// What a search found, best first.
//
// Roles: Qt::DisplayRole is the title of the conversation or the recording, SnippetRole the passage with matches
// between U+2068 and U+2069, IdRole the agent::ConversationId, MessageRole the agent::MessageId (0 when the title
// matched); in a recording RecordingRole is the agent::TranscriptId, otherwise 0, and SegmentRole the agent::SegmentId.
class SearchModel : public QAbstractListModel {
  Q_OBJECT

 public:
  enum Role { SnippetRole = Qt::UserRole + 1, IdRole, MessageRole, RecordingRole, SegmentRole };

  using QAbstractListModel::QAbstractListModel;

  void reset(std::vector<agent::SearchHit> hits);

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QHash<int, QByteArray> roleNames() const override;

 private:
  std::vector<agent::SearchHit> hits_;
};

}  // namespace facet::ui
