// Places that an answer names, on the pictures of the question.
#include <QAbstractButton>
#include <QClipboard>
#include <QDialog>
#include <QLabel>
#include <QMenu>
#include <QSettings>
#include <QTemporaryDir>
#include <QtTest>

#include "agent/store/reader.h"
#include "agent/store/store.h"
#include "ui/blocks/code_view.h"
#include "ui/blocks/region_picture.h"
#include "ui/blocks/regions_view.h"
#include "ui/models/transcript_model.h"
#include "ui/pictures.h"
#include "ui/theme.h"
#include "ui/transcript/transcript_view.h"

using namespace facet;
using namespace facet::ui;

namespace {

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) qFatal("%s", result.error().message.c_str());
  return std::move(result).value();
}

agent::PartContent picture(const std::string& name, std::uint32_t width, std::uint32_t height) {
  agent::AttachmentPart file;
  file.name = name;
  file.path = "/pictures/" + name;
  file.media_type = "image/png";
  agent::AttachedMedia& media = file.media.emplace();
  media.width = width;
  media.height = height;
  media.budget = 280;
  media.pieces = {{.width = width, .height = height, .tokens = 264}};
  return file;
}

const char kAnswer[] = R"(The window is here:

```json
[{"box_2d": [250, 250, 750, 500], "label": "window"}, {"point": [500, 875], "label": "door"}]
```
And that is all.)";

bool is_near(const QColor& one, const QColor& other) {
  return qAbs(one.red() - other.red()) < 12 && qAbs(one.green() - other.green()) < 12 &&
         qAbs(one.blue() - other.blue()) < 12;
}

}  // namespace

class RegionsTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void init();
  void boxes_lie_where_the_numbers_say();
  void a_growing_answer_shows_what_is_there();
  void rows_show_the_same_as_events();
  void without_a_picture_it_is_code();
  void a_later_answer_is_about_the_last_pictures();
  void who_is_meant_can_be_chosen();
  void places_are_copied_in_pixels();
  void a_click_enlarges_with_the_marks();
  void what_the_model_wrote_is_there();
  void many_places_are_folded();
  void screen_readers_hear_every_place();

 private:
  void show(std::vector<agent::PartContent> question, const std::string& answer);
  RegionsView* block() const { return view_->findChild<RegionsView*>(); }
  RegionPicture* sheet() const { return view_->findChild<RegionPicture*>(); }
  QImage drawn() const;
  QImage settled() const;

  QTemporaryDir scratch_;
  std::unique_ptr<Theme> theme_;
  std::unique_ptr<Pictures> pictures_;
  std::unique_ptr<TranscriptModel> model_;
  std::unique_ptr<TranscriptView> view_;
};

void RegionsTest::initTestCase() {
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, scratch_.path());
}

// Grey pictures: what has another colour is drawn on them.
void RegionsTest::init() {
  view_.reset();
  theme_ = std::make_unique<Theme>();
  pictures_ = std::make_unique<Pictures>([](const std::string& file, int side) {
    QImage image(side, file.find("tall") == std::string::npos ? side / 2 : side * 2, QImage::Format_RGB32);
    image.fill(QColor(128, 128, 128));
    return image;
  });
  model_ = std::make_unique<TranscriptModel>(1);
  view_ = std::make_unique<TranscriptView>(*theme_, [](const agent::Op&) {});
  view_->set_pictures(pictures_.get(),
                      [](const agent::AttachmentPart& file) { return QString::fromStdString(file.path); });
  view_->resize(900, 1000);
  view_->show();
  view_->set_model(model_.get());
}

void RegionsTest::show(std::vector<agent::PartContent> question, const std::string& answer) {
  agent::Message user{.id = 1, .conversation = 1, .created_ms = 1'700'000'000'000, .parts = {}};
  for (agent::PartContent& each : question)
    user.parts.push_back({static_cast<agent::PartId>(user.parts.size() + 1), 0, std::move(each)});
  agent::Message assistant{.id = 2, .conversation = 1, .role = agent::Role::Assistant, .parts = {}};
  assistant.parts = {{100, 0, agent::TextPart{answer}}};
  model_->reset({user, assistant});
}

QImage RegionsTest::drawn() const {
  QSignalSpy loaded(pictures_.get(), &Pictures::loaded);
  (void)sheet()->grab();
  if (loaded.isEmpty()) loaded.wait(2000);
  return sheet()->grab().toImage();
}

// The block when its picture is there and its place is found.
QImage RegionsTest::settled() const {
  (void)drawn();
  QImage before;
  QImage now = block()->grab().toImage();
  while (now != before) {
    before = now;
    QTest::qWait(100);
    now = block()->grab().toImage();
  }
  return now;
}

// 800 x 400 pixels, of which the box takes x 200 to 400 and y 100 to 300, and the point is at 700, 200.
void RegionsTest::boxes_lie_where_the_numbers_say() {
  show({picture("room.png", 800, 400)}, kAnswer);
  QVERIFY(block() != nullptr);
  const QImage image = drawn();
  const double scale = sheet()->heightForWidth(sheet()->width()) / 400.0;
  const auto at = [&](double x, double y) {
    return image.pixelColor(static_cast<int>(x * scale), static_cast<int>(y * scale));
  };
  const QColor window = region_color(theme_->colors(), 0);
  const QColor door = region_color(theme_->colors(), 1);
  QVERIFY(is_near(at(200, 250), window));  // left
  QVERIFY(is_near(at(400, 250), window));  // right
  QVERIFY(is_near(at(300, 300), window));  // below
  QVERIFY(is_near(at(700, 200), door));
  QVERIFY(is_near(at(300, 250), QColor(128, 128, 128)));  // in the box, and around it
  QVERIFY(is_near(at(190, 250), QColor(128, 128, 128)));
  QVERIFY(is_near(at(410, 250), QColor(128, 128, 128)));
  QVERIFY(is_near(at(300, 310), QColor(128, 128, 128)));
  // Exchanged axes would put it here.
  QVERIFY(!is_near(at(400, 350), window));
}

void RegionsTest::a_growing_answer_shows_what_is_there() {
  show({picture("room.png", 800, 400)}, "");
  const std::string text = kAnswer;
  std::size_t shown = 0;
  model_->fold(agent::TurnStarted{1, {.id = 3, .conversation = 1, .parts = {}}, 4});
  model_->fold(agent::PartStarted{1, 4, {200, 0, agent::TextPart{}}});
  for (std::size_t at = 0; at < text.size(); at += 7) {
    model_->fold(agent::PartDelta{1, 4, 200, text.substr(at, 7)});
    const auto rows = view_->findChildren<QAbstractButton*>("regionRow");
    QVERIFY(static_cast<std::size_t>(rows.size()) >= shown);
    shown = static_cast<std::size_t>(rows.size());
    if (at + 7 < text.find("box_2d")) QCOMPARE(shown, std::size_t{0});
  }
  QCOMPARE(shown, std::size_t{2});
}

void RegionsTest::rows_show_the_same_as_events() {
  const std::filesystem::path database = scratch_.filePath("facet.sqlite").toStdString();
  {
    const auto store = must(agent::Store::open(database));
    const auto conversation = must(store->create_conversation("Where?", "", {}));
    const auto user = must(store->add_user_message(
        conversation.id, {picture("room.png", 800, 400), agent::PartContent{agent::TextPart{"Where?"}}}));
    const auto assistant = must(store->begin_assistant_message(conversation.id));
    auto part = must(store->add_part(assistant.id, agent::TextPart{}, 0));
    TranscriptModel streamed(conversation.id);
    view_->set_model(&streamed);
    streamed.fold(agent::TurnStarted{conversation.id, user, assistant.id});
    streamed.fold(agent::PartStarted{conversation.id, assistant.id, part});
    for (const char* each = kAnswer; *each != '\0'; ++each)
      streamed.fold(agent::PartDelta{conversation.id, assistant.id, part.id, std::string(1, *each)});
    part.content = agent::TextPart{kAnswer};
    if (!store->finish_part(part.id, part.content).ok()) qFatal("part");
    streamed.fold(agent::PartFinished{conversation.id, assistant.id, part});
    if (!store->finish_message(assistant.id, agent::Finish::Done).ok()) qFatal("message");
    streamed.fold(agent::TurnFinished{conversation.id, assistant.id, agent::Finish::Done, {}});
    const QImage from_events = settled();
    TranscriptModel restarted(conversation.id);
    restarted.reset(must(must(agent::StoreReader::open(database))->messages(conversation.id)));
    view_->set_model(&restarted);
    QVERIFY(block() != nullptr);
    QCOMPARE(settled(), from_events);
    view_->set_model(nullptr);
  }
}

void RegionsTest::without_a_picture_it_is_code() {
  show({agent::TextPart{"Where?"}}, kAnswer);
  QVERIFY(block() == nullptr);
  QVERIFY(view_->findChild<CodeView*>() != nullptr);
}

void RegionsTest::a_later_answer_is_about_the_last_pictures() {
  show({picture("room.png", 800, 400)}, "A room.");
  std::vector<agent::Message> messages = model_->messages();
  messages.push_back({.id = 3, .conversation = 1, .parts = {{300, 0, agent::TextPart{"And the door?"}}}});
  messages.push_back({.id = 4,
                      .conversation = 1,
                      .role = agent::Role::Assistant,
                      .parts = {{400, 0, agent::TextPart{R"({"point": [500, 500], "label": "door"})"}}}});
  model_->reset(messages);
  QVERIFY(block() != nullptr);
  QCOMPARE(block()->accessibleName(), QString("1 place in room.png"));
}

void RegionsTest::who_is_meant_can_be_chosen() {
  show({picture("room.png", 800, 400), picture("tall.png", 200, 400)}, R"({"point": [500, 500]})");
  auto* frame = view_->findChild<QAbstractButton*>("regionsFrame");
  QVERIFY(frame->isVisible());
  QCOMPARE(frame->text(), QString("room.png"));
  frame->click();
  auto* menu = view_->findChild<QMenu*>("regionsFrameMenu");
  QCOMPARE(menu->actions().size(), 2);
  menu->actions()[1]->trigger();
  QCOMPARE(block()->accessibleName(), QString("1 place in tall.png"));
  QCOMPARE(view_->findChild<QAbstractButton*>("regionRow")->accessibleName(), QString("1: at 100, 200"));
  menu->close();
  // One list for each picture is in their order.
  show({picture("room.png", 800, 400), picture("tall.png", 200, 400)},
       "{\"point\": [1, 1]} and {\"point\": [500, 500]}");
  const auto blocks = view_->findChildren<RegionsView*>();
  QCOMPARE(blocks.size(), 2);
  QCOMPARE(blocks[1]->accessibleName(), QString("1 place in tall.png"));
  // Where it is said there is nothing to be chosen.
  show({picture("room.png", 800, 400), picture("tall.png", 200, 400)}, R"({"image": 2, "point": [500, 500]})");
  QVERIFY(!view_->findChild<QAbstractButton*>("regionsFrame")->isVisible());
  QCOMPARE(block()->accessibleName(), QString("1 place in tall.png"));
}

void RegionsTest::places_are_copied_in_pixels() {
  show({picture("room.png", 800, 400)}, kAnswer);
  view_->findChild<QAbstractButton*>("regionsCopy")->click();
  const QString copied = QGuiApplication::clipboard()->text().simplified();
  QVERIFY2(copied.contains("\"label\": \"window\", \"x\": 200, \"y\": 100, \"width\": 200, \"height\": 200"),
           qPrintable(copied));
  QVERIFY2(copied.contains("\"label\": \"door\", \"x\": 700, \"y\": 200 }"), qPrintable(copied));
}

void RegionsTest::a_click_enlarges_with_the_marks() {
  show({picture("room.png", 800, 400)}, kAnswer);
  (void)drawn();
  QTest::keyClick(sheet(), Qt::Key_Space);
  auto* dialog = view_->findChild<QDialog*>("pictureDialog");
  QVERIFY(dialog != nullptr);
  auto* label = dialog->findChild<QLabel*>();
  QTRY_VERIFY(!label->pixmap().isNull());
  const QImage image = label->grab().toImage();
  const double scale = label->width() / 800.0;
  QVERIFY(is_near(image.pixelColor(static_cast<int>(400 * scale), static_cast<int>(250 * scale)),
                  region_color(theme_->colors(), 0)));
  QTest::keyClick(dialog, Qt::Key_Escape);
}

void RegionsTest::what_the_model_wrote_is_there() {
  show({picture("room.png", 800, 400)}, kAnswer);
  QVERIFY(view_->findChild<CodeView*>() == nullptr);
  view_->findChild<QAbstractButton*>("regionsSource")->click();
  QVERIFY(block()->findChild<CodeView*>()->isVisible());
  view_->findChild<QAbstractButton*>("regionsSource")->click();
  QVERIFY(!block()->findChild<CodeView*>()->isVisible());
}

void RegionsTest::many_places_are_folded() {
  std::string answer = "[";
  for (int i = 0; i < 3000; ++i)
    answer += "{\"box_2d\": [10, 10, 20, " + std::to_string(20 + i % 900) + "]},";
  show({picture("room.png", 800, 400)}, answer + "{\"box_2d\": [10, 10, 20, NaN]}]");
  QCOMPARE(view_->findChildren<QAbstractButton*>("regionRow").size(), 8);
  auto* more = view_->findChild<QAbstractButton*>("regionsMore");
  QVERIFY2(more->text().contains("000"), qPrintable(more->text()));
  more->click();
  QCOMPARE(view_->findChildren<QAbstractButton*>("regionRow").size(), 100);
  QVERIFY(view_->findChild<QLabel*>("regionsRemark")->isVisible());
  (void)drawn();
}

void RegionsTest::screen_readers_hear_every_place() {
  show({picture("room.png", 800, 400)}, kAnswer);
  QCOMPARE(block()->accessibleName(), QString("2 places in room.png"));
  QCOMPARE(sheet()->accessibleName(), QString("room.png with marked places: 1 window, 2 door"));
  const auto rows = view_->findChildren<QAbstractButton*>("regionRow");
  QCOMPARE(rows[0]->accessibleName(), QString("1: window, 200 × 200 at 200, 100"));
  QCOMPARE(rows[1]->accessibleName(), QString("2: door, at 700, 200"));
  for (const QAbstractButton* row : rows)
    QVERIFY(row->focusPolicy() & Qt::TabFocus);
}

QTEST_MAIN(RegionsTest)
#include "regions_test.moc"
