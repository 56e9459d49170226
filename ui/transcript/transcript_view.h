#pragma once

#include <QAbstractScrollArea>
#include <QPointer>
#include <functional>
#include <set>
#include <vector>

#include "agent/protocol.h"
#include "ui/blocks/block_context.h"

namespace facet::ui {

class IconButton;
class MessageWidget;
class PageEdge;
class TranscriptModel;
class TurnStatus;

// The conversation on the screen: one column of messages. Only messages near the visible part exist as widgets; the
// others are heights, estimated until they have been measured once. What the user looks at stays where it is when
// something above it gets its real height, and the page follows a growing answer only while the user is at its end.
class TranscriptView : public QAbstractScrollArea {
  Q_OBJECT

 public:
  TranscriptView(const Theme& theme, std::function<void(agent::Op)> submit, QWidget* parent = nullptr);
  ~TranscriptView() override;

  // Before the first model; without it attached pictures are named only.
  void set_pictures(Pictures* pictures, std::function<QString(const agent::AttachmentPart&)> place_of);
  // Null shows nothing. The model is not owned.
  void set_model(TranscriptModel* model);
  void scroll_to_end();
  // Brings a message to the upper part of the page and marks it for a moment.
  void reveal(agent::MessageId message);

  // Gives the keyboard to the question that waits; false when there is none on the page.
  bool focus_approval();

  // How many messages exist as widgets; for tests of the virtualisation.
  int built_count() const;

 signals:
  void linkActivated(const QString& link);
  // A call has begun to wait for an answer, once per question.
  void approvalAsked();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  void scrollContentsBy(int dx, int dy) override;
  bool focusNextPrevChild(bool next) override;

 private:
  struct Row {
    int height = -1;  // not even estimated
    bool measured = false;
    MessageWidget* widget = nullptr;
  };

  void connect_model();
  void rows_reset();
  void row_changed(int row);
  void rebuild();
  void drop_widgets();

  // Lays the column out for the current place. The only function that moves things.
  void arrange();
  int build_visible(int top);
  void place_widgets(int top);
  void drop_distant(int top);
  int measure(Row& row, int index);
  static int step(const Row& row);  // from its top to that of the next
  int row_top(int row) const;
  int row_at(int y) const;
  int content_height() const;
  int column_width() const;
  int estimate(int row) const;
  std::vector<agent::AttachmentPart> files_before(agent::PartId part) const;
  void update_jump_button();
  void announce_approval();

  const Theme& theme_;
  std::set<agent::PartId> unfolded_;
  BlockContext context_;
  QPointer<TranscriptModel> model_;
  QWidget* content_ = nullptr;
  TurnStatus* status_ = nullptr;
  PageEdge* edge_ = nullptr;
  IconButton* jump_ = nullptr;
  std::vector<Row> rows_;
  bool follow_end_ = true;
  bool arranging_ = false;
  int width_ = 0;
  agent::ApprovalId announced_approval_ = 0;
};

}  // namespace facet::ui
