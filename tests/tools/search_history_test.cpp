#include <QtTest>

#include "agent/store/store.h"
#include "tests/agent/must.h"
#include "tests/tools/tool_fixture.h"

using namespace facet;
using namespace facet::tools;
using namespace facet::tools::test;

// The model finds what was said before.
class SearchHistoryTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    database_ = folder_.path("facet.sqlite");
    const auto store = must(agent::Store::open(database_));
    for (const char* title : {"The crane", "Lunch"}) {
      const agent::Conversation conversation = must(store->create_conversation(title, "", {}));
      must(store->add_user_message(conversation.id,
                                   {agent::TextPart{std::string("When does the crane come\nto ") + title + "?"}}));
    }
  }

  void what_was_said_is_found() {
    const Outcome outcome = ask({{"query", "\"crane come\""}});
    QVERIFY(!outcome.failed);
    const QString text = QString::fromStdString(outcome.text);
    const QString today = QDate::currentDate().toString("yyyy-MM-dd");
    QCOMPARE(text.count("When does the crane come"), 2);
    QVERIFY2(text.contains("conversation \"Lunch\", " + today + ": "), outcome.text.c_str());
    QVERIFY(!text.contains(QChar(0x2068)));
    QCOMPARE(text.count('\n'), 1);
    QVERIFY(outcome.planned->effect == agent::Effect::Read && outcome.planned->inside_folders);
  }

  void the_number_of_places_is_limited() {
    const Outcome outcome = ask({{"query", "come"}, {"limit", 1}});
    QCOMPARE(outcome.details["shown"].get<int>(), 1);
  }

  void what_can_not_be_done_is_said() {
    COMPARE_TEXT(ask({{"query", "  "}}).text, "error: query is empty");
    COMPARE_TEXT(ask({{"query", "giraffe"}}).text, "nothing was found");
    const Tool elsewhere = search_history_tool(folder_.path("missing/facet.sqlite"));
    const Outcome outcome = call(elsewhere, {{"query", "crane"}}, context_of({}));
    QVERIFY(outcome.failed);
    QVERIFY2(outcome.text.starts_with("error: the conversations could not be read: "), outcome.text.c_str());
  }

 private:
  Outcome ask(const Json& arguments) const { return call(search_history_tool(database_), arguments, context_of({})); }

  Folder folder_;
  std::string database_;
};

QTEST_APPLESS_MAIN(SearchHistoryTest)
#include "search_history_test.moc"
