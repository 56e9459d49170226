#include "agent/meeting/repetition.h"

#include <QTest>
#include <string>

using facet::agent::length_before_repetition;

namespace {

std::string times(int count, const std::string& what) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += what;
  return text;
}

// What is kept; the whole where nothing repeats.
std::string kept(const std::string& text) {
  return text.substr(0, length_before_repetition(text).value_or(text.size()));
}

}  // namespace

class RepetitionTest : public QObject {
  Q_OBJECT

 private slots:
  void what_people_say_is_left_alone_data();
  void what_people_say_is_left_alone();
  void loops_are_found_data();
  void loops_are_found();
};

void RepetitionTest::what_people_say_is_left_alone_data() {
  QTest::addColumn<QString>("text");
  QTest::newRow("nothing") << "";
  QTest::newRow("one word") << "Yes.";
  QTest::newRow("emphasis") << "No, no, no, no, that is very, very, very far.";
  QTest::newRow("knocking") << "Knock knock knock. Penny. Knock knock knock. Penny. Knock knock knock. Penny.";
  QTest::newRow("cheers") << "Hip hip hooray! Hip hip hooray! Hip hip hooray!";
  QTest::newRow("counting") << "1 2 3 4 5 6 7 8 9 10 1 2 3 4 5 6 7 8 9 10";
  QTest::newRow("a large number") << "It costs 10000000 euros.";
  QTest::newRow("laughter") << "Hahahaha, that is good.";
  QTest::newRow("another script") << QString::fromUtf8("谢谢谢谢谢谢大家，我们开始吧。");
}

void RepetitionTest::what_people_say_is_left_alone() {
  QFETCH(QString, text);
  QVERIFY(!length_before_repetition(text.toStdString()));
}

void RepetitionTest::loops_are_found_data() {
  QTest::addColumn<QString>("text");
  QTest::addColumn<QString>("kept");
  const auto row = [](const char* name, const std::string& text, const std::string& rest) {
    QTest::newRow(name) << QString::fromStdString(text) << QString::fromStdString(rest);
  };
  row("a word", "We will " + times(12, "go "), "We will go");
  row("two words", "Well, " + times(6, "you know "), "Well, you know");
  row("thanks", times(9, "Thank you. "), "Thank you.");
  row("a sentence", "First. " + times(4, "I will call you back tomorrow morning. "),
      "First. I will call you back tomorrow morning.");
  row("a long sentence", times(3, "And so we have to look at the numbers of the last year again. ") + "And so",
      "And so we have to look at the numbers of the last year again.");
  row("letters", "Oh " + times(40, "ha"), "Oh ha");
  row("letters of two bytes", "Он " + times(20, "ха"), "Он ха");
  row("a script without spaces", "好的" + times(6, "谢谢你"), "好的谢谢你");
}

void RepetitionTest::loops_are_found() {
  QFETCH(QString, text);
  QTEST(QString::fromStdString(kept(text.toStdString())), "kept");
}

QTEST_GUILESS_MAIN(RepetitionTest)
#include "repetition_test.moc"
