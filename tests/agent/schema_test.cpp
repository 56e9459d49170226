#include "agent/schema.h"

#include <QTest>

namespace facet::agent {

// Cases are text, so that one more is one more line.
class SchemaTest : public QObject {
  Q_OBJECT

 private slots:
  void accepts_data();
  void accepts();
  void refuses_data();
  void refuses();
  void deep_values_are_refused();
};

namespace {

constexpr const char* kReadFile = R"({"type": "object", "required": ["path"], "properties": {
  "path": {"type": "string", "minLength": 1, "maxLength": 10},
  "first_line": {"type": "integer", "minimum": 1},
  "line_count": {"type": ["integer", "null"], "minimum": 1, "maximum": 500},
  "ratio": {"type": "number", "minimum": 0, "maximum": 1},
  "mode": {"type": "string", "enum": ["fast", "slow"]},
  "level": {"enum": [1, 2, "max"]},
  "fixed": {"const": "yes"},
  "quiet": {"type": "boolean"},
  "names": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
  "size": {"type": "object", "required": ["width"], "properties": {"width": {"type": "integer"}},
           "additionalProperties": false},
  "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
  "either": {"anyOf": [{"type": "integer", "minimum": 10}, {"type": "null"}]},
  "nullable": {"type": "string", "nullable": true},
  "anything": {}
}})";

}  // namespace

void SchemaTest::accepts_data() {
  QTest::addColumn<QByteArray>("arguments");
  QTest::addColumn<QByteArray>("checked");
  const auto same = [](const char* name, const char* arguments) {
    QTest::newRow(name) << QByteArray(arguments) << QByteArray(arguments);
  };
  const auto mended = [](const char* name, const char* arguments, const char* checked) {
    QTest::newRow(name) << QByteArray(arguments) << QByteArray(checked);
  };
  same("required alone", R"({"path": "a"})");
  same("all kinds", R"({"path": "a", "first_line": 1, "ratio": 0.5, "mode": "slow", "level": "max", "fixed": "yes",
                        "quiet": true, "names": ["x"], "size": {"width": 3}, "counts": {"x": 1}, "anything": [{}]})");
  same("null where it is listed", R"({"path": "a", "line_count": null, "either": null, "nullable": null})");
  same("an integer for a number", R"({"path": "a", "ratio": 1})");
  same("length in characters", R"({"path": "日本語日本語日本語日"})");
  same("an unknown argument", R"({"path": "a", "other": 1})");
  same("the largest integer", R"({"path": "a", "first_line": 18446744073709551615})");
  mended("whole float", R"({"path": "a", "first_line": 3.0})", R"({"path": "a", "first_line": 3})");
  mended("digits as text", R"({"path": "a", "first_line": "12"})", R"({"path": "a", "first_line": 12})");
  mended("number as text", R"({"path": "a", "ratio": "0.25"})", R"({"path": "a", "ratio": 0.25})");
  mended("number for a text", R"({"path": 42})", R"({"path": "42"})");
  mended("truth for a text", R"({"path": true})", R"({"path": "true"})");
  mended("truth as text", R"({"path": "a", "quiet": "false"})", R"({"path": "a", "quiet": false})");
  mended("inside of lists and objects",
         R"({"path": "a", "names": [1, "b"], "size": {"width": "7"}, "counts": {"x": 2.0}})",
         R"({"path": "a", "names": ["1", "b"], "size": {"width": 7}, "counts": {"x": 2}})");
  mended("text for one of several types", R"({"path": "a", "line_count": "5"})", R"({"path": "a", "line_count": 5})");
}

void SchemaTest::accepts() {
  QFETCH(QByteArray, arguments);
  QFETCH(QByteArray, checked);
  const auto result = check_arguments(Json::parse(kReadFile), Json::parse(arguments.toStdString()));
  QVERIFY2(result.ok(), result.ok() ? "" : result.error().message.c_str());
  QCOMPARE(result->dump(), Json::parse(checked.toStdString()).dump());
}

void SchemaTest::refuses_data() {
  QTest::addColumn<QByteArray>("arguments");
  QTest::addColumn<QString>("sentence");
  const auto row = [](const char* arguments, const char* sentence) {
    QTest::newRow(arguments) << QByteArray(arguments) << QString(sentence);
  };
  row("[]", "the arguments must be an object");
  row("null", "the arguments must be an object");
  row("{}", "path is missing");
  row(R"({"path": null})", "path must be a string");
  row(R"({"path": ["a"]})", "path must be a string");
  row(R"({"path": ""})", "path must have at least 1 character");
  row(R"({"path": "12345678901"})", "path must have at most 10 characters");
  row(R"({"path": "a", "first_line": 0})", "first_line must be an integer of at least 1");
  row(R"({"path": "a", "first_line": "0"})", "first_line must be an integer of at least 1");
  row(R"({"path": "a", "first_line": 1.5})", "first_line must be an integer of at least 1");
  row(R"({"path": "a", "first_line": "ten"})", "first_line must be an integer of at least 1");
  row(R"({"path": "a", "first_line": 1e300})", "first_line must be an integer of at least 1");
  row(R"({"path": "a", "line_count": 501})", "line_count must be an integer of 1 to 500 or null");
  row(R"({"path": "a", "ratio": 1.5})", "ratio must be a number of 0 to 1");
  row(R"({"path": "a", "ratio": "much"})", "ratio must be a number of 0 to 1");
  row(R"({"path": "a", "mode": "medium"})", R"(mode must be one of "fast", "slow")");
  row(R"({"path": "a", "level": 3})", R"(level must be one of 1, 2, "max")");
  row(R"({"path": "a", "fixed": "no"})", R"(fixed must be "yes")");
  row(R"({"path": "a", "quiet": 1})", "quiet must be a boolean");
  row(R"({"path": "a", "names": "x"})", "names must be an array");
  row(R"({"path": "a", "names": []})", "names must have at least 1 item");
  row(R"({"path": "a", "names": ["a", "b", "c", "d"]})", "names must have at most 3 items");
  row(R"({"path": "a", "names": ["a", {}]})", "names[1] must be a string");
  row(R"({"path": "a", "size": {}})", "size.width is missing");
  row(R"({"path": "a", "size": {"width": 1, "depth": 2}})", "size.depth is not a known argument");
  row(R"({"path": "a", "counts": {"x": "many"}})", "counts.x must be an integer");
  row(R"({"path": "a", "either": 5})", "either must be null");
}

void SchemaTest::refuses() {
  QFETCH(QByteArray, arguments);
  QFETCH(QString, sentence);
  const auto result = check_arguments(Json::parse(kReadFile), Json::parse(arguments.toStdString()));
  QVERIFY(!result.ok());
  QCOMPARE(QString::fromStdString(result.error().message), sentence);
}

void SchemaTest::deep_values_are_refused() {
  Json schema = Json::object();
  Json value = 1;
  for (int i = 0; i < 300; ++i) {
    schema = {{"type", "array"}, {"items", schema}};
    value = Json::array({value});
  }
  const auto result = check_arguments({{"type", "object"}, {"properties", {{"list", schema}}}}, {{"list", value}});
  QVERIFY(!result.ok());
  QVERIFY(QString::fromStdString(result.error().message).endsWith("is nested too deeply"));
}

}  // namespace facet::agent

QTEST_APPLESS_MAIN(facet::agent::SchemaTest)
#include "schema_test.moc"
