// What is kept for later conversations: rows, what finds them, and what they outlive.
#include <QTemporaryDir>
#include <QtTest>

#include "agent/store/reader.h"
#include "agent/store/store.h"
#include "tests/agent/must.h"

using namespace facet;
using namespace facet::agent;

namespace {

using Strings = std::vector<std::string>;

struct Fixture {
  QTemporaryDir folder;
  std::filesystem::path path = std::filesystem::path(folder.path().toStdString()) / "facet.sqlite";
  std::unique_ptr<Store> store = must(Store::open(path));
  std::unique_ptr<StoreReader> reader = must(StoreReader::open(path));

  MemoryId add(const std::string& text, ConversationId conversation = 0) const {
    return must(store->add_memory(text, conversation)).value().id;
  }
  Strings all() const { return texts(must(reader->memories())); }
  Strings with(const std::string& words, WordMatch match = WordMatch::All) const {
    return texts(must(reader->search_memories(words, match)));
  }
  static Strings texts(const std::vector<Memory>& memories) {
    Strings out;
    for (const Memory& memory : memories)
      out.push_back(memory.text);
    return out;
  }
};

}  // namespace

class MemoryTest : public QObject {
  Q_OBJECT

 private slots:
  void entries_are_read_newest_first() {
    const Fixture f;
    const Conversation conversation = must(f.store->create_conversation("Nuts", "", {}));
    const Memory added = *must(f.store->add_memory("Ida is allergic to nuts.", conversation.id));
    f.add("Answers should be short.");
    QCOMPARE(f.all(), (Strings{"Answers should be short.", "Ida is allergic to nuts."}));
    const Memory read = must(f.reader->memories()).back();
    QCOMPARE(read.id, added.id);
    QCOMPARE(read.conversation, conversation.id);
    QCOMPARE(read.created_ms, added.created_ms);
    QVERIFY(read.created_ms > 0);
  }

  void the_same_is_kept_once() {
    const Fixture f;
    f.add("Ida is allergic to nuts.");
    QVERIFY(!must(f.store->add_memory("Ida is allergic to nuts.", 0)).has_value());
    QCOMPARE(f.all().size(), std::size_t{1});
  }

  void words_find_it_without_regard_to_case_and_accents() {
    const Fixture f;
    f.add("José drinks café au lait.");
    f.add("The van is booked with Ferdinand.");
    QCOMPARE(f.with("jose cafe"), Strings{"José drinks café au lait."});
    QCOMPARE(f.with("FERD"), Strings{"The van is booked with Ferdinand."});
    QCOMPARE(f.with("\"booked with\""), Strings{"The van is booked with Ferdinand."});
    QCOMPARE(f.with("jose ferdinand"), Strings{});
    QCOMPARE(f.with("  "), Strings{});
    QCOMPARE(f.with("\" ( AND * NOT"), Strings{});
  }

  // Who does not know the words of an entry names several; the entry with more of them, and rarer ones, comes first.
  void any_of_the_words_is_enough() {
    const Fixture f;
    f.add("The user's sister is called Ann.");
    f.add("The user writes dates as 14 March.");
    f.add("The user has two dogs.");
    QCOMPARE(f.with("what is the name of my sister", WordMatch::Any).front(),
             std::string("The user's sister is called Ann."));
    QCOMPARE(f.with("dog name", WordMatch::Any), Strings{"The user has two dogs."});
    QCOMPARE(f.with("giraffe", WordMatch::Any), Strings{});
  }

  void what_is_deleted_is_not_found() {
    const Fixture f;
    const MemoryId first = f.add("Ida is allergic to nuts.");
    f.add("Answers should be short.");
    QVERIFY(f.store->remove_memory(first).ok());
    QCOMPARE(f.all(), Strings{"Answers should be short."});
    QCOMPARE(f.with("nuts"), Strings{});
    QCOMPARE(f.store->remove_memory(first).error().message,
             std::string("The entry in memory does not exist any more."));
    QVERIFY(f.store->clear_memory().ok());
    QCOMPARE(f.all(), Strings{});
    QCOMPARE(f.with("short"), Strings{});
    QVERIFY(f.store->clear_memory().ok());
    QVERIFY(f.add("Ida is allergic to nuts.") > first);
  }

  void it_outlives_its_conversation() {
    const Fixture f;
    const Conversation conversation = must(f.store->create_conversation("Nuts", "", {}));
    f.add("Ida is allergic to nuts.", conversation.id);
    must(f.store->remove_conversation(conversation.id));
    const std::vector<Memory> left = must(f.reader->memories());
    QCOMPARE(left.size(), std::size_t{1});
    QCOMPARE(left[0].conversation, ConversationId{0});
  }

  void it_can_be_full() {
    const Fixture f;
    for (std::int64_t i = 0; i < Memory::kMostEntries; ++i)
      f.add("Entry " + std::to_string(i));
    const auto refused = f.store->add_memory("One more", 0);
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().message,
             std::string("There are 500 entries in memory, and there can be no more until some are deleted."));
    // What is there already needs no room.
    QVERIFY(!must(f.store->add_memory("Entry 7", 0)).has_value());
    QCOMPARE(f.all().size(), std::size_t{500});
  }

  // The search of conversations is another one.
  void it_is_no_conversation() {
    const Fixture f;
    f.add("Ida is allergic to nuts.");
    QVERIFY(must(f.reader->search("nuts")).empty());
  }
};

QTEST_APPLESS_MAIN(MemoryTest)
#include "memory_test.moc"
