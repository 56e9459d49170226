#include "ui/pages/link_dialog.h"

#include <QClipboard>
#include <QCoreApplication>
#include <QDesktopServices>
#include <QGuiApplication>
#include <QMessageBox>
#include <QPushButton>
#include <QUrl>

#include "ui/phrases.h"

namespace facet::ui {
namespace {

QString translated(const char* text) {
  return QCoreApplication::translate("facet::ui::LinkDialog", text);
}

}  // namespace

bool can_open_link(const QString& link) {
  const QUrl url(link, QUrl::StrictMode);
  const QString scheme = url.scheme().toLower();
  const bool web = scheme == QLatin1String("http") || scheme == QLatin1String("https");
  return url.isValid() && ((web && !url.host().isEmpty()) || scheme == QLatin1String("mailto"));
}

void ask_to_open_link(const QString& link, QWidget* parent) {
  const QUrl url(link);
  auto* question = new QMessageBox(parent);
  question->setObjectName("linkDialog");
  question->setAttribute(Qt::WA_DeleteOnClose);
  question->setWindowTitle(translated("Link"));
  question->setTextFormat(Qt::PlainText);
  const bool allowed = can_open_link(link);
  question->setText(allowed ? translated("Open this link outside of Facet?")
                            : translated("Facet opens only web and mail addresses, and this is neither."));
  // The encoded form shows a look-alike host as what it is.
  question->setInformativeText(phrases::unmasked(url.toString(QUrl::FullyEncoded)));
  QPushButton* copy = question->addButton(translated("Copy"), QMessageBox::ActionRole);
  QObject::connect(copy, &QPushButton::clicked, question, [link] { QGuiApplication::clipboard()->setText(link); });
  if (allowed) {
    QPushButton* open = question->addButton(translated("Open"), QMessageBox::AcceptRole);
    QObject::connect(open, &QPushButton::clicked, question, [url] { QDesktopServices::openUrl(url); });
  }
  question->setDefaultButton(question->addButton(translated("Cancel"), QMessageBox::RejectRole));
  question->open();
}

}  // namespace facet::ui
