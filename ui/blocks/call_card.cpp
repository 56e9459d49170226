#include "ui/blocks/call_card.h"

#include <QDateTime>
#include <QJsonDocument>
#include <QJsonObject>
#include <QScrollBar>
#include <QVBoxLayout>
#include <tuple>

#include "ui/blocks/approval_card.h"
#include "ui/blocks/mono_view.h"
#include "ui/blocks/picture_button.h"
#include "ui/phrases.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/fold_header.h"
#include "ui/widgets/small_widgets.h"
#include "ui/widgets/thumbnail.h"

namespace facet::ui {
namespace {

constexpr int kBodyInset = 36;
constexpr int kSectionHeight = 280;
constexpr qint64 kShowClockAfterMs = 2000;

QString elapsed(const agent::Call& call) {
  if (call.started_ms == 0) return {};
  if (call.finished_ms != 0) return phrases::duration(call.finished_ms - call.started_ms);
  const qint64 so_far = QDateTime::currentMSecsSinceEpoch() - call.started_ms;
  return so_far < kShowClockAfterMs ? QString() : phrases::duration(so_far / 1000 * 1000);
}

QString without_trailing_lines(QString text) {
  while (text.endsWith('\n'))
    text.chop(1);
  return text;
}

// What a running call tells of itself, the latest last; empty where it has told nothing.
QString progress_of(const agent::Call& call) {
  if (call.state != agent::CallState::Running) return {};
  const QJsonObject details = QJsonDocument::fromJson(QByteArray::fromStdString(call.details_json)).object();
  return details.value("progress").toString();
}

bool same(const agent::Call& a, const agent::Call& b) {
  const auto asks = [](const agent::Call& call) {
    return call.approval ? std::tuple(call.approval->id, call.approval->decision)
                         : std::tuple(agent::ApprovalId{}, agent::Decision::Pending);
  };
  return std::tie(a.id, a.tool, a.arguments_json, a.state, a.result, a.started_ms, a.finished_ms) ==
             std::tie(b.id, b.tool, b.arguments_json, b.state, b.result, b.started_ms, b.finished_ms) &&
         a.pictures.size() == b.pictures.size() && asks(a) == asks(b) && progress_of(a) == progress_of(b);
}

}  // namespace

CallCard::CallCard(const BlockContext& context, QWidget* parent) : PartWidget(parent), context_(context) {
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  auto* card = new Card(context.theme, &Colors::surface, &Colors::border, radius::kMedium, this);
  outer->addWidget(card);
  column_ = new QVBoxLayout(card);
  column_->setContentsMargins(0, 0, 0, 0);
  column_->setSpacing(0);
  header_ = new FoldHeader(context.theme, card);
  column_->addWidget(header_);
  connect(header_, &QAbstractButton::clicked, this, [this](bool unfold) {
    context_.hold_place();
    if (unfold) {
      context_.unfolded.insert(part_);
    } else {
      context_.unfolded.erase(part_);
    }
    show_body();
  });
  clock_.setInterval(1000);
  connect(&clock_, &QTimer::timeout, this, &CallCard::refresh_header);
}

void CallCard::set_part(const agent::Part& part, Growth) {
  const agent::Call& call = std::get<agent::CallPart>(part.content).call;
  // A card above a growing answer is handed the same call again and again.
  if (part_ == part.id && same(call_, call)) return;
  // The output of a command is shown while it comes; who has folded it away is left alone.
  const bool was_silent = part_ == part.id && !agent::is_final(call_.state) && progress_of(call_).isEmpty();
  if (was_silent && !progress_of(call).isEmpty()) context_.unfolded.insert(part.id);
  part_ = part.id;
  call_ = call;
  header_->setChecked(context_.unfolded.contains(part_));
  refresh_header();
  refresh_approval();
  show_pictures();
  show_body();
  if (call_.state == agent::CallState::Running) {
    clock_.start();
  } else {
    clock_.stop();
  }
}

void CallCard::refresh_header() {
  const phrases::CallSummary summary = phrases::describe_call(call_);
  FoldHeader::Line line;
  line.icon = summary.icon;
  line.title = summary.title;
  line.detail = summary.detail;
  switch (call_.state) {
    case agent::CallState::Preparing:
      line.status = tr("Preparing");
      line.busy = true;
      break;
    case agent::CallState::AwaitingApproval:
      line.status = tr("Needs your answer");
      line.status_icon = Icon::Shield;
      line.status_role = line.icon_role = &Colors::warning;
      break;
    case agent::CallState::Running:
      line.status = elapsed(call_);
      line.busy = true;
      break;
    case agent::CallState::Succeeded:
      line.status = elapsed(call_);
      line.status_icon = Icon::Check;
      line.icon_role = &Colors::success;
      break;
    case agent::CallState::Failed:
      line.status = tr("Failed");
      line.status_icon = Icon::Warning;
      line.status_role = line.icon_role = &Colors::danger;
      break;
    case agent::CallState::Denied:
      line.status = tr("Denied");
      line.status_icon = Icon::Cross;
      break;
    case agent::CallState::Stopped:
      line.status = tr("Stopped");
      line.status_icon = Icon::Cross;
      break;
  }
  header_->set_line(line);
  setAccessibleName(tr("Tool call %1").arg(QString::fromStdString(call_.tool)));
}

void CallCard::refresh_approval() {
  const bool asked = call_.state == agent::CallState::AwaitingApproval && call_.approval.has_value();
  if (!asked) {
    if (approval_ != nullptr) delete column_->takeAt(1);
    delete approval_;
    approval_ = nullptr;
    return;
  }
  if (approval_ == nullptr) {
    approval_ = new ApprovalCard(context_, this);
    auto* inset = new QVBoxLayout;
    inset->setContentsMargins(space::kSmall, 0, space::kSmall, space::kSmall);
    inset->addWidget(approval_);
    column_->insertLayout(1, inset);
  }
  approval_->set_approval(*call_.approval);
}

// They come with the end of a call, all at once.
void CallCard::show_pictures() {
  if (pictures_ != nullptr || call_.pictures.empty()) return;
  pictures_ = new QWidget(this);
  auto* inset = new QVBoxLayout(pictures_);
  inset->setContentsMargins(kBodyInset, space::kTiny, space::kLarge, space::kMedium);
  auto* row = new FlowLayout(space::kSmall);
  inset->addLayout(row);
  for (const agent::AttachmentPart& picture : call_.pictures) {
    Thumbnail* button = make_picture_button(context_, picture, pictures_);
    if (button == nullptr) continue;
    button->setObjectName("callPicture");
    row->addWidget(button);
  }
  pictures_->setVisible(row->count() > 0);
  column_->insertWidget(body_ == nullptr ? -1 : column_->indexOf(body_), pictures_);
}

MonoView* CallCard::add_section(const QString& title) {
  auto* column = static_cast<QVBoxLayout*>(body_->layout());
  auto* label = new ThemedLabel(context_.theme, Type::Caption, &Colors::text_muted, body_);
  label->set_full_text(title);
  auto* text = new MonoView(context_.theme, MonoView::Wrap::Anywhere, body_);
  text->setAccessibleName(title);
  text->set_maximum_height(kSectionHeight);
  column->addWidget(label);
  column->addWidget(text);
  return text;
}

QString CallCard::answer() const {
  if (!call_.result.empty()) return without_trailing_lines(QString::fromStdString(call_.result));
  if (agent::is_final(call_.state)) return tr("Nothing.");
  const QString so_far = without_trailing_lines(progress_of(call_));
  return so_far.isEmpty() ? tr("Not yet.") : so_far;
}

void CallCard::show_body() {
  if (!header_->isChecked()) {
    if (body_ != nullptr) body_->hide();
    return;
  }
  if (body_ == nullptr) {
    body_ = new QWidget(this);
    auto* column = new QVBoxLayout(body_);
    column->setContentsMargins(kBodyInset, space::kTiny, space::kLarge, space::kLarge);
    column->setSpacing(space::kTiny);
    arguments_ = add_section(tr("Asked"));
    column->addSpacing(space::kSmall);
    result_ = add_section(tr("Answered"));
    column_->addWidget(body_);
  }
  arguments_->set_text(phrases::readable_arguments(call_.arguments_json));
  const QString shown = answer();
  result_->set_language(phrases::holds_diff(shown) ? "diff" : QString());
  result_->set_text(shown);
  // What comes last is at the end.
  if (!progress_of(call_).isEmpty()) result_->verticalScrollBar()->setValue(result_->verticalScrollBar()->maximum());
  body_->show();
}

}  // namespace facet::ui
