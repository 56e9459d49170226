#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace facet::engine {

// A deterministic automaton over bytes. From each of its states a string that it accepts can be completed. State 0 is
// the first. A value that never changes.
class ByteAutomaton {
 public:
  using State = std::uint32_t;
  static constexpr State kDead = UINT32_MAX;

  State size() const { return static_cast<State>(states_.size()); }
  // kDead where no accepted string goes on so.
  State next(State state, std::uint8_t byte) const;
  bool accepts(State state) const { return states_[state].distance == 0; }
  // Whether nothing can follow.
  bool is_last(State state) const { return states_[state].begin == states_[state].end; }
  // Bytes to the nearest state that accepts, and the first of them.
  std::uint32_t distance(State state) const { return states_[state].distance; }
  std::uint8_t way_out(State state) const { return states_[state].way_out; }

 private:
  friend class AutomatonBuilder;
  struct Edge {
    std::uint8_t first = 0;
    std::uint8_t last = 0;
    State to = 0;
  };
  struct Row {
    std::uint32_t begin = 0;  // of its edges, sorted by bytes
    std::uint32_t end = 0;
    std::uint32_t distance = 0;
    std::uint8_t way_out = 0;
  };

  std::vector<Edge> edges_;
  std::vector<Row> states_;
};

// Describes an automaton that may be in many states at once, and makes it deterministic.
class AutomatonBuilder {
 public:
  using State = std::uint32_t;

  State add_state();
  void accept(State state) { states_[state].accepts = true; }
  // One of the bytes from `first` to `last`.
  void add_bytes(State from, std::uint8_t first, std::uint8_t last, State to);
  // One code point from `first` to `last` in UTF-8; surrogates are none.
  void add_code_points(State from, char32_t first, char32_t last, State to);
  void add_text(State from, std::string_view text, State to);
  // No byte at all.
  void add_empty(State from, State to) { states_[from].empty.push_back(to); }

  std::size_t size() const { return states_.size(); }
  // Nothing when it accepts no string, or would have more than `most` states.
  std::optional<ByteAutomaton> build(State start, std::size_t most = kMostStates) const;

  static constexpr std::size_t kMostStates = 20000;

 private:
  struct Edge {
    std::uint8_t first = 0;
    std::uint8_t last = 0;
    State to = 0;
  };
  struct Row {
    bool accepts = false;
    std::vector<Edge> edges;
    std::vector<State> empty;
  };
  using Set = std::vector<State>;  // sorted, each once

  void add_sequence(State from, const std::string& first, const std::string& last, State to);
  Set closure(Set states) const;
  static void measure(ByteAutomaton& automaton, const std::vector<bool>& accepting);
  static std::optional<ByteAutomaton> without_dead_ends(const ByteAutomaton& automaton);

  std::vector<Row> states_;
};

// The automaton of exactly these strings.
std::optional<ByteAutomaton> automaton_of(const std::vector<std::string>& words);

}  // namespace facet::engine
