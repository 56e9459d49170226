#include "ui/composer/composer.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>

#include "ui/composer/attachment_bar.h"
#include "ui/composer/folder_button.h"
#include "ui/composer/message_edit.h"
#include "ui/composer/thinking_button.h"
#include "ui/phrases.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/context_gauge.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {

Composer::Composer(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  // Files that need a second row make it higher.
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(space::kSmall, space::kMedium, space::kSmall, space::kSmall);
  column->setSpacing(space::kSmall);

  attachments_ = new AttachmentBar(theme, this);
  column->addWidget(attachments_);
  edit_ = new MessageEdit(theme, this);
  edit_->setPlaceholderText(tr("Ask anything"));
  edit_->setAccessibleName(tr("Message"));
  edit_->setToolTip(tr("Return sends, Shift+Return begins a new line"));
  edit_->installEventFilter(this);
  auto* edit_row = new QHBoxLayout;
  edit_row->setContentsMargins(space::kSmall, 0, space::kSmall, 0);
  edit_row->addWidget(edit_);
  column->addLayout(edit_row);
  column->addWidget(build_tools());

  connect(attachments_, &AttachmentBar::changed, this, &Composer::follow_draft);
  connect(edit_, &QPlainTextEdit::textChanged, this, &Composer::follow_draft);
  connect(edit_, &MessageEdit::submitted, this, &Composer::send);
  connect(edit_, &MessageEdit::cancelled, this, [this] {
    if (state_ == State::Answering || state_ == State::Sending) emit stopRequested();
  });
  connect(edit_, &MessageEdit::pageTurned, this, &Composer::pageTurned);
  connect(edit_, &MessageEdit::filesPasted, this, &Composer::attach);
  connect(edit_, &MessageEdit::picturePasted, this, &Composer::attach_picture);
  connect(attachments_, &AttachmentBar::descriptionWanted, this, &Composer::descriptionWanted);
  connect(attachments_, &AttachmentBar::descriptionUnwanted, this, &Composer::descriptionUnwanted);
  refresh();
}

QWidget* Composer::build_tools() {
  auto* tools = new QWidget(this);
  auto* row = new QHBoxLayout(tools);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(space::kTiny);

  attach_ = new IconButton(theme_, Icon::Attach, tr("Attach files"), tools);
  attach_->setObjectName("attachButton");
  attach_->set_name(tr("Attach files"), QKeySequence(Qt::CTRL | Qt::Key_O).toString(QKeySequence::NativeText));
  capture_ = new IconButton(theme_, Icon::Screen, tr("Capture a region of the screen"), tools);
  capture_->setObjectName("captureButton");
  capture_->set_name(tr("Capture a region of the screen"),
                     QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_S).toString(QKeySequence::NativeText));
  capture_->hide();
  folders_ = new FolderButton(theme_, tools);
  thinking_ = new ThinkingButton(theme_, tools);
  thinking_->hide();
  plan_ = new IconButton(theme_, Icon::List, tr("Write a plan"), tools);
  plan_->setObjectName("planButton");
  plan_->set_name(tr("Write a plan"),
                  QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_P).toString(QKeySequence::NativeText));
  plan_->hide();
  hint_ = new ThemedLabel(theme_, Type::Caption, &Colors::text_muted, tools);
  hint_->setObjectName("composerHint");
  hint_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  gauge_ = new ContextGauge(theme_, tools);
  send_ = new IconButton(theme_, Icon::ArrowUp, tr("Send"), tools);
  send_->setObjectName("sendButton");
  send_->set_name(tr("Send"), tr("Return"));
  stop_ = new IconButton(theme_, Icon::Stop, tr("Stop"), tools);
  stop_->setObjectName("stopButton");
  stop_->set_name(tr("Stop"), tr("Esc"));
  for (IconButton* button : {send_, stop_})
    button->set_look(IconButton::Look::Filled);

  row->addWidget(attach_);
  row->addWidget(capture_);
  row->addWidget(plan_);
  row->addWidget(folders_);
  row->addWidget(thinking_);
  row->addWidget(hint_, 1);
  row->addSpacing(space::kSmall);
  row->addWidget(gauge_);
  row->addSpacing(space::kSmall);
  row->addWidget(send_);
  row->addWidget(stop_);

  connect(attach_, &QToolButton::clicked, this, &Composer::choose_files);
  connect(capture_, &QToolButton::clicked, this, &Composer::captureRequested);
  connect(folders_, &FolderButton::foldersChanged, this, &Composer::foldersChanged);
  connect(thinking_, &ThinkingButton::thinkingChosen, this, &Composer::thinkingChosen);
  connect(plan_, &QToolButton::clicked, this, &Composer::planRequested);
  connect(send_, &QToolButton::clicked, this, &Composer::send);
  connect(stop_, &QToolButton::clicked, this, &Composer::stopRequested);
  return tools;
}

void Composer::set_state(State state, const QString& reason) {
  state_ = state;
  reason_ = reason;
  refresh();
}

void Composer::refresh() {
  const bool can_stop = state_ == State::Answering || state_ == State::Sending;
  const bool stop_had_focus = stop_->hasFocus();
  const bool steers = state_ == State::Answering && !draft().is_empty();
  stop_->setVisible(can_stop);
  send_->setVisible(!can_stop || steers);
  if (!can_stop && stop_had_focus) edit_->setFocus();
  send_->setEnabled(can_send());
  edit_->setReadOnly(state_ == State::Sending);
  hint_->set_full_text(hint());
  hint_->setVisible(true);
  hint_->setAccessibleName(hint());
  if (state_ == State::Unavailable) {
    send_->set_name(reason_.isEmpty() ? tr("Send") : tr("Send: %1").arg(reason_));
  } else {
    send_->set_name(steers ? tr("Send: the model hears it before its next step") : tr("Send"), tr("Return"));
  }
  update();
}

void Composer::follow_draft() {
  refresh();
  emit draftChanged();
}

// What stands against sending, or that the answer will not begin at once.
QString Composer::hint() const {
  constexpr qint64 kWorthMentioningMs = 2000;
  const bool is_long = reading_ms_ && *reading_ms_ >= kWorthMentioningMs;
  if (!reason_.isEmpty() || state_ != State::Ready || !is_long || draft().is_empty()) return reason_;
  return tr("about %1 to read").arg(phrases::rough_duration(*reading_ms_));
}

void Composer::set_reading_time(std::optional<qint64> milliseconds) {
  reading_ms_ = milliseconds;
  refresh();
}

Draft Composer::draft() const {
  return {edit_->toPlainText(), attachments_->paths(), attachments_->budgets()};
}

void Composer::set_draft(const Draft& draft) {
  if (draft == this->draft()) return;
  edit_->setPlainText(draft.text);
  edit_->moveCursor(QTextCursor::End);
  attachments_->set_files(draft.attachments, draft.budgets);
}

bool Composer::can_send() const {
  return (state_ == State::Ready || state_ == State::Answering) && !draft().is_empty();
}

void Composer::send() {
  if (can_send()) emit sendRequested(draft());
}

void Composer::attach(const QStringList& paths) {
  QStringList files = attachments_->paths();
  QStringList folders = folders_->folders();
  for (const QString& path : paths) {
    const QFileInfo info(path);
    QStringList& target = info.isDir() ? folders : files;
    if (info.isReadable() && !target.contains(info.absoluteFilePath())) target << info.absoluteFilePath();
  }
  attachments_->set_files(files, attachments_->budgets());
  if (folders != folders_->folders()) emit foldersChanged(folders);
  focus_edit();
}

void Composer::attach_picture(const QImage& picture) {
  attach_image(picture, tr("Pasted picture %1").arg(++pasted_count_));
}

void Composer::attach_region(const QImage& picture) {
  attach_image(picture, tr("Screen region %1").arg(++captured_count_));
}

void Composer::attach_image(const QImage& picture, const QString& name) {
  const QString path = pasted_.filePath(name + QStringLiteral(".png"));
  if (pasted_.isValid() && picture.save(path, "PNG")) attach({path});
}

void Composer::set_can_capture(bool can) {
  capture_->setVisible(can);
}

void Composer::set_pictures(Pictures* pictures) {
  attachments_->set_pictures(pictures);
}

void Composer::show_description(const agent::AttachmentDescribed& described) {
  attachments_->set_description(described);
}

void Composer::show_progress(const agent::AttachmentProgress& progress) {
  attachments_->set_progress(progress);
}

void Composer::describe_all() {
  attachments_->describe_all();
}

void Composer::choose_files() {
  const QString start = folders_->folders().value(0);
  attach(QFileDialog::getOpenFileNames(this, tr("Attach files"), start));
}

void Composer::set_folders(const QStringList& folders) {
  folders_->set_folders(folders);
}

void Composer::set_usage(const TranscriptModel::Context& context) {
  gauge_->set_usage(context);
}

void Composer::set_thinking(bool can_think, qint64 tokens) {
  thinking_->set_thinking(tokens);
  thinking_->setVisible(can_think);
}

void Composer::set_can_plan(bool can) {
  plan_->setVisible(can);
}

void Composer::focus_edit() {
  edit_->setFocus(Qt::OtherFocusReason);
}

void Composer::suggest(const QString& text, qsizetype cursor) {
  edit_->setPlainText(text);
  QTextCursor place = edit_->textCursor();
  place.setPosition(static_cast<int>(cursor));
  edit_->setTextCursor(place);
  focus_edit();
}

bool Composer::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::FocusIn || event->type() == QEvent::FocusOut) update();
  return QWidget::eventFilter(watched, event);
}

void Composer::paintEvent(QPaintEvent*) {
  const Colors& colors = theme_.colors();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(edit_->hasFocus() ? blend(colors.border_strong, colors.accent, 0.7) : colors.border_strong, 1));
  painter.setBrush(colors.surface);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 16, 16);
}

}  // namespace facet::ui
