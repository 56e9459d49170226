#include "ui/transcript/transcript_view.h"

#include <QApplication>
#include <QFocusEvent>
#include <QScrollBar>
#include <algorithm>

#include "agent/region_places.h"
#include "ui/blocks/approval_card.h"
#include "ui/models/transcript_model.h"
#include "ui/transcript/message_widget.h"
#include "ui/transcript/page_edge.h"
#include "ui/transcript/turn_status.h"
#include "ui/widgets/buttons.h"

namespace facet::ui {
namespace {

constexpr int kMessageGap = 24 - 2 * MessageWidget::kOutset;
constexpr int kTopPadding = 24 - MessageWidget::kOutset;
constexpr int kBottomPadding = 24 - MessageWidget::kOutset;
constexpr int kSidePadding = 32;
constexpr int kNearEnd = 32;  // this close to the end counts as being there
// Messages this far outside of the visible part are built ahead, and dropped only beyond the second distance.
constexpr int kBuildAhead = 400;
constexpr int kDropBeyond = 2400;
constexpr int kMaxPasses = 4;

}  // namespace

void TranscriptView::set_pictures(Pictures* pictures, std::function<QString(const agent::AttachmentPart&)> place_of) {
  context_.pictures = pictures;
  context_.place_of = std::move(place_of);
}

TranscriptView::TranscriptView(const Theme& theme, std::function<void(agent::Op)> submit, QWidget* parent)
    : QAbstractScrollArea(parent),
      theme_(theme),
      context_{theme, std::move(submit), [this](const QString& link) { emit linkActivated(link); },
               [this] { follow_end_ = false; }, unfolded_} {
  context_.files_before = [this](agent::PartId part) { return files_before(part); };
  setObjectName("transcriptView");
  setAccessibleName(tr("Conversation"));
  setFrameShape(QFrame::NoFrame);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  // Its room is always kept, so that the column stands still when the bar appears; the style paints it when needed.
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);
  setFocusPolicy(Qt::StrongFocus);
  viewport()->setAutoFillBackground(false);
  content_ = new QWidget(viewport());
  content_->installEventFilter(this);
  status_ = new TurnStatus(theme, content_);
  edge_ = new PageEdge(theme, this);
  jump_ = new IconButton(theme, Icon::ArrowDown, tr("Jump to the newest message"), this);
  jump_->setObjectName("jumpButton");
  jump_->set_look(IconButton::Look::Filled);
  jump_->set_diameter(36, size::kIcon);
  jump_->hide();
  connect(jump_, &QToolButton::clicked, this, &TranscriptView::scroll_to_end);
  connect(&theme, &Theme::changed, this, &TranscriptView::rebuild);
  verticalScrollBar()->setSingleStep(48);
}

TranscriptView::~TranscriptView() = default;

void TranscriptView::set_model(TranscriptModel* model) {
  if (model_ != nullptr) model_->disconnect(this);
  model_ = model;
  follow_end_ = true;
  if (model_ != nullptr) connect_model();
  rows_reset();
}

void TranscriptView::connect_model() {
  connect(model_, &QAbstractItemModel::modelReset, this, &TranscriptView::rows_reset);
  connect(model_, &QAbstractItemModel::rowsInserted, this, [this] {
    rows_.resize(static_cast<std::size_t>(model_->rowCount()));
    arrange();
  });
  connect(model_, &QAbstractItemModel::dataChanged, this, [this](const QModelIndex& from, const QModelIndex& to) {
    for (int row = from.row(); row <= to.row(); ++row)
      row_changed(row);
    arrange();
  });
  connect(model_, &TranscriptModel::turnChanged, this, &TranscriptView::arrange);
}

void TranscriptView::drop_widgets() {
  for (Row& row : rows_) {
    delete row.widget;
    row.widget = nullptr;
    row.measured = false;
  }
}

void TranscriptView::rows_reset() {
  drop_widgets();
  rows_.assign(model_ == nullptr ? 0 : static_cast<std::size_t>(model_->rowCount()), Row{});
  follow_end_ = true;
  arrange();
}

void TranscriptView::rebuild() {
  drop_widgets();
  arrange();
}

void TranscriptView::row_changed(int row) {
  Row& changed = rows_[static_cast<std::size_t>(row)];
  changed.measured = false;
  if (changed.widget != nullptr) changed.widget->set_message(model_->messages()[static_cast<std::size_t>(row)]);
}

int TranscriptView::column_width() const {
  return std::max(200, std::min(size::kColumn, width() - 2 * kSidePadding));
}

// Half a line per forty characters is near enough: what counts is that the bar does not lie by an order.
int TranscriptView::estimate(int row) const {
  int height = 40;
  for (const agent::Part& part : model_->messages()[static_cast<std::size_t>(row)].parts) {
    const auto* text = std::get_if<agent::TextPart>(&part.content);
    height += text == nullptr ? 48 : static_cast<int>(text->text.size() / 90 + 1) * 24;
  }
  return height;
}

namespace {

// What a model has been shown in a message: attached to a question, or made by calls of an answer before a part of it.
void append_files(const agent::Message& message, agent::PartId before, std::vector<agent::AttachmentPart>& files) {
  for (const agent::Part& part : message.parts) {
    if (part.id == before) return;
    if (const auto* file = std::get_if<agent::AttachmentPart>(&part.content)) files.push_back(*file);
    if (const auto* call = std::get_if<agent::CallPart>(&part.content))
      files.insert(files.end(), call->call.pictures.begin(), call->call.pictures.end());
  }
}

}  // namespace

// Parts of later messages have higher numbers, and most questions are about the last ones.
std::vector<agent::AttachmentPart> TranscriptView::files_before(agent::PartId part) const {
  if (model_ == nullptr) return {};
  const std::vector<agent::Message>& messages = model_->messages();
  const auto has_part = [part](const agent::Message& message) {
    return std::any_of(message.parts.begin(), message.parts.end(),
                       [part](const auto& each) { return each.id == part; });
  };
  auto answer = std::find_if(messages.rbegin(), messages.rend(), has_part);
  std::vector<agent::AttachmentPart> made;  // by the calls of the answer
  for (; answer != messages.rend(); ++answer) {
    std::vector<agent::AttachmentPart> files;
    append_files(*answer, part, files);
    if (answer->role == agent::Role::User) {
      files.insert(files.end(), made.begin(), made.end());
      if (!agent::frames_of(files).empty()) return files;
      files.clear();
    }
    made = std::move(files);
  }
  return {};
}

int TranscriptView::step(const Row& row) {
  return row.height <= 0 ? 0 : row.height + kMessageGap;
}

int TranscriptView::row_top(int row) const {
  int top = kTopPadding;
  for (int index = 0; index < row; ++index)
    top += step(rows_[static_cast<std::size_t>(index)]);
  return top;
}

int TranscriptView::row_at(int y) const {
  int top = kTopPadding;
  for (std::size_t index = 0; index < rows_.size(); ++index) {
    top += step(rows_[index]);
    if (top > y) return static_cast<int>(index);
  }
  return static_cast<int>(rows_.size()) - 1;
}

int TranscriptView::content_height() const {
  const int status = status_->isVisibleTo(content_) ? status_->height() + space::kSmall : 0;
  return row_top(static_cast<int>(rows_.size())) - (rows_.empty() ? 0 : kMessageGap) + status + kBottomPadding;
}

int TranscriptView::measure(Row& row, int index) {
  if (row.widget == nullptr) {
    row.widget = new MessageWidget(context_, content_);
    row.widget->set_message(model_->messages()[static_cast<std::size_t>(index)]);
    row.widget->show();
    row.measured = false;
  }
  if (row.measured) return row.height;
  const int full_width = width_ + 2 * MessageWidget::kOutset;
  const agent::Message& message = model_->messages()[static_cast<std::size_t>(index)];
  row.widget->resize(full_width, std::max(row.height, 1));
  // An answer that has not begun takes no room.
  const bool blank = message.parts.empty() && message.finish == agent::Finish::Streaming;
  row.height = blank ? 0 : std::max(row.widget->heightForWidth(full_width), row.widget->minimumSizeHint().height());
  row.measured = true;
  return row.height;
}

// Builds and measures what can be seen from `top` on. Heights above the first visible row are not touched, so that
// the place holds. Returns how many heights were found to be others than assumed.
int TranscriptView::build_visible(int top) {
  int corrections = 0;
  int y = kTopPadding;
  for (std::size_t index = 0; index < rows_.size(); ++index) {
    Row& row = rows_[index];
    const bool near = y + row.height >= top - kBuildAhead && y <= top + viewport()->height() + kBuildAhead;
    if (near) {
      const int before = row.height;
      if (measure(row, static_cast<int>(index)) != before) ++corrections;
    }
    y += step(row);
  }
  return corrections;
}

void TranscriptView::place_widgets(int top) {
  const int left = (width() - width_) / 2;
  const int full_width = width_ + 2 * MessageWidget::kOutset;
  int y = kTopPadding;
  for (Row& row : rows_) {
    if (row.widget != nullptr) row.widget->setGeometry(left - MessageWidget::kOutset, y, full_width, row.height);
    y += step(row);
  }
  // Close to what it continues, at a distance from the question.
  if (!rows_.empty() && rows_.back().height > 0) y += space::kSmall - kMessageGap - MessageWidget::kOutset;
  status_->setGeometry(left, y, width_, status_->height());
  content_->setGeometry(0, -top, viewport()->width(), std::max(content_height(), viewport()->height()));
}

// A widget that holds the focus or a selection that is being made stays.
void TranscriptView::drop_distant(int top) {
  int y = kTopPadding;
  for (Row& row : rows_) {
    const bool distant = y + row.height < top - kDropBeyond || y > top + viewport()->height() + kDropBeyond;
    const QWidget* focus = QApplication::focusWidget();
    if (row.widget != nullptr && distant && (focus == nullptr || !row.widget->isAncestorOf(focus))) {
      delete row.widget;
      row.widget = nullptr;
    }
    y += step(row);
  }
}

void TranscriptView::arrange() {
  if (arranging_) return;
  arranging_ = true;
  status_->set_turn(model_ == nullptr ? TranscriptModel::Turn{} : model_->turn());

  QScrollBar* bar = verticalScrollBar();
  if (width_ != column_width()) {
    width_ = column_width();
    for (Row& row : rows_)
      row.measured = false;
  }
  for (std::size_t index = 0; index < rows_.size(); ++index) {
    if (rows_[index].height < 0) rows_[index].height = estimate(static_cast<int>(index));
  }
  // The row at the upper edge is what stays in its place.
  const int anchor = rows_.empty() ? -1 : row_at(bar->value());
  const int offset = anchor < 0 ? 0 : bar->value() - row_top(anchor);
  int top = bar->value();
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    const int bottom = std::max(0, content_height() - viewport()->height());
    top = follow_end_ ? bottom : std::clamp(anchor < 0 ? 0 : row_top(anchor) + offset, 0, bottom);
    if (build_visible(top) == 0) break;
  }
  const int bottom = std::max(0, content_height() - viewport()->height());
  top = follow_end_ ? bottom : std::clamp(anchor < 0 ? 0 : row_top(anchor) + offset, 0, bottom);
  bar->setRange(0, bottom);
  bar->setPageStep(viewport()->height());
  bar->setValue(top);
  place_widgets(top);
  drop_distant(top);
  arranging_ = false;
  if (top >= bottom - kNearEnd) follow_end_ = true;
  update_jump_button();
  announce_approval();
}

void TranscriptView::scrollContentsBy(int, int) {
  if (arranging_) return;
  QScrollBar* bar = verticalScrollBar();
  follow_end_ = bar->value() >= bar->maximum() - kNearEnd;
  content_->move(0, -bar->value());
  arrange();
}

void TranscriptView::resizeEvent(QResizeEvent*) {
  arrange();
}

// A block has changed its height by itself: something was unfolded.
bool TranscriptView::eventFilter(QObject* watched, QEvent* event) {
  if (watched == content_ && event->type() == QEvent::LayoutRequest) {
    for (Row& row : rows_) {
      if (row.widget != nullptr) row.measured = false;
    }
    arrange();
  }
  return QAbstractScrollArea::eventFilter(watched, event);
}

void TranscriptView::focusInEvent(QFocusEvent* event) {
  edge_->set_focused(comes_by_key(*event));
  QAbstractScrollArea::focusInEvent(event);
}

void TranscriptView::focusOutEvent(QFocusEvent* event) {
  edge_->set_focused(false);
  QAbstractScrollArea::focusOutEvent(event);
}

// The tabulator must not lead out of sight.
bool TranscriptView::focusNextPrevChild(bool next) {
  const bool moved = QAbstractScrollArea::focusNextPrevChild(next);
  const QWidget* focus = QApplication::focusWidget();
  if (moved && focus != nullptr && content_->isAncestorOf(focus)) {
    const QRect box(focus->mapTo(content_, QPoint(0, 0)), focus->size());
    QScrollBar* bar = verticalScrollBar();
    if (box.top() < bar->value()) bar->setValue(box.top() - space::kLarge);
    if (box.bottom() > bar->value() + viewport()->height()) {
      bar->setValue(std::min(box.top() - space::kLarge, box.bottom() - viewport()->height() + space::kLarge));
    }
  }
  return moved;
}

void TranscriptView::scroll_to_end() {
  follow_end_ = true;
  arrange();
}

void TranscriptView::reveal(agent::MessageId message) {
  const int row = model_ == nullptr ? -1 : model_->row_of(message);
  if (row < 0) return;
  follow_end_ = false;
  // Twice: the first visit gives the rows around it their real heights.
  for (int visit = 0; visit < 2; ++visit) {
    verticalScrollBar()->setValue(std::max(0, row_top(row) - viewport()->height() / 6));
    arrange();
  }
  if (MessageWidget* widget = rows_[static_cast<std::size_t>(row)].widget) widget->flash();
}

int TranscriptView::built_count() const {
  return static_cast<int>(
      std::count_if(rows_.begin(), rows_.end(), [](const Row& row) { return row.widget != nullptr; }));
}

void TranscriptView::update_jump_button() {
  const QScrollBar* bar = verticalScrollBar();
  jump_->setVisible(bar->value() < bar->maximum() - kNearEnd);
  const QSize hint = jump_->sizeHint();
  jump_->setGeometry((width() - hint.width()) / 2, height() - hint.height() - space::kLarge, hint.width(),
                     hint.height());
  edge_->setGeometry(rect());
  edge_->set_cut(bar->value() > 0, bar->value() < bar->maximum());
  edge_->raise();
  jump_->raise();
}

void TranscriptView::announce_approval() {
  if (model_ == nullptr || !model_->turn().awaiting_approval || model_->messages().empty()) return;
  for (const agent::Part& part : model_->messages().back().parts) {
    const auto* call = std::get_if<agent::CallPart>(&part.content);
    if (call == nullptr || call->call.state != agent::CallState::AwaitingApproval || !call->call.approval) continue;
    if (call->call.approval->id == announced_approval_) return;
    announced_approval_ = call->call.approval->id;
    emit approvalAsked();
    return;
  }
}

bool TranscriptView::focus_approval() {
  scroll_to_end();
  const QList<ApprovalCard*> cards = content_->findChildren<ApprovalCard*>();
  if (cards.isEmpty()) return false;
  cards.last()->setFocus(Qt::OtherFocusReason);
  return true;
}

}  // namespace facet::ui
