#pragma once

#include <optional>

#include "agent/protocol.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {

class Pictures;
class Spinner;
class TextButton;
class Thumbnail;

// A file that will go with the next message: what it is, what it costs, how closely it will be looked at, and a button
// that takes it away.
class DraftChip : public Card {
  Q_OBJECT

 public:
  DraftChip(const Theme& theme, const QString& path, Pictures* pictures, QWidget* parent = nullptr);

  void set_description(const agent::AttachmentDescribed& described);
  // Of 1: the file is being decoded.
  void set_progress(double done);

 signals:
  void removed();
  void budgetChosen(quint32 budget);  // 0: by what it shows

 private:
  void show_facts();
  void show_name();
  void open_budgets();
  QString budget_text(const agent::AttachmentDescribed::Cost& cost) const;

  const Theme& theme_;
  const QString path_;
  std::optional<agent::AttachmentDescribed> described_;
  Pictures* pictures_;
  Thumbnail* thumbnail_ = nullptr;
  ThemedLabel* facts_ = nullptr;
  ThemedText* warning_ = nullptr;
  Spinner* spinner_ = nullptr;
  TextButton* budget_ = nullptr;
};

}  // namespace facet::ui
