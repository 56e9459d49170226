#include <QAbstractButton>
#include <QClipboard>
#include <QLabel>
#include <QMimeData>
#include <QSettings>
#include <QTemporaryDir>
#include <QVBoxLayout>
#include <QtTest>

#include "ui/composer/attachment_bar.h"
#include "ui/composer/composer.h"
#include "ui/composer/message_edit.h"
#include "ui/settings.h"
#include "ui/theme.h"

using namespace facet::ui;

class ComposerTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void init();
  void cleanup();
  void return_sends();
  void shift_return_begins_a_line();
  void nothing_is_not_sent();
  void stop_takes_the_place_of_send();
  void escape_stops();
  void draft_is_kept_while_nothing_can_be_sent();
  void text_can_not_change_while_it_is_handed_over();
  void files_in_two_rows_are_all_seen();
  void grows_with_its_lines();
  void files_are_attached_once_and_taken_away();
  void folders_are_shared_and_not_attached();
  void pasted_files_are_attached();
  void a_long_reading_is_announced();

 private:
  QTemporaryDir scratch_;
  std::unique_ptr<Theme> theme_;
  std::unique_ptr<Composer> composer_;
  MessageEdit* edit_ = nullptr;
  QAbstractButton* send_ = nullptr;
  QAbstractButton* stop_ = nullptr;
};

void ComposerTest::initTestCase() {
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, scratch_.path());
  for (const char* name : {"a.txt", "b.txt"}) {
    QFile file(scratch_.filePath(name));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("words") == 5);
  }
  QVERIFY(QDir(scratch_.path()).mkdir("folder"));
}

void ComposerTest::init() {
  theme_ = std::make_unique<Theme>();
  composer_ = std::make_unique<Composer>(*theme_);
  composer_->resize(600, 120);
  composer_->show();
  edit_ = composer_->findChild<MessageEdit*>("composerEdit");
  send_ = composer_->findChild<QAbstractButton*>("sendButton");
  stop_ = composer_->findChild<QAbstractButton*>("stopButton");
  QVERIFY(edit_ != nullptr && send_ != nullptr && stop_ != nullptr);
}

void ComposerTest::cleanup() {
  composer_.reset();
  theme_.reset();
}

void ComposerTest::return_sends() {
  QSignalSpy sent(composer_.get(), &Composer::sendRequested);
  QTest::keyClicks(edit_, "hello");
  QTest::keyClick(edit_, Qt::Key_Return);
  QCOMPARE(sent.count(), 1);
  QCOMPARE(sent.first().first().value<Draft>(), (Draft{"hello", {}}));
  // It stays until the store has it.
  QCOMPARE(edit_->toPlainText(), "hello");
}

void ComposerTest::shift_return_begins_a_line() {
  QSignalSpy sent(composer_.get(), &Composer::sendRequested);
  QTest::keyClicks(edit_, "a");
  QTest::keyClick(edit_, Qt::Key_Return, Qt::ShiftModifier);
  QTest::keyClicks(edit_, "b");
  QCOMPARE(composer_->draft().text, "a\nb");
  QCOMPARE(sent.count(), 0);
}

void ComposerTest::nothing_is_not_sent() {
  QSignalSpy sent(composer_.get(), &Composer::sendRequested);
  QTest::keyClicks(edit_, "  ");
  QTest::keyClick(edit_, Qt::Key_Return);
  QCOMPARE(sent.count(), 0);
  QVERIFY(!send_->isEnabled());
}

void ComposerTest::stop_takes_the_place_of_send() {
  QVERIFY(send_->isVisible() && !stop_->isVisible());
  composer_->set_state(Composer::State::Answering);
  QVERIFY(!send_->isVisible() && stop_->isVisible());
  QSignalSpy sent(composer_.get(), &Composer::sendRequested);
  QSignalSpy stopped(composer_.get(), &Composer::stopRequested);
  // A message steers the answer that is being written.
  QTest::keyClicks(edit_, "next");
  QVERIFY(send_->isVisible() && send_->isEnabled() && stop_->isVisible());
  QTest::keyClick(edit_, Qt::Key_Return);
  QCOMPARE(sent.count(), 1);
  // One at a time.
  composer_->set_state(Composer::State::Sending);
  QVERIFY(!send_->isVisible() && stop_->isVisible());
  QTest::keyClick(edit_, Qt::Key_Return);
  QCOMPARE(sent.count(), 1);
  stop_->click();
  QCOMPARE(stopped.count(), 1);
  QCOMPARE(composer_->draft().text, "next");
}

void ComposerTest::escape_stops() {
  QSignalSpy stopped(composer_.get(), &Composer::stopRequested);
  QTest::keyClick(edit_, Qt::Key_Escape);
  QCOMPARE(stopped.count(), 0);
  composer_->set_state(Composer::State::Answering);
  QTest::keyClick(edit_, Qt::Key_Escape);
  QCOMPARE(stopped.count(), 1);
}

void ComposerTest::draft_is_kept_while_nothing_can_be_sent() {
  composer_->set_state(Composer::State::Unavailable, "The model is being loaded");
  QSignalSpy sent(composer_.get(), &Composer::sendRequested);
  QTest::keyClicks(edit_, "hello");
  QTest::keyClick(edit_, Qt::Key_Return);
  QCOMPARE(sent.count(), 0);
  QVERIFY(!send_->isEnabled());
  QVERIFY(send_->toolTip().contains("The model is being loaded"));
  composer_->set_state(Composer::State::Ready);
  QVERIFY(send_->isEnabled());
  QCOMPARE(composer_->draft().text, "hello");
}

void ComposerTest::text_can_not_change_while_it_is_handed_over() {
  composer_->set_draft({"hello", {}});
  composer_->set_state(Composer::State::Sending);
  QTest::keyClicks(edit_, "x");
  QCOMPARE(composer_->draft().text, "hello");
  // What waits for a long recording to be decoded can be stopped.
  QSignalSpy stopped(composer_.get(), &Composer::stopRequested);
  QVERIFY(stop_->isVisible());
  stop_->click();
  QTest::keyClick(edit_, Qt::Key_Escape);
  QCOMPARE(stopped.count(), 2);
}

// On a page that has room, as wide as a narrow window.
void ComposerTest::files_in_two_rows_are_all_seen() {
  QWidget page;
  auto* column = new QVBoxLayout(&page);
  column->addStretch(1);
  auto* composer = new Composer(*theme_, &page);
  column->addWidget(composer);
  page.resize(500, 600);
  page.show();
  QTemporaryDir folder;
  QStringList files;
  for (int i = 0; i < 6; ++i) {
    files << folder.filePath(QString("a file with a long name %1.txt").arg(i));
    QVERIFY(QFile(files.last()).open(QIODevice::WriteOnly));
  }
  composer->attach(files);
  const auto last_bottom = [&] {
    int bottom = 0;
    for (const QWidget* chip : composer->findChildren<QWidget*>())
      if (chip->accessibleName().startsWith("Attached file"))
        bottom = std::max(bottom, chip->mapTo(composer, QPoint(0, chip->height())).y());
    return bottom;
  };
  auto* edit = composer->findChild<QWidget*>("composerEdit");
  QTRY_VERIFY(last_bottom() > 100 && last_bottom() <= edit->mapTo(composer, QPoint()).y());
  QVERIFY(edit->mapTo(composer, QPoint(0, edit->height())).y() < composer->height());
}

void ComposerTest::grows_with_its_lines() {
  const int one = edit_->height();
  edit_->setPlainText("a\nb\nc");
  QVERIFY2(std::abs(edit_->height() - 3 * one) <= 3, qPrintable(QString::number(edit_->height())));
  edit_->setPlainText(QString("a\n").repeated(100));
  const int most = edit_->height();
  edit_->setPlainText(QString("a\n").repeated(200));
  QCOMPARE(edit_->height(), most);
  edit_->clear();
  QCOMPARE(edit_->height(), one);
}

void ComposerTest::files_are_attached_once_and_taken_away() {
  composer_->attach({scratch_.filePath("a.txt"), scratch_.filePath("b.txt"), scratch_.filePath("a.txt")});
  QCOMPARE(composer_->draft().attachments, (QStringList{scratch_.filePath("a.txt"), scratch_.filePath("b.txt")}));
  QVERIFY(send_->isEnabled());
  composer_->attach({scratch_.filePath("missing.txt")});
  QCOMPARE(composer_->draft().attachments.size(), 2);
  for (QAbstractButton* button : composer_->findChildren<QAbstractButton*>()) {
    if (button->accessibleName() == "Remove a.txt") button->click();
  }
  QCOMPARE(composer_->draft().attachments, QStringList{scratch_.filePath("b.txt")});
}

void ComposerTest::folders_are_shared_and_not_attached() {
  QSignalSpy folders(composer_.get(), &Composer::foldersChanged);
  composer_->set_folders({"/first"});
  composer_->attach({scratch_.filePath("folder")});
  QCOMPARE(folders.count(), 1);
  QCOMPARE(folders.first().first().toStringList(), (QStringList{"/first", scratch_.filePath("folder")}));
  QVERIFY(composer_->draft().attachments.isEmpty());
}

void ComposerTest::pasted_files_are_attached() {
  auto* data = new QMimeData;
  data->setUrls({QUrl::fromLocalFile(scratch_.filePath("a.txt"))});
  QGuiApplication::clipboard()->setMimeData(data);
  edit_->paste();
  QCOMPARE(composer_->draft(), (Draft{"", {scratch_.filePath("a.txt")}}));
  QGuiApplication::clipboard()->setText("plain words");
  edit_->paste();
  QCOMPARE(composer_->draft().text, "plain words");
}

void ComposerTest::a_long_reading_is_announced() {
  const auto hint = [this] { return composer_->findChild<QLabel*>("composerHint")->text(); };
  composer_->set_reading_time(21'000);
  QCOMPARE(hint(), "");  // of nothing
  QSignalSpy changed(composer_.get(), &Composer::draftChanged);
  QTest::keyClicks(edit_, "hi");
  QCOMPARE(changed.count(), 2);
  QCOMPARE(hint(), "about 20 s to read");
  composer_->set_reading_time(1500);
  QCOMPARE(hint(), "");
  composer_->set_reading_time(21'000);
  composer_->set_state(Composer::State::Unavailable, "No model is loaded");
  QCOMPARE(hint(), "No model is loaded");
  composer_->set_state(Composer::State::Answering, "Esc stops");
  QCOMPARE(hint(), "Esc stops");
  composer_->set_state(Composer::State::Ready);
  composer_->set_reading_time({});
  QCOMPARE(hint(), "");
}

QTEST_MAIN(ComposerTest)
#include "composer_test.moc"
