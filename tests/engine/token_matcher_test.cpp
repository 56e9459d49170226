#include "engine/text/token_matcher.h"

#include <QTest>
#include <deque>
#include <random>

#include "engine/text/number_form.h"

using namespace facet;
using namespace facet::engine;

namespace {

using Node = Grammar::Node;

constexpr Token kMarker = 1;
constexpr Token kOtherMarker = 2;

// Every byte, and pieces that cross the borders between texts: the harder for a mask, the better.
struct Vocabulary {
  std::deque<std::string> texts;
  std::vector<std::pair<std::string_view, Token>> entries;

  Vocabulary() {
    Token next = 3;
    for (int byte = 0; byte < 256; ++byte)
      add(std::string(1, static_cast<char>(byte)), next++);
    std::mt19937 random(7);
    const std::vector<std::string> pieces = {"a",  "b",   "key",  ":",        "\"",   ",",       "{",    "}",
                                             "[",  "]",   "1",    "23",       "-",    ".",       "e",    " ",
                                             "\\", "ß",   "\xE2", "\x82\xAC", "tru",  "e",       "null", "call",
                                             "x:", "\"}", "\n",   "\\u00",    "日本", "\xF0\x9F"};
    for (int i = 0; i < 1500; ++i) {
      std::string text;
      for (auto pieces_left = 2 + random() % 3; pieces_left > 0; --pieces_left)
        text += pieces[random() % pieces.size()];
      add(std::move(text), next++);
    }
  }

  void add(std::string text, Token token) { entries.emplace_back(texts.emplace_back(std::move(text)), token); }
  std::size_t size() const { return entries.size() + 3; }
};

// A grammar drawn at random. What follows a text begins with none of its bytes: a bar or a marker.
class Drawn {
 public:
  explicit Drawn(unsigned seed) : random_(seed) {}

  std::shared_ptr<const Grammar> draw() {
    auto grammar = std::make_shared<Grammar>();
    grammar->set_root(grammar->add_sequence({node(*grammar, 4), grammar->add_marker(kMarker)}));
    return grammar;
  }

 private:
  unsigned up_to(unsigned most) { return static_cast<unsigned>(random_()) % (most + 1); }

  Node leaf(Grammar& grammar) {
    switch (up_to(4)) {
      case 0:
        return grammar.add_sequence({grammar.add_words({"\""}), json(grammar), grammar.add_words({"\""})});
      case 1:
        return grammar.add_sequence({grammar.add_marker(kOtherMarker),
                                     grammar.add_text(Writing::Raw, up_to(2), 2 + up_to(5)),
                                     grammar.add_marker(kOtherMarker)});
      case 2:
        return grammar.add_words({"true", "null", "ab", "abkey"});
      case 3:
        return grammar.add_automaton(*number_automaton({.whole = true, .least = -20, .most = 123}));
      default:
        return grammar.add_automaton(*number_automaton({}));
    }
  }

  Node json(Grammar& grammar) {
    const unsigned least = up_to(3);
    return up_to(1) == 0 ? grammar.add_text(Writing::Json, least)
                         : grammar.add_text(Writing::Json, least, least + up_to(40));
  }

  Grammar::Member entry(Grammar& grammar, const std::string& key, int depth, bool is_required) {
    const Node value = node(grammar, depth - 1);
    return {grammar.add_sequence({grammar.add_words({key + ":", key + ": "}), value}),
            grammar.add_sequence({grammar.add_words({"," + key + ":", ", " + key + ":"}), value}), is_required};
  }

  Node node(Grammar& grammar, int depth) {
    if (depth == 0) return leaf(grammar);
    switch (up_to(3)) {
      case 0:
        return grammar.add_choice({node(grammar, depth - 1), node(grammar, depth - 1), leaf(grammar)});
      case 1: {
        const Node item = node(grammar, depth - 1);
        const Node next = grammar.add_sequence({grammar.add_words({","}), item});
        const unsigned least = up_to(2);
        const Node list = grammar.add_repeat({item, next, least, up_to(1) == 0 ? Grammar::kNoLimit : least + up_to(2)});
        return grammar.add_sequence({grammar.add_words({"["}), list, grammar.add_words({"]"})});
      }
      case 2: {
        std::vector<Grammar::Member> members = {entry(grammar, "key", depth, true), entry(grammar, "a", depth, false),
                                                entry(grammar, "x", depth, up_to(1) == 0)};
        return grammar.add_sequence(
            {grammar.add_words({"{"}), grammar.add_members(std::move(members), {}), grammar.add_words({"}"})});
      }
      default:
        return leaf(grammar);
    }
  }

  std::mt19937 random_;
};

TokenMatcher::State after(TokenMatcher& matcher, const TokenMatcher::State& state, const Vocabulary& vocabulary,
                          Token token) {
  if (token < 3) return matcher.after_marker(state, token);
  return matcher.after_bytes(state, vocabulary.entries[static_cast<std::size_t>(token - 3)].first);
}

}  // namespace

class TokenMatcherTest : public QObject {
  Q_OBJECT

 private slots:
  // A mask by the definition: the tokens after which something is left.
  void masks_are_what_single_tokens_give();
  void the_closing_mask_comes_to_the_end();
  void nothing_follows_the_end();
};

void TokenMatcherTest::masks_are_what_single_tokens_give() {
  const Vocabulary vocabulary;
  const TokenTrie trie(vocabulary.entries, vocabulary.size());
  std::mt19937 random(1);
  for (unsigned seed = 0; seed < 60; ++seed) {
    TokenMatcher matcher(Drawn(seed).draw(), trie);
    TokenMatcher::State state = matcher.start();
    for (int step = 0; step < 40 && !matcher.may_end(state); ++step) {
      const TokenMask mask = matcher.mask(state);
      TokenMask expected(vocabulary.size());
      std::vector<Token> allowed;
      for (Token token = 1; token < static_cast<Token>(vocabulary.size()); ++token) {
        if (after(matcher, state, vocabulary, token).empty()) continue;
        expected.add(token);
        allowed.push_back(token);
      }
      QVERIFY(!allowed.empty());
      QCOMPARE(mask.count(), expected.count());
      QVERIFY(mask == expected);
      const auto distance = matcher.distance(state);
      const TokenMask closing = matcher.closing_mask(state);
      QVERIFY(closing.count() > 0);
      for (Token token = 0; token < static_cast<Token>(vocabulary.size()); ++token) {
        if (!closing.contains(token)) continue;
        QVERIFY(expected.contains(token));
        QVERIFY(matcher.distance(after(matcher, state, vocabulary, token)) < distance);
      }
      state = after(matcher, state, vocabulary, allowed[random() % allowed.size()]);
    }
  }
}

void TokenMatcherTest::the_closing_mask_comes_to_the_end() {
  const Vocabulary vocabulary;
  const TokenTrie trie(vocabulary.entries, vocabulary.size());
  std::mt19937 random(2);
  for (unsigned seed = 0; seed < 200; ++seed) {
    TokenMatcher matcher(Drawn(seed).draw(), trie);
    TokenMatcher::State state = matcher.start();
    for (auto step = random() % 30; step > 0 && !matcher.may_end(state); --step) {
      std::vector<Token> allowed;
      for (Token token = 0; token < static_cast<Token>(vocabulary.size()); ++token)
        if (matcher.mask(state).contains(token)) allowed.push_back(token);
      state = after(matcher, state, vocabulary, allowed[random() % allowed.size()]);
    }
    const auto distance = matcher.distance(state);
    std::uint32_t tokens = 0;
    for (; !matcher.may_end(state); ++tokens) {
      QVERIFY(tokens < distance);
      state = after(matcher, state, vocabulary, matcher.closing_mask(state).first());
      QVERIFY(!state.empty());
    }
  }
}

void TokenMatcherTest::nothing_follows_the_end() {
  const Vocabulary vocabulary;
  const TokenTrie trie(vocabulary.entries, vocabulary.size());
  TokenMatcher matcher(Drawn(3).draw(), trie);
  TokenMatcher::State state = matcher.start();
  while (!matcher.may_end(state))
    state = after(matcher, state, vocabulary, matcher.closing_mask(state).first());
  QCOMPARE(matcher.distance(state), 0U);
  QCOMPARE(matcher.mask(state).count(), std::size_t{0});
  QVERIFY(matcher.after_bytes(state, "a").empty());
  QVERIFY(matcher.after_marker(state, kMarker).empty());
  QVERIFY(matcher.after_bytes(matcher.start(), "").empty());
}

QTEST_APPLESS_MAIN(TokenMatcherTest)
#include "token_matcher_test.moc"
