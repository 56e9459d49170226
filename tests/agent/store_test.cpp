#include "agent/store/store.h"

#include <QTemporaryDir>
#include <QtTest>

#include "agent/store/reader.h"
#include "tests/agent/must.h"

using namespace facet;
using namespace facet::agent;

namespace {

namespace fs = std::filesystem;

// A database in a folder of its own, open for writing and for reading.
struct Fixture {
  QTemporaryDir folder;
  fs::path path = fs::path(folder.path().toStdString()) / "facet.sqlite";
  std::unique_ptr<Store> store = open_store();
  std::unique_ptr<StoreReader> reader = must(StoreReader::open(path));

  std::unique_ptr<Store> open_store() const { return must(Store::open(path)); }

  Conversation conversation(const std::string& title) const {
    return must(store->create_conversation(title, "Practice model", {"/home/ann/notes", "/tmp"}));
  }
  Part finished(MessageId message, PartContent content) const {
    Part part = must(store->add_part(message, std::move(content), /*run=*/0));
    if (!store->finish_part(part.id, part.content).ok()) qFatal("finish_part");
    return part;
  }
  std::vector<std::string> snippets(const std::string& query) const {
    std::vector<std::string> out;
    const auto hits = reader->search(query);
    if (!hits.ok()) return {hits.error().message};
    for (const SearchHit& hit : *hits)
      out.push_back(hit.snippet);
    return out;
  }
};

Call some_call() {
  Call call;
  call.tool = "read_file";
  call.arguments_json = R"({"path":"Straße.md","first_line":3})";
  call.details_json = "{}";
  call.started_ms = 1;
  return call;
}

using Strings = std::vector<std::string>;

}  // namespace

class StoreTest : public QObject {
  Q_OBJECT

 private slots:
  void what_was_written_is_read();
  void a_call_keeps_its_approval();
  void steps_keep_all_64_bits_of_a_seed();
  void conversations_come_newest_first();
  void removing_takes_everything_along();
  void ids_are_never_used_again();
  void changes_of_what_is_gone_are_refused();
  void interrupted_messages_become_stopped();
  void grants_are_kept_once();
  void grants_of_a_conversation_go_with_it();
  void search_finds_titles_texts_calls_and_attachments();
  void search_ignores_accents_and_case_and_completes_the_last_word();
  void search_takes_phrases();
  void search_accepts_anything_data();
  void search_accepts_anything();
  void search_sees_a_text_when_it_is_finished();
  void search_marks_only_matches();
  void texts_keep_every_byte();
  void a_reader_cannot_write();
};

void StoreTest::what_was_written_is_read() {
  Fixture f;
  const Conversation conversation = f.conversation("Notes");
  const Message user = must(f.store->add_user_message(
      conversation.id,
      {AttachmentPart{"a.txt", "/x/a.txt", "text/plain", 4, "00ff", "body"}, TextPart{"What is in it?"}}));
  const Message answer = must(f.store->begin_assistant_message(conversation.id));
  const Part thought = must(f.store->add_part(answer.id, ThoughtPart{""}, /*run=*/0));
  QVERIFY(f.store->update_text(thought.id, "half").ok());
  QVERIFY(f.store->finish_part(thought.id, ThoughtPart{"half and whole"}).ok());
  const Part text = must(f.store->add_part(answer.id, TextPart{""}, /*run=*/1));
  QVERIFY(f.store->update_text(text.id, "A bo").ok());

  const auto messages = must(f.reader->messages(conversation.id));
  QCOMPARE(messages.size(), std::size_t{2});
  QCOMPARE(messages[0].id, user.id);
  QCOMPARE(messages[0].conversation, conversation.id);
  QVERIFY(messages[0].role == Role::User && messages[0].finish == Finish::Done);
  QVERIFY(messages[0].created_ms > 1'600'000'000'000);
  QCOMPARE(messages[0].parts.size(), std::size_t{2});
  const auto& file = std::get<AttachmentPart>(messages[0].parts[0].content);
  QCOMPARE(file.name, std::string("a.txt"));
  QCOMPARE(file.path, std::string("/x/a.txt"));
  QCOMPARE(file.media_type, std::string("text/plain"));
  QCOMPARE(file.bytes, std::int64_t{4});
  QCOMPARE(file.sha256, std::string("00ff"));
  QCOMPARE(file.text, std::string("body"));
  QCOMPARE(messages[0].parts[1].id, user.parts[1].id);
  QCOMPARE(std::get<TextPart>(messages[0].parts[1].content).text, std::string("What is in it?"));

  QVERIFY(messages[1].role == Role::Assistant && messages[1].finish == Finish::Streaming);
  QCOMPARE(messages[1].parts.size(), std::size_t{2});
  QCOMPARE(std::get<ThoughtPart>(messages[1].parts[0].content).text, std::string("half and whole"));
  QCOMPARE(messages[1].parts[1].id, text.id);
  QCOMPARE(messages[1].parts[1].ordinal, 1);
  QCOMPARE(messages[1].parts[1].run, 1);
  QCOMPARE(std::get<TextPart>(messages[1].parts[1].content).text, std::string("A bo"));

  QVERIFY(f.store->finish_message(answer.id, Finish::Length).ok());
  QVERIFY(must(f.reader->messages(conversation.id))[1].finish == Finish::Length);
  const Conversation read = must(f.reader->conversation(conversation.id)).value();
  QCOMPARE(read.title, std::string("Notes"));
  QCOMPARE(read.model, std::string("Practice model"));
  QCOMPARE(read.folders, Strings({"/home/ann/notes", "/tmp"}));
  QVERIFY(!must(f.reader->conversation(conversation.id + 1)).has_value());
}

void StoreTest::a_call_keeps_its_approval() {
  Fixture f;
  const Conversation conversation = f.conversation("Calls");
  const Message answer = must(f.store->begin_assistant_message(conversation.id));
  const Part part = must(f.store->add_part(answer.id, CallPart{some_call()}, /*run=*/0));
  Call call = std::get<CallPart>(part.content).call;
  QVERIFY(call.id != 0);
  Approval approval{
      .reason = "It is outside.", .effect_text = "Read /etc/hosts", .scope = "/etc", .offers_always = true};
  approval.id = must(f.store->add_approval(call.id, approval));
  call.state = CallState::AwaitingApproval;
  QVERIFY(f.store->update_call(call).ok());
  QVERIFY(f.store->settle_approval(approval.id, Decision::AllowAlwaysHere).ok());
  call.state = CallState::Succeeded;
  call.result = "127.0.0.1 localhost";
  call.details_json = R"({"lines":1})";
  call.finished_ms = 9;
  QVERIFY(f.store->finish_part(part.id, CallPart{call}).ok());

  const auto read = std::get<CallPart>(must(f.reader->messages(conversation.id))[0].parts[0].content).call;
  QCOMPARE(read.id, call.id);
  QCOMPARE(read.tool, call.tool);
  QCOMPARE(read.arguments_json, call.arguments_json);
  QVERIFY(read.state == CallState::Succeeded);
  QCOMPARE(read.result, call.result);
  QCOMPARE(read.details_json, call.details_json);
  QCOMPARE(read.started_ms, std::int64_t{1});
  QCOMPARE(read.finished_ms, std::int64_t{9});
  QVERIFY(read.approval.has_value());
  QCOMPARE(read.approval->id, approval.id);
  QCOMPARE(read.approval->reason, approval.reason);
  QCOMPARE(read.approval->effect_text, approval.effect_text);
  QCOMPARE(read.approval->scope, approval.scope);
  QVERIFY(read.approval->offers_always);
  QVERIFY(read.approval->decision == Decision::AllowAlwaysHere);
}

void StoreTest::steps_keep_all_64_bits_of_a_seed() {
  Fixture f;
  const Message answer = must(f.store->begin_assistant_message(f.conversation("Steps").id));
  const Step step{0, answer.id, "m", "CPU", 0xfedcba9876543210u, "{}", "ab", 1, 2, 3, 4, 5, "end_of_turn"};
  QVERIFY(f.store->add_step(step).ok());
  const auto steps = must(f.reader->steps(answer.id));
  QCOMPARE(steps.size(), std::size_t{1});
  QCOMPARE(steps[0].seed, step.seed);
  QCOMPARE(steps[0].model, step.model);
  QCOMPARE(steps[0].backend, step.backend);
  QCOMPARE(steps[0].prompt_sha256, step.prompt_sha256);
  QCOMPARE(steps[0].prompt_tokens + 10 * steps[0].cached_tokens + 100 * steps[0].completion_tokens +
               1000 * steps[0].prefill_ms + 10000 * steps[0].decode_ms,
           std::int64_t{54321});
  QCOMPARE(steps[0].finish_reason, step.finish_reason);
}

void StoreTest::conversations_come_newest_first() {
  Fixture f;
  const Conversation first = f.conversation("first");
  const Conversation second = f.conversation("second");
  auto list = must(f.reader->conversations());
  QCOMPARE(list.size(), std::size_t{2});
  QCOMPARE(list[0].id, second.id);
  QCOMPARE(list[0].folders, Strings({"/home/ann/notes", "/tmp"}));
  QTest::qSleep(2);  // a later millisecond
  QVERIFY(f.store->add_user_message(first.id, {TextPart{"again"}}).ok());
  list = must(f.reader->conversations());
  QCOMPARE(list[0].id, first.id);
  QCOMPARE(must(f.reader->conversations(1)).size(), std::size_t{1});

  QVERIFY(f.store->rename_conversation(second.id, "renamed").ok());
  QVERIFY(f.store->set_folders(second.id, {}).ok());
  QVERIFY(f.store->set_model(second.id, "other").ok());
  const Conversation changed = must(f.reader->conversation(second.id)).value();
  QCOMPARE(changed.title, std::string("renamed"));
  QCOMPARE(changed.model, std::string("other"));
  QCOMPARE(changed.folders, Strings());
}

void StoreTest::removing_takes_everything_along() {
  Fixture f;
  const Conversation conversation = f.conversation("vanishing");
  QVERIFY(f.store->add_user_message(conversation.id, {TextPart{"vanishing words"}}).ok());
  const Message answer = must(f.store->begin_assistant_message(conversation.id));
  f.finished(answer.id, CallPart{some_call()});
  QVERIFY(f.store->add_step(Step{0, answer.id, "m", "CPU", 0, "{}", "ab", 1, 2, 3, 4, 5, "length"}).ok());
  QCOMPARE(f.snippets("vanishing").size(), std::size_t{2});
  QVERIFY(f.store->remove_conversation(conversation.id).ok());
  QVERIFY(must(f.reader->conversations()).empty());
  QVERIFY(must(f.reader->messages(conversation.id)).empty());
  QVERIFY(must(f.reader->steps(answer.id)).empty());
  QVERIFY(f.snippets("vanishing").empty());
}

void StoreTest::ids_are_never_used_again() {
  Fixture f;
  const Conversation gone = f.conversation("gone");
  QVERIFY(f.store->remove_conversation(gone.id).ok());
  QVERIFY(f.conversation("new").id > gone.id);
}

void StoreTest::changes_of_what_is_gone_are_refused() {
  Fixture f;
  const std::string gone = "The conversation does not exist any more.";
  QCOMPARE(f.store->rename_conversation(7, "x").error().message, gone);
  QCOMPARE(f.store->set_folders(7, {"/"}).error().message, gone);
  QCOMPARE(f.store->remove_conversation(7).error().message, gone);
  QCOMPARE(f.store->add_user_message(7, {TextPart{"x"}}).error().message, gone);
  QCOMPARE(f.store->begin_assistant_message(7).error().message, gone);
  QVERIFY(!f.store->add_part(7, TextPart{"x"}, 0).ok());
  QVERIFY(!f.store->finish_part(7, TextPart{"x"}).ok());
  QVERIFY(must(f.reader->conversations()).empty());
}

void StoreTest::interrupted_messages_become_stopped() {
  Fixture f;
  const Conversation conversation = f.conversation("cut");
  const Message done = must(f.store->begin_assistant_message(conversation.id));
  QVERIFY(f.store->finish_message(done.id, Finish::Done).ok());
  const Message cut = must(f.store->begin_assistant_message(conversation.id));
  const Part text = must(f.store->add_part(cut.id, TextPart{""}, 0));
  QVERIFY(f.store->update_text(text.id, "unfinished symphony").ok());
  const Part part = must(f.store->add_part(cut.id, CallPart{some_call()}, 0));
  Call call = std::get<CallPart>(part.content).call;
  call.state = CallState::Running;
  QVERIFY(f.store->update_call(call).ok());

  QVERIFY(f.store->close_interrupted().ok());
  const auto messages = must(f.reader->messages(conversation.id));
  QVERIFY(messages[0].finish == Finish::Done);
  QVERIFY(messages[1].finish == Finish::Stopped);
  QVERIFY(std::get<CallPart>(messages[1].parts[1].content).call.state == CallState::Stopped);
  QCOMPARE(f.snippets("symphony").size(), std::size_t{1});
}

void StoreTest::grants_are_kept_once() {
  Fixture f;
  const Grant first = must(f.store->add_grant(Effect::Read, "/etc"));
  const Grant again = must(f.store->add_grant(Effect::Read, "/etc"));
  QCOMPARE(again.id, first.id);
  QVERIFY(must(f.store->add_grant(Effect::Write, "/etc")).id != first.id);
  QCOMPARE(must(f.reader->grants()).size(), std::size_t{2});
  QVERIFY(f.store->revoke_grant(first.id).ok());
  const auto left = must(f.reader->grants());
  QCOMPARE(left.size(), std::size_t{1});
  QVERIFY(left[0].effect == Effect::Write);
  QCOMPARE(left[0].folder, std::string("/etc"));
  QVERIFY(!f.store->revoke_grant(first.id).ok());
}

void StoreTest::grants_of_a_conversation_go_with_it() {
  Fixture f;
  const Conversation one = f.conversation("One");
  const Conversation other = f.conversation("Other");
  const Grant first = must(f.store->add_grant(Effect::Execute, "/work", one.id));
  QCOMPARE(must(f.store->add_grant(Effect::Execute, "/work", one.id)).id, first.id);
  QVERIFY(must(f.store->add_grant(Effect::Execute, "/work", other.id)).id != first.id);
  QVERIFY(must(f.store->add_grant(Effect::Execute, "/work")).id != first.id);
  QCOMPARE(must(f.reader->grants()).size(), std::size_t{3});
  QCOMPARE(must(f.reader->grants())[0].conversation, one.id);
  QCOMPARE(must(f.reader->grants())[2].conversation, ConversationId{0});
  QVERIFY(f.store->remove_conversation(one.id).ok());
  const auto left = must(f.reader->grants());
  QCOMPARE(left.size(), std::size_t{2});
  QCOMPARE(left[0].conversation, other.id);
}

void StoreTest::search_finds_titles_texts_calls_and_attachments() {
  Fixture f;
  const Conversation conversation = f.conversation("Garden plan");
  const Message user = must(f.store->add_user_message(
      conversation.id,
      {AttachmentPart{"seeds.csv", "/x/seeds.csv", "text/csv", 9, "", "marigold"}, TextPart{"When do tulips bloom?"}}));
  const Message answer = must(f.store->begin_assistant_message(conversation.id));
  Call call = some_call();
  const Part part = must(f.store->add_part(answer.id, CallPart{call}, 0));
  call = std::get<CallPart>(part.content).call;
  call.result = "lavender";
  call.state = CallState::Succeeded;
  QVERIFY(f.store->finish_part(part.id, CallPart{call}).ok());

  const SearchHit title = must(f.reader->search("garden")).at(0);
  QCOMPARE(title.conversation.id, conversation.id);
  QCOMPARE(title.conversation.folders.size(), std::size_t{2});
  QCOMPARE(title.message, MessageId{0});
  QCOMPARE(title.part, PartId{0});
  const SearchHit text = must(f.reader->search("tulips")).at(0);
  QCOMPARE(text.message, user.id);
  QCOMPARE(text.part, user.parts[1].id);
  QCOMPARE(text.snippet, std::string("When do \u2068tulips\u2069 bloom?"));
  QCOMPARE(must(f.reader->search("seeds")).at(0).part, user.parts[0].id);
  QCOMPARE(must(f.reader->search("marigold")).at(0).part, user.parts[0].id);
  QCOMPARE(must(f.reader->search("read_file")).at(0).part, part.id);
  QCOMPARE(must(f.reader->search("Straße")).at(0).part, part.id);
  QCOMPARE(must(f.reader->search("lavender")).at(0).part, part.id);
  QVERIFY(f.snippets("first_line").empty());  // names of arguments are not what a person remembers

  QVERIFY(f.store->rename_conversation(conversation.id, "Balcony").ok());
  QVERIFY(f.snippets("garden").empty());
  QCOMPARE(f.snippets("balcony"), Strings({"\u2068Balcony\u2069"}));
}

void StoreTest::search_ignores_accents_and_case_and_completes_the_last_word() {
  Fixture f;
  const Conversation conversation = f.conversation("t");
  QVERIFY(f.store->add_user_message(conversation.id, {TextPart{"Señor Müller’s CAFÉ"}}).ok());
  for (const char* query : {"senor", "muller", "cafe", "Café", "mül caf", "caf", "senor cafe "}) {
    const bool found = f.snippets(query).size() == 1;
    QCOMPARE(found, std::string(query) != "mül caf");  // only the last word is a beginning
  }
}

void StoreTest::search_takes_phrases() {
  Fixture f;
  const Conversation conversation = f.conversation("t");
  QVERIFY(f.store->add_user_message(conversation.id, {TextPart{"the red house and the green door"}}).ok());
  QCOMPARE(f.snippets("\"red house\"").size(), std::size_t{1});
  QCOMPARE(f.snippets("\"green house\"").size(), std::size_t{0});
  QCOMPARE(f.snippets("house green").size(), std::size_t{1});
  QCOMPARE(f.snippets("\"red hou\"").size(), std::size_t{0});
  QCOMPARE(f.snippets("\"red hou").size(), std::size_t{1});  // the quote is still open
}

void StoreTest::search_accepts_anything_data() {
  QTest::addColumn<QByteArray>("query");
  const char* queries[] = {"",        " ",        "\"",        "\"\"",    "*",        "a*",       "a AND",
                           "NOT",     "OR OR",    "NEAR(a)",   "text:a",  "-a",       "^a",       "(a",
                           ")",       "a\"b\"c",  "'",         "; DROP",  "{a b}:c",  "\\",       "a\tb\n",
                           "...",     "a .",      ". a",       "%_",      "?1",       "\xff\xfe", "\xe2\x82",
                           "+ a + b", "a \"\" b", "\"...\" a", "\" . \"", "\x01\x02", "日本語",   "🙂"};
  int number = 0;
  for (const char* query : queries)
    QTest::addRow("%d", number++) << QByteArray(query);
  QTest::addRow("zero byte") << QByteArray("a\0b", 3);
  QTest::addRow("long") << QByteArray(20'000, 'a');
  QTest::addRow("many words") << QByteArray("a ").repeated(2'000);
}

void StoreTest::search_accepts_anything() {
  QFETCH(QByteArray, query);
  Fixture f;
  const Conversation conversation = f.conversation("a b c");
  const auto hits = f.reader->search(query.toStdString());
  QVERIFY2(hits.ok(), hits.ok() ? "" : hits.error().message.c_str());
}

void StoreTest::search_sees_a_text_when_it_is_finished() {
  Fixture f;
  const Message answer = must(f.store->begin_assistant_message(f.conversation("t").id));
  const Part part = must(f.store->add_part(answer.id, TextPart{""}, 0));
  QVERIFY(f.store->update_text(part.id, "zebra").ok());
  QVERIFY(f.snippets("zebra").empty());
  QVERIFY(f.store->finish_part(part.id, TextPart{"zebra crossing"}).ok());
  QCOMPARE(f.snippets("crossing"), Strings({"zebra \u2068crossing\u2069"}));
}

void StoreTest::search_marks_only_matches() {
  Fixture f;
  const Conversation conversation = f.conversation("t");
  QVERIFY(f.store->add_user_message(conversation.id, {TextPart{"\u2068fake\u2069\n\n  real\tmatch"}}).ok());
  QCOMPARE(f.snippets("real"), Strings({"fake \u2068real\u2069 match"}));
}

void StoreTest::texts_keep_every_byte() {
  Fixture f;
  const Conversation conversation = f.conversation("t");
  std::string bytes;
  for (int i = 0; i < 256; ++i)
    bytes += static_cast<char>(i);
  QVERIFY(f.store->add_user_message(conversation.id, {TextPart{bytes}}).ok());
  const auto messages = must(f.reader->messages(conversation.id));
  QCOMPARE(std::get<TextPart>(messages[0].parts[0].content).text, bytes);
}

void StoreTest::a_reader_cannot_write() {
  Fixture f;
  f.conversation("t");
  f.store.reset();  // a reader alone works as well, and leaves the file as it is
  const auto reader = StoreReader::open(f.path);
  QVERIFY(reader.ok());
  QCOMPARE(must((*reader)->conversations()).size(), std::size_t{1});
}

QTEST_APPLESS_MAIN(StoreTest)
#include "store_test.moc"
