#pragma once

#include <QMap>
#include <QStringList>
#include <QWidget>

#include "agent/protocol.h"
#include "ui/theme.h"

namespace facet::ui {

class DraftChip;
class Pictures;

// The files that will go with the next message, each with a button that takes it away.
class AttachmentBar : public QWidget {
  Q_OBJECT

 public:
  explicit AttachmentBar(const Theme& theme, QWidget* parent = nullptr);

  const QStringList& paths() const { return paths_; }
  // Of those for which somebody has chosen one.
  const QMap<QString, quint32>& budgets() const { return budgets_; }
  void set_files(const QStringList& paths, const QMap<QString, quint32>& budgets);
  // Set before files are; null shows none.
  void set_pictures(Pictures* pictures) { pictures_ = pictures; }
  // Ignored when it is about a file or a budget that is not asked about any more.
  void set_description(const agent::AttachmentDescribed& described);
  void set_progress(const agent::AttachmentProgress& progress);
  // Asks about all files anew: another model may see what this one does not.
  void describe_all();

 signals:
  void changed();
  void descriptionWanted(const QString& path, quint32 budget);
  void descriptionUnwanted(const QString& path);  // the user has taken the file away

 private:
  DraftChip* make_chip(const QString& path);
  void set_budget(const QString& path, quint32 budget);

  const Theme& theme_;
  Pictures* pictures_ = nullptr;
  QStringList paths_;
  QMap<QString, quint32> budgets_;
  QMap<QString, DraftChip*> chips_;
};

}  // namespace facet::ui
