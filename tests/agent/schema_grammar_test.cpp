#include "agent/grammar/schema_grammar.h"

#include <QTest>

#include "agent/grammar/reply_grammar.h"
#include "agent/prompt/markers.h"
#include "agent/prompt/reply_parser.h"
#include "engine/text/token_matcher.h"

namespace facet::agent {

namespace {

using engine::Grammar;
using engine::TokenMatcher;

const engine::TokenTrie& no_tokens() {
  static const engine::TokenTrie trie({}, 200);
  return trie;
}

// Whether a text is one of a grammar's; `<|"|>` and its kin are markers.
bool accepts(const std::shared_ptr<const Grammar>& grammar, const std::string& text) {
  TokenMatcher matcher(grammar, no_tokens());
  TokenMatcher::State state = matcher.start();
  for (const ReplyPiece& piece : split_markers(text)) {
    const auto* bytes = std::get_if<std::string>(&piece);
    state = bytes != nullptr ? matcher.after_bytes(state, *bytes)
                             : matcher.after_marker(state, marker_id(std::get<Marker>(piece)));
  }
  return matcher.may_end(state);
}

std::shared_ptr<const Grammar> grammar_of(const Json& schema, Syntax syntax, std::vector<std::string>* problems = {}) {
  auto grammar = std::make_shared<Grammar>();
  const auto made = schema_grammar(*grammar, syntax, schema, "it");
  if (!made.ok()) return nullptr;
  grammar->set_root(made->node);
  if (problems != nullptr) *problems = made->problems;
  return grammar;
}

Json parsed(const QString& text) {
  return Json::parse(text.toStdString());
}

}  // namespace

class SchemaGrammarTest : public QObject {
  Q_OBJECT

 private slots:
  void calls_data();
  void calls();
  void answers_data();
  void answers();
  void what_nothing_fits_is_an_error_data();
  void what_nothing_fits_is_an_error();
  void what_is_not_held_is_told_data();
  void what_is_not_held_is_told();
  void tools_of_a_reply();
};

void SchemaGrammarTest::calls_data() {
  QTest::addColumn<QString>("schema");
  QTest::addColumn<QString>("text");
  QTest::addColumn<bool>("fits");
  const auto row = [](const char* schema, const char* text, bool fits) {
    QTest::addRow("%s %s", schema, text) << QString(schema) << QString::fromUtf8(text) << fits;
  };
  const char* file = R"({"type": "object", "required": ["path"], "properties": {"path": {"type": "string"},
                        "first_line": {"type": "integer", "minimum": 1}}})";
  row(file, R"({path:<|"|>a "b" {c}, d\n<|"|>})", true);
  row(file, R"({path:<|"|>a<|"|>,first_line:12})", true);
  row(file, R"({first_line:1,path:<|"|><|"|>})", true);
  row(file, R"({first_line:1})", false);
  row(file, R"({})", false);
  row(file, R"({path:<|"|>a<|"|>,path:<|"|>a<|"|>})", false);
  row(file, R"({path:<|"|>a<|"|>,})", false);
  row(file, R"({path:<|"|>a<|"|>,first_line:0})", false);
  row(file, R"({path:<|"|>a<|"|>,first_line:1.5})", false);
  row(file, R"({path:<|"|>a<|"|>,other:1})", false);
  row(file, R"({path: <|"|>a<|"|>})", false);
  row(file, R"({path:"a"})", false);
  row(file, R"({path:a})", false);
  const char* odd = R"({"type": "object", "properties": {"k:v": {"type": "null"}, "": {"type": "boolean"}}})";
  row(odd, R"({<|"|>k:v<|"|>:null,<|"|><|"|>:true})", true);
  row(odd, R"({k:v:null})", false);
  const char* open =
      R"({"type": "object", "properties": {"a": {"type": "null"}}, "additionalProperties": {"type": "integer"}})";
  row(open, "{a:null,ab:1,b-c.d:2}", true);
  row(open, "{a:1}", false);
  row(open, "{b:null}", false);
  row(R"({"enum": ["x y", 5, null, {"b": [1, "t"], "a": 2.5}]})", R"({a:2.5,b:[1,<|"|>t<|"|>]})", true);
  row(R"({"enum": ["x y", 5, null]})", R"(<|"|>x y<|"|>)", true);
  row(R"({"enum": ["x y", 5, null]})", "5", true);
  row(R"({"enum": ["x y", 5, null]})", "6", false);
  row(R"({"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2})", "[true,false]", true);
  row(R"({"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2})", "[]", false);
  row(R"({"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2})", "[true,true,true]", false);
  row(R"({"type": "array", "prefixItems": [{"type": "null"}, {"type": "integer"}], "items": {"type": "boolean"}})",
      "[null,3,true,true]", true);
  row(R"({"type": "array", "prefixItems": [{"type": "null"}, {"type": "integer"}], "items": {"type": "boolean"}})",
      "[null]", true);
  row(R"({"type": "array", "prefixItems": [{"type": "null"}, {"type": "integer"}], "items": {"type": "boolean"}})",
      "[null,true]", false);
  row(R"({"type": "string", "minLength": 2, "maxLength": 3})", R"(<|"|>äöü<|"|>)", true);
  row(R"({"type": "string", "minLength": 2, "maxLength": 3})", R"(<|"|>ä<|"|>)", false);
  row(R"({"type": "string", "minLength": 2, "maxLength": 3})", R"(<|"|>äöüß<|"|>)", false);
  row(R"({"type": "STRING", "nullable": true})", "null", true);
  row(R"({})", R"({a:[1,{b:<|"|>c<|"|>}]})", true);
  row(R"({"type": "object"})", R"({a:1.5e3,b:{}})", true);
  const char* list = R"({"type": "object", "required": ["v"], "properties": {"v": {"type": "integer"},
                        "next": {"$ref": "#"}}, "additionalProperties": false})";
  row(list, "{v:1,next:{v:2,next:{v:3}}}", true);
  row(list, "{v:1,next:{next:{v:3}}}", false);
}

void SchemaGrammarTest::calls() {
  QFETCH(QString, schema);
  QFETCH(QString, text);
  QFETCH(bool, fits);
  const auto grammar = grammar_of(parsed(schema), Syntax::Call);
  QVERIFY(grammar != nullptr);
  QCOMPARE(accepts(grammar, text.toStdString()), fits);
}

void SchemaGrammarTest::answers_data() {
  QTest::addColumn<QString>("schema");
  QTest::addColumn<QString>("text");
  QTest::addColumn<bool>("fits");
  const auto row = [](const char* schema, const char* text, bool fits) {
    QTest::addRow("%s %s", schema, text) << QString(schema) << QString::fromUtf8(text) << fits;
  };
  const char* object = R"({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"},
                          "b \"": {"type": "integer"}}})";
  row(object, R"({"a":"x"})", true);
  row(object, R"({"a": "x", "b \"": 3})", true);
  row(object, R"({"b \"":3,"a":"\u00e4\n"})", true);
  row(object, R"({"a":  "x"})", false);
  row(object, R"( {"a":"x"})", false);
  row(object, "{\n\"a\":\"x\"}", false);
  row(object, R"({"b \"":3})", false);
  row(object, "{\"a\":\"\n\"}", false);
  row(R"({"type": "number", "exclusiveMinimum": 1, "maximum": 2})", "1.5", true);
  row(R"({"type": "number", "exclusiveMinimum": 1, "maximum": 2})", "1.0", false);
  row(R"({"type": "string", "format": "date"})", R"("2026-11-30")", true);
  row(R"({"type": "string", "format": "date"})", R"("2026-11-31")", false);
  row(R"({"type": "string", "pattern": "^\"[a-z]+\"$"})", R"("\"ab\"")", true);
  row(R"({"type": "string", "pattern": "^[a-z]+$", "maxLength": 2})", R"("abc")", false);
  row(R"({"allOf": [{"type": "number", "minimum": 2}, {"type": "integer", "maximum": 3}]})", "3", true);
  row(R"({"allOf": [{"type": "number", "minimum": 2}, {"type": "integer", "maximum": 3}]})", "2.5", false);
  row(R"({"anyOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object",
          "properties": {"a": {"type": "null"}, "b": {"type": "null"}}})",
      R"({"b":null})", true);
  row(R"({"anyOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object",
          "properties": {"a": {"type": "null"}, "b": {"type": "null"}}})",
      "{}", false);
  row(R"({"$ref": "#/$defs/p", "$defs": {"p": {"type": "array", "items": {"$ref": "#/$defs/q"}}, "q": {"const": 1}}})",
      "[1, 1,1]", true);
}

void SchemaGrammarTest::answers() {
  QFETCH(QString, schema);
  QFETCH(QString, text);
  QFETCH(bool, fits);
  const auto grammar = grammar_of(parsed(schema), Syntax::Answer);
  QVERIFY(grammar != nullptr);
  QCOMPARE(accepts(grammar, text.toStdString()), fits);
}

void SchemaGrammarTest::what_nothing_fits_is_an_error_data() {
  QTest::addColumn<QString>("schema");
  for (const char* schema :
       {"false", R"({"enum": []})", R"({"type": "string", "minLength": 3, "maxLength": 2})",
        R"({"type": "integer", "minimum": 2, "maximum": 1})", R"({"type": "array", "items": false, "minItems": 1})",
        R"({"type": "object", "required": ["a"], "properties": {"a": false}})",
        R"({"type": "object", "required": ["a"], "additionalProperties": false})",
        R"({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}})", "3", "[]", "\"text\"",
        R"({"allOf": [{"type": "string"}, {"enum": [1, 2]}]})", R"({"type": "integer", "enum": ["a"]})"})
    QTest::newRow(schema) << QString(schema);
}

void SchemaGrammarTest::what_nothing_fits_is_an_error() {
  QFETCH(QString, schema);
  Grammar grammar;
  const auto made = schema_grammar(grammar, Syntax::Answer, parsed(schema), "the answer");
  QVERIFY(!made.ok());
  QVERIFY(made.error().message.ends_with('.'));
}

void SchemaGrammarTest::what_is_not_held_is_told_data() {
  QTest::addColumn<QString>("schema");
  QTest::addColumn<QString>("word");
  const auto row = [](const char* schema, const char* word) {
    QTest::newRow(schema) << QString(schema) << QString(word);
  };
  row(R"({"type": "array", "uniqueItems": true})", "uniqueItems");
  row(R"({"type": "integer", "multipleOf": 5})", "multipleOf");
  row(R"({"type": "string", "pattern": "\\bx"})", "pattern");
  row(R"({"type": "string", "format": "email"})", "email");
  row(R"({"not": {"type": "string"}})", "'not'");
  row(R"({"oneOf": [{"type": "string"}, {"type": "null"}]})", "oneOf");
  row(R"({"$ref": "https://example.org/schema"})", "$ref");
  row(R"({"type": "object", "properties": {"a": {"contains": {}}}})", "it.a");
}

void SchemaGrammarTest::what_is_not_held_is_told() {
  QFETCH(QString, schema);
  QFETCH(QString, word);
  std::vector<std::string> problems;
  QVERIFY(grammar_of(parsed(schema), Syntax::Answer, &problems) != nullptr);
  QCOMPARE(problems.size(), std::size_t{1});
  QVERIFY2(problems[0].find(word.toStdString()) != std::string::npos, problems[0].c_str());
}

void SchemaGrammarTest::tools_of_a_reply() {
  const Json tools = Json::parse(R"([
    {"type": "function", "function": {"name": "now"}},
    {"type": "function", "function": {"name": "no{w", "parameters": {}}},
    {"type": "function", "function": {"name": "odd", "parameters": {"type": "object", "required": ["a"],
                                                                   "properties": {"a": false}}}}])");
  const auto reply = reply_grammar(tools, {});
  QVERIFY(reply.ok());
  QCOMPARE((*reply)->problems.size(), std::size_t{2});
  QVERIFY((*reply)->answer == nullptr);
  const auto& call = (*reply)->call;
  QVERIFY(accepts(call, "call:now{}<tool_call|>"));
  QVERIFY(!accepts(call, "call:now{}"));
  QVERIFY(!accepts(call, "call:now{a:1}<tool_call|>"));
  QVERIFY(!accepts(call, "call:later{}<tool_call|>"));
  // It is refused when it is checked; a grammar that lets nothing in could not be followed.
  QVERIFY(accepts(call, "call:odd{a:1}<tool_call|>"));
  QVERIFY((*reply_grammar({}, {}))->call == nullptr);
  QVERIFY(!reply_grammar(tools, Json(false)).ok());
}

}  // namespace facet::agent

QTEST_APPLESS_MAIN(facet::agent::SchemaGrammarTest)
#include "schema_grammar_test.moc"
