#include "ui/composer/folder_button.h"

#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>

#include "ui/phrases.h"

namespace facet::ui {

FolderButton::FolderButton(const Theme& theme, QWidget* parent) : TextButton(theme, {}, Look::Ghost, parent) {
  setObjectName("foldersButton");
  setFont(theme.font(Type::Small));
  set_leading_icon(Icon::Folder);
  set_trailing_icon(Icon::ChevronDown);
  set_maximum_text_width(220);
  connect(this, &QPushButton::clicked, this, &FolderButton::open_menu);
  set_folders({});
}

void FolderButton::set_folders(const QStringList& folders) {
  folders_ = folders;
  if (folders.isEmpty()) {
    setText(tr("Choose a folder"));
    setToolTip(tr("Choose a folder that may be read without asking"));
  } else {
    const QString name = QFileInfo(folders.first()).fileName();
    const QString first = name.isEmpty() ? folders.first() : name;
    setText(folders.size() == 1 ? first
                                : tr("%1 and %n more", nullptr, static_cast<int>(folders.size()) - 1).arg(first));
    setToolTip(tr("May be read without asking:") + '\n' + folders.join('\n'));
  }
  setAccessibleName(folders.isEmpty() ? text() : tr("Folders: %1").arg(folders.join(QStringLiteral(", "))));
  updateGeometry();
  update();
}

void FolderButton::open_menu() {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->setToolTipsVisible(true);
  for (const QString& folder : folders_) {
    QAction* entry = menu->addAction(phrases::short_path(folder));
    entry->setCheckable(true);
    entry->setChecked(true);
    entry->setToolTip(tr("Click to take this folder away"));
    connect(entry, &QAction::triggered, this, [this, folder] {
      QStringList rest = folders_;
      rest.removeAll(folder);
      emit foldersChanged(rest);
    });
  }
  if (!folders_.isEmpty()) menu->addSeparator();
  connect(menu->addAction(tr("Add a folder…")), &QAction::triggered, this, &FolderButton::add_folder);
  menu->popup(mapToGlobal(QPoint(0, -menu->sizeHint().height() - space::kTiny)));
}

void FolderButton::add_folder() {
  const QString start = folders_.isEmpty() ? QDir::homePath() : folders_.last();
  const QString folder = QFileDialog::getExistingDirectory(this, tr("A folder that may be read"), start);
  if (folder.isEmpty() || folders_.contains(folder)) return;
  emit foldersChanged(folders_ + QStringList(folder));
}

}  // namespace facet::ui
