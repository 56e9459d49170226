#pragma once

#include <QWidget>
#include <vector>

#include "agent/protocol.h"
#include "ui/blocks/part_widget.h"

class QVBoxLayout;

namespace facet::ui {

class ThemedLabel;

// One message: a column of blocks, and beneath an answer its time and the button that copies it. Built when it comes
// near the screen, gone when it has left it.
class MessageWidget : public QWidget {
  Q_OBJECT

 public:
  MessageWidget(const BlockContext& context, QWidget* parent = nullptr);

  // Brings the blocks up to date; blocks of unchanged parts are not touched.
  void set_message(const agent::Message& message);
  // Shows for a moment that this is what was looked for.
  void flash();

  // The ground of a message reaches this far beyond its content on every side.
  static constexpr int kOutset = 8;

  agent::MessageId message_id() const { return message_.id; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void enterEvent(QEnterEvent* event) override;
  void leaveEvent(QEvent* event) override;

 private:
  void build_footer();
  void refresh_footer();
  void show_user_message();
  void show_parts();

  BlockContext context_;
  agent::Message message_;
  QVBoxLayout* column_ = nullptr;
  QVBoxLayout* parts_column_ = nullptr;
  std::vector<PartWidget*> parts_;
  QWidget* footer_ = nullptr;
  QWidget* footer_inside_ = nullptr;
  QWidget* copy_ = nullptr;
  ThemedLabel* state_ = nullptr;
  ThemedLabel* time_ = nullptr;
  int flash_ = 0;  // percent
};

}  // namespace facet::ui
