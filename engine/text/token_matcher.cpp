#include "engine/text/token_matcher.h"

#include <algorithm>
#include <limits>

#include "engine/text/hash.h"

namespace facet::engine {
namespace {

// Masks of places that were visited: 32 KB each for a large vocabulary.
constexpr std::size_t kMostMasks = 128;
// A character that closes a text which has to be longer.
constexpr char kFiller = '?';
constexpr std::size_t kLongestWay = 64;

}  // namespace

std::size_t TokenMatcher::FrameHash::operator()(const Frame& frame) const {
  std::uint64_t hash = mix_bits((std::uint64_t{frame.below} << 32U) | frame.node);
  hash = mix_bits(hash ^ frame.at);
  return mix_bits(hash ^ frame.bits);
}

TokenMatcher::TokenMatcher(std::shared_ptr<const Grammar> grammar, const TokenTrie& trie)
    : grammar_(std::move(grammar)), trie_(trie), frames_(1), distances_(1) {}

TokenMatcher::State TokenMatcher::start() {
  State state;
  enter(kDone, grammar_->root(), state);
  return sorted(std::move(state));
}

TokenMatcher::State TokenMatcher::sorted(State stacks) {
  std::sort(stacks.begin(), stacks.end());
  stacks.erase(std::unique(stacks.begin(), stacks.end()), stacks.end());
  return stacks;
}

TokenMatcher::Stack TokenMatcher::push(const Frame& frame) {
  const auto [found, is_new] = stacks_.emplace(frame, static_cast<Stack>(frames_.size()));
  if (is_new) {
    frames_.push_back(frame);
    const std::uint64_t distance = std::uint64_t{remaining(frame)} + distances_[frame.below];
    distances_.push_back(
        static_cast<std::uint32_t>(std::min<std::uint64_t>(distance, std::numeric_limits<std::uint32_t>::max() / 2)));
  }
  return found->second;
}

// Tokens that suffice for what is left of a frame alone.
std::uint32_t TokenMatcher::remaining(const Frame& frame) const {
  const Grammar::Rule& rule = grammar_->rule(frame.node);
  std::uint64_t sum = 0;
  if (const auto* text = std::get_if<Grammar::Text>(&rule)) {
    sum = text->automaton->distance(frame.at);
    if (frame.bits < text->least) sum += text->least - frame.bits;
  } else if (std::holds_alternative<Grammar::Marker>(rule)) {
    sum = 1;
  } else if (const auto* sequence = std::get_if<Grammar::Sequence>(&rule)) {
    for (std::size_t i = frame.at; i < sequence->items.size(); ++i)
      sum += grammar_->shortest(sequence->items[i]);
  } else if (const auto* repeat = std::get_if<Grammar::Repeat>(&rule)) {
    if (frame.at < repeat->least) sum = std::uint64_t{repeat->least - frame.at} * grammar_->shortest(repeat->next);
  } else if (const auto* members = std::get_if<Grammar::Members>(&rule)) {
    for (std::size_t i = 0; i < members->members.size(); ++i)
      if ((members->required & ~frame.bits & (std::uint64_t{1} << i)) != 0)
        sum += grammar_->shortest(members->members[i].next);
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(sum, std::numeric_limits<std::uint32_t>::max() / 4));
}

std::uint32_t TokenMatcher::distance(const State& state) const {
  std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
  for (const Stack stack : state)
    least = std::min(least, distances_[stack]);
  return least;
}

// Puts a node on top of a stack and goes on to what can be said first.
void TokenMatcher::enter(Stack below, Grammar::Node node, State& out) {
  const Grammar::Rule& rule = grammar_->rule(node);
  const Frame frame{below, node, 0, 0};
  if (std::holds_alternative<Grammar::Text>(rule) || std::holds_alternative<Grammar::Marker>(rule)) {
    out.push_back(push(frame));
  } else {
    resume(frame, out);
  }
}

void TokenMatcher::resume(const Frame& frame, State& out) {
  const Grammar::Rule& rule = grammar_->rule(frame.node);
  if (const auto* sequence = std::get_if<Grammar::Sequence>(&rule)) {
    resume_rule(frame, *sequence, out);
  } else if (const auto* choice = std::get_if<Grammar::Choice>(&rule)) {
    resume_rule(frame, *choice, out);
  } else if (const auto* repeat = std::get_if<Grammar::Repeat>(&rule)) {
    resume_rule(frame, *repeat, out);
  } else if (const auto* members = std::get_if<Grammar::Members>(&rule)) {
    resume_rule(frame, *members, out);
  }
}

void TokenMatcher::resume_rule(const Frame& frame, const Grammar::Sequence& rule, State& out) {
  if (frame.at == rule.items.size()) {
    const State& left = leave(frame.below);
    out.insert(out.end(), left.begin(), left.end());
    return;
  }
  // The last item needs no frame of its own.
  const bool is_last = frame.at + 1 == rule.items.size();
  const Stack below = is_last ? frame.below : push({frame.below, frame.node, frame.at + 1, 0});
  enter(below, rule.items[frame.at], out);
}

void TokenMatcher::resume_rule(const Frame& frame, const Grammar::Choice& rule, State& out) {
  for (const Grammar::Node branch : rule.branches)
    enter(frame.below, branch, out);
}

void TokenMatcher::resume_rule(const Frame& frame, const Grammar::Repeat& rule, State& out) {
  if (frame.at >= rule.least) {
    const State& left = leave(frame.below);
    out.insert(out.end(), left.begin(), left.end());
  }
  if (frame.at >= rule.most) return;
  // Without a limit it does not matter how many there are beyond those that have to be.
  const std::uint32_t next =
      rule.most == Grammar::kNoLimit ? std::min(frame.at + 1, std::max(rule.least, 1U)) : frame.at + 1;
  enter(push({frame.below, frame.node, next, 0}), frame.at == 0 ? rule.first : rule.next, out);
}

void TokenMatcher::resume_rule(const Frame& frame, const Grammar::Members& rule, State& out) {
  if ((rule.required & ~frame.bits) == 0) {
    const State& left = leave(frame.below);
    out.insert(out.end(), left.begin(), left.end());
  }
  const auto add = [&](const Grammar::Member& member, std::uint64_t bits) {
    enter(push({frame.below, frame.node, 1, bits}), frame.at == 0 ? member.first : member.next, out);
  };
  for (std::size_t i = 0; i < rule.members.size(); ++i)
    if (const std::uint64_t bit = std::uint64_t{1} << i; (frame.bits & bit) == 0)
      add(rule.members[i], frame.bits | bit);
  if (rule.others) add(*rule.others, frame.bits);
}

const TokenMatcher::State& TokenMatcher::leave(Stack stack) {
  const auto known = left_.find(stack);
  if (known != left_.end()) return known->second;
  State state;
  if (stack == kDone) {
    state.push_back(kDone);
  } else {
    resume(Frame(frames_[stack]), state);
  }
  return left_.emplace(stack, sorted(std::move(state))).first->second;
}

bool TokenMatcher::may_leave(const Frame& frame, const Grammar::Text& text) const {
  return text.automaton->accepts(frame.at) && frame.bits >= text.least;
}

void TokenMatcher::step(Stack stack, std::uint8_t byte, State& out) {
  if (stack == kDone) return;
  const Frame frame = frames_[stack];
  const auto* text = std::get_if<Grammar::Text>(&grammar_->rule(frame.node));
  if (text == nullptr) return;
  const ByteAutomaton::State next = text->automaton->next(frame.at, byte);
  if (next != ByteAutomaton::kDead) {
    std::uint64_t characters = frame.bits;
    if (text->counts && frame.at == 0) {
      if (characters == text->most) return;
      characters =
          text->most == Grammar::kNoLimit ? std::min<std::uint64_t>(characters + 1, text->least) : characters + 1;
    }
    if (text->automaton->is_last(next)) {
      const State& left = leave(frame.below);
      out.insert(out.end(), left.begin(), left.end());
    } else {
      out.push_back(push({frame.below, frame.node, next, characters}));
    }
  } else if (may_leave(frame, *text)) {
    for (const Stack left : leave(frame.below))
      step(left, byte, out);
  }
}

TokenMatcher::State TokenMatcher::step(const State& stacks, std::uint8_t byte) {
  State out;
  for (const Stack stack : stacks)
    step(stack, byte, out);
  return out.size() < 2 ? out : sorted(std::move(out));
}

TokenMatcher::State TokenMatcher::after_bytes(const State& state, std::string_view bytes) {
  if (bytes.empty()) return {};
  State current = state;
  for (const char byte : bytes)
    current = step(current, static_cast<std::uint8_t>(byte));
  return current;
}

bool TokenMatcher::may_end(const State& state) {
  for (const Stack stack : state) {
    if (stack == kDone) return true;
    const Frame frame = frames_[stack];
    const auto* text = std::get_if<Grammar::Text>(&grammar_->rule(frame.node));
    if (text != nullptr && may_leave(frame, *text) && may_end(leave(frame.below))) return true;
  }
  return false;
}

TokenMatcher::State TokenMatcher::after_marker(const State& state, Token marker) {
  State out;
  State stacks = state;
  for (std::size_t i = 0; i < stacks.size(); ++i) {
    if (stacks[i] == kDone) continue;
    const Frame frame = frames_[stacks[i]];
    const Grammar::Rule& rule = grammar_->rule(frame.node);
    const auto* text = std::get_if<Grammar::Text>(&rule);
    const auto* expected = std::get_if<Grammar::Marker>(&rule);
    const bool ends = text != nullptr ? may_leave(frame, *text) : expected != nullptr && expected->token == marker;
    if (!ends) continue;
    const State& left = leave(frame.below);
    State& target = text != nullptr ? stacks : out;
    target.insert(target.end(), left.begin(), left.end());
  }
  return sorted(std::move(out));
}

const TextTable& TokenMatcher::table(const Grammar::Text& text, ByteAutomaton::State state) {
  const auto key = std::pair(text.automaton.get(), state);
  const auto known = tables_.find(key);
  if (known != tables_.end()) return known->second;
  return tables_.emplace(key, TextTable(trie_, *text.automaton, state, text.counts)).first->second;
}

const TokenMask& TokenMatcher::mask(const State& state) {
  const auto known = masks_.find(state);
  if (known != masks_.end()) return known->second;
  if (masks_.size() == kMostMasks) masks_.clear();
  TokenMask mask(trie_.vocabulary());
  for (const Stack stack : state)
    add_stack(stack, mask);
  return masks_.emplace(state, std::move(mask)).first->second;
}

void TokenMatcher::add_stack(Stack stack, TokenMask& mask) {
  if (stack == kDone) return;
  const Frame frame = frames_[stack];
  const auto* text = std::get_if<Grammar::Text>(&grammar_->rule(frame.node));
  add_markers(stack, mask);
  if (text == nullptr) return;
  const std::uint32_t room =
      text->most == Grammar::kNoLimit ? Grammar::kNoLimit : text->most - static_cast<std::uint32_t>(frame.bits);
  const TextTable& inside = table(*text, frame.at);
  inside.add_to(mask, room);
  for (const auto& [byte, exits] : inside.exits()) {
    const State behind = step(leave(frame.below), byte);
    if (behind.empty()) continue;
    for (const TextTable::Exit& exit : exits) {
      if (exit.characters > room || frame.bits + exit.characters < text->least) continue;
      for (const Token token : trie_.tokens(exit.node))
        mask.add(token);
      add_below(exit.node, behind, mask);
    }
  }
}

// The markers that may come at once, also where texts before them may be empty.
void TokenMatcher::add_markers(Stack stack, TokenMask& mask) {
  if (stack == kDone) return;
  const Frame frame = frames_[stack];
  const Grammar::Rule& rule = grammar_->rule(frame.node);
  if (const auto* marker = std::get_if<Grammar::Marker>(&rule)) {
    mask.add(marker->token);
  } else if (const auto* text = std::get_if<Grammar::Text>(&rule); text != nullptr && may_leave(frame, *text)) {
    for (const Stack left : leave(frame.below))
      add_markers(left, mask);
  }
}

void TokenMatcher::add_below(TokenTrie::Node node, const State& stacks, TokenMask& mask) {
  for (TokenTrie::Node child = node + 1; child < trie_.end(node); child = trie_.end(child)) {
    const State behind = step(stacks, trie_.byte(child));
    if (behind.empty()) continue;
    for (const Token token : trie_.tokens(child))
      mask.add(token);
    add_below(child, behind, mask);
  }
}

TokenMatcher::Way TokenMatcher::way_out(const State& state) {
  Way way;
  const auto nearest = [&](const State& stacks) {
    return *std::min_element(stacks.begin(), stacks.end(),
                             [&](Stack a, Stack b) { return distances_[a] < distances_[b]; });
  };
  for (Stack stack = nearest(state); stack != kDone && way.bytes.size() < kLongestWay;) {
    const Frame frame = frames_[stack];
    const Grammar::Rule& rule = grammar_->rule(frame.node);
    if (const auto* marker = std::get_if<Grammar::Marker>(&rule)) {
      if (way.bytes.empty()) way.marker = marker->token;
      break;
    }
    const auto& text = std::get<Grammar::Text>(rule);
    for (ByteAutomaton::State at = frame.at; !text.automaton->accepts(at);) {
      way.bytes += static_cast<char>(text.automaton->way_out(at));
      at = text.automaton->next(at, text.automaton->way_out(at));
    }
    const std::size_t missing = frame.bits < text.least ? text.least - static_cast<std::size_t>(frame.bits) : 0;
    way.bytes.append(std::min(missing, kLongestWay), kFiller);
    if (missing > kLongestWay) break;
    stack = nearest(leave(frame.below));
  }
  return way;
}

TokenMask TokenMatcher::closing_mask(const State& state) {
  TokenMask mask(trie_.vocabulary());
  const Way way = way_out(state);
  if (way.marker) mask.add(*way.marker);
  TokenTrie::Node node = TokenTrie::root();
  for (const char byte : way.bytes) {
    node = trie_.child(node, static_cast<std::uint8_t>(byte));
    if (node == TokenTrie::root()) break;
    for (const Token token : trie_.tokens(node))
      mask.add(token);
  }
  return mask;
}

}  // namespace facet::engine
