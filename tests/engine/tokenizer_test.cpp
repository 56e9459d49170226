#include <QDir>
#include <QTest>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/gguf/gguf_file.h"
#include "engine/text/tokenizer.h"
#include "gguf_image.h"

using namespace facet;
using namespace facet::engine;
namespace image = gguf_image;
using Json = nlohmann::json;

namespace {

struct Loaded {
  std::unique_ptr<GgufFile> file;
  std::unique_ptr<Tokenizer> tokenizer;
};

Result<Loaded> load(const std::string& path) {
  Loaded loaded;
  FACET_ASSIGN_OR_RETURN(loaded.file, GgufFile::open(path));
  FACET_ASSIGN_OR_RETURN(loaded.tokenizer, Tokenizer::from_gguf(*loaded.file));
  return loaded;
}

Loaded load_model(const char* name) {
  auto loaded = load(std::string(FACET_TEST_DATA "/models/") + name + ".gguf");
  if (!loaded.ok()) qFatal("%s", loaded.error().message.c_str());
  return std::move(loaded).value();
}

Json read_json(const std::string& path) {
  std::ifstream file(path);
  return Json::parse(file);
}

// The reference with special matching off still recognises these seven.
const std::vector<std::string> kUserDefined = {"<|tool_call>", "<tool_call|>", "<|tool_response>", "<tool_response|>",
                                               "<|\"|>",       "<|channel>",   "<channel|>"};

// The spans that make our tokenizer read a text like the reference does with special matching off.
std::vector<TextSpan> without_control_tokens(std::string_view text) {
  std::vector<TextSpan> spans;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const std::string& marker : kUserDefined) {
      if (!text.substr(at).starts_with(marker)) continue;
      spans.push_back({text.substr(begin, at - begin), Trust::Data});
      spans.push_back({text.substr(at, marker.size()), Trust::Template});
      begin = at + marker.size();
      at = begin - 1;
      break;
    }
  }
  spans.push_back({text.substr(begin), Trust::Data});
  return spans;
}

void compare_with_reference(const Tokenizer& tokenizer, const Json& texts) {
  QVERIFY(!texts.empty());
  for (const Json& entry : texts) {
    const auto text = entry["text"].get<std::string>();
    QVERIFY2(tokenizer.encode(text, Trust::Template) == entry["ids"].get<std::vector<Token>>(), text.c_str());
    QVERIFY2(tokenizer.encode(without_control_tokens(text)) == entry["ids_no_special"].get<std::vector<Token>>(),
             text.c_str());
  }
}

void append_code_point(std::string& out, char32_t value) {
  out += QString::fromUcs4(&value, 1).toStdString();
}

// Text in which every kind of character turns up: runs of spaces and newlines, letters with and without entries,
// combining marks, four-byte characters, the ends of the code space.
std::string random_text(std::mt19937& random) {
  const std::vector<std::pair<char32_t, char32_t>> ranges = {
      {0x20, 0x20},     {0x0A, 0x0A},       {0x61, 0x7A},        {0x00, 0x7F},     {0xA0, 0x17F},
      {0x300, 0x36F},   {0x410, 0x44F},     {0x4E00, 0x4E80},    {0x2028, 0x2069}, {0xE000, 0xE010},
      {0xFFF0, 0xFFFF}, {0x1F600, 0x1F64F}, {0x10FFF0, 0x10FFFF}};
  std::string text;
  for (int runs = static_cast<int>(random() % 12U); runs >= 0; --runs) {
    const auto& [first, last] = ranges[random() % ranges.size()];
    for (int length = static_cast<int>(random() % 40U); length >= 0; --length)
      append_code_point(text, first + static_cast<char32_t>(random() % (last - first + 1)));
  }
  return text;
}

std::string decode_streamed(const Tokenizer& tokenizer, std::span<const Token> tokens) {
  StreamingDecoder decoder(tokenizer);
  std::string text;
  for (const Token token : tokens)
    text += decoder.push(token);
  return text + decoder.flush();
}

bool is_valid_utf8(const std::string& text) {
  return QString::fromStdString(text).toStdString() == text;
}

struct Entries {
  std::vector<QByteArray> tokens;
  std::vector<std::int32_t> types;

  void add(const QByteArray& token, std::int32_t type) {
    tokens.push_back(token);
    types.push_back(type);
  }
};

constexpr std::size_t kSmallSize = 18 + 256 + 8;

// A small sound vocabulary: markers (0 to 16), a reserved entry, bytes (from 18), a few letters (from 274) and merges.
image::Image small_vocabulary(const std::function<void(Entries&)>& change = {}) {
  Entries entries;
  for (const char* marker : {"<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<|tool>", "<tool|>", "<|tool_call>",
                             "<tool_call|>", "<|tool_response>", "<tool_response|>", "<|\"|>", "<|think|>",
                             "<|channel>", "<channel|>", "<|turn>", "<turn|>"})
    entries.add(marker, 3);
  entries.add("<unused0>", 1);
  for (int byte = 0; byte < 256; ++byte)
    entries.add("<0x" + QByteArray::number(byte, 16).rightJustified(2, '0').toUpper() + ">", 6);
  for (const char* letter : {"a", "b", "c", "ab", "bc", "\n", "\n\n", "\xE2\x96\x81"})
    entries.add(letter, 1);
  if (change) change(entries);
  image::Image content;
  content.set("general.architecture", image::string("gemma4"));
  content.set("tokenizer.ggml.model", image::string("gemma4"));
  content.set("tokenizer.ggml.tokens", image::strings(entries.tokens));
  content.set("tokenizer.ggml.token_type", image::array(image::I32, entries.types));
  content.set("tokenizer.ggml.merges", image::strings({"b c", "a b", "\n \n"}));
  return content;
}

}  // namespace

class TokenizerTest : public QObject {
  Q_OBJECT

 private slots:
  void reference_models_data();
  void reference_models();
  void real_vocabulary();
  void worked_examples();
  void valid_text_survives();
  void invalid_bytes_are_replaced();
  void streaming_equals_decoding_at_once();
  void unfinished_sequences_are_held_back();
  void data_never_becomes_a_marker();
  void spans_merge_across_their_borders();
  void knows_markers_whatever_their_type();
  void says_what_ends_and_what_is_suppressed();
  void ids_outside_the_vocabulary_are_harmless();
  void long_runs_are_quick();
  void refuses_unusable_vocabularies_data();
  void refuses_unusable_vocabularies();

 private:
  QTemporaryDir folder_;
};

void TokenizerTest::reference_models_data() {
  QTest::addColumn<QString>("name");
  const QDir models(FACET_TEST_DATA "/models");
  // Projectors have no tokenizer.
  for (const QString& file : models.entryList({"*.gguf"}))
    if (!file.startsWith("mmproj-")) QTest::newRow(qPrintable(file)) << file.chopped(5);
}

void TokenizerTest::reference_models() {
  QFETCH(QString, name);
  const Loaded loaded = load_model(qPrintable(name));
  compare_with_reference(*loaded.tokenizer,
                         read_json(FACET_TEST_DATA "/models/" + name.toStdString() + ".json")["tokenize"]);
}

// The published vectors belong to the vocabulary of the released models, which is not part of the repository.
void TokenizerTest::real_vocabulary() {
  const QByteArray path = qgetenv("FACET_REAL_VOCAB");
  if (path.isEmpty()) QSKIP("FACET_REAL_VOCAB does not name a GGUF file with the vocabulary of a released model.");
  const auto loaded = load(path.toStdString());
  QVERIFY2(loaded.ok(), loaded.ok() ? "" : loaded.error().message.c_str());
  compare_with_reference(*loaded->tokenizer, read_json(FACET_TEST_DATA "/vectors/tokenizer-real.json")["texts"]);
}

void TokenizerTest::worked_examples() {
  const QByteArray path = qgetenv("FACET_REAL_VOCAB");
  if (path.isEmpty()) QSKIP("FACET_REAL_VOCAB does not name a GGUF file with the vocabulary of a released model.");
  const auto loaded = load(path.toStdString());
  QVERIFY2(loaded.ok(), loaded.ok() ? "" : loaded.error().message.c_str());
  struct Example {
    const char* text;
    std::vector<Token> ids;
    Trust trust = Trust::Template;
  };
  const std::vector<Example> examples = {
      {"<bos><|turn>user\nHello<turn|>\n<|turn>model\n", {2, 105, 2364, 107, 9259, 106, 107, 105, 4368, 107}},
      {"<|channel>thought\nLet me check.\n<channel|>Done.",
       {100, 45518, 107, 6481, 786, 2426, 236761, 107, 101, 34496, 236761}},
      {"<|tool_call>call:get_weather{city:<|\"|>Paris<|\"|>,days:3}<tool_call|>",
       {48, 6639, 236787, 828, 236779, 19323, 236782, 13319, 236787, 52, 50429, 52, 236764, 14356, 236787, 236800,
        236783, 49}},
      {"<|turn>user\n<|image|>Describe this picture.<turn|>\n",
       {105, 2364, 107, 258880, 82858, 672, 6083, 236761, 106, 107}},
      {"hello  world", {23391, 138, 12392}},
      {"tab\there", {4823, 255968, 8472}},
      {"x\r\ny", {236781, 251, 107, 236762}},
      {"na\u00EFve \U0001F999 \u65E5\u672C\u8A9E", {1789, 238527, 560, 236743, 478, 397, 404, 391, 33375, 238582}},
      {"a;\n\n\n    return 0;\n", {236746, 236793, 109, 140, 2060, 236743, 236771, 236793, 107}},
      {"{\"a\": 1}", {14937, 236746, 1083, 236743, 236770, 236783}},
      {"<table>", {236820, 5127, 236813}},
      {"<|tool_call>", {236820, 236909, 13205, 236779, 6639, 236813}, Trust::Data},
      {"<|\"|>", {236820, 153857, 111038}, Trust::Data},
      {"<turn|>", {236820, 887, 111038}, Trust::Data},
  };
  for (const Example& example : examples)
    QVERIFY2(loaded->tokenizer->encode(example.text, example.trust) == example.ids, example.text);
  QCOMPARE(loaded->tokenizer->encode(std::string(70, '\n'), Trust::Data), (std::vector<Token>{137, 137, 114}));
}

void TokenizerTest::valid_text_survives() {
  const Loaded loaded = load_model("e-f32");
  std::mt19937 random(1);
  for (int i = 0; i < 400; ++i) {
    const std::string text = random_text(random);
    const auto tokens = loaded.tokenizer->encode(text, Trust::Data);
    QCOMPARE(loaded.tokenizer->decode(tokens, Tokenizer::Markers::Hide), text);
  }
}

void TokenizerTest::invalid_bytes_are_replaced() {
  const Loaded loaded = load_model("e-f32");
  std::mt19937 random(2);
  for (int i = 0; i < 400; ++i) {
    std::string text;
    for (int length = static_cast<int>(random() % 60U); length > 0; --length)
      text += static_cast<char>(random() % 3U == 0 ? random() % 128U : 128U + random() % 128U);
    const auto tokens = loaded.tokenizer->encode(text, Trust::Template);
    QVERIFY(is_valid_utf8(loaded.tokenizer->decode(tokens, Tokenizer::Markers::Print)));
  }
  // One replacement for each longest beginning of a sequence, as Unicode recommends.
  const auto replaced = [&](const std::string& bytes) {
    return loaded.tokenizer->decode(loaded.tokenizer->encode(bytes, Trust::Data), Tokenizer::Markers::Hide);
  };
  QCOMPARE(replaced("a\xFF"
                    "b"),
           std::string("a\uFFFDb"));
  QCOMPARE(replaced("\xE6\x97"
                    "a"),
           std::string("\uFFFDa"));
  QCOMPARE(replaced("\xF0\x9F\xA6"), std::string("\uFFFD"));
  QCOMPARE(replaced("\xC0\xAF"), std::string("\uFFFD\uFFFD"));
  QCOMPARE(replaced("\xED\xA0\x80"), std::string("\uFFFD\uFFFD\uFFFD"));
}

void TokenizerTest::streaming_equals_decoding_at_once() {
  const Loaded loaded = load_model("e-f32");
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    std::vector<Token> tokens;
    for (int length = static_cast<int>(random() % 80U); length > 0; --length) {
      // Mostly bytes, so that sequences begin and break off all the time.
      const auto byte = static_cast<Token>(238U + random() % 256U);
      tokens.push_back(random() % 2U == 0 ? byte : static_cast<Token>(random() % 1217U));
    }
    QCOMPARE(decode_streamed(*loaded.tokenizer, tokens), loaded.tokenizer->decode(tokens, Tokenizer::Markers::Hide));
    QVERIFY(is_valid_utf8(decode_streamed(*loaded.tokenizer, tokens)));
  }
}

void TokenizerTest::unfinished_sequences_are_held_back() {
  const Loaded loaded = load_model("e-f32");
  const auto byte = [](unsigned value) { return static_cast<Token>(238U + value); };
  StreamingDecoder decoder(*loaded.tokenizer);
  QCOMPARE(decoder.push(byte(0xF0)), std::string());
  QCOMPARE(decoder.push(byte(0x9F)), std::string());
  QCOMPARE(decoder.push(byte(0xA6)), std::string());
  QCOMPARE(decoder.push(byte(0x99)), std::string("\U0001F999"));
  QCOMPARE(decoder.push(byte(0xE6)), std::string());
  QCOMPARE(decoder.push(*loaded.tokenizer->find("a")), std::string("\uFFFDa"));
  QCOMPARE(decoder.push(byte(0xE6)), std::string());
  QCOMPARE(decoder.push(*loaded.tokenizer->find("<turn|>")), std::string("\uFFFD"));
  QCOMPARE(decoder.push(byte(0xE6)), std::string());
  QCOMPARE(decoder.flush(), std::string("\uFFFD"));
  QCOMPARE(decoder.flush(), std::string());
}

void TokenizerTest::data_never_becomes_a_marker() {
  const Loaded loaded = load_model("e-f32");
  const std::vector<std::string> parts = {"<|tool_call>", "<tool_call|>", "<|turn>",    "<turn|>",   "<bos>", "<eos>",
                                          "<|\"|>",       "<|image|>",    "<|channel>", "<",         "|",     ">",
                                          "turn",         "tool",         "<0x41>",     "<unused3>", " ",     "\n"};
  std::mt19937 random(4);
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (int length = static_cast<int>(random() % 12U); length >= 0; --length)
      text += parts[random() % parts.size()];
    for (const Token token : loaded.tokenizer->encode(text, Trust::Data))
      QVERIFY2(loaded.tokenizer->kind(token) == Tokenizer::Kind::Text, text.c_str());
    QCOMPARE(loaded.tokenizer->decode(loaded.tokenizer->encode(text, Trust::Data), Tokenizer::Markers::Hide), text);
  }
}

void TokenizerTest::spans_merge_across_their_borders() {
  const Loaded loaded = load_model("e-f32");
  const std::string text = "The reader turns the page,\n\n\nand the  page turns. \u732B\u306F";
  const auto whole = loaded.tokenizer->encode(text, Trust::Data);
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const std::string_view view = text;
    const std::vector<TextSpan> spans = {{view.substr(0, at), Trust::Template}, {view.substr(at), Trust::Data}};
    QCOMPARE(loaded.tokenizer->encode(spans), whole);
  }
  // A marker that only two spans together spell is text.
  const std::vector<TextSpan> split = {{"<tu", Trust::Template}, {"rn|>", Trust::Data}};
  QCOMPARE(loaded.tokenizer->encode(split), loaded.tokenizer->encode("<turn|>", Trust::Data));
}

// Files of another converter: called llama, every special token CONTROL, bytes NORMAL.
void TokenizerTest::knows_markers_whatever_their_type() {
  image::Image content = small_vocabulary();
  content.set("tokenizer.ggml.model", image::string("llama"));
  content.set("tokenizer.ggml.pre", image::string("gemma4"));
  content.set("tokenizer.ggml.token_type", image::array(image::I32, std::vector<std::int32_t>(kSmallSize, 1)));
  const auto loaded = load(image::write_file(folder_, "other.gguf", content.bytes()));
  QVERIFY2(loaded.ok(), loaded.ok() ? "" : loaded.error().message.c_str());
  const Tokenizer& tokenizer = *loaded->tokenizer;
  QCOMPARE(tokenizer.encode("<bos>abc<turn|>", Trust::Template),
           (std::vector<Token>{2, *tokenizer.find("a"), *tokenizer.find("bc"), *tokenizer.find("<turn|>")}));
  QCOMPARE(tokenizer.decode(tokenizer.encode("h\u00E9", Trust::Data), Tokenizer::Markers::Hide),
           std::string("h\u00E9"));
  QVERIFY(tokenizer.kind(*tokenizer.find("<0x41>")) == Tokenizer::Kind::Byte);
  QVERIFY(tokenizer.kind(*tokenizer.find("<unused0>")) == Tokenizer::Kind::Unused);
}

void TokenizerTest::says_what_ends_and_what_is_suppressed() {
  image::Image content = small_vocabulary();
  content.set("tokenizer.ggml.eos_token_id", image::u32(1));
  content.set("tokenizer.ggml.eot_token_id", image::u32(274));  // "a": whatever the file says is added
  content.set("tokenizer.ggml.suppress_tokens", image::array<std::int32_t>(image::I32, {275}));
  const auto loaded = load(image::write_file(folder_, "ends.gguf", content.bytes()));
  QVERIFY2(loaded.ok(), loaded.ok() ? "" : loaded.error().message.c_str());
  const Tokenizer& tokenizer = *loaded->tokenizer;
  QCOMPARE(tokenizer.find("a"), std::optional<Token>(274));
  std::vector<std::string> ending;
  for (Token token = 0; token < tokenizer.vocabulary_size(); ++token) {
    if (tokenizer.ends_generation(token)) ending.emplace_back(tokenizer.spelling(token));
  }
  QCOMPARE(ending, (std::vector<std::string>{"<eos>", "<|tool_response>", "<|turn>", "<turn|>", "a"}));
  std::vector<std::string> suppressed;
  for (const Token token : tokenizer.suppressed())
    suppressed.emplace_back(tokenizer.spelling(token));
  QCOMPARE(suppressed, (std::vector<std::string>{"<pad>", "<bos>", "<unk>", "<mask>", "<|tool>", "<tool|>",
                                                 "<tool_response|>", "<|think|>", "<unused0>", "b"}));
}

void TokenizerTest::ids_outside_the_vocabulary_are_harmless() {
  const Loaded loaded = load_model("e-f32");
  const std::vector<Token> tokens = {-1, 1217, 2147483647, -2147483647};
  QCOMPARE(loaded.tokenizer->decode(tokens, Tokenizer::Markers::Print), std::string("\uFFFD\uFFFD\uFFFD\uFFFD"));
  for (const Token token : tokens) {
    QVERIFY(!loaded.tokenizer->ends_generation(token));
    QVERIFY(loaded.tokenizer->kind(token) == Tokenizer::Kind::Unused);
  }
}

// A quadratic merge would take minutes.
void TokenizerTest::long_runs_are_quick() {
  const Loaded loaded = load_model("e-f32");
  std::string text;
  while (text.size() < 2'000'000)
    text += "the reader turns the page and the ";
  QCOMPARE(loaded.tokenizer->decode(loaded.tokenizer->encode(text, Trust::Data), Tokenizer::Markers::Hide), text);
  QCOMPARE(loaded.tokenizer->encode(std::string(310'000, '\n'), Trust::Data).size(), std::size_t{10'000});
}

void TokenizerTest::refuses_unusable_vocabularies_data() {
  QTest::addColumn<QByteArray>("bytes");
  QTest::addColumn<QString>("reason");
  const auto damaged = [](const char* name, const char* reason, const std::function<void(image::Image&)>& damage) {
    image::Image content = small_vocabulary();
    damage(content);
    QTest::newRow(name) << content.bytes() << QString(reason);
  };
  const auto entry = [&](const char* name, const char* reason, const char* key, const image::Value& value) {
    damaged(name, reason, [&](image::Image& content) { content.set(key, value); });
  };
  const auto changed = [&](const char* name, const char* reason, const std::function<void(Entries&)>& change) {
    QTest::newRow(name) << small_vocabulary(change).bytes() << QString(reason);
  };

  damaged("another tokenizer", "not the one of a Gemma 4 model", [](image::Image& content) {
    content.set("general.architecture", image::string("llama"));
    content.set("tokenizer.ggml.model", image::string("gpt2"));
  });
  damaged("no tokens", "no list of tokens", [](image::Image& content) { content.remove("tokenizer.ggml.tokens"); });
  entry("tokens that are numbers", "no list of tokens", "tokenizer.ggml.tokens",
        image::array<std::int32_t>(image::I32, {1, 2}));
  entry("empty list of tokens", "it has 0 tokens", "tokenizer.ggml.tokens", image::strings({}));
  damaged("no merges", "no list of merges", [](image::Image& content) { content.remove("tokenizer.ggml.merges"); });
  entry("merges that are numbers", "no list of merges", "tokenizer.ggml.merges",
        image::array<float>(image::F32, {1.0F}));
  entry("merge without a space", "merge 0 is not a pair", "tokenizer.ggml.merges", image::strings({"ab"}));
  entry("empty merge", "merge 1 is not a pair", "tokenizer.ggml.merges", image::strings({"a b", ""}));
  entry("merge of a space", "merge 0 is not a pair", "tokenizer.ggml.merges", image::strings({" "}));
  entry("merge without a right part", "merge 0 is not a pair", "tokenizer.ggml.merges", image::strings({"a "}));
  entry("merge of an absent token", "merge 0 names a token", "tokenizer.ggml.merges", image::strings({"a x"}));
  entry("merge into an absent token", "merge 0 names a token", "tokenizer.ggml.merges", image::strings({"c a"}));
  entry("short list of types", "token types", "tokenizer.ggml.token_type",
        image::array<std::int32_t>(image::I32, {1, 2, 3}));
  entry("types that are text", "token types are not numbers", "tokenizer.ggml.token_type", image::string("normal"));
  entry("end beyond the vocabulary", "eos_token_id", "tokenizer.ggml.eos_token_id", image::u32(282));
  entry("negative end", "eot_token_id", "tokenizer.ggml.eot_token_id", image::scalar<std::int32_t>(image::I32, -1));
  entry("end as text", "eos_token_id", "tokenizer.ggml.eos_token_id", image::string("<eos>"));
  entry("suppressed beyond the vocabulary", "suppress_tokens lists 99999", "tokenizer.ggml.suppress_tokens",
        image::array<std::int32_t>(image::I32, {1, 99999}));
  entry("negative suppressed", "suppress_tokens lists -5", "tokenizer.ggml.suppress_tokens",
        image::array<std::int32_t>(image::I32, {-5}));
  entry("suppressed as text", "not a list of ids", "tokenizer.ggml.suppress_tokens", image::strings({"<pad>"}));
  changed("token twice", "the tokens 274 and 282 are the same", [](Entries& entries) { entries.add("a", 1); });
  changed("marker twice", "the tokens 16 and 282 are the same", [](Entries& entries) { entries.add("<turn|>", 3); });
  changed("missing marker", "lacks the marker <turn|>", [](Entries& entries) { entries.tokens[16] = "turn"; });
  changed("missing byte", "lacks the byte token <0x41>", [](Entries& entries) {
    entries.tokens[18 + 0x41] = "<0x041>";
    entries.types[18 + 0x41] = 1;
  });
  changed("byte without a value", "token 282 is typed as a byte", [](Entries& entries) { entries.add("<0x-1>", 6); });
  changed("byte of two values", "token 282 is typed as a byte", [](Entries& entries) { entries.add("<0x100>", 6); });
  changed("merge into a marker", "merge 1 makes a special token", [](Entries& entries) { entries.types[277] = 3; });
}

void TokenizerTest::refuses_unusable_vocabularies() {
  QFETCH(QByteArray, bytes);
  QFETCH(QString, reason);
  const auto loaded = load(image::write_file(folder_, "unusable.gguf", bytes));
  QVERIFY(!loaded.ok());
  const QString message = QString::fromStdString(loaded.error().message);
  QVERIFY2(message.contains(reason), qPrintable(message));
  QVERIFY2(message.startsWith("'unusable.gguf' can not be used: ") && message.endsWith('.'), qPrintable(message));
  QVERIFY2(!message.contains('\n'), qPrintable(message));
}

QTEST_APPLESS_MAIN(TokenizerTest)
#include "tokenizer_test.moc"
