#include "engine/text/byte_automaton.h"

#include <algorithm>
#include <map>
#include <utility>

namespace facet::engine {
namespace {

constexpr std::uint32_t kNever = UINT32_MAX;

std::string utf8(char32_t code) {
  const auto byte = [](char32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0U | (code >> 6U)), byte(0x80U | (code & 0x3FU))};
  if (code < 0x10000)
    return {byte(0xE0U | (code >> 12U)), byte(0x80U | ((code >> 6U) & 0x3FU)), byte(0x80U | (code & 0x3FU))};
  return {byte(0xF0U | (code >> 18U)), byte(0x80U | ((code >> 12U) & 0x3FU)), byte(0x80U | ((code >> 6U) & 0x3FU)),
          byte(0x80U | (code & 0x3FU))};
}

std::uint8_t at(const std::string& bytes, std::size_t place) {
  return static_cast<std::uint8_t>(bytes[place]);
}

}  // namespace

ByteAutomaton::State ByteAutomaton::next(State state, std::uint8_t byte) const {
  const Row& row = states_[state];
  for (std::uint32_t i = row.begin; i < row.end; ++i) {
    if (byte < edges_[i].first) return kDead;
    if (byte <= edges_[i].last) return edges_[i].to;
  }
  return kDead;
}

AutomatonBuilder::State AutomatonBuilder::add_state() {
  states_.emplace_back();
  return static_cast<State>(states_.size() - 1);
}

void AutomatonBuilder::add_bytes(State from, std::uint8_t first, std::uint8_t last, State to) {
  states_[from].edges.push_back({first, last, to});
}

void AutomatonBuilder::add_text(State from, std::string_view text, State to) {
  if (text.empty()) return add_empty(from, to);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const State next = i + 1 == text.size() ? to : add_state();
    const auto byte = static_cast<std::uint8_t>(text[i]);
    add_bytes(from, byte, byte, next);
    from = next;
  }
}

void AutomatonBuilder::add_code_points(State from, char32_t first, char32_t last, State to) {
  constexpr char32_t kFirstSurrogate = 0xD800;
  constexpr char32_t kLastSurrogate = 0xDFFF;
  // Pieces in which all code points have as many bytes and none is a surrogate.
  for (const auto& [least, most] : {std::pair<char32_t, char32_t>{0, 0x7F},
                                    {0x80, 0x7FF},
                                    {0x800, kFirstSurrogate - 1},
                                    {kLastSurrogate + 1, 0xFFFF},
                                    {0x10000, 0x10FFFF}}) {
    const char32_t begin = std::max(first, least);
    const char32_t end = std::min(last, most);
    if (begin <= end) add_sequence(from, utf8(begin), utf8(end), to);
  }
}

// All sequences of UTF-8 between two of the same length.
void AutomatonBuilder::add_sequence(State from, const std::string& first, const std::string& last, State to) {
  if (first.size() == 1) return add_bytes(from, at(first, 0), at(last, 0), to);
  const std::string rest(first.size() - 1, '\x80');
  const std::string most(first.size() - 1, '\xBF');
  const auto continued = [&](std::uint8_t lead, std::uint8_t last_lead, const std::string& least,
                             const std::string& greatest) {
    if (lead > last_lead) return;
    const State next = add_state();
    add_bytes(from, lead, last_lead, next);
    add_sequence(next, least, greatest, to);
  };
  if (first[0] == last[0]) return continued(at(first, 0), at(first, 0), first.substr(1), last.substr(1));
  const bool whole_first = first.substr(1) == rest;
  const bool whole_last = last.substr(1) == most;
  if (!whole_first) continued(at(first, 0), at(first, 0), first.substr(1), most);
  if (!whole_last) continued(at(last, 0), at(last, 0), rest, last.substr(1));
  const int lead = at(first, 0) + (whole_first ? 0 : 1);
  const int last_lead = at(last, 0) - (whole_last ? 0 : 1);
  if (lead <= last_lead) continued(static_cast<std::uint8_t>(lead), static_cast<std::uint8_t>(last_lead), rest, most);
}

AutomatonBuilder::Set AutomatonBuilder::closure(Set states) const {
  std::vector<bool> seen(states_.size());
  Set all;
  while (!states.empty()) {
    const State state = states.back();
    states.pop_back();
    if (seen[state]) continue;
    seen[state] = true;
    all.push_back(state);
    states.insert(states.end(), states_[state].empty.begin(), states_[state].empty.end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

// The sets of states that can be reached become the states.
std::optional<ByteAutomaton> AutomatonBuilder::build(State start, std::size_t most) const {
  std::map<Set, State> known;
  std::vector<Set> sets;
  const auto number_of = [&](Set set) {
    const auto [found, is_new] = known.emplace(std::move(set), static_cast<State>(sets.size()));
    if (is_new) sets.push_back(found->first);
    return found->second;
  };
  number_of(closure({start}));
  ByteAutomaton automaton;
  std::vector<bool> accepting;
  for (std::size_t current = 0; current < sets.size(); ++current) {
    if (sets.size() > most) return std::nullopt;
    const Set set = sets[current];
    std::vector<int> cuts = {0, 256};  // between them all bytes lead to the same set
    bool accepts = false;
    for (const State state : set) {
      accepts = accepts || states_[state].accepts;
      for (const Edge& edge : states_[state].edges) {
        cuts.push_back(edge.first);
        cuts.push_back(edge.last + 1);
      }
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    ByteAutomaton::Row row;
    row.begin = static_cast<std::uint32_t>(automaton.edges_.size());
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      Set reached;
      for (const State state : set)
        for (const Edge& edge : states_[state].edges)
          if (edge.first <= cuts[i] && cuts[i] <= edge.last) reached.push_back(edge.to);
      if (reached.empty()) continue;
      automaton.edges_.push_back({static_cast<std::uint8_t>(cuts[i]), static_cast<std::uint8_t>(cuts[i + 1] - 1),
                                  number_of(closure(std::move(reached)))});
    }
    row.end = static_cast<std::uint32_t>(automaton.edges_.size());
    automaton.states_.push_back(row);
    accepting.push_back(accepts);
  }
  measure(automaton, accepting);
  return without_dead_ends(automaton);
}

// Backwards from the states that accept, breadth first.
void AutomatonBuilder::measure(ByteAutomaton& automaton, const std::vector<bool>& accepting) {
  struct Origin {
    State from;
    std::uint8_t byte;
  };
  std::vector<std::vector<Origin>> origins(automaton.states_.size());
  for (State state = 0; state < automaton.size(); ++state)
    for (std::uint32_t i = automaton.states_[state].begin; i < automaton.states_[state].end; ++i)
      origins[automaton.edges_[i].to].push_back({state, automaton.edges_[i].first});
  std::vector<State> reached;
  for (State state = 0; state < automaton.size(); ++state) {
    automaton.states_[state].distance = accepting[state] ? 0 : kNever;
    if (accepting[state]) reached.push_back(state);
  }
  for (std::size_t i = 0; i < reached.size(); ++i) {
    for (const auto& [from, byte] : origins[reached[i]]) {
      ByteAutomaton::Row& row = automaton.states_[from];
      if (row.distance != kNever) continue;
      row.distance = automaton.states_[reached[i]].distance + 1;
      row.way_out = byte;
      reached.push_back(from);
    }
  }
}

std::optional<ByteAutomaton> AutomatonBuilder::without_dead_ends(const ByteAutomaton& automaton) {
  if (automaton.states_.front().distance == kNever) return std::nullopt;
  std::vector<State> places(automaton.states_.size(), kNever);
  State kept = 0;
  for (State state = 0; state < automaton.size(); ++state)
    if (automaton.states_[state].distance != kNever) places[state] = kept++;
  ByteAutomaton live;
  for (const ByteAutomaton::Row& row : automaton.states_) {
    if (row.distance == kNever) continue;
    ByteAutomaton::Row copy = row;
    copy.begin = static_cast<std::uint32_t>(live.edges_.size());
    for (std::uint32_t i = row.begin; i < row.end; ++i) {
      const ByteAutomaton::Edge& edge = automaton.edges_[i];
      if (places[edge.to] != kNever) live.edges_.push_back({edge.first, edge.last, places[edge.to]});
    }
    copy.end = static_cast<std::uint32_t>(live.edges_.size());
    live.states_.push_back(copy);
  }
  return live;
}

std::optional<ByteAutomaton> automaton_of(const std::vector<std::string>& words) {
  AutomatonBuilder builder;
  const AutomatonBuilder::State start = builder.add_state();
  const AutomatonBuilder::State end = builder.add_state();
  builder.accept(end);
  for (const std::string& word : words)
    builder.add_text(start, word, end);
  return builder.build(start);
}

}  // namespace facet::engine
