#include "ui/models/recording_model.h"

#include <algorithm>

#include "agent/meeting/export.h"

namespace facet::ui {
namespace {

QString time_of(const agent::Segment& segment) {
  return QString::fromStdString(agent::clock_time(agent::begin_ms(segment)));
}

// All that colours and columns say, for who does not see them.
QString spoken_line(const agent::Segment& segment) {
  QString line = time_of(segment) + ' ';
  if (!segment.speaker.empty()) line += QString::fromStdString(segment.speaker) + ": ";
  line += QString::fromStdString(segment.text);
  return agent::is_unsure(segment) ? RecordingModel::tr("%1 [unsure]").arg(line) : line;
}

}  // namespace

RecordingModel::RecordingModel(agent::Transcript transcript, std::vector<agent::Segment> segments, QObject* parent)
    : QAbstractListModel(parent), transcript_(std::move(transcript)), segments_(std::move(segments)) {
  // Until the next event says more.
  if (agent::is_at_work(transcript_.state) && transcript_.duration_ms > 0)
    progress_ = {transcript_.id, segments_.empty() ? 0 : agent::end_ms(segments_.back()), transcript_.duration_ms, {}};
  std::erase_if(segments_, [](const agent::Segment& segment) { return segment.text.empty(); });
}

int RecordingModel::row_of(agent::SegmentId segment) const {
  const auto found = std::find_if(segments_.begin(), segments_.end(),
                                  [segment](const agent::Segment& each) { return each.id == segment; });
  return found == segments_.end() ? -1 : static_cast<int>(found - segments_.begin());
}

void RecordingModel::fold(const agent::Event& event) {
  if (const auto* changed = std::get_if<agent::TranscriptChanged>(&event)) {
    if (changed->transcript.id != transcript_.id) return;
    transcript_ = changed->transcript;
    if (!agent::is_at_work(transcript_.state)) progress_.reset();
    emit stateChanged();
  } else if (const auto* progress = std::get_if<agent::TranscriptProgress>(&event)) {
    if (progress->transcript != transcript_.id) return;
    progress_ = *progress;
    emit stateChanged();
  } else if (const auto* added = std::get_if<agent::SegmentAdded>(&event)) {
    // The rows may have been read after it was stored and before it was told.
    if (added->transcript != transcript_.id || added->segment.text.empty() || row_of(added->segment.id) >= 0) return;
    beginInsertRows({}, rowCount(), rowCount());
    segments_.push_back(added->segment);
    endInsertRows();
  }
}

int RecordingModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(segments_.size());
}

QVariant RecordingModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const agent::Segment& segment = segments_[static_cast<std::size_t>(index.row())];
  switch (role) {
    case Qt::DisplayRole:
      return QString::fromStdString(segment.text);
    case Qt::AccessibleTextRole:
      return spoken_line(segment);
    case TimeRole:
      return time_of(segment);
    case SpeakerRole:
      return QString::fromStdString(segment.speaker);
    case UnsureRole:
      return agent::is_unsure(segment);
    case Qt::ToolTipRole:
      return data(index, UnsureRole).toBool() ? tr("The model was not sure of this; listen to it again.") : QVariant();
    default:
      return {};
  }
}

QHash<int, QByteArray> RecordingModel::roleNames() const {
  return {{Qt::DisplayRole, "text"}, {TimeRole, "time"}, {SpeakerRole, "speaker"}, {UnsureRole, "unsure"}};
}

}  // namespace facet::ui
