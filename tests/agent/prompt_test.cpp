#include "agent/prompt/prompt.h"

#include <QTest>
#include <fstream>

namespace facet::agent {

namespace {

Json vectors() {
  std::ifstream file(FACET_TEST_DATA "/vectors/chat-template.json");
  return Json::parse(file)["vectors"];
}

PromptOptions options_of(const Json& vector, PromptOptions::Mode mode) {
  PromptOptions options;
  options.variant = vector["variant"] == "large" ? PromptVariant::Large : PromptVariant::Small;
  options.add_generation_prompt = vector["add_generation_prompt"];
  options.enable_thinking = vector["enable_thinking"];
  options.preserve_thinking = vector["preserve_thinking"];
  options.mode = mode;
  return options;
}

}  // namespace

class PromptTest : public QObject {
  Q_OBJECT

 private slots:
  void official_template_data();
  void official_template();
};

void PromptTest::official_template_data() {
  QTest::addColumn<QByteArray>("vector");
  for (const Json& vector : vectors())
    QTest::addRow("%s", vector["name"].get<std::string>().c_str()) << QByteArray::fromStdString(vector.dump());
}

void PromptTest::official_template() {
  QFETCH(QByteArray, vector);
  const Json json = Json::parse(vector.toStdString());
  const auto pieces = render_prompt(json["messages"], json["tools"], options_of(json, PromptOptions::Mode::Exact));
  if (json.value("expected_error", false)) {
    QVERIFY(!pieces.ok());
    QVERIFY(!pieces.error().message.empty());
    return;
  }
  QVERIFY2(pieces.ok(), pieces.ok() ? "" : pieces.error().message.c_str());
  QCOMPARE(QString::fromStdString(prompt_text(*pieces)), QString::fromStdString(json["expected"]));
}

}  // namespace facet::agent

QTEST_APPLESS_MAIN(facet::agent::PromptTest)
#include "prompt_test.moc"
