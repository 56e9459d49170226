#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "engine/text/text_form.h"
#include "engine/text/utf8.h"

// Regular expressions: parsed to an automaton over characters, which is then written out over bytes.
namespace facet::engine {
namespace {

using State = std::uint32_t;

constexpr char32_t kLastCodePoint = 0x10FFFF;
constexpr std::size_t kMostCharacterStates = 20000;
constexpr std::uint32_t kMostRepetitions = 1000;
constexpr int kMostGroups = 64;

struct Range {
  char32_t first = 0;
  char32_t last = 0;
};
using Characters = std::vector<Range>;

Characters complement(Characters set) {
  std::sort(set.begin(), set.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  Characters rest;
  char32_t next = 0;
  for (const Range& range : set) {
    if (range.first > next) rest.push_back({next, range.first - 1});
    next = std::max<char32_t>(next, range.last + 1);
  }
  if (next <= kLastCodePoint) rest.push_back({next, kLastCodePoint});
  return rest;
}

const Characters kDigits = {{'0', '9'}};
const Characters kWordCharacters = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
const Characters kLineEnds = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};
const Characters kSpaces = {{'\t', '\r'},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
                            {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};

// The tree of an expression.
struct Part {
  enum class Kind { Set, Sequence, Choice, Repeat, Begin, End };
  Kind kind = Kind::Sequence;
  Characters set = {};
  std::vector<Part> parts = {};
  std::uint32_t least = 0;
  std::optional<std::uint32_t> most = {};
};

Error unsupported(const std::string& what) {
  return {Error::Code::Unsupported, what};
}

class Parser {
 public:
  explicit Parser(std::u32string text) : text_(std::move(text)) {}

  Result<Part> parse() {
    FACET_ASSIGN_OR_RETURN(Part whole, choice());
    if (!at_end()) return unsupported("a parenthesis is closed that was not opened");
    return whole;
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  bool is(char32_t c) const { return !at_end() && text_[at_] == c; }
  bool take(char32_t c) {
    if (!is(c)) return false;
    ++at_;
    return true;
  }

  Result<Part> choice() {
    if (++depth_ > kMostGroups) return unsupported("its groups are nested too deeply");
    Part choice{.kind = Part::Kind::Choice};
    do {
      FACET_ASSIGN_OR_RETURN(Part branch, sequence());
      choice.parts.push_back(std::move(branch));
    } while (take('|'));
    --depth_;
    if (choice.parts.size() > 1) return choice;
    Part only = std::move(choice.parts.front());
    return only;
  }

  Result<Part> sequence() {
    Part sequence{.kind = Part::Kind::Sequence};
    while (!at_end() && !is('|') && !is(')')) {
      FACET_ASSIGN_OR_RETURN(Part part, atom());
      FACET_ASSIGN_OR_RETURN(part, repeated(std::move(part)));
      sequence.parts.push_back(std::move(part));
    }
    return sequence;
  }

  Result<Part> repeated(Part part) {
    std::uint32_t least = 1;
    std::optional<std::uint32_t> most = 1;
    if (take('*')) {
      least = 0;
      most.reset();
    } else if (take('+')) {
      most.reset();
    } else if (take('?')) {
      least = 0;
    } else if (!counted(least, most)) {
      return part;
    }
    take('?');  // whether it is greedy changes what is found, not whether
    if (part.kind == Part::Kind::Begin || part.kind == Part::Kind::End) return unsupported("it repeats an anchor");
    if (least > kMostRepetitions || most.value_or(0) > kMostRepetitions || (most && *most < least))
      return unsupported("it repeats a part too often");
    Part repeat{.kind = Part::Kind::Repeat, .least = least, .most = most};
    repeat.parts.push_back(std::move(part));
    return repeat;
  }

  // {2}, {2,} or {2,5}; a brace that begins none of these is a character.
  bool counted(std::uint32_t& least, std::optional<std::uint32_t>& most) {
    if (!is('{')) return false;
    const std::size_t begin = at_++;
    const auto number = [&]() -> std::optional<std::uint32_t> {
      std::optional<std::uint32_t> value;
      for (; !at_end() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
        value = std::min<std::uint32_t>(value.value_or(0) * 10 + (text_[at_] - '0'), kMostRepetitions + 1);
      return value;
    };
    const auto first = number();
    auto last = first;
    if (first && take(',')) last = number();
    if (!first || !take('}')) {
      at_ = begin;
      return false;
    }
    least = *first;
    most = last;
    return true;
  }

  Result<Part> atom() {
    const char32_t c = text_[at_++];
    switch (c) {
      case '^':
        return Part{.kind = Part::Kind::Begin};
      case '$':
        return Part{.kind = Part::Kind::End};
      case '(':
        return group();
      case '[':
        return set();
      case '.':
        return Part{.kind = Part::Kind::Set, .set = complement(kLineEnds)};
      case '\\': {
        FACET_ASSIGN_OR_RETURN(Characters characters, escaped());
        return Part{.kind = Part::Kind::Set, .set = std::move(characters)};
      }
      case '*':
      case '+':
      case '?':
        return unsupported("it repeats nothing");
      default:
        return Part{.kind = Part::Kind::Set, .set = {{c, c}}};
    }
  }

  Result<Part> group() {
    if (take('?')) {
      if (take('<')) {
        if (is('=') || is('!')) return unsupported("it looks behind");
        while (!at_end() && !is('>'))
          ++at_;
        if (!take('>')) return unsupported("a group's name is not closed");
      } else if (!take(':')) {
        return unsupported("it looks ahead");
      }
    }
    FACET_ASSIGN_OR_RETURN(Part inner, choice());
    if (!take(')')) return unsupported("a parenthesis is not closed");
    return inner;
  }

  Result<Part> set() {
    const bool is_negated = take('^');
    Characters all;
    while (!is(']')) {
      FACET_ASSIGN_OR_RETURN(const Characters first, set_member());
      const bool is_single = first.size() == 1 && first[0].first == first[0].last;
      if (is_single && is('-') && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        ++at_;
        FACET_ASSIGN_OR_RETURN(const Characters last, set_member());
        if (last.size() != 1 || last[0].first != last[0].last || last[0].first < first[0].first)
          return unsupported("a range has no end");
        all.push_back({first[0].first, last[0].first});
      } else {
        all.insert(all.end(), first.begin(), first.end());
      }
    }
    ++at_;
    return Part{.kind = Part::Kind::Set, .set = is_negated ? complement(std::move(all)) : std::move(all)};
  }

  Result<Characters> set_member() {
    if (at_end()) return unsupported("a set is not closed");
    const char32_t c = text_[at_++];
    if (c != '\\') return Characters{{c, c}};
    if (take('b')) return Characters{{'\b', '\b'}};
    return escaped();
  }

  // Behind a backslash.
  Result<Characters> escaped() {
    if (at_end()) return unsupported("a backslash stands at its end");
    const char32_t c = text_[at_++];
    const auto one = [](char32_t code) { return Characters{{code, code}}; };
    switch (c) {
      case 'd':
        return kDigits;
      case 'D':
        return complement(kDigits);
      case 'w':
        return kWordCharacters;
      case 'W':
        return complement(kWordCharacters);
      case 's':
        return kSpaces;
      case 'S':
        return complement(kSpaces);
      case 'n':
        return one('\n');
      case 'r':
        return one('\r');
      case 't':
        return one('\t');
      case 'f':
        return one('\f');
      case 'v':
        return one('\v');
      case 'x':
        return hexadecimal(2);
      case 'u':
        return hexadecimal(4);
      default:
        break;
    }
    const bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_word) return unsupported("it uses an escape that is not held");
    return one(c);
  }

  Result<Characters> hexadecimal(std::size_t digits) {
    const bool braces = digits == 4 && take('{');
    const std::size_t begin = at_;
    char32_t value = 0;
    for (; !at_end() && (braces ? !is('}') : at_ < begin + digits) && value <= kLastCodePoint; ++at_) {
      const char32_t c = text_[at_];
      const bool is_digit = c >= '0' && c <= '9';
      const char32_t letter = c | 0x20U;
      if (!is_digit && (letter < 'a' || letter > 'f')) break;
      value = value * 16 + (is_digit ? c - '0' : letter - 'a' + 10);
    }
    const bool complete = braces ? at_ > begin && take('}') : at_ == begin + digits;
    if (!complete || value > kLastCodePoint) return unsupported("it has an escape that is no character");
    return Characters{{value, value}};
  }

  const std::u32string text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

// An automaton over characters that may be in many states at once.
class CharacterAutomaton {
 public:
  struct Edge {
    Characters set;
    State to = 0;
  };
  struct Row {
    std::vector<Edge> edges;
    std::vector<State> empty;
  };

  State add_state() {
    rows_.emplace_back();
    return static_cast<State>(rows_.size() - 1);
  }
  Row& operator[](State state) { return rows_[state]; }
  const Row& operator[](State state) const { return rows_[state]; }
  bool is_too_large() const { return rows_.size() > kMostCharacterStates; }

 private:
  std::vector<Row> rows_;
};

// Anchors are understood at the ends of the alternatives of the whole expression.
class Compiler {
 public:
  Result<CharacterAutomaton> compile(Part whole) {
    const State start = automaton_.add_state();
    end_ = automaton_.add_state();
    std::vector<Part> branches;
    if (whole.kind == Part::Kind::Choice) {
      branches = std::move(whole.parts);
    } else {
      branches.push_back(std::move(whole));
    }
    for (Part& branch : branches)
      FACET_RETURN_IF_ERROR(add_branch(std::move(branch), start));
    return std::move(automaton_);
  }
  State end() const { return end_; }

 private:
  Status add_branch(Part branch, State start) {
    if (branch.kind != Part::Kind::Sequence) {
      Part sequence{.kind = Part::Kind::Sequence};
      sequence.parts.push_back(std::move(branch));
      branch = std::move(sequence);
    }
    std::vector<Part>& parts = branch.parts;
    const bool begins = !parts.empty() && parts.front().kind == Part::Kind::Begin;
    if (begins) parts.erase(parts.begin());
    const bool ends = !parts.empty() && parts.back().kind == Part::Kind::End;
    if (ends) parts.pop_back();
    const State before = automaton_.add_state();
    automaton_[start].empty.push_back(before);
    if (!begins) add_any(before);
    FACET_ASSIGN_OR_RETURN(const State after, add(branch, before));
    const State behind = automaton_.add_state();
    automaton_[after].empty.push_back(behind);
    if (!ends) add_any(behind);
    automaton_[behind].empty.push_back(end_);
    return {};
  }

  void add_any(State state) { automaton_[state].edges.push_back({{{1, kLastCodePoint}}, state}); }

  // The state behind a part that begins in `from`.
  Result<State> add(const Part& part, State from) {
    if (automaton_.is_too_large()) return unsupported("it describes too much");
    switch (part.kind) {
      case Part::Kind::Begin:
      case Part::Kind::End:
        return unsupported("it has an anchor in the middle");
      case Part::Kind::Set: {
        const State to = automaton_.add_state();
        automaton_[from].edges.push_back({part.set, to});
        return to;
      }
      case Part::Kind::Sequence: {
        for (const Part& inner : part.parts) {
          FACET_ASSIGN_OR_RETURN(from, add(inner, from));
        }
        return from;
      }
      case Part::Kind::Choice: {
        const State to = automaton_.add_state();
        for (const Part& inner : part.parts) {
          const State begin = automaton_.add_state();
          automaton_[from].empty.push_back(begin);
          FACET_ASSIGN_OR_RETURN(const State end, add(inner, begin));
          automaton_[end].empty.push_back(to);
        }
        return to;
      }
      case Part::Kind::Repeat:
        return add_repeat(part, from);
    }
    return from;
  }

  Result<State> add_repeat(const Part& part, State from) {
    const Part& inner = part.parts.front();
    for (std::uint32_t i = 0; i < part.least; ++i) {
      FACET_ASSIGN_OR_RETURN(from, add(inner, from));
    }
    const State to = automaton_.add_state();
    if (!part.most) {
      const State loop = automaton_.add_state();
      automaton_[from].empty.push_back(loop);
      FACET_ASSIGN_OR_RETURN(const State again, add(inner, loop));
      automaton_[again].empty.push_back(loop);
      automaton_[loop].empty.push_back(to);
      return to;
    }
    automaton_[from].empty.push_back(to);
    for (std::uint32_t i = part.least; i < *part.most; ++i) {
      FACET_ASSIGN_OR_RETURN(from, add(inner, from));
      automaton_[from].empty.push_back(to);
    }
    return to;
  }

  CharacterAutomaton automaton_;
  State end_ = 0;
};

// Writes an automaton over characters out over bytes, counting characters where their number matters.
class Writer {
 public:
  Writer(const CharacterAutomaton& characters, State end, Writing writing, const TextLength& length)
      : characters_(characters), end_(end), writing_(writing), length_(length) {}

  Result<ByteAutomaton> write() {
    const auto start = state_of(0, 0);
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (builder_.size() > kMostByteStates) return unsupported("it describes too much");
      write_state(order_[i]);
    }
    auto automaton = builder_.build(start, kMostDeterministicStates);
    if (!automaton) return unsupported("no text fits it, or it describes too much");
    return *std::move(automaton);
  }

 private:
  static constexpr std::size_t kMostByteStates = 400000;
  static constexpr std::size_t kMostDeterministicStates = 5000;
  using Place = std::pair<State, std::uint32_t>;  // and how many characters were read, as far as that matters

  AutomatonBuilder::State state_of(State state, std::uint32_t count) {
    const auto [found, is_new] = states_.emplace(Place{state, count}, 0);
    if (is_new) {
      found->second = builder_.add_state();
      order_.push_back(found->first);
    }
    return found->second;
  }

  void write_state(Place place) {
    const auto [state, count] = place;
    const AutomatonBuilder::State from = states_.at(place);
    if (state == end_ && count >= length_.least) builder_.accept(from);
    for (const State to : characters_[state].empty)
      builder_.add_empty(from, state_of(to, count));
    if (length_.most && count == *length_.most) return;
    const std::uint32_t next = length_.most ? count + 1 : std::min(count + 1, length_.least);
    for (const CharacterAutomaton::Edge& edge : characters_[state].edges)
      for (const Range& range : edge.set)
        write_range(from, range, state_of(edge.to, next));
  }

  void write_range(AutomatonBuilder::State from, Range range, AutomatonBuilder::State to) {
    range.first = std::max<char32_t>(range.first, 1);
    if (writing_ == Writing::Raw) return builder_.add_code_points(from, range.first, range.last, to);
    for (char32_t c = range.first; c <= std::min<char32_t>(range.last, '\\'); ++c) {
      if (c >= ' ' && c != '"' && c != '\\') {
        builder_.add_code_points(from, c, c, to);
      } else {
        builder_.add_text(from, escape_of(c), to);
      }
    }
    if (range.last > '\\') builder_.add_code_points(from, std::max<char32_t>(range.first, '\\' + 1), range.last, to);
  }

  static std::string escape_of(char32_t c) {
    constexpr std::string_view kHex = "0123456789abcdef";
    for (const auto& [code, letter] :
         {std::pair{U'"', '"'}, {U'\\', '\\'}, {U'\b', 'b'}, {U'\f', 'f'}, {U'\n', 'n'}, {U'\r', 'r'}, {U'\t', 't'}})
      if (c == code) return {'\\', letter};
    return std::string("\\u00") + kHex[c / 16] + kHex[c % 16];
  }

  const CharacterAutomaton& characters_;
  const State end_;
  const Writing writing_;
  const TextLength length_;
  AutomatonBuilder builder_;
  std::map<Place, AutomatonBuilder::State> states_;
  std::vector<Place> order_;
};

std::u32string characters_of(std::string_view text) {
  std::u32string characters;
  while (!text.empty()) {
    const Utf8Piece piece = first_utf8_piece(text);
    const auto lead = static_cast<unsigned char>(text[0]);
    char32_t code = piece.bytes == 1 ? lead : lead & (0x7FU >> piece.bytes);
    for (std::size_t i = 1; i < piece.bytes; ++i)
      code = code << 6U | (static_cast<unsigned char>(text[i]) & 0x3FU);
    characters += piece.kind == Utf8Piece::Kind::Complete ? code : U'\uFFFD';
    text.remove_prefix(piece.bytes);
  }
  return characters;
}

}  // namespace

Result<ByteAutomaton> pattern_automaton(const std::string& pattern, Writing writing, const TextLength& length) {
  FACET_ASSIGN_OR_RETURN(Part whole, Parser(characters_of(pattern)).parse());
  Compiler compiler;
  FACET_ASSIGN_OR_RETURN(const CharacterAutomaton characters, compiler.compile(std::move(whole)));
  return Writer(characters, compiler.end(), writing, length).write();
}

}  // namespace facet::engine
