#pragma once

#include <QTimer>

#include "ui/blocks/part_widget.h"

class QVBoxLayout;

namespace facet::ui {

class ApprovalCard;
class FoldHeader;
class MonoView;
class ThemedLabel;

// A tool call: what is done, how it stands, how long it took, and the pictures that came of it; unfolded also what
// exactly was asked and answered. A call that waits for permission shows the question.
class CallCard : public PartWidget {
  Q_OBJECT

 public:
  explicit CallCard(const BlockContext& context, QWidget* parent = nullptr);

  void set_part(const agent::Part& part, Growth growth) override;

 private:
  void refresh_header();
  void refresh_approval();
  void show_pictures();
  void show_body();
  QString answer() const;
  MonoView* add_section(const QString& title);

  BlockContext context_;
  agent::PartId part_ = 0;
  agent::Call call_;
  FoldHeader* header_ = nullptr;
  QVBoxLayout* column_ = nullptr;
  ApprovalCard* approval_ = nullptr;
  QWidget* pictures_ = nullptr;
  QWidget* body_ = nullptr;
  MonoView* arguments_ = nullptr;
  MonoView* result_ = nullptr;
  QTimer clock_;
};

}  // namespace facet::ui
