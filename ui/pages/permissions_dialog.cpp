#include "ui/pages/permissions_dialog.h"

#include <QCoreApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QHBoxLayout>
#include <QScrollArea>
#include <QVBoxLayout>

#include "ui/models/window_model.h"
#include "ui/phrases.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {
namespace {

constexpr QSize kFirstSize{560, 380};

QString translated(const char* text) {
  return QCoreApplication::translate("facet::ui::PermissionsDialog", text);
}

QString what_is_allowed(const agent::Grant& grant) {
  const QString folder = phrases::short_path(QString::fromStdString(grant.folder));
  switch (grant.effect) {
    case agent::Effect::Read:
      return translated("Read in %1").arg(folder);
    case agent::Effect::Write:
      return translated("Change files in %1").arg(folder);
    case agent::Effect::Execute:
      return translated("Run commands in %1").arg(folder);
    case agent::Effect::Network:
      return translated("Use the network from %1").arg(folder);
    case agent::Effect::SeeScreen:
      return translated("See the screen");
    case agent::Effect::Keep:  // never asked for, so never granted
      break;
  }
  return folder;
}

// The rows of the dialog, made again whenever a permission goes.
class PermissionsList : public QWidget {
 public:
  PermissionsList(const Theme& theme, WindowModel& model, QWidget* parent)
      : QWidget(parent), theme_(theme), model_(model), column_(new QVBoxLayout(this)) {
    column_->setContentsMargins(0, 0, 0, 0);
    column_->setSpacing(space::kSmall);
    connect(&model, &WindowModel::permissionsChanged, this, [this] { refresh(); });
    refresh();
  }

 private:
  void refresh() {
    while (QLayoutItem* item = column_->takeAt(0)) {
      if (item->widget() != nullptr) item->widget()->deleteLater();
      delete item;
    }
    const std::vector<WindowModel::Permission> permissions = model_.permissions();
    for (const WindowModel::Permission& permission : permissions)
      column_->addWidget(row_of(permission));
    if (permissions.empty()) {
      auto* nothing = new ThemedText(theme_, Type::Body, &Colors::text_muted, this);
      nothing->setText(translated(
          "Nothing has been allowed from now on. What you allow for a conversation or always appears here."));
      column_->addWidget(nothing);
    }
    column_->addStretch();
  }

  QWidget* row_of(const WindowModel::Permission& permission) {
    const agent::Grant& grant = permission.grant;
    auto* row = new Card(theme_, &Colors::surface, &Colors::border, radius::kSmall, this);
    auto* line = new QHBoxLayout(row);
    line->setContentsMargins(space::kMedium, space::kSmall, space::kSmall, space::kSmall);
    auto* words = new QVBoxLayout;
    auto* what = new ThemedLabel(theme_, Type::Body, &Colors::text, row);
    what->set_elide_mode(Qt::ElideMiddle);
    what->set_full_text(what_is_allowed(grant));
    auto* since = new ThemedLabel(theme_, Type::Caption, &Colors::text_muted, row);
    const QString moment = phrases::moment(grant.created_ms);
    since->set_full_text(permission.conversation.isEmpty()
                             ? translated("In every conversation, since %1").arg(moment)
                             : translated("In “%1”, since %2").arg(permission.conversation, moment));
    words->addWidget(what);
    words->addWidget(since);
    line->addLayout(words, 1);
    auto* revoke = new TextButton(theme_, translated("Revoke"), TextButton::Look::Secondary, row);
    revoke->setObjectName("revokePermission");
    revoke->setAccessibleName(translated("Revoke: %1").arg(what_is_allowed(grant)));
    connect(revoke, &QPushButton::clicked, this, [this, id = grant.id, revoke] {
      revoke->setEnabled(false);
      model_.submit(agent::RevokeGrant{id});
    });
    line->addWidget(revoke);
    return row;
  }

  const Theme& theme_;
  WindowModel& model_;
  QVBoxLayout* column_;
};

}  // namespace

void show_permissions(const Theme& theme, WindowModel& model, QWidget* parent) {
  auto* dialog = new QDialog(parent);
  dialog->setObjectName("permissionsDialog");
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setWindowTitle(translated("Permissions"));
  dialog->resize(kFirstSize);
  auto* column = new QVBoxLayout(dialog);
  column->setContentsMargins(space::kLarge, space::kLarge, space::kLarge, space::kLarge);
  column->setSpacing(space::kMedium);
  auto* about = new ThemedText(theme, Type::Body, &Colors::text, dialog);
  about->setText(translated("What tools may do without asking. What has been revoked is asked for again."));
  column->addWidget(about);
  auto* scroll = new QScrollArea(dialog);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  scroll->setWidget(new PermissionsList(theme, model, scroll));
  column->addWidget(scroll, 1);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
  QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
  column->addWidget(buttons);
  dialog->open();
}

}  // namespace facet::ui
