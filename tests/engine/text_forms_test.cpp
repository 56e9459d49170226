#include <QRegularExpression>
#include <QTest>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/text/number_form.h"
#include "engine/text/text_form.h"

using namespace facet;
using namespace facet::engine;

namespace {

bool accepts(const ByteAutomaton& automaton, std::string_view text) {
  ByteAutomaton::State state = 0;
  for (const char byte : text) {
    state = automaton.next(state, static_cast<std::uint8_t>(byte));
    if (state == ByteAutomaton::kDead) return false;
  }
  return automaton.accepts(state);
}

// Some string that it accepts, of about a length.
std::string drawn(const ByteAutomaton& automaton, std::mt19937& random, std::size_t length) {
  std::string text;
  ByteAutomaton::State state = 0;
  while (!automaton.is_last(state)) {
    if (text.size() >= length && automaton.accepts(state)) break;
    std::uint8_t byte = automaton.way_out(state);
    if (text.size() < length) {
      do {
        byte = static_cast<std::uint8_t>(random());
      } while (automaton.next(state, byte) == ByteAutomaton::kDead);
    }
    text += static_cast<char>(byte);
    state = automaton.next(state, byte);
  }
  return text;
}

}  // namespace

class TextFormsTest : public QObject {
  Q_OBJECT

 private slots:
  void numbers_lie_between_their_bounds();
  void whole_numbers_are_all_there();
  void numbers_outside_are_refused();
  void patterns_are_those_of_another_implementation_data();
  void patterns_are_those_of_another_implementation();
  void patterns_keep_their_length();
  void patterns_that_are_not_held_data();
  void patterns_that_are_not_held();
  void free_text_is_utf8();
  void free_json_text_is_json();
};

void TextFormsTest::numbers_lie_between_their_bounds() {
  std::mt19937 random(1);
  const std::vector<double> bounds = {-1e17, -250.5, -100, -1, -0.25, 0, 0.001, 0.5, 1, 9, 10, 99.75, 100, 12345, 1e17};
  for (const double least : bounds) {
    for (const double most : bounds) {
      for (const bool whole : {false, true}) {
        for (const bool excludes : {false, true}) {
          const auto automaton = number_automaton({whole, least, most, excludes, excludes});
          if (!automaton) continue;
          for (int i = 0; i < 20; ++i) {
            const std::string text = drawn(*automaton, random, random() % 18);
            const auto value = nlohmann::json::parse(text, nullptr, false);
            QVERIFY2(value.is_number(), text.c_str());
            QVERIFY2(!whole || value.is_number_integer(), text.c_str());
            const auto number = value.get<double>();
            QVERIFY2(excludes ? number > least && number < most : number >= least && number <= most, text.c_str());
          }
        }
      }
    }
  }
  for (int i = 0; i < 1000; ++i) {
    const auto value = nlohmann::json::parse(drawn(*number_automaton({}), random, random() % 30), nullptr, false);
    QVERIFY(value.is_number() && std::isfinite(value.get<double>()));
  }
}

void TextFormsTest::whole_numbers_are_all_there() {
  for (const auto& [least, most] : {std::pair{-12, 105}, {0, 0}, {7, 1203}, {-205, -9}, {-1, 1}}) {
    const auto automaton = number_automaton({.whole = true, .least = least, .most = most});
    QVERIFY(automaton.has_value());
    for (int value = -1300; value < 1300; ++value)
      QCOMPARE(accepts(*automaton, std::to_string(value)), value >= least && value <= most);
    const auto open = number_automaton({.whole = true, .least = least});
    for (int value = -1300; value < 1300; ++value)
      QCOMPARE(accepts(*open, std::to_string(value)), value >= least);
  }
  const auto any = number_automaton({.whole = true});
  QVERIFY(accepts(*any, "-999999999999999999"));
  QVERIFY(!accepts(*any, "1000000000000000000"));
}

void TextFormsTest::numbers_outside_are_refused() {
  const auto automaton = number_automaton({.least = -0.5, .most = 2.25, .excludes_most = true});
  for (const char* text : {"-0.5", "-0.50", "0", "0.0", "2.2499", "2", "1.999", "-0.1"})
    QVERIFY2(accepts(*automaton, text), text);
  for (const char* text : {"-0.51", "2.25", "2.250", "2.3", "3", "-1", "01", "1.", ".5", "", "-0", "1e1"})
    QVERIFY2(!accepts(*automaton, text), text);
  QVERIFY(!number_automaton({.whole = true, .least = 2, .most = 1}));
  QVERIFY(!number_automaton({.whole = true, .least = 0.25, .most = 0.75}));
  QVERIFY(!number_automaton({.least = 3, .most = 3, .excludes_least = true}));
}

void TextFormsTest::patterns_are_those_of_another_implementation_data() {
  QTest::addColumn<QString>("pattern");
  for (const char* pattern : {"^[a-z]+$",
                              "^\\d{3}-\\d{4}$",
                              "ab",
                              "^a|b$",
                              "^(foo|bar)*baz?$",
                              "^[^a-c]{2,4}$",
                              "^\\w+\\s\\w+$",
                              "^(?:[0-9a-f]{2}:){2}[0-9a-f]{2}$",
                              "^$",
                              "^.{0,3}$",
                              "[.]",
                              "^a\\.b\\\\c$",
                              "^[\\d_-]+?$",
                              "^(a(b(c)?)?)?$",
                              "^\\u00e4+$",
                              "^[ä-ü]{1,2}$",
                              "^x{,2}$",
                              "^(?<year>\\d\\d)$",
                              "a{2}b|^c",
                              "^[]a]?$",
                              "^\\S\\D\\W$"})
    QTest::newRow(pattern) << QString::fromUtf8(pattern);
}

void TextFormsTest::patterns_are_those_of_another_implementation() {
  QFETCH(QString, pattern);
  const auto automaton = pattern_automaton(pattern.toStdString(), Writing::Raw);
  if (!automaton.ok()) {
    // The empty set is the one thing here that means nothing to ECMA's reader and something to the other one.
    QCOMPARE(pattern, QString("^[]a]?$"));
    return;
  }
  // White space is all of Unicode's for ECMA, and ASCII's here.
  const QString spaces =
      "\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}";
  const QRegularExpression other(QString(pattern)
                                     .replace("\\s", "[" + spaces + "]")
                                     .replace("\\S", "[^" + spaces + "]")
                                     .replace("\\u00e4", "\\x{e4}")
                                     .replace("$", "\\z"),
                                 QRegularExpression::NoPatternOption);
  QVERIFY(other.isValid());
  std::mt19937 random(5);
  const QStringList pieces = {"a", "b", "c", "ab", "foo", "bar", "baz", "1", "234", "-", "_",    ".",
                              " ", ":", "x", "\\", "0f",  "ä",   "ö",   "€", "\n",  "]", "{,2}", "Q"};
  const auto compare = [&](const QString& text) {
    QVERIFY2(accepts(*automaton, text.toStdString()) == other.match(text).hasMatch(), qPrintable(text));
  };
  compare("");
  for (int i = 0; i < 3000; ++i) {
    QString text;
    for (auto left = random() % 6; left > 0; --left)
      text += pieces[static_cast<int>(random() % static_cast<unsigned>(pieces.size()))];
    compare(text);
  }
  for (int i = 0; i < 200; ++i)
    compare(QString::fromStdString(drawn(*automaton, random, random() % 12)));
}

void TextFormsTest::patterns_keep_their_length() {
  std::mt19937 random(6);
  for (const char* pattern : {"^[a-z]+$", "ab", "^(ab|cdefg|ä{3})+$", "\"\\\\"}) {
    for (const auto& [least, most] : {std::pair{0U, 5U}, {3U, 3U}, {4U, 9U}}) {
      for (const Writing writing : {Writing::Raw, Writing::Json}) {
        const auto automaton = pattern_automaton(pattern, writing, {least, most});
        if (!automaton.ok()) continue;
        for (int i = 0; i < 100; ++i) {
          std::string text = drawn(*automaton, random, random() % 20);
          if (writing == Writing::Json) text = nlohmann::json::parse("\"" + text + "\"").get<std::string>();
          const auto characters = static_cast<unsigned>(QString::fromStdString(text).toUcs4().size());
          QVERIFY2(characters >= least && characters <= most, text.c_str());
          QVERIFY(QRegularExpression(pattern).match(QString::fromStdString(text)).hasMatch());
        }
      }
    }
  }
  QVERIFY(!pattern_automaton("^abc$", Writing::Raw, {0, 2}).ok());
}

void TextFormsTest::patterns_that_are_not_held_data() {
  QTest::addColumn<QString>("pattern");
  for (const char* pattern :
       {"(?=a)b", "(?!a)b", "(?<=a)b", "(a)\\1", "\\bword\\b", "\\p{L}+", "(", ")", "[a", "a**", "*", "a{9999}",
        "(^a$)|b", "a^b", "\\", "[b-a]", "(.*a.{900}){900}", "(((((a{99}){99}){99}){99}))"})
    QTest::newRow(pattern) << QString(pattern);
}

void TextFormsTest::patterns_that_are_not_held() {
  QFETCH(QString, pattern);
  const auto automaton = pattern_automaton(pattern.toStdString(), Writing::Raw);
  QVERIFY(!automaton.ok());
  QVERIFY(!automaton.error().message.empty());
}

void TextFormsTest::free_text_is_utf8() {
  const ByteAutomaton& text = *free_text(Writing::Raw);
  for (const char* good :
       {"", "a", "\"\\{}\n\x7F", "äß€", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"})
    QVERIFY2(accepts(text, good), good);
  for (const char* bad : {"\x80", "\xC0\x80", "\xC3", "\xED\xA0\x80", "\xE0\x9F\x80", "\xF4\x90\x80\x80",
                          "\xF8\x80\x80\x80\x80", "a\xFF"})
    QVERIFY2(!accepts(text, bad), bad);
  QVERIFY(!accepts(text, std::string_view("\0", 1)));
}

void TextFormsTest::free_json_text_is_json() {
  std::mt19937 random(9);
  const ByteAutomaton& text = *free_text(Writing::Json);
  for (int i = 0; i < 2000; ++i) {
    const std::string inside = drawn(text, random, random() % 40);
    QVERIFY2(nlohmann::json::accept("\"" + inside + "\""), inside.c_str());
  }
  for (const char* bad : {"\"", "\\", "\n", "\\x", "\\u12", "\\ud800", "\\uDC00"})
    QVERIFY2(!accepts(text, bad), bad);
  for (const char* good : {"\\\"", "\\u00e4", "\\uD7FF", "\\n\\\\", "€"})
    QVERIFY2(accepts(text, good), good);
}

QTEST_APPLESS_MAIN(TextFormsTest)
#include "text_forms_test.moc"
