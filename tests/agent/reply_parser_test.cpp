#include "agent/prompt/reply_parser.h"

#include <QTest>
#include <fstream>
#include <random>

#include "agent/prompt/markers.h"

namespace facet::agent {

namespace {

Json vectors() {
  std::ifstream file(FACET_TEST_DATA "/vectors/tool-call-parse.json");
  return Json::parse(file)["vectors"];
}

std::vector<ReplyPiece> pieces_of(const Json& vector) {
  if (vector.contains("raw")) return split_markers(vector["raw"].get<std::string>());
  std::vector<ReplyPiece> pieces;
  for (const Json& piece : vector["pieces"]) {
    if (piece.contains("text")) {
      pieces.emplace_back(piece["text"].get<std::string>());
    } else {
      pieces.emplace_back(*marker_at_start(piece["marker"].get<std::string>()));
    }
  }
  return pieces;
}

ReplyParser::Start start_of(const Json& vector) {
  return vector["start"] == "thought" ? ReplyParser::Start::Thought : ReplyParser::Start::Content;
}

ReplyParser::End end_of(const Json& vector) {
  return vector["finish"] == "length" ? ReplyParser::End::Length : ReplyParser::End::Stop;
}

Json tools_of(const Json& vector) {
  return vector.value("tools", Json());
}

// The same pieces with the text at `index` cut in two.
std::vector<ReplyPiece> cut(const std::vector<ReplyPiece>& pieces, std::size_t index, std::size_t at) {
  std::vector<ReplyPiece> cut_pieces = pieces;
  const auto text = std::get<std::string>(pieces[index]);
  cut_pieces[index] = text.substr(0, at);
  cut_pieces.insert(cut_pieces.begin() + static_cast<std::ptrdiff_t>(index) + 1, text.substr(at));
  return cut_pieces;
}

std::vector<ReplyPiece> byte_by_byte(const std::vector<ReplyPiece>& pieces) {
  std::vector<ReplyPiece> bytes;
  for (const ReplyPiece& piece : pieces) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      for (const char byte : *text)
        bytes.emplace_back(std::string(1, byte));
    } else {
      bytes.push_back(piece);
    }
  }
  return bytes;
}

QByteArray text_of(const Json& json) {
  return QByteArray::fromStdString(json.dump(2, ' ', false, Json::error_handler_t::replace));
}

void compare(const Json& actual, const Json& expected) {
  QCOMPARE(text_of(actual), text_of(expected));
}

Json parse(std::string_view raw, const Json& tools = {}, ReplyParser::End end = ReplyParser::End::Stop) {
  return parse_reply(raw, tools, ReplyParser::Start::Content, end);
}

// One declared tool with the given properties.
Json declared(const std::string& name, const Json& properties) {
  return Json::array(
      {{{"type", "function"},
        {"function", {{"name", name}, {"parameters", {{"type", "object"}, {"properties", properties}}}}}}});
}

Json calls_of(const std::string& inside, const Json& tools = {}) {
  return parse("<|tool_call>" + inside + "<tool_call|>", tools)["tool_calls"];
}

Json call(const std::string& name, const Json& arguments) {
  return Json::array({{{"name", name}, {"arguments", arguments}}});
}

}  // namespace

class ReplyParserTest : public QObject {
  Q_OBJECT

 private slots:
  void published_vectors_data();
  void published_vectors();
  void numbers_keep_their_kind();
  void mends_known_noise_data();
  void mends_known_noise();
  void reports_what_it_can_not_read_data();
  void reports_what_it_can_not_read();
  void guesses_nothing_that_was_cut();
  void a_call_without_its_marker();
  void thoughts_and_text();
  void events_come_as_soon_as_they_are_certain();
  void loses_no_character();
  void arbitrary_bytes_can_be_printed();
  void splits_markers();
  void tells_how_a_reply_begins();
  void deep_and_long_calls_are_harmless();
};

void ReplyParserTest::published_vectors_data() {
  QTest::addColumn<QByteArray>("vector");
  for (const Json& vector : vectors())
    QTest::addRow("%s", vector["name"].get<std::string>().c_str()) << QByteArray::fromStdString(vector.dump());
}

void ReplyParserTest::published_vectors() {
  QFETCH(QByteArray, vector);
  const Json json = Json::parse(vector.toStdString());
  const auto pieces = pieces_of(json);
  const QByteArray expected = text_of(json["expected"]);
  const auto result = [&](const std::vector<ReplyPiece>& cut_pieces) {
    return text_of(parse_reply(cut_pieces, tools_of(json), start_of(json), end_of(json)));
  };
  QCOMPARE(result(pieces), expected);
  QCOMPARE(result(byte_by_byte(pieces)), expected);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto* text = std::get_if<std::string>(&pieces[i]);
    for (std::size_t at = 0; text != nullptr && at <= text->size(); ++at)
      QCOMPARE(result(cut(pieces, i, at)), expected);
  }
}

void ReplyParserTest::numbers_keep_their_kind() {
  const Json calls = calls_of("call:f{big:18446744073709551615,float:2.0,low:-9223372036854775808,one:1}");
  const Json& arguments = calls.at(0)["arguments"];
  QVERIFY(arguments["big"].is_number_unsigned());
  QCOMPARE(arguments["big"].get<std::uint64_t>(), std::uint64_t{18446744073709551615U});
  QVERIFY(arguments["low"].is_number_integer());
  QCOMPARE(arguments["low"].get<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
  QVERIFY(arguments["float"].is_number_float());
  QVERIFY(arguments["one"].is_number_integer());
}

void ReplyParserTest::mends_known_noise_data() {
  QTest::addColumn<QByteArray>("inside");
  QTest::addColumn<QByteArray>("tools");
  QTest::addColumn<QByteArray>("expected");
  const auto row = [](const char* name, const char* inside, const Json& expected, const Json& tools = {}) {
    QTest::newRow(name) << QByteArray(inside) << QByteArray::fromStdString(tools.dump())
                        << QByteArray::fromStdString(expected.dump());
  };
  const Json text = {{"type", "string"}};
  row("delimited key", "call:f{<|\"|>3<|\"|>:<|\"|>x<|\"|>}", call("f", {{"3", "x"}}));
  row("quoted key", "call:f{\"a b\": 1}", call("f", {{"a b", 1}}));
  row("JSON escapes", R"(call:f{a:"tab\t \"q\" \u00e9 \ud83e\udd99"})",
      call("f", {{"a", "tab\t \"q\" \u00E9 \U0001F999"}}));
  row("apostrophe inside quotes", "call:f{a:'it's fine',b:2}", call("f", {{"a", "it's fine"}, {"b", 2}}));
  row("comma inside quotes", "call:f{a:\"x, y\"}", call("f", {{"a", "x, y"}}));
  row("missing opening delimiter of two values", "call:f{a:one<|\"|>,b:two, too<|\"|>}",
      call("f", {{"a", "one"}, {"b", "two, too"}}));
  row("bare word", "call:f{unit:celsius}", call("f", {{"unit", "celsius"}}));
  row("bare word in a list", "call:f{list:[one,two]}", call("f", {{"list", {"one", "two"}}}));
  row("bare word for a string", "call:f{unit:celsius}", call("f", {{"unit", "celsius"}}),
      declared("f", {{"unit", text}}));
  row("unclosed string in a nested object", "call:f{a:{b:<|\"|>x}}", call("f", {{"a", {{"b", "x"}}}}));
  row("unclosed string in a list", "call:f{a:[<|\"|>x<|\"|>,<|\"|>y]}", call("f", {{"a", {"x", "y"}}}));
  row("unclosed string with only a part of the closers", "call:f{a:[<|\"|>x]", call("f", {{"a", {"x"}}}));
  row("unclosed string that ends in a brace of its own", "call:f{a:<|\"|>if (x) {y}}",
      call("f", {{"a", "if (x) {y}"}}));
  row("raw text behind a bare word", "call:write{path:a.txt,content:# Title, and\nmore",
      call("write", {{"path", "a.txt"}, {"content", "# Title, and\nmore"}}),
      declared("write", {{"path", text}, {"content", text}}));
  row("owed brace", "call:f{a:1", call("f", {{"a", 1}}));
  row("owed braces", "call:f{a:{b:[1,2", call("f", {{"a", {{"b", {1, 2}}}}}));
  row("comma at the end", "call:f{a:1,}", call("f", {{"a", 1}}));
  row("call is missing", ":f{a:1}", call("f", {{"a", 1}}));
  row("parentheses", "call:f(a=1, b=<|\"|>x<|\"|>)", call("f", {{"a", 1}, {"b", "x"}}));
  row("empty parentheses", "call:f()", call("f", Json::object()));
  row("JSON in parentheses", R"(call:f({"a": 1, "b": {"c": ["x", null]}}))",
      call("f", {{"a", 1}, {"b", {{"c", {"x", nullptr}}}}}));
  row("code fence", "```tool_code\ncall:f{a:1}\n```", call("f", {{"a", 1}}));
  row("code fence that is not closed", "```\ncall:f{a:1}", call("f", {{"a", 1}}));
  row("JSON", R"({"name": "f", "arguments": {"a": "x \"y\" }"}})", call("f", {{"a", "x \"y\" }"}}));
  row("JSON in a code fence", "```json\n{\"name\": \"f\", \"parameters\": {\"a\": 1}}\n```\n", call("f", {{"a", 1}}));
  row("JSON with arguments in a string", R"({"name": "f", "arguments": "{\"a\": 1}"})", call("f", {{"a", 1}}));
  row("name space", "call:google:mcp:make-pdf{a:1}", call("make-pdf", {{"a", 1}}), declared("make-pdf", {}));
  row("name with a colon that is declared", "call:a:b{}", call("a:b", Json::object()), declared("a:b", {}));
  row("name space of an undeclared tool", "call:a:b{}", call("a:b", Json::object()), declared("c", {}));
  row("white space everywhere", "\n call: f {\n a : 1 ,\n b : [ ] } \n", call("f", {{"a", 1}, {"b", Json::array()}}));
}

void ReplyParserTest::mends_known_noise() {
  QFETCH(QByteArray, inside);
  QFETCH(QByteArray, tools);
  QFETCH(QByteArray, expected);
  const Json reply = parse("<|tool_call>" + inside.toStdString() + "<tool_call|>", Json::parse(tools.toStdString()));
  QCOMPARE(text_of(reply["tool_calls"]), text_of(Json::parse(expected.toStdString())));
}

void ReplyParserTest::reports_what_it_can_not_read_data() {
  QTest::addColumn<QByteArray>("inside");
  QTest::addColumn<QByteArray>("tools");
  QTest::addColumn<QByteArray>("name");
  const auto row = [](const char* name, const char* inside, const char* call_name, const Json& tools = {}) {
    QTest::newRow(name) << QByteArray(inside) << QByteArray::fromStdString(tools.dump()) << QByteArray(call_name);
  };
  row("empty", "", "");
  row("no name", "call:{a:1}", "");
  row("no arguments", "call:f", "");
  row("prose", "I would like to read the file", "");
  row("text behind the arguments", "call:f{a:1} and more", "f");
  row("missing colon", "call:f{a}", "f");
  row("bare word for a number", "call:f{count:many}", "f", declared("f", {{"count", {{"type", "integer"}}}}));
  row("comma in a bare word", "call:f{a:Paris, France}", "f", declared("f", {{"a", {{"type", "string"}}}}));
  row("comma in a bare word before a known key", "call:f{a:x, y,b:1}", "f",
      declared("f", {{"a", {{"type", "string"}}}, {"b", {{"type", "integer"}}}}));
  row("JSON without a name", R"({"arguments": {}})", "");
  row("JSON without arguments", R"({"name": "f"})", "");
  row("JSON with a list of arguments", R"({"name": "f", "arguments": [1]})", "");
  row("broken JSON", R"({"name": "f", "arguments": {"a": })", "");
  row("JSON with something behind", R"({"name": "f", "arguments": {}} and more)", "");
  row("too deep", std::string("call:f{a:" + std::string(100, '[') + std::string(100, ']') + "}").c_str(), "f");
}

void ReplyParserTest::reports_what_it_can_not_read() {
  QFETCH(QByteArray, inside);
  QFETCH(QByteArray, tools);
  QFETCH(QByteArray, name);
  const Json reply =
      parse("Now.<|tool_call>" + inside.toStdString() + "<tool_call|>Done.", Json::parse(tools.toStdString()));
  compare(reply["tool_calls"], Json::array());
  compare(reply["content"], Json("Now.Done."));
  compare(reply["malformed_calls"], Json(1));
  QCOMPARE(QByteArray::fromStdString(reply["problems"][0]["raw"]), inside);
  QCOMPARE(QByteArray::fromStdString(reply["problems"][0]["name"]), name);
  QVERIFY(!reply["problems"][0]["problem"].get<std::string>().empty());
}

void ReplyParserTest::guesses_nothing_that_was_cut() {
  const std::string whole = "<|tool_call>call:f{a:<|\"|>x y<|\"|>,b:{c:[1,22]}}<tool_call|>";
  for (std::size_t length = 12; length + 12 < whole.size(); ++length) {
    const Json reply = parse(whole.substr(0, length), {}, ReplyParser::End::Length);
    compare(reply["tool_calls"], Json::array());
    compare(reply["incomplete_call"], Json(true));
    QVERIFY(!reply.contains("malformed_calls"));
  }
  QCOMPARE(parse(whole, {}, ReplyParser::End::Length)["tool_calls"].size(), std::size_t{1});
  // Of an output that came to its own end the marker alone may be missing, as in transcripts that were cut there.
  const std::string unmarked = whole.substr(0, whole.rfind("<tool_call|>"));
  QCOMPARE(parse(unmarked)["tool_calls"].size(), std::size_t{1});
  QCOMPARE(parse(unmarked + "<turn|>")["tool_calls"].size(), std::size_t{1});
}

void ReplyParserTest::a_call_without_its_marker() {
  const Json tools = declared("bash", {{"command", {{"type", "string"}}}});
  const std::string thought = "<|channel>thought\nHm.\n<channel|>";
  const std::string bare = "call:bash{command:<|\"|>ls<|\"|>}";
  compare(parse(thought + bare, tools)["tool_calls"], call("bash", {{"command", "ls"}}));
  QCOMPARE(parse(thought + "\n" + bare + "<tool_call|><|tool_response>", tools)["tool_calls"].size(), std::size_t{1});
  // Not for an unknown tool, not in the middle of a text, not without a thought, not when it is cut or broken.
  compare(parse(thought + bare)["content"], Json("call:bash{command:ls}"));
  compare(parse(thought + "Use " + bare, tools)["content"], Json("Use call:bash{command:ls}"));
  compare(parse(bare, tools)["content"], Json("call:bash{command:ls}"));
  compare(parse(thought + bare, tools, ReplyParser::End::Length)["content"], Json("call:bash{command:ls}"));
  compare(parse(thought + bare + " is what I run.", tools)["content"], Json("call:bash{command:ls} is what I run."));
  compare(parse(thought + "call:ba", tools)["content"], Json("call:ba"));
}

void ReplyParserTest::thoughts_and_text() {
  const auto reads = [](const char* raw, const char* content, const char* thinking) {
    const Json reply = parse(raw);
    compare(reply["content"], content);
    compare(reply["thinking"], thinking);
  };
  reads("Hi. \n<|channel>thought\nA\n<channel|>\n\nyou", "Hi.you", "A");
  reads("<|channel>thought\nA\n<|channel>thought\nB\n<channel|>C", "C", "A\nB");
  reads("<|channel>thoughtful<channel|>C", "C", "thoughtful");
  reads("<|channel>tho<|channel>thought\nB<channel|>C", "C", "thoB");
  reads("Done.<|channel>", "Done.", "");
  reads("Done.<|channel>thought", "Done.", "");
  reads("<|channel>thought\nNever closed.<turn|>", "", "Never closed.");
  reads(" a \n<turn|>", " a \n", "");
  reads("a<tool_response|><|\"|>b", "ab", "");
  reads("one<turn|>two", "onetwo", "");
}

void ReplyParserTest::events_come_as_soon_as_they_are_certain() {
  ReplyParser parser(ReplyParser::Start::Content, {});
  const auto texts = [](const std::vector<ReplyEvent>& events) {
    std::string text;
    for (const ReplyEvent& event : events) {
      if (const auto* part = std::get_if<ReplyText>(&event)) text += "text(" + part->text + ")";
      if (const auto* part = std::get_if<ReplyThought>(&event)) text += "thought(" + part->text + ")";
      if (const auto* part = std::get_if<ParsedCall>(&event)) text += "call(" + part->name + ")";
    }
    return text;
  };
  QCOMPARE(texts(parser.push(Marker::ChannelOpen)), std::string());
  QCOMPARE(texts(parser.push("thou")), std::string());
  QCOMPARE(texts(parser.push("ght\nWell")), std::string("thought(Well)"));
  QCOMPARE(texts(parser.push(" then\n")), std::string("thought( then)"));
  QCOMPARE(texts(parser.push(Marker::ChannelClose)), std::string());
  QCOMPARE(texts(parser.push("\nHello ")), std::string("text(Hello)"));
  QCOMPARE(texts(parser.push("you")), std::string("text( you)"));
  QCOMPARE(texts(parser.push("  ")), std::string());
  QCOMPARE(texts(parser.push(Marker::ToolCallOpen)), std::string());
  QCOMPARE(texts(parser.push("call:f{}")), std::string());
  QCOMPARE(texts(parser.push(Marker::ToolCallClose)), std::string("call(f)"));
  QCOMPARE(texts(parser.push("Bye \n")), std::string("text(Bye)"));
  QCOMPARE(texts(parser.finish(ReplyParser::End::Stop)), std::string("text( \n)"));
}

// On arbitrary pieces: what comes out, white space and the header word aside, is what went in, in order.
void ReplyParserTest::loses_no_character() {
  const std::vector<std::string> parts = {"call:f{", "}",  "a:1", ",",  "[",    "]", "thought",    "thought\n",
                                          " ",       "\n", "\"",  "'",  "word", ":", "call:bash{", "\xE6\x97\xA5",
                                          "\xFF",    "(",  ")",   "\\", "{",    "=", "\t"};
  const std::vector<Marker> markers = {Marker::ToolCallOpen,      Marker::ToolCallClose, Marker::ToolResponseOpen,
                                       Marker::ToolResponseClose, Marker::ChannelOpen,   Marker::StringDelimiter,
                                       Marker::ChannelClose,      Marker::TurnOpen,      Marker::TurnClose,
                                       Marker::EndOfSequence};
  const Json tools = declared("bash", {{"a", {{"type", "string"}}}});
  const auto comparable = [](std::string text) {
    for (std::size_t at = text.find("thought"); at != std::string::npos; at = text.find("thought"))
      text.erase(at, 7);
    std::erase_if(text, [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
    return QByteArray::fromStdString(text);
  };
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    const auto start = random() % 2U == 0 ? ReplyParser::Start::Content : ReplyParser::Start::Thought;
    ReplyParser parser(start, random() % 2U == 0 ? tools : Json());
    std::string in;
    std::string out;
    const auto take = [&](const std::vector<ReplyEvent>& events) {
      for (const ReplyEvent& event : events) {
        if (const auto* text = std::get_if<ReplyText>(&event)) out += text->text;
        if (const auto* thought = std::get_if<ReplyThought>(&event)) out += thought->text;
        const auto* parsed = std::get_if<ParsedCall>(&event);
        if (parsed == nullptr) continue;
        for (const ReplyPiece& piece : split_markers(parsed->raw)) {
          if (const auto* text = std::get_if<std::string>(&piece)) out += *text;
        }
      }
    };
    for (int length = static_cast<int>(random() % 16U); length > 0; --length) {
      if (random() % 3U == 0) {
        take(parser.push(markers[random() % markers.size()]));
      } else {
        const std::string& text = parts[random() % parts.size()];
        in += text;
        take(parser.push(text));
      }
    }
    take(parser.finish(random() % 2U == 0 ? ReplyParser::End::Stop : ReplyParser::End::Length));
    QCOMPARE(comparable(out), comparable(in));
  }
}

void ReplyParserTest::arbitrary_bytes_can_be_printed() {
  std::mt19937 random(6);
  for (int round = 0; round < 2000; ++round) {
    std::string raw;
    for (int length = static_cast<int>(random() % 30U); length > 0; --length)
      raw += random() % 4U == 0 ? "<|tool_call>call:f{a:" : std::string(1, static_cast<char>(random() % 256U));
    const Json reply = parse(raw);
    QVERIFY(Json::parse(reply.dump()) == reply);  // dump() refuses what is no UTF-8
  }
}

void ReplyParserTest::splits_markers() {
  const std::vector<ReplyPiece> pieces = {"a<b",        Marker::ToolCallOpen, Marker::StringDelimiter,
                                          "<|tool_cal", Marker::TurnClose,    "<"};
  QCOMPARE(split_markers("a<b<|tool_call><|\"|><|tool_cal<turn|><"), pieces);
  QCOMPARE(split_markers(""), std::vector<ReplyPiece>());
}

void ReplyParserTest::tells_how_a_reply_begins() {
  using Kind = PromptPiece::Kind;
  const auto in_thought = [](const std::vector<PromptPiece>& prompt) {
    return start_after(prompt) == ReplyParser::Start::Thought;
  };
  QVERIFY(!in_thought({}));
  QVERIFY(!in_thought({{Kind::Template, "<bos><|turn>model\n", {}}}));
  QVERIFY(!in_thought({{Kind::Template, "<|turn>model\n<|channel>thought\n<channel|>", {}}}));
  QVERIFY(in_thought({{Kind::Template, "<tool_response|><|channel>thought\n", {}}}));
  QVERIFY(in_thought({{Kind::Template, "<|channel>thought\n", {}}, {Kind::Data, "so <channel|>", {}}}));
  QVERIFY(!in_thought({{Kind::Data, "<|channel>thought\n", {}}}));
  // What the model itself has written counts by its ids.
  QVERIFY(in_thought({{Kind::Tokens, "<|channel>x", {100, 1000}}}));
  QVERIFY(!in_thought({{Kind::Tokens, "<|channel>", {1000, 1001}}}));
  QVERIFY(
      !in_thought({{Kind::Template, "<|channel>thought\n", {}}, {Kind::Tokens, "y<channel|>x", {1000, 101, 1001}}}));
  QVERIFY(in_thought({{Kind::Tokens, "<|channel>thought\n", {}}}));
}

void ReplyParserTest::deep_and_long_calls_are_harmless() {
  std::string deep = "<|tool_call>call:f{a:";
  for (int i = 0; i < 200000; ++i)
    deep += i % 2 == 0 ? "[" : "{k:";
  compare(parse(deep)["malformed_calls"], Json(1));
  std::string wide = "<|tool_call>call:f{a:[";
  for (int i = 0; i < 100000; ++i)
    wide += "bare, ";
  QCOMPARE(parse(wide + "1]}<tool_call|>")["tool_calls"][0]["arguments"]["a"].size(), std::size_t{100001});
}

}  // namespace facet::agent

QTEST_APPLESS_MAIN(facet::agent::ReplyParserTest)
#include "reply_parser_test.moc"
