// The built-in model knows the tools by the exact texts that it was trained with: what the program declares today must
// read the same in a prompt.
#include <QFile>
#include <QtTest>
#include <map>

#include "agent/prompt/prompt.h"
#include "agent/transcript.h"
#include "tools/all_tools.h"

using facet::agent::Json;

namespace {

std::string prompt_with(const Json& declarations) {
  const Json messages = Json::array({{{"role", "user"}, {"content", "Hello"}}});
  const auto pieces = facet::agent::render_prompt(messages, declarations, {});
  return pieces.ok() ? facet::agent::prompt_text(*pieces) : pieces.error().message;
}

}  // namespace

class DeclarationsTest : public QObject {
  Q_OBJECT

 private slots:
  void are_those_that_the_practice_model_learned() {
    QFile file(FACET_SOURCE_DIR "/resources/built-in-model/eval/declarations.json");
    QVERIFY2(file.open(QIODevice::ReadOnly), qPrintable(file.fileName()));
    const Json learned = Json::parse(file.readAll().toStdString());
    std::map<std::string, Json> by_name;
    for (const Json& declaration : learned)
      by_name[declaration.at("function").at("name")] = declaration;

    int known = 0;
    for (const Json& declaration : facet::agent::tool_declarations(facet::tools::all_tools())) {
      const auto entry = by_name.find(declaration.at("function").at("name"));
      if (entry == by_name.end()) continue;
      ++known;
      QCOMPARE(QString::fromStdString(prompt_with(Json::array({declaration}))),
               QString::fromStdString(prompt_with(Json::array({entry->second}))));
    }
    QVERIFY(known >= 10);
  }
};

QTEST_GUILESS_MAIN(DeclarationsTest)
#include "declarations_test.moc"
