#include <QAbstractButton>
#include <QClipboard>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QSettings>
#include <QTemporaryDir>
#include <QTextBrowser>
#include <QtTest>

#include "tests/ui/support/scenes.h"
#include "ui/blocks/code_view.h"
#include "ui/blocks/prose_view.h"
#include "ui/models/transcript_model.h"
#include "ui/theme.h"
#include "ui/transcript/message_widget.h"
#include "ui/transcript/transcript_view.h"

using namespace facet;
using namespace facet::ui;

namespace {

std::vector<agent::Message> many_messages(int count) {
  std::vector<agent::Message> messages;
  for (int number = 1; number <= count; ++number) {
    agent::Message message;
    message.id = number;
    message.conversation = 1;
    message.role = number % 2 == 1 ? agent::Role::User : agent::Role::Assistant;
    message.created_ms = 1'700'000'000'000 + number;
    std::string text = "Message " + std::to_string(number) + ".";
    for (int line = 0; line < number % 7; ++line)
      text += "\n\nMore words that belong to it, enough for a line or two of text.";
    message.parts.push_back(agent::Part{number, 0, agent::TextPart{text}});
    messages.push_back(std::move(message));
  }
  return messages;
}

}  // namespace

class TranscriptTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void init();
  void cleanup();
  void a_long_conversation_builds_what_is_seen();
  void scrolling_reaches_every_message();
  void messages_do_not_overlap();
  void the_end_is_followed_until_the_user_leaves_it();
  void place_is_held_while_an_answer_grows();
  void only_the_growing_block_is_rendered_again();
  void streamed_text_looks_like_finished_text();
  void reveal_shows_the_message();
  void unfolded_cards_stay_unfolded();
  void a_running_command_shows_its_output();
  void copy_gives_the_source();

 private:
  QString visible_text() const;
  void stream(const QString& text);

  QTemporaryDir scratch_;
  std::unique_ptr<Theme> theme_;
  std::unique_ptr<TranscriptModel> model_;
  std::unique_ptr<TranscriptView> view_;
};

void TranscriptTest::initTestCase() {
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, scratch_.path());
}

void TranscriptTest::init() {
  theme_ = std::make_unique<Theme>();
  model_ = std::make_unique<TranscriptModel>(1);
  view_ = std::make_unique<TranscriptView>(*theme_, [](const agent::Op&) {});
  view_->resize(900, 600);
  view_->show();
  view_->set_model(model_.get());
}

void TranscriptTest::cleanup() {
  view_.reset();
  model_.reset();
  theme_.reset();
}

QString TranscriptTest::visible_text() const {
  QString text;
  for (const QTextBrowser* block : view_->findChildren<QTextBrowser*>()) {
    const QRect box(block->mapTo(view_.get(), QPoint(0, 0)), block->size());
    if (box.intersects(view_->rect())) text += block->toPlainText() + '\n';
  }
  return text;
}

// The model announces an answer and writes it piece by piece.
void TranscriptTest::stream(const QString& text) {
  agent::Message user;
  user.id = 1001;
  user.conversation = 1;
  user.parts.push_back(agent::Part{1, 0, agent::TextPart{"question"}});
  model_->fold(agent::TurnStarted{1, user, 1002});
  model_->fold(agent::PartStarted{1, 1002, agent::Part{2, 0, agent::TextPart{}}});
  for (qsizetype start = 0; start < text.size(); start += 11) {
    model_->fold(agent::PartDelta{1, 1002, 2, text.mid(start, 11).toStdString()});
  }
}

void TranscriptTest::a_long_conversation_builds_what_is_seen() {
  model_->reset(many_messages(2000));
  QVERIFY2(view_->built_count() > 0 && view_->built_count() < 60, qPrintable(QString::number(view_->built_count())));
  QVERIFY(visible_text().contains("Message 2000."));
  QVERIFY(!visible_text().contains("Message 1."));
}

void TranscriptTest::scrolling_reaches_every_message() {
  constexpr int kCount = 200;
  model_->reset(many_messages(kCount));
  QScrollBar* bar = view_->verticalScrollBar();
  QSet<int> seen;
  static const QRegularExpression kNumber("Message (\\d+)\\.");
  int steps = 0;
  while (true) {
    auto found = kNumber.globalMatch(visible_text());
    while (found.hasNext())
      seen << found.next().captured(1).toInt();
    QVERIFY(view_->built_count() < 80);
    if (bar->value() == 0 || ++steps > 1000) break;
    bar->setValue(bar->value() - 300);
  }
  QCOMPARE(seen.size(), kCount);
}

void TranscriptTest::messages_do_not_overlap() {
  model_->reset(many_messages(60));
  for (const int value : {0, 500, 1500, 100000}) {
    view_->verticalScrollBar()->setValue(value);
    QList<QRect> boxes;
    for (const MessageWidget* message : view_->findChildren<MessageWidget*>())
      boxes << message->geometry();
    std::sort(boxes.begin(), boxes.end(), [](const QRect& a, const QRect& b) { return a.top() < b.top(); });
    for (qsizetype index = 1; index < boxes.size(); ++index)
      QVERIFY(boxes[index - 1].bottom() < boxes[index].top());
  }
}

void TranscriptTest::the_end_is_followed_until_the_user_leaves_it() {
  model_->reset(many_messages(40));
  QScrollBar* bar = view_->verticalScrollBar();
  auto* jump = view_->findChild<QAbstractButton*>("jumpButton");
  QCOMPARE(bar->value(), bar->maximum());
  stream("word\n\n" + QString("more words ").repeated(300));
  QCOMPARE(bar->value(), bar->maximum());
  QVERIFY(!jump->isVisible());

  bar->setValue(bar->maximum() - 400);
  QVERIFY(jump->isVisible());
  const int left_at = bar->value();
  model_->fold(agent::PartDelta{1, 1002, 2, QString("even more ").repeated(300).toStdString()});
  QCOMPARE(bar->value(), left_at);

  jump->click();
  QCOMPARE(bar->value(), bar->maximum());
  model_->fold(agent::PartDelta{1, 1002, 2, QString("and more ").repeated(300).toStdString()});
  QCOMPARE(bar->value(), bar->maximum());
}

// Messages above get their real height only when they come into sight; what the user reads must not move.
void TranscriptTest::place_is_held_while_an_answer_grows() {
  model_->reset(many_messages(400));
  QScrollBar* bar = view_->verticalScrollBar();
  bar->setValue(bar->maximum() / 2);
  QTest::qWait(1);
  const auto places = [this] {
    QMap<agent::MessageId, int> tops;
    for (const MessageWidget* message : view_->findChildren<MessageWidget*>()) {
      const int top = message->mapTo(view_.get(), QPoint(0, 0)).y();
      if (top >= 0 && top < view_->height()) tops[message->message_id()] = top;
    }
    return tops;
  };
  const auto before = places();
  QVERIFY(!before.isEmpty());
  stream(QString("words ").repeated(500));
  QCOMPARE(places(), before);
}

void TranscriptTest::only_the_growing_block_is_rendered_again() {
  stream("# Title\n\nfirst paragraph\n\n```cpp\nint a;\n```\n\nlast");
  auto* prose = view_->findChild<ProseView*>(QString(), Qt::FindChildrenRecursively);
  QVERIFY(prose != nullptr);
  const QList<ProseView*> before = view_->findChildren<ProseView*>();
  const QList<CodeView*> code = view_->findChildren<CodeView*>();
  QCOMPARE(code.size(), 1);
  // The answer has prose before and after the code; of these only the last may change.
  ProseView* first = nullptr;
  for (ProseView* each : before) {
    if (each->toPlainText().startsWith("Title")) first = each;
  }
  QVERIFY(first != nullptr);
  QSignalSpy changes(first->document(), &QTextDocument::contentsChanged);
  model_->fold(agent::PartDelta{1, 1002, 2, " words that go on"});
  QCOMPARE(view_->findChildren<ProseView*>(), before);
  QCOMPARE(view_->findChildren<CodeView*>(), code);
  QCOMPARE(changes.count(), 0);
  QVERIFY(visible_text().contains("last words that go on"));
}

// Whatever was rendered on the way, the end is what rendering the whole at once gives.
void TranscriptTest::streamed_text_looks_like_finished_text() {
  const QString source = facet::ui::test::rich_markdown();
  stream(source);
  model_->fold(agent::PartFinished{1, 1002, agent::Part{2, 0, agent::TextPart{source.toStdString()}}});
  model_->fold(agent::TurnFinished{1, 1002, agent::Finish::Done, {}});
  const auto html = [this] {
    QStringList texts;
    for (const QTextBrowser* block : view_->findChildren<QTextBrowser*>())
      texts << block->toHtml();
    return texts;
  };
  view_->resize(900, 4000);
  const QStringList streamed = html();
  model_->reset(model_->messages());
  QCOMPARE(html(), streamed);
}

void TranscriptTest::reveal_shows_the_message() {
  model_->reset(many_messages(600));
  for (const int wanted : {3, 300, 599}) {
    view_->reveal(wanted);
    QVERIFY2(visible_text().contains(QString("Message %1.").arg(wanted)), qPrintable(QString::number(wanted)));
  }
}

void TranscriptTest::unfolded_cards_stay_unfolded() {
  std::vector<agent::Message> messages = many_messages(300);
  agent::Part card{5000, 1,
                   agent::CallPart{facet::ui::test::sample_call(
                       "read_file", R"({"path": "a.txt"})", agent::CallState::Succeeded, "the words of the file", 3)}};
  messages.back().parts.push_back(card);
  model_->reset(messages);
  const auto header = [this]() -> QAbstractButton* {
    for (QAbstractButton* button : view_->findChildren<QAbstractButton*>()) {
      if (button->accessibleName().startsWith("Read file")) return button;
    }
    return nullptr;
  };
  QVERIFY(header() != nullptr);
  QVERIFY(!header()->isChecked());
  QTest::keyClick(header(), Qt::Key_Return);
  QVERIFY(header()->isChecked());
  view_->verticalScrollBar()->setValue(0);
  view_->setFocus();
  view_->verticalScrollBar()->setValue(1);
  QVERIFY(header() == nullptr);
  view_->scroll_to_end();
  QVERIFY(header() != nullptr);
  QVERIFY(header()->isChecked());
}

void TranscriptTest::a_running_command_shows_its_output() {
  std::vector<agent::Message> messages = many_messages(10);
  agent::Call call =
      facet::ui::test::sample_call("run_command", R"({"command": "make"})", agent::CallState::Running, "", 0);
  messages.back().parts.push_back(agent::Part{5000, 1, agent::CallPart{call}});
  model_->reset(messages);
  view_->scroll_to_end();
  const auto answered = [this]() -> QString {
    for (const QPlainTextEdit* text : view_->findChildren<QPlainTextEdit*>())
      if (text->accessibleName() == "Answered" && text->isVisible()) return text->toPlainText();
    return "not shown";
  };
  const auto tell = [&](const char* details) {
    call.details_json = details;
    model_->fold(agent::CallChanged{1, messages.back().id, 5000, call});
  };
  QCOMPARE(answered(), QString("not shown"));
  tell(R"({"progress":"compiling a.c\n"})");
  QCOMPARE(answered(), QString("compiling a.c"));
  tell(R"({"progress":"compiling a.c\ncompiling b.c\n"})");
  QCOMPARE(answered(), QString("compiling a.c\ncompiling b.c"));
  // Who does not want to see it is not shown it again.
  for (QAbstractButton* button : view_->findChildren<QAbstractButton*>())
    if (button->accessibleName().startsWith("Run command")) button->click();
  QCOMPARE(answered(), QString("not shown"));
  tell(R"({"progress":"compiling c.c\n"})");
  QCOMPARE(answered(), QString("not shown"));
}

void TranscriptTest::copy_gives_the_source() {
  stream("**bold** text");
  model_->fold(agent::TurnFinished{1, 1002, agent::Finish::Done, {}});
  for (QAbstractButton* button : view_->findChildren<QAbstractButton*>()) {
    if (button->accessibleName() == "Copy answer") button->click();
  }
  QCOMPARE(QGuiApplication::clipboard()->text(), "**bold** text");
}

QTEST_MAIN(TranscriptTest)
#include "transcript_test.moc"
