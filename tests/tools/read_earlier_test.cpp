#include <QtTest>

#include "agent/store/store.h"
#include "tests/agent/must.h"
#include "tests/tools/tool_fixture.h"

using namespace facet;
using namespace facet::tools;
using namespace facet::tools::test;

// The model reads again what it was told no more.
class ReadEarlierTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    database_ = folder_.path("facet.sqlite");
    const auto store = must(agent::Store::open(database_));
    conversation_ = must(store->create_conversation("Cranes", "", {})).id;
    other_ = must(store->create_conversation("Lunch", "", {})).id;
    question_ = must(store->add_user_message(conversation_, {agent::TextPart{"When does\nthe crane come?"}})).id;
    answer_ = must(store->begin_assistant_message(conversation_)).id;
    short_call_ = add_call(*store, "seven");
    long_call_ = add_call(*store, "the first of it");
    // Ten thousand lines whose place in the text is known: 11 bytes each, one of them two.
    for (int line = 0; line < 10'000; ++line)
      whole_ += QString("%1 \u00e4bcd\n").arg(line, 4, 10, QChar('0')).toStdString();
    must(store->keep_output(long_call_, whole_));
  }

  void a_result_is_read_part_by_part() {
    std::string read;
    std::int64_t from = 0;
    int parts = 0;
    while (from < static_cast<std::int64_t>(whole_.size())) {
      const Outcome outcome = ask({{"call", long_call_}, {"from", from}});
      QVERIFY(!outcome.failed);
      QVERIFY(outcome.text.size() <= agent::kMaxResultBytes);
      const auto bytes = outcome.details["bytes"].get<std::size_t>();
      read += outcome.text.substr(0, bytes);
      from += static_cast<std::int64_t>(bytes);
      ++parts;
      const std::string note = "\n[bytes " + std::to_string(read.size() - bytes) + " to " + std::to_string(from) +
                               " of " + std::to_string(whole_.size()) +
                               "; go on with \"from\": " + std::to_string(from) + "]";
      const bool is_last = read.size() == whole_.size();
      COMPARE_TEXT(outcome.text.substr(bytes), is_last ? "" : note);
    }
    QVERIFY(read == whole_);
    QCOMPARE(parts, 5);
    COMPARE_TEXT(ask({{"call", short_call_}}).text, "seven");
    // Inside of a character: from the next one on.
    const std::size_t inside = whole_.find("\xc3\xa4") + 1;
    QVERIFY(ask({{"call", long_call_}, {"from", inside}}).text.starts_with("bcd\n0001"));
  }

  void messages_are_listed_and_read() {
    COMPARE_TEXT(ask(agent::Json::object()).text, std::to_string(question_) + " user: When does the crane come?\n" +
                                                      std::to_string(answer_) +
                                                      " assistant: [call 1: look {}] [call 2: look {}]\n");
    COMPARE_TEXT(ask({{"message", question_}}).text, "When does\nthe crane come?\n");
  }

  void what_is_not_there_is_said() {
    COMPARE_TEXT(ask({{"call", 99}}).text, "error: this conversation has no result of a call 99");
    COMPARE_TEXT(ask({{"message", 99}}).text, "error: this conversation has no message 99");
    COMPARE_TEXT(ask({{"call", short_call_}, {"from", 6}}).text, "error: it has 5 bytes, and none from 6 on");
    COMPARE_TEXT(ask({{"call", 1}, {"message", 1}}).text, "error: name a call or a message, not both");
    // Of another conversation nothing is shown.
    ToolContext context = context_of({});
    context.conversation = other_;
    for (const char* what : {"call", "message"})
      QVERIFY(call(read_earlier_tool(database_), {{what, 1}}, context).failed);
    QVERIFY(call(read_earlier_tool(folder_.path("missing")), {{"call", 1}}, context_of({})).failed);
  }

 private:
  agent::CallId add_call(agent::Store& store, const std::string& result) {
    agent::Call call;
    call.tool = "look";
    call.arguments_json = "{}";
    call.details_json = "{}";
    agent::Part part = must(store.add_part(answer_, agent::CallPart{call}, 0));
    auto& stored = std::get<agent::CallPart>(part.content).call;
    stored.state = agent::CallState::Succeeded;
    stored.result = result;
    stored.finished_ms = 1;
    must(store.finish_part(part.id, part.content));
    return stored.id;
  }
  Outcome ask(const Json& arguments) const {
    ToolContext context = context_of({});
    context.conversation = conversation_;
    return call(read_earlier_tool(database_), arguments, context);
  }

  Folder folder_;
  std::string database_;
  agent::ConversationId conversation_ = 0;
  agent::ConversationId other_ = 0;
  agent::MessageId question_ = 0;
  agent::MessageId answer_ = 0;
  agent::CallId short_call_ = 0;
  agent::CallId long_call_ = 0;
  std::string whole_;
};

QTEST_APPLESS_MAIN(ReadEarlierTest)
#include "read_earlier_test.moc"
