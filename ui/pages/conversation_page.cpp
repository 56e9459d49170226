#include "ui/pages/conversation_page.h"

#include <QApplication>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QMimeData>
#include <QScrollArea>
#include <QScrollBar>
#include <QShortcut>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/capture/region_capture.h"
#include "ui/composer/message_edit.h"
#include "ui/pages/link_dialog.h"
#include "ui/pages/page_header.h"
#include "ui/pages/start_page.h"
#include "ui/plan/plan_panel.h"
#include "ui/settings.h"
#include "ui/transcript/transcript_view.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/drop_overlay.h"

namespace facet::ui {
namespace {

constexpr int kComposerOverhang = 16;  // the composer is a little wider than the text above it
constexpr int kInformationMs = 10'000;
constexpr int kEstimateDelayMs = 300;
constexpr int kStartPage = 0;
constexpr int kTranscriptPage = 1;
const char kBannerSetting[] = "practice-model-explained";

// Puts a widget in the middle, no wider than the column.
QWidget* centred(QWidget* inner, int extra_width, QWidget* parent) {
  auto* frame = new QWidget(parent);
  auto* row = new QHBoxLayout(frame);
  row->setContentsMargins(space::kLarge, 0, space::kLarge, 0);
  inner->setMaximumWidth(size::kColumn + extra_width);
  row->addStretch(1);
  row->addWidget(inner, 1000);
  row->addStretch(1);
  return frame;
}

}  // namespace

ConversationPage::ConversationPage(const Theme& theme, WindowModel& model, QWidget* parent)
    : QWidget(parent), theme_(theme), model_(model) {
  setAcceptDrops(true);
  build();
  connect_parts();
  show_current();
  show_model();
}

void ConversationPage::build() {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, space::kLarge);
  column->setSpacing(0);
  header_ = new PageHeader(theme_, this);
  column->addWidget(header_);
  model_banner_ = new Banner(theme_, this);
  notice_ = new Banner(theme_, this);
  notice_->setObjectName("noticeBanner");
  for (Banner* banner : {model_banner_, notice_}) {
    auto* row = new QHBoxLayout;
    row->setContentsMargins(space::kLarge, 0, space::kLarge, 0);
    row->addWidget(banner);
    column->addLayout(row);
    column->addSpacing(space::kTiny);
  }
  start_ = new StartPage(theme_, this);
  // What was answered is gone from the page, so the keyboard goes back to where one writes.
  const auto submit = [this](agent::Op op) {
    model_.submit(std::move(op));
    composer_->focus_edit();
  };
  transcript_ = new TranscriptView(theme_, submit, this);
  transcript_->set_pictures(&model_.pictures(),
                            [this](const agent::AttachmentPart& file) { return model_.place_of(file); });
  pages_ = new QStackedWidget(this);
  // A window that is too low for the start page scrolls it.
  auto* start_scroll = new QScrollArea(this);
  start_scroll->setFrameShape(QFrame::NoFrame);
  start_scroll->setWidgetResizable(true);
  start_scroll->setFocusPolicy(Qt::NoFocus);
  start_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  start_scroll->viewport()->setAutoFillBackground(false);
  start_scroll->setWidget(start_);
  start_->setAutoFillBackground(false);
  pages_->addWidget(start_scroll);
  pages_->addWidget(transcript_);
  column->addWidget(pages_, 1);
  plan_ = new PlanPanel(theme_, this);
  column->addWidget(centred(plan_, 2 * kComposerOverhang, this));
  composer_ = new Composer(theme_, this);
  composer_->set_pictures(&model_.pictures());
  column->addWidget(centred(composer_, 2 * kComposerOverhang, this));
  overlay_ = new DropOverlay(theme_, Icon::Attach, tr("Drop files to attach them, folders to share them"), this);
  if (model_.screens() == nullptr) return;
  capture_ = new RegionCapture(theme_, model_.screens(), this);
  composer_->set_can_capture(true);
}

void ConversationPage::connect_parts() {
  connect(&model_, &WindowModel::currentChanged, this, &ConversationPage::show_current);
  connect(&model_, &WindowModel::descriptionChanged, this, &ConversationPage::show_description);
  connect(&model_, &WindowModel::modelChanged, this, &ConversationPage::show_model);
  connect(&model_, &WindowModel::noticePosted, this, &ConversationPage::show_notice);
  connect(&model_, &WindowModel::sendAccepted, this, [this](qlonglong written_in) {
    drafts_.erase(written_in);
    if (shown_ == written_in) composer_->set_draft({});
    show_turn();
    transcript_->scroll_to_end();
  });
  connect(&model_, &WindowModel::sendRefused, this, &ConversationPage::show_turn);

  connect(header_, &PageHeader::showListRequested, this, &ConversationPage::showListRequested);
  connect(header_, &PageHeader::newRequested, this, &ConversationPage::newRequested);
  connect(header_, &PageHeader::openModelRequested, this, &ConversationPage::choose_model);
  connect(header_, &PageHeader::practiceModelRequested, this,
          [this] { model_.load_model(QStringLiteral("built-in")); });
  connect(model_banner_, &Banner::actionTriggered, this, &ConversationPage::choose_model);
  connect(model_banner_, &Banner::closed, this, [] { window_settings().setValue(kBannerSetting, true); });

  connect(start_, &StartPage::askSuggested, this, [this](const QString& question) {
    composer_->suggest(question, question.size());
    if (composer_->state() == Composer::State::Ready) ask(composer_->draft());
  });
  connect(start_, &StartPage::draftSuggested, composer_, &Composer::suggest);
  connect(start_, &StartPage::attachSuggested, composer_, &Composer::choose_files);
  connect(composer_, &Composer::sendRequested, this, &ConversationPage::ask);
  estimate_delay_.setSingleShot(true);
  estimate_delay_.setInterval(kEstimateDelayMs);
  connect(&estimate_delay_, &QTimer::timeout, this, &ConversationPage::estimate_reading);
  connect(composer_, &Composer::draftChanged, &estimate_delay_, qOverload<>(&QTimer::start));
  connect(composer_, &Composer::descriptionWanted, &model_, &WindowModel::describe);
  connect(composer_, &Composer::descriptionUnwanted, &model_, &WindowModel::forget);
  connect(&model_, &WindowModel::attachmentDescribed, composer_, &Composer::show_description);
  connect(&model_, &WindowModel::attachmentProgressed, composer_, &Composer::show_progress);
  // Another model may see what the one before did not.
  connect(&model_, &WindowModel::modelChanged, composer_, &Composer::describe_all);
  connect(&model_, &WindowModel::readingEstimated, this,
          [this](qlonglong conversation, std::optional<qint64> milliseconds) {
            if (conversation == shown_ && !composer_->draft().is_empty()) composer_->set_reading_time(milliseconds);
          });
  connect(composer_, &Composer::captureRequested, this, &ConversationPage::capture_region);
  if (capture_ != nullptr) {
    connect(capture_, &RegionCapture::captured, composer_, &Composer::attach_region);
    connect(capture_, &RegionCapture::failed, this,
            [this](const QString& sentence) { show_notice(static_cast<int>(agent::Severity::Warning), sentence); });
  }
  connect(composer_, &Composer::stopRequested, this, [this] { model_.stop(); });
  connect(composer_, &Composer::foldersChanged, this,
          [this](const QStringList& folders) { model_.set_folders(folders); });
  connect(composer_, &Composer::thinkingChosen, this, [this](qint64 tokens) { model_.set_thinking(tokens); });
  connect(composer_, &Composer::planRequested, this, &ConversationPage::write_plan);
  connect(plan_, &PlanPanel::planEdited, &model_, &WindowModel::set_plan);
  connect(plan_, &PlanPanel::closed, composer_, &Composer::focus_edit);
  connect(composer_, &Composer::pageTurned, this, [this](int pages) {
    QScrollBar* bar = transcript_->verticalScrollBar();
    bar->setValue(bar->value() + pages * (bar->pageStep() - 48));
  });
  auto* escape = new QShortcut(Qt::Key_Escape, this, nullptr, nullptr, Qt::WidgetWithChildrenShortcut);
  connect(escape, &QShortcut::activated, this, [this] {
    const Composer::State state = composer_->state();
    if (state == Composer::State::Answering || state == Composer::State::Sending) model_.stop();
  });
  connect(transcript_, &TranscriptView::linkActivated, this, &ConversationPage::open_link);
  connect(transcript_, &TranscriptView::approvalAsked, this, [this] {
    QApplication::alert(window());
    if (composer_->draft().text.isEmpty() && window()->isActiveWindow()) transcript_->focus_approval();
  });
}

void ConversationPage::ask(const Draft& draft) {
  notice_->hide();
  model_.send(draft.text.trimmed(), draft.attachments, draft.budgets);
  show_turn();
}

// An old estimate stays while one writes on: the next is nearly the same.
void ConversationPage::estimate_reading() {
  const Draft draft = composer_->draft();
  if (draft.is_empty() || composer_->state() != Composer::State::Ready) composer_->set_reading_time({});
  // Of an empty draft, too: the model makes itself ready for what will be written.
  if (composer_->state() == Composer::State::Ready)
    model_.estimate(draft.text.trimmed(), draft.attachments, draft.budgets);
}

void ConversationPage::show_current() {
  // Each conversation keeps what was begun in it; what was just sent is no draft any more.
  if (shown_ != model_.current()) {
    drafts_[shown_] = composer_->draft();
    composer_->set_reading_time({});
    composer_->set_draft(drafts_[model_.current()]);
  }
  shown_ = model_.current();
  TranscriptModel& transcript = model_.transcript();
  transcript_->set_model(&transcript);
  connect(&transcript, &TranscriptModel::turnChanged, this, &ConversationPage::show_turn, Qt::UniqueConnection);
  show_description();
  show_turn();
}

void ConversationPage::show_description() {
  header_->set_title(model_.title());
  composer_->set_folders(model_.folders());
  plan_->set_plan(model_.plan());
  show_thinking();
  start_->set_folders(model_.folders());
}

void ConversationPage::show_thinking() {
  const auto& model = model_.model();
  composer_->set_thinking(model && model->ready && model->thinks, model_.thinking_tokens());
}

void ConversationPage::write_plan() {
  if (model_.current() != 0) plan_->begin_writing();
}

void ConversationPage::show_turn() {
  const TranscriptModel& transcript = model_.transcript();
  pages_->setCurrentIndex(transcript.messages().empty() ? kStartPage : kTranscriptPage);
  const auto& model = model_.model();
  TranscriptModel::Context context = transcript.context();
  if (context.limit_tokens == 0 && model) context.limit_tokens = model->context_length;
  composer_->set_usage(context);
  composer_->set_can_plan(model_.current() != 0);
  if (transcript.turn().running && model_.is_sending()) {
    composer_->set_state(Composer::State::Sending, tr("The model hears it before its next step"));
  } else if (transcript.turn().running) {
    composer_->set_state(Composer::State::Answering, tr("Esc stops"));
  } else if (model_.is_sending()) {
    composer_->set_state(Composer::State::Sending, composer_->draft().attachments.isEmpty()
                                                       ? tr("Waiting for the answer before")
                                                       : tr("Waiting for its files"));
  } else if (!model || (!model->ready && model->error.empty())) {
    composer_->set_state(Composer::State::Unavailable, tr("The model is being loaded"));
  } else if (!model->ready) {
    composer_->set_state(Composer::State::Unavailable, tr("No model is loaded"));
  } else {
    // What was written meanwhile waits for the answer before, and what that adds to the conversation.
    if (composer_->state() != Composer::State::Ready) estimate_delay_.start();
    composer_->set_state(Composer::State::Ready);
  }
}

void ConversationPage::show_model() {
  const auto& model = model_.model();
  header_->set_model(model);
  show_thinking();
  show_turn();
  if (!model) return;
  if (!model->error.empty()) {
    model_banner_->set_content(Banner::Kind::Error, QString::fromStdString(model->error), tr("Open a model…"));
  } else if (model->built_in && model->ready && !window_settings().value(kBannerSetting).toBool()) {
    model_banner_->set_content(Banner::Kind::Information, QString::fromStdString(model->description),
                               tr("Open a model…"));
  } else {
    model_banner_->hide();
  }
}

void ConversationPage::show_notice(int severity, const QString& text) {
  switch (static_cast<agent::Severity>(severity)) {
    case agent::Severity::Information:
      notice_->set_content(Banner::Kind::Information, text);
      QTimer::singleShot(kInformationMs, notice_, [notice = notice_, text] {
        if (notice->accessibleName() == text) notice->hide();
      });
      break;
    case agent::Severity::Warning:
      notice_->set_content(Banner::Kind::Warning, text);
      break;
    case agent::Severity::Error:
      notice_->set_content(Banner::Kind::Error, text);
      break;
  }
}

void ConversationPage::open_link(const QString& link) {
  ask_to_open_link(link, window());
}

void ConversationPage::focus_composer() {
  composer_->focus_edit();
}

void ConversationPage::choose_files() {
  composer_->choose_files();
}

void ConversationPage::capture_region() {
  if (capture_ != nullptr) capture_->start(window());
}

void ConversationPage::choose_model() {
  const QString path =
      QFileDialog::getOpenFileName(this, tr("Open a Gemma 4 model"), {}, tr("Models (*.gguf);;All files (*)"));
  if (!path.isEmpty()) model_.load_model(path);
}

void ConversationPage::reveal(agent::MessageId message) {
  transcript_->reveal(message);
}

void ConversationPage::set_list_hidden(bool hidden) {
  header_->set_list_hidden(hidden);
}

void ConversationPage::dragEnterEvent(QDragEnterEvent* event) {
  if (local_files(*event->mimeData()).isEmpty()) return;
  event->acceptProposedAction();
  overlay_->setGeometry(rect());
  overlay_->raise();
  overlay_->show();
}

void ConversationPage::dragLeaveEvent(QDragLeaveEvent*) {
  overlay_->hide();
}

void ConversationPage::dropEvent(QDropEvent* event) {
  overlay_->hide();
  composer_->attach(local_files(*event->mimeData()));
  event->acceptProposedAction();
}

void ConversationPage::resizeEvent(QResizeEvent*) {
  overlay_->setGeometry(rect());
}

}  // namespace facet::ui
