#include <QAbstractButton>
#include <QClipboard>
#include <QDialog>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QSettings>
#include <QTemporaryDir>
#include <QtTest>

#include "tests/ui/support/scenes.h"
#include "ui/blocks/attachment_chip.h"
#include "ui/blocks/call_card.h"
#include "ui/composer/composer.h"
#include "ui/composer/message_edit.h"
#include "ui/pictures.h"
#include "ui/theme.h"
#include "ui/widgets/small_widgets.h"

using namespace facet;
using namespace facet::ui;

namespace {

agent::AttachmentDescribed picture(const QString& path, std::uint32_t budget = 0) {
  agent::AttachmentDescribed described;
  described.path = path.toStdString();
  described.budget = budget;
  described.tokens = budget == 0 ? 264 : 66;
  described.file.name = "photo.png";
  described.file.path = described.path;
  agent::AttachedMedia& media = described.file.media.emplace();
  media.width = 1920;
  media.height = 1080;
  media.budget = budget == 0 ? 280 : budget;
  media.shrinking = 1.82;
  described.costs = {{0, 264, 2500, 1.82}, {70, 66, 700, 3.64}, {1120, 1100, 12'000, 0.91}};
  return described;
}

}  // namespace

// Pictures on their way into a question, and in what was asked.
class MediaTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void init();
  void cleanup() { composer_.reset(); }
  void a_chip_says_what_it_costs();
  void a_budget_is_chosen_in_the_menu();
  void what_the_model_can_not_see_is_said_before();
  void an_old_description_is_passed_over();
  void a_file_that_is_being_read_says_how_far();
  void damage_and_shrinking_are_both_said();
  void a_picture_is_pasted();
  void text_that_has_a_picture_beside_it_stays_text();
  void pictures_are_decoded_once_and_elsewhere();
  void a_sent_picture_opens_a_larger_one();
  void a_call_shows_the_pictures_that_it_has_made();

 private:
  QWidget* chip() const {
    for (QWidget* widget : composer_->findChildren<QWidget*>())
      if (widget->accessibleName().startsWith("Attached file")) return widget;
    return nullptr;
  }
  QString path() const { return scratch_.filePath("photo.png"); }

  QTemporaryDir scratch_;
  std::unique_ptr<Theme> theme_;
  std::unique_ptr<Composer> composer_;
};

void MediaTest::initTestCase() {
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, scratch_.path());
  QImage image(64, 36, QImage::Format_RGB888);
  image.fill(Qt::red);
  QVERIFY(image.save(path()));
  theme_ = std::make_unique<Theme>();
}

void MediaTest::init() {
  composer_ = std::make_unique<Composer>(*theme_);
  composer_->resize(700, 160);
  composer_->show();
}

void MediaTest::a_chip_says_what_it_costs() {
  QSignalSpy wanted(composer_.get(), &Composer::descriptionWanted);
  composer_->attach({path()});
  QCOMPARE(wanted.count(), 1);
  QCOMPARE(wanted.first().first().toString(), path());
  composer_->show_description(picture(path()));
  QVERIFY2(chip()->accessibleName().contains("1920 × 1080"), qPrintable(chip()->accessibleName()));
  QVERIFY(chip()->accessibleName().contains("264 tokens"));
  // Less than 60 % of its pixels along a side are left.
  QCOMPARE(composer_->findChild<QLabel*>("chipWarning")->text(), "Shrunk to 55 %; small text may not be readable");
  QVERIFY(chip()->accessibleName().contains("Shrunk to 55 %"));
}

void MediaTest::a_budget_is_chosen_in_the_menu() {
  composer_->attach({path()});
  composer_->show_description(picture(path()));
  auto* button = composer_->findChild<QAbstractButton*>("budgetButton");
  QCOMPARE(button->text(), "Automatic (280)");
  QVERIFY(button->focusPolicy() & Qt::TabFocus);
  button->click();
  auto* menu = composer_->findChild<QMenu*>("budgetMenu");
  QVERIFY(menu != nullptr);
  QCOMPARE(menu->actions().size(), 3);
  QVERIFY(menu->actions()[0]->isChecked());
  QVERIFY2(menu->actions()[1]->text().startsWith("70:  66 tokens, about"), qPrintable(menu->actions()[1]->text()));
  QVERIFY(menu->actions()[1]->text().endsWith("shrunk to 27 %"));
  QVERIFY(!menu->actions()[2]->text().contains("shrunk"));
  QSignalSpy wanted(composer_.get(), &Composer::descriptionWanted);
  QSignalSpy changed(composer_.get(), &Composer::draftChanged);
  menu->actions()[1]->trigger();
  QCOMPARE(wanted.first().value(1).toUInt(), 70U);
  QVERIFY(changed.count() > 0);
  QCOMPARE(composer_->draft().budgets, (QMap<QString, quint32>{{path(), 70U}}));
  composer_->show_description(picture(path(), 70));
  QCOMPARE(button->text(), "70");
  menu->close();
}

void MediaTest::what_the_model_can_not_see_is_said_before() {
  composer_->attach({path()});
  agent::AttachmentDescribed described = picture(path());
  described.problem = "Practice model can not see photo.png.";
  composer_->show_description(described);
  QCOMPARE(composer_->findChild<QLabel*>("chipWarning")->text(), "Practice model can not see photo.png.");
  QVERIFY(composer_->findChild<QLabel*>("chipWarning")->isVisible());
  // Another model is asked about it.
  QSignalSpy wanted(composer_.get(), &Composer::descriptionWanted);
  composer_->describe_all();
  QCOMPARE(wanted.count(), 1);
}

void MediaTest::a_file_that_is_being_read_says_how_far() {
  QSignalSpy unwanted(composer_.get(), &Composer::descriptionUnwanted);
  composer_->attach({path()});
  composer_->show_progress({path().toStdString(), 0});
  QVERIFY2(chip()->accessibleName().endsWith("being read"), qPrintable(chip()->accessibleName()));
  QVERIFY(chip()->findChild<Spinner*>()->isVisible());
  composer_->show_progress({path().toStdString(), 0.42});
  QVERIFY2(chip()->accessibleName().endsWith("being read, 42 %"), qPrintable(chip()->accessibleName()));
  composer_->show_progress({"/elsewhere.png", 0.9});
  QVERIFY(chip()->accessibleName().endsWith("being read, 42 %"));
  // A file that is sent or put aside is still wanted; one that is taken away is not.
  QCOMPARE(unwanted.count(), 0);
  composer_->show_description(picture(path()));
  QVERIFY(!chip()->findChild<Spinner*>()->isVisible());
  QVERIFY(!chip()->accessibleName().contains("being read"));
  composer_->show_progress({path().toStdString(), 0.5});
  QVERIFY(!chip()->accessibleName().contains("being read"));
  for (QAbstractButton* button : chip()->findChildren<QAbstractButton*>())
    if (button->accessibleName() == "Remove photo.png") button->click();
  QCOMPARE(unwanted.count(), 1);
  QCOMPARE(unwanted.first().first().toString(), path());
}

void MediaTest::damage_and_shrinking_are_both_said() {
  composer_->attach({path()});
  agent::AttachmentDescribed described = picture(path());
  described.milliseconds = 2500;
  described.problem = "Of photo.png a part is damaged.";
  described.file.media->remark = "a part is damaged";
  composer_->show_description(described);
  QCOMPARE(composer_->findChild<QLabel*>("chipWarning")->text(),
           "Of photo.png a part is damaged.\nShrunk to 55 %; small text may not be readable");
  // What it costs is tokens and time.
  QVERIFY2(chip()->accessibleName().contains("264 tokens · about 3 s"), qPrintable(chip()->accessibleName()));
}

void MediaTest::an_old_description_is_passed_over() {
  composer_->attach({path()});
  composer_->show_description(picture(path(), 70));
  QVERIFY(!chip()->accessibleName().contains("tokens"));
  composer_->show_description(picture("/elsewhere.png"));
  QVERIFY(!chip()->accessibleName().contains("tokens"));
}

void MediaTest::a_picture_is_pasted() {
  QImage image(20, 10, QImage::Format_RGB32);
  image.fill(Qt::blue);
  QGuiApplication::clipboard()->setImage(image);
  auto* edit = composer_->findChild<MessageEdit*>("composerEdit");
  edit->paste();
  const QStringList files = composer_->draft().attachments;
  QCOMPARE(files.size(), 1);
  QCOMPARE(QFileInfo(files.first()).fileName(), "Pasted picture 1.png");
  const QImage pasted(files.first());
  QCOMPARE(pasted.size(), image.size());
  QCOMPARE(pasted.pixel(3, 3), image.pixel(3, 3));
  QCOMPARE(composer_->draft().text, "");
}

void MediaTest::text_that_has_a_picture_beside_it_stays_text() {
  auto* data = new QMimeData;
  data->setText("a cell");
  data->setImageData(QImage(4, 4, QImage::Format_RGB32));
  QGuiApplication::clipboard()->setMimeData(data);
  composer_->findChild<MessageEdit*>("composerEdit")->paste();
  QCOMPARE(composer_->draft(), (Draft{"a cell", {}}));
}

void MediaTest::pictures_are_decoded_once_and_elsewhere() {
  std::atomic<int> decoded = 0;
  std::atomic<bool> elsewhere = true;
  Pictures pictures([&](const std::string& file, int side) {
    ++decoded;
    elsewhere = elsewhere && QThread::currentThread() != QCoreApplication::instance()->thread();
    return file == "torn" ? QImage() : QImage(side, side / 2, QImage::Format_RGB32);
  });
  QSignalSpy loaded(&pictures, &Pictures::loaded);
  QVERIFY(pictures.find("cat", 40).isNull());
  QVERIFY(pictures.find("torn", 40).isNull());
  QTRY_COMPARE(loaded.count(), 1);
  QCOMPARE(pictures.find("cat", 40).size(), QSize(40, 20));
  QTRY_COMPARE(decoded.load(), 2);
  QVERIFY(pictures.find("torn", 40).isNull());
  QCOMPARE(decoded.load(), 2);
  QVERIFY(elsewhere);
}

void MediaTest::a_sent_picture_opens_a_larger_one() {
  Pictures pictures([](const std::string&, int) {
    QImage image(320, 180, QImage::Format_RGB32);
    image.fill(Qt::green);
    return image;
  });
  std::set<agent::PartId> unfolded;
  const BlockContext context{.theme = *theme_,
                             .submit = {},
                             .open_link = {},
                             .hold_place = {},
                             .unfolded = unfolded,
                             .pictures = &pictures,
                             .place_of = [this](const agent::AttachmentPart&) { return path(); }};
  AttachmentChip sent(context);
  agent::Part part;
  part.content = picture(path()).file;
  sent.set_part(part, PartWidget::Growth::Complete);
  sent.show();
  auto* shown = sent.findChild<QAbstractButton*>("attachmentPicture");
  QVERIFY(shown != nullptr);
  QCOMPARE(shown->accessibleName(), "Show photo.png");
  // In its place from the beginning, in the shape of the picture.
  QCOMPARE(shown->size(), QSize(240, 135));
  QTRY_COMPARE(shown->grab().toImage().pixelColor(120, 60), QColor(Qt::green));
  QVERIFY(shown->focusPolicy() & Qt::TabFocus);
  QTest::keyClick(shown, Qt::Key_Space);
  auto* dialog = sent.findChild<QDialog*>("pictureDialog");
  QVERIFY(dialog != nullptr);
  auto* label = dialog->findChild<QLabel*>();
  // In its shape before it is there, and no larger than the screen.
  QVERIFY(qAbs(label->width() * 1080 - label->height() * 1920) <= 1920);
  QVERIFY(label->width() <= label->screen()->availableSize().width());
  QTRY_VERIFY(!label->pixmap().isNull());
  QTest::keyClick(dialog, Qt::Key_Escape);
  QTRY_VERIFY(sent.findChild<QDialog*>("pictureDialog") == nullptr);
}

void MediaTest::a_call_shows_the_pictures_that_it_has_made() {
  Pictures pictures([](const std::string&, int) {
    QImage image(320, 180, QImage::Format_RGB32);
    image.fill(Qt::green);
    return image;
  });
  std::set<agent::PartId> unfolded;
  bool is_there = true;
  const BlockContext context{.theme = *theme_,
                             .submit = {},
                             .open_link = {},
                             .hold_place = {},
                             .unfolded = unfolded,
                             .pictures = &pictures,
                             .place_of = [&](const agent::AttachmentPart&) { return is_there ? path() : QString(); }};
  agent::Part part;
  part.id = 3;
  agent::Call call = facet::ui::test::sample_call("take_screenshot", "{}", agent::CallState::Running, "", 0);
  part.content = agent::CallPart{call};
  CallCard card(context);
  card.resize(700, 400);
  card.show();
  card.set_part(part, PartWidget::Growth::Growing);
  QVERIFY(card.findChild<QAbstractButton*>("callPicture") == nullptr);
  call.state = agent::CallState::Succeeded;
  call.pictures = {picture(path()).file, picture(path()).file};
  call.pictures[1].name = "second.png";
  part.content = agent::CallPart{call};
  card.set_part(part, PartWidget::Growth::Complete);
  card.set_part(part, PartWidget::Growth::Complete);
  // Folded as it is, both are seen, beside each other.
  const auto shown = card.findChildren<QAbstractButton*>("callPicture");
  QCOMPARE(shown.size(), 2);
  QTRY_VERIFY(shown[0]->isVisible());
  QCOMPARE(shown[1]->accessibleName(), "Show second.png");
  QTRY_VERIFY(shown[0]->y() == shown[1]->y() && shown[0]->x() < shown[1]->x());
  QTRY_COMPARE(shown[0]->grab().toImage().pixelColor(120, 60), QColor(Qt::green));
  QTest::mouseClick(shown[1], Qt::LeftButton);
  auto* dialog = card.findChild<QDialog*>("pictureDialog");
  QVERIFY(dialog != nullptr);
  QCOMPARE(dialog->windowTitle(), "second.png");
  dialog->close();
  // A picture whose copy is gone takes no room.
  is_there = false;
  CallCard bare(context);
  bare.set_part(part, PartWidget::Growth::Complete);
  QVERIFY(bare.findChild<QAbstractButton*>("callPicture") == nullptr);
}

QTEST_MAIN(MediaTest)
#include "media_test.moc"
