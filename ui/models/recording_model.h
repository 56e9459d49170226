#pragma once

#include <QAbstractListModel>
#include <optional>
#include <vector>

#include "agent/protocol.h"

namespace facet::ui {

// One recording with what was said in it, in the order in which it is heard. Filled from rows and kept up to date by
// events.
//
// Roles: Qt::DisplayRole is the text, TimeRole when it is said ("0:01:02"), SpeakerRole who says it (may be empty),
// UnsureRole whether the text is doubtful. Segments of which nothing was understood are no rows.
class RecordingModel : public QAbstractListModel {
  Q_OBJECT

 public:
  enum Role { TimeRole = Qt::UserRole + 1, SpeakerRole, UnsureRole };

  RecordingModel(agent::Transcript transcript, std::vector<agent::Segment> segments, QObject* parent = nullptr);

  const agent::Transcript& transcript() const { return transcript_; }
  const std::vector<agent::Segment>& segments() const { return segments_; }
  // How far it is, while it is at work and that is known.
  const std::optional<agent::TranscriptProgress>& progress() const { return progress_; }
  int row_of(agent::SegmentId segment) const;  // -1 when it is not here

  void fold(const agent::Event& event);

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QHash<int, QByteArray> roleNames() const override;

 signals:
  void stateChanged();  // of the transcript, or how far it is

 private:
  agent::Transcript transcript_;
  std::vector<agent::Segment> segments_;
  std::optional<agent::TranscriptProgress> progress_;
};

}  // namespace facet::ui
