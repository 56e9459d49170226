#include "ui/pages/recording_page.h"

#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QListView>
#include <QMenu>
#include <QSaveFile>
#include <QScrollBar>
#include <QShortcut>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/pages/segment_delegate.h"
#include "ui/phrases.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/progress_stripe.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {
namespace {

QString clock_time(qint64 milliseconds) {
  return QString::fromStdString(agent::clock_time(milliseconds));
}

}  // namespace

RecordingPage::RecordingPage(const Theme& theme, WindowModel& model, QWidget* parent)
    : QWidget(parent), theme_(theme), model_(model) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, space::kLarge);
  column->setSpacing(0);
  column->addWidget(build_header());
  notice_ = new Banner(theme, this);
  notice_->hide();
  auto* banner_row = new QHBoxLayout;
  banner_row->setContentsMargins(space::kLarge, 0, space::kLarge, 0);
  banner_row->addWidget(notice_);
  column->addLayout(banner_row);
  column->addWidget(build_status());
  build_list();
  column->addWidget(pages_, 1);
  connect(&model, &WindowModel::recordingChanged, this, &RecordingPage::show_recording);
  connect(&model, &WindowModel::noticePosted, this, [this](int severity, const QString& text) {
    const auto kind = static_cast<agent::Severity>(severity);
    tell(kind == agent::Severity::Error     ? Banner::Kind::Error
         : kind == agent::Severity::Warning ? Banner::Kind::Warning
                                            : Banner::Kind::Information,
         text);
  });
  connect(notice_, &Banner::closed, notice_, &QWidget::hide);
}

QWidget* RecordingPage::build_header() {
  auto* header = new QWidget(this);
  header->setFixedHeight(size::kHeader);
  auto* row = new QHBoxLayout(header);
  row->setContentsMargins(space::kMedium, 0, space::kMedium, 0);
  row->setSpacing(space::kSmall);
  show_list_ = new IconButton(theme_, Icon::Sidebar, tr("Show the list"), header);
  compose_ = new IconButton(theme_, Icon::Compose, tr("New conversation"), header);
  auto* symbol = new IconView(theme_, Icon::Sound, &Colors::text_muted, size::kIconSmall, header);
  title_ = new ThemedLabel(theme_, Type::Strong, &Colors::text, header);
  title_->setObjectName("recordingTitle");
  stop_ = new TextButton(theme_, tr("Stop"), TextButton::Look::Secondary, header);
  stop_->setObjectName("stopTranscriptionButton");
  stop_->set_leading_icon(Icon::Stop);
  resume_ = new TextButton(theme_, tr("Resume"), TextButton::Look::Primary, header);
  resume_->setObjectName("resumeTranscriptionButton");
  export_ = new TextButton(theme_, tr("Export"), TextButton::Look::Secondary, header);
  export_->setObjectName("exportTranscriptButton");
  export_->set_trailing_icon(Icon::ChevronDown);
  row->addWidget(show_list_);
  row->addWidget(compose_);
  row->addSpacing(space::kTiny);
  row->addWidget(symbol);
  row->addWidget(title_, 1);
  row->addWidget(stop_);
  row->addWidget(resume_);
  row->addWidget(export_);
  connect(show_list_, &QToolButton::clicked, this, &RecordingPage::showListRequested);
  connect(compose_, &QToolButton::clicked, this, &RecordingPage::newRequested);
  connect(stop_, &QPushButton::clicked, this, [this] {
    if (model_.recording() != nullptr) model_.submit(agent::StopTranscription{model_.recording()->transcript().id});
  });
  connect(resume_, &QPushButton::clicked, this, [this] {
    notice_->hide();
    if (model_.recording() != nullptr) model_.submit(agent::ResumeTranscription{model_.recording()->transcript().id});
  });
  connect(export_, &QPushButton::clicked, this, &RecordingPage::open_export_menu);
  set_list_hidden(false);
  return header;
}

QWidget* RecordingPage::build_status() {
  auto* status = new QWidget(this);
  auto* column = new QVBoxLayout(status);
  column->setContentsMargins(space::kHuge, space::kTiny, space::kHuge, space::kMedium);
  column->setSpacing(space::kSmall);
  state_ = new ThemedText(theme_, Type::Small, &Colors::text_muted, status);
  state_->setObjectName("recordingState");
  state_->setWordWrap(true);
  progress_ = new ProgressStripe(theme_, status);
  column->addWidget(state_);
  column->addWidget(progress_);
  return status;
}

void RecordingPage::build_list() {
  pages_ = new QStackedWidget(this);
  list_ = new QListView(pages_);
  list_->setObjectName("segmentList");
  list_->setAccessibleName(tr("What was said"));
  list_->setFrameShape(QFrame::NoFrame);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  list_->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  list_->setResizeMode(QListView::Adjust);
  list_->setSelectionMode(QAbstractItemView::ExtendedSelection);
  list_->setMouseTracking(true);
  list_->viewport()->setAutoFillBackground(false);
  list_->setItemDelegate(new SegmentDelegate(theme_, list_));
  nothing_ = new ThemedText(theme_, Type::Small, &Colors::text_muted, pages_);
  nothing_->setAlignment(Qt::AlignHCenter | Qt::AlignTop);
  nothing_->setContentsMargins(0, space::kVast, 0, 0);
  auto* framed = new QWidget(pages_);
  auto* row = new QHBoxLayout(framed);
  row->setContentsMargins(space::kMedium, 0, space::kMedium, 0);
  row->addWidget(list_);
  pages_->addWidget(framed);
  pages_->addWidget(nothing_);
  auto* copy = new QShortcut(QKeySequence::Copy, list_, nullptr, nullptr, Qt::WidgetShortcut);
  connect(copy, &QShortcut::activated, this, &RecordingPage::copy_selected);
}

void RecordingPage::set_list_hidden(bool hidden) {
  show_list_->setVisible(hidden);
  compose_->setVisible(hidden);
}

void RecordingPage::show_recording() {
  RecordingModel* recording = model_.recording();
  list_->setModel(recording);
  notice_->hide();
  if (recording == nullptr) return;
  connect(recording, &RecordingModel::stateChanged, this, &RecordingPage::show_state, Qt::UniqueConnection);
  // Who reads at the end goes on reading there.
  connect(recording, &QAbstractItemModel::rowsAboutToBeInserted, this, [this] {
    const QScrollBar* bar = list_->verticalScrollBar();
    if (bar->value() == bar->maximum())
      QMetaObject::invokeMethod(list_, &QListView::scrollToBottom, Qt::QueuedConnection);
  });
  connect(recording, &QAbstractItemModel::rowsInserted, this, &RecordingPage::show_state);
  show_state();
}

QString RecordingPage::state_text() const {
  const agent::Transcript& transcript = model_.recording()->transcript();
  const std::vector<agent::Segment>& segments = model_.recording()->segments();
  const auto& progress = model_.recording()->progress();
  QStringList words;
  switch (transcript.state) {
    case agent::TranscriptState::Waiting:
      words << tr("Waiting");
      break;
    case agent::TranscriptState::Running:
      words << tr("Transcribing");
      break;
    case agent::TranscriptState::Stopped:
      words << (segments.empty()
                    ? tr("Stopped before anything was said")
                    : tr("Stopped at %1; it goes on there").arg(clock_time(agent::end_ms(segments.back()))));
      break;
    case agent::TranscriptState::Failed:
      words << tr("Not finished");
      break;
    case agent::TranscriptState::Done:
      break;
  }
  if (progress && progress->total_ms > 0) {
    words << tr("%1 of %2").arg(clock_time(progress->done_ms), clock_time(progress->total_ms));
    if (progress->left_ms) words << tr("about %1 left").arg(phrases::rough_duration(*progress->left_ms));
  } else if (transcript.duration_ms > 0) {
    words << clock_time(transcript.duration_ms);
  }
  if (transcript.state == agent::TranscriptState::Done && !transcript.model.empty())
    words << QString::fromStdString(transcript.model);
  words << QString::fromStdString(transcript.name);
  return words.join(QStringLiteral("  ·  "));
}

void RecordingPage::show_state() {
  const RecordingModel* recording = model_.recording();
  if (recording == nullptr) return;
  const agent::Transcript& transcript = recording->transcript();
  const bool works = agent::is_at_work(transcript.state);
  title_->set_full_text(QString::fromStdString(transcript.title));
  stop_->setVisible(works);
  const bool failed = transcript.state == agent::TranscriptState::Failed;
  resume_->setVisible(failed || transcript.state == agent::TranscriptState::Stopped);
  resume_->setText(failed ? tr("Try again") : tr("Resume"));
  if (failed) tell(Banner::Kind::Error, QString::fromStdString(transcript.problem));
  export_->setEnabled(!recording->segments().empty());
  state_->setText(state_text());
  const auto& progress = recording->progress();
  progress_->setVisible(works);
  progress_->set_part(progress && progress->total_ms > 0
                          ? static_cast<double>(progress->done_ms) / static_cast<double>(progress->total_ms)
                          : 0);
  nothing_->setText(failed                                             ? QString()
                    : transcript.state == agent::TranscriptState::Done ? tr("Nobody speaks in this recording.")
                                                                       : tr("Nothing has been heard yet."));
  pages_->setCurrentIndex(recording->segments().empty() ? 1 : 0);
}

void RecordingPage::focus_list() {
  list_->setFocus(Qt::OtherFocusReason);
}

void RecordingPage::reveal(agent::SegmentId segment) {
  const RecordingModel* recording = model_.recording();
  const int row = recording == nullptr ? -1 : recording->row_of(segment);
  if (row < 0) return;
  list_->setCurrentIndex(recording->index(row));
  list_->scrollTo(recording->index(row), QAbstractItemView::PositionAtCenter);
}

void RecordingPage::open_export_menu() {
  auto* menu = new QMenu(this);
  menu->setObjectName("exportMenu");
  menu->setAttribute(Qt::WA_DeleteOnClose);
  const std::pair<agent::TranscriptFormat, std::pair<QString, QString>> formats[] = {
      {agent::TranscriptFormat::Text, {tr("Text (TXT)…"), "txt"}},
      {agent::TranscriptFormat::Markdown, {tr("Markdown (MD)…"), "md"}},
      {agent::TranscriptFormat::Srt, {tr("Subtitles (SRT)…"), "srt"}},
      {agent::TranscriptFormat::Vtt, {tr("Subtitles for the web (VTT)…"), "vtt"}},
      {agent::TranscriptFormat::JsonFile, {tr("Data (JSON)…"), "json"}}};
  for (const auto& [format, words] : formats) {
    connect(menu->addAction(words.first), &QAction::triggered, this,
            [this, chosen = format, extension = words.second] { choose_file(chosen, extension); });
  }
  menu->popup(
      export_->mapToGlobal(QPoint(export_->width() - menu->sizeHint().width(), export_->height() + space::kTiny)));
}

void RecordingPage::choose_file(agent::TranscriptFormat format, const QString& extension) {
  if (model_.recording() == nullptr) return;
  const agent::Transcript& transcript = model_.recording()->transcript();
  const QString folder = QFileInfo(QString::fromStdString(transcript.path)).path();
  const QString name = QString::fromStdString(transcript.title).replace('/', '-') + '.' + extension;
  auto* dialog = new QFileDialog(this, tr("Export the transcript"), folder, "*." + extension);
  dialog->setObjectName("exportDialog");
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setAcceptMode(QFileDialog::AcceptSave);
  dialog->setDefaultSuffix(extension);
  dialog->selectFile(name);
  connect(dialog, &QFileDialog::fileSelected, this, [this, format](const QString& path) { save(path, format); });
  dialog->open();
}

void RecordingPage::save(const QString& path, agent::TranscriptFormat format) {
  const RecordingModel* recording = model_.recording();
  if (recording == nullptr) return;
  const std::string text = agent::export_transcript(recording->transcript(), recording->segments(), format);
  QSaveFile file(path);
  if (file.open(QIODevice::WriteOnly) && file.write(text.data(), static_cast<qint64>(text.size())) >= 0 &&
      file.commit())
    return;
  tell(Banner::Kind::Error, tr("The file %1 can not be written: %2.").arg(path, file.errorString()));
}

void RecordingPage::tell(Banner::Kind kind, const QString& text) {
  notice_->set_content(kind, text);
  notice_->show();
}

void RecordingPage::copy_selected() {
  QModelIndexList rows = list_->selectionModel()->selectedRows();
  std::sort(rows.begin(), rows.end());
  QStringList lines;
  for (const QModelIndex& row : rows)
    lines << row.data(Qt::AccessibleTextRole).toString();
  QApplication::clipboard()->setText(lines.join('\n'));
}

}  // namespace facet::ui
