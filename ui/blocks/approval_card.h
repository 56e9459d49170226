#pragma once

#include <QWidget>

#include "ui/blocks/block_context.h"

namespace facet::ui {

class Card;
class MonoView;
class TextButton;
class ThemedText;

// The question before a call that the policy does not allow by itself: why it asks, what would really happen, and the
// three answers. The card takes the focus, not a button, so that a key meant for something else answers nothing.
class ApprovalCard : public QWidget {
  Q_OBJECT

 public:
  explicit ApprovalCard(const BlockContext& context, QWidget* parent = nullptr);

  void set_approval(const agent::Approval& approval);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  void answer(agent::Decision decision);

  BlockContext context_;
  agent::Approval approval_;
  ThemedText* reason_ = nullptr;
  MonoView* effect_ = nullptr;
  TextButton* allow_once_ = nullptr;
  TextButton* conversation_ = nullptr;
  TextButton* always_ = nullptr;
  TextButton* deny_ = nullptr;
};

}  // namespace facet::ui
