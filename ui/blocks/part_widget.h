#pragma once

#include <QWidget>

#include "agent/protocol.h"
#include "ui/blocks/block_context.h"

namespace facet::ui {

// Shows one part of a message. One class per kind of content; make_part_widget is the only place that chooses.
class PartWidget : public QWidget {
  Q_OBJECT

 public:
  enum class Growth { Growing, Complete };

  using QWidget::QWidget;

  // Called again whenever the part has changed; the kind of content stays the same.
  virtual void set_part(const agent::Part& part, Growth growth) = 0;
};

PartWidget* make_part_widget(const agent::Part& part, const BlockContext& context, QWidget* parent);

}  // namespace facet::ui
