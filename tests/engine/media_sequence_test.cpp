#include <QTest>

#include "reference_conversations.h"

using namespace facet;
using namespace facet::engine;
using namespace facet::engine::reference_conversations;

namespace {

Conversation find(const std::string& id) {
  for (Conversation& conversation : all())
    if (conversation.id == id) return std::move(conversation);
  qFatal("no conversation %s", id.c_str());
}

std::shared_ptr<const MediaEmbedding> changed(const MediaEmbedding& source, const std::string& hash) {
  MediaEmbedding copy = source;
  copy.hash = hash;
  for (float& value : copy.rows)
    value = -value;
  return std::make_shared<const MediaEmbedding>(std::move(copy));
}

// The place of the first slice, and its first position.
std::size_t slice_in(const std::vector<SequenceItem>& items) {
  std::size_t at = 0;
  while (std::holds_alternative<Token>(items[at]))
    ++at;
  return at;
}

}  // namespace

// Pictures and sounds in a sequence, with rows that are given: the text model's part of seeing and hearing.
class MediaSequenceTest : public QObject {
  Q_OBJECT

 private slots:
  void finds_conversations() { QVERIFY(all().size() >= 5); }
  void logits_agree_data() { add_rows(); }
  void logits_agree();
  void answers_to_one_picture_or_sound_agree_data();
  void answers_to_one_picture_or_sound_agree();
  void pieces_change_nothing_data() { add_rows(); }
  void pieces_change_nothing();
  void what_is_cached_is_found_data() { ids(); }
  void what_is_cached_is_found();
  void another_picture_is_evaluated_data() { ids(); }
  void another_picture_is_evaluated();
  void logits_within_a_picture_data() { ids(); }
  void logits_within_a_picture();
  void a_part_of_a_picture_is_another_picture();
  void answers_go_on_behind_a_picture();
  void what_can_not_be_is_refused();

 private:
  // One whose pictures are read like text, one whose pictures see themselves.
  static void ids() {
    QTest::addColumn<QString>("id");
    for (const char* id : {"causal-image-audio", "relaxed-image"})
      QTest::newRow(id) << id;
  }
};

void MediaSequenceTest::logits_agree() {
  QFETCH(int, number);
  reference_conversations::logits_agree(number, {});
}

void MediaSequenceTest::answers_to_one_picture_or_sound_agree_data() {
  QTest::addColumn<QString>("name");
  for (const char* name : {"mm-e-f32", "mm-dense-f32"})
    QTest::newRow(name) << name;
}

// Other prompts, with rows of 12 keys for sound.
void MediaSequenceTest::answers_to_one_picture_or_sound_agree() {
  QFETCH(QString, name);
  const QString base = QString(FACET_TEST_DATA "/models/") + name;
  const json published = reference_projectors::read_json(base + ".json");
  const QByteArray values = reference_models::contents(base + ".bin");
  const auto engine = open(find_file(published["model"]));
  for (const json& item : published["cases"]) {
    const auto tokens = item["tokens"].get<std::vector<Token>>();
    const std::size_t first = item["soft_positions"][0];
    const std::size_t end = item["soft_positions"][1];
    const auto kind = item["kind"] == "audio" ? MediaEmbedding::Kind::Sound : MediaEmbedding::Kind::Picture;
    const auto media = std::make_shared<const MediaEmbedding>(
        MediaEmbedding{kind, item["file"], 64, reference_projectors::values_at(values, item["soft_exact"])});
    QCOMPARE(std::size_t{media->tokens()}, end - first);
    std::vector<SequenceItem> items(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(first));
    items.emplace_back(MediaSlice::all_of(media));
    items.insert(items.end(), tokens.begin() + static_cast<std::ptrdiff_t>(end), tokens.end());
    const auto sequence = engine->create_sequence();
    const std::vector<float> logits = evaluate(*sequence, items, 1);
    const QString fault = reference_projectors::disagreement(
        logits, reference_projectors::values_at(values, item["logits_exact"]), json{{"max", 1e-3}, {"rms", 2e-4}});
    if (!fault.isEmpty()) QFAIL(qPrintable(fault));
  }
}

void MediaSequenceTest::pieces_change_nothing() {
  QFETCH(int, number);
  const Conversation conversation = all().at(static_cast<std::size_t>(number));
  const auto engine = open(conversation.model);
  const auto sequence = engine->create_sequence();
  const std::vector<float> expected = evaluate(*sequence, conversation.items, conversation.tokens.size());
  for (const std::size_t chunk : {1, 7, 50}) {
    const auto other = engine->create_sequence();
    QCOMPARE(evaluate(*other, conversation.items, conversation.tokens.size(), chunk), expected);
  }
}

void MediaSequenceTest::what_is_cached_is_found() {
  QFETCH(QString, id);
  const Conversation conversation = find(id.toStdString());
  const auto engine = open(conversation.model);
  const auto sequence = engine->create_sequence();
  evaluate(*sequence, conversation.items, 1);
  QCOMPARE(sequence->tokens().size(), conversation.tokens.size());
  // Another last word: nothing in front of it is evaluated again, with other objects of the same hash, too.
  std::vector<SequenceItem> edited = conversation.items;
  edited.back() = Token{5};
  for (SequenceItem& item : edited)
    if (auto* slice = std::get_if<MediaSlice>(&item)) slice->media = std::make_shared<MediaEmbedding>(*slice->media);
  QCOMPARE(sequence->cached(edited), conversation.tokens.size() - 1);
  const auto synced = sequence->sync(edited);
  QVERIFY2(synced.ok(), synced.ok() ? "" : synced.error().message.c_str());
  QCOMPARE(synced->reused, conversation.tokens.size() - 1);
  const auto fresh = engine->create_sequence();
  QCOMPARE(logits_of(*sequence), evaluate(*fresh, edited, 1));
}

void MediaSequenceTest::another_picture_is_evaluated() {
  QFETCH(QString, id);
  const Conversation conversation = find(id.toStdString());
  const auto engine = open(conversation.model);
  const auto sequence = engine->create_sequence();
  evaluate(*sequence, conversation.items, 1);
  std::vector<SequenceItem> edited = conversation.items;
  const std::size_t at = slice_in(edited);
  edited[at] = MediaSlice::all_of(changed(*std::get<MediaSlice>(edited[at]).media, "another one"));
  QCOMPARE(sequence->cached(edited), at);
  const std::vector<float> logits = evaluate(*sequence, edited, 1);
  const auto fresh = engine->create_sequence();
  QCOMPARE(logits, evaluate(*fresh, edited, 1));
  // And back.
  const auto first = engine->create_sequence();
  QCOMPARE(evaluate(*sequence, conversation.items, 1), evaluate(*first, conversation.items, 1));
}

// Logits that were not asked for the first time: a picture that sees itself is evaluated as a whole again.
void MediaSequenceTest::logits_within_a_picture() {
  QFETCH(QString, id);
  const Conversation conversation = find(id.toStdString());
  const auto engine = open(conversation.model);
  const std::size_t at = slice_in(conversation.items);
  const std::size_t rows = conversation.tokens.size() - at - 20;
  const auto sequence = engine->create_sequence();
  evaluate(*sequence, conversation.items, 1);
  const auto synced = sequence->sync(conversation.items, {.logit_rows = rows});
  QVERIFY(synced.ok());
  QCOMPARE(synced->reused, id.startsWith("relaxed") ? at : at + 20);
  const auto fresh = engine->create_sequence();
  QCOMPARE(logits_of(*sequence), evaluate(*fresh, conversation.items, rows));
}

void MediaSequenceTest::a_part_of_a_picture_is_another_picture() {
  const Conversation conversation = find("relaxed-image");
  const auto engine = open(conversation.model);
  const std::size_t at = slice_in(conversation.items);
  std::vector<SequenceItem> part(conversation.items.begin(),
                                 conversation.items.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  std::get<MediaSlice>(part[at]).count -= 10;
  const auto sequence = engine->create_sequence();
  evaluate(*sequence, part, 1);
  QCOMPARE(sequence->cached(conversation.items), at);
  const auto fresh = engine->create_sequence();
  QCOMPARE(evaluate(*sequence, conversation.items, 1), evaluate(*fresh, conversation.items, 1));
}

void MediaSequenceTest::answers_go_on_behind_a_picture() {
  for (const char* id : {"causal-image-audio", "relaxed-image"}) {
    const Conversation conversation = find(id);
    const auto engine = open(conversation.model);
    const auto sequence = engine->create_sequence();
    evaluate(*sequence, conversation.items, 1);
    std::vector<SequenceItem> longer = conversation.items;
    for (const Token token : {7, 90, 300}) {
      QVERIFY(sequence->append(token).ok());
      longer.emplace_back(token);
    }
    const auto fresh = engine->create_sequence();
    QCOMPARE(logits_of(*sequence), evaluate(*fresh, longer, 1));
    QCOMPARE(sequence->cached(longer), longer.size() - conversation.items.size() + conversation.tokens.size());
  }
}

void MediaSequenceTest::what_can_not_be_is_refused() {
  const Conversation conversation = find("relaxed-image");
  const auto engine = open(conversation.model);
  const auto sequence = engine->create_sequence();
  const auto refusal = [&](const std::vector<SequenceItem>& items) {
    const auto synced = sequence->sync(items);
    return synced.ok() ? QString("accepted") : QString::fromStdString(synced.error().message);
  };
  const std::size_t at = slice_in(conversation.items);
  const MediaSlice slice = std::get<MediaSlice>(conversation.items[at]);
  const auto with = [&](const MediaSlice& other) {
    std::vector<SequenceItem> items = conversation.items;
    items[at] = other;
    return items;
  };
  QVERIFY(refusal({}).contains("no tokens"));
  QVERIFY(refusal({Token{2}, Token{-1}}).contains("not in the vocabulary"));
  QVERIFY(refusal(with({})).contains("not there"));
  QVERIFY(refusal(with({slice.media, 10, 60})).contains("not there"));
  QVERIFY(refusal(with({slice.media, 0, 0})).contains("not there"));
  MediaEmbedding wide = *slice.media;
  wide.width *= 2;
  QVERIFY(refusal(with(MediaSlice::all_of(std::make_shared<MediaEmbedding>(wide)))).contains("width"));
  // What is below zero means something within a sequence alone.
  evaluate(*sequence, conversation.items, 1);
  const std::vector<Token> tokens(sequence->tokens().begin(), sequence->tokens().end());
  QVERIFY(!sequence->sync(tokens).ok());
  QVERIFY(!sequence->append(tokens[at]).ok());
  // A ring without room for a picture.
  const auto narrow = open(conversation.model, {.context_length = 200, .rewind_length = 1});
  const auto synced = narrow->create_sequence()->sync(conversation.items);
  QVERIFY(!synced.ok());
  QVERIFY(QString::fromStdString(synced.error().message).contains("smaller budget"));
}

QTEST_APPLESS_MAIN(MediaSequenceTest)
#include "media_sequence_test.moc"
