#include "engine/text/number_form.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <utility>

namespace facet::engine {
namespace {

using State = AutomatonBuilder::State;

constexpr std::size_t kWholeDigits = 18;    // every such number fits into 64 bits
constexpr std::size_t kFreeDigits = 16;     // on each side of the point
constexpr std::size_t kBoundedDigits = 15;  // on both: so many a double keeps apart
constexpr std::size_t kMostBoundedWhole = kBoundedDigits;
constexpr double kBeyond = 1e18;

// A number of at least 0 in decimal digits: without leading zeros before the point, without trailing ones behind it.
struct Decimal {
  std::string whole = "0";
  std::string fraction;

  bool is_zero() const { return whole == "0" && fraction.empty(); }
};

Decimal decimal_of(double value) {
  std::array<char, 512> buffer{};
  const auto printed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  const std::string text(buffer.data(), printed.ptr);
  const std::size_t point = std::min(text.find('.'), text.size());
  Decimal decimal{text.substr(0, point), text.substr(std::min(point + 1, text.size()))};
  while (decimal.fraction.ends_with('0'))
    decimal.fraction.pop_back();
  return decimal;
}

struct Bound {
  Decimal value;
  bool is_excluded = false;
};

// Numbers of at least 0 between two bounds, digit by digit. While the digits so far are those of a bound it decides
// about the next one; once they differ it does not matter any more.
class Magnitudes {
 public:
  Magnitudes(AutomatonBuilder& builder, Bound least, std::optional<Bound> most, std::size_t whole_digits,
             std::size_t digits)
      : builder_(builder),
        least_(std::move(least)),
        most_(std::move(most)),
        whole_digits_(whole_digits),
        digits_(digits) {}

  void add(State from) {
    const std::size_t shortest = least_.value.whole.size();
    const std::size_t longest = most_ ? std::min(most_->value.whole.size(), whole_digits_) : whole_digits_;
    for (std::size_t length = shortest; length <= longest; ++length) {
      const bool at_least = length == shortest;
      const bool at_most = most_ && length == most_->value.whole.size();
      states_.clear();
      whole(from, length, 0, at_least, at_most);
    }
  }

 private:
  using Place = std::tuple<std::size_t, bool, bool, bool>;  // digits so far, of the fraction, at each bound

  static int digit(const std::string& digits, std::size_t place) {
    return place < digits.size() ? digits[place] - '0' : 0;
  }

  // The state of a place, and whether it is new.
  std::pair<State, bool> state_at(const Place& place) {
    const auto known = states_.find(place);
    if (known != states_.end()) return {known->second, false};
    const State state = builder_.add_state();
    states_.emplace(place, state);
    return {state, true};
  }

  template <typename Next>
  void add_digits(State from, int first, int low, int high, bool at_least, bool at_most, const Next& next) {
    for (int value = std::max(first, at_least ? low : 0); value <= (at_most ? high : 9); ++value) {
      const auto byte = static_cast<std::uint8_t>('0' + value);
      next(byte, at_least && value == low, at_most && value == high, from);
    }
  }

  void whole(State from, std::size_t length, std::size_t place, bool at_least, bool at_most) {
    const int low = digit(least_.value.whole, place);
    const int high = most_ ? digit(most_->value.whole, place) : 9;
    const int first = place == 0 && length > 1 ? 1 : 0;
    add_digits(from, first, low, high, at_least, at_most,
               [&](std::uint8_t byte, bool still_least, bool still_most, State origin) {
                 const auto [state, is_new] = state_at({place + 1, false, still_least, still_most});
                 builder_.add_bytes(origin, byte, byte, state);
                 if (!is_new) return;
                 if (place + 1 < length) return whole(state, length, place + 1, still_least, still_most);
                 may_end(state, 0, still_least, still_most);
                 if (length < digits_) point(state, digits_ - length, still_least, still_most);
               });
  }

  void point(State from, std::size_t digits, bool at_least, bool at_most) {
    const State behind = builder_.add_state();
    builder_.add_bytes(from, '.', '.', behind);
    fraction(behind, digits, 0, at_least, at_most);
  }

  void fraction(State from, std::size_t digits, std::size_t place, bool at_least, bool at_most) {
    const int low = digit(least_.value.fraction, place);
    const int high = most_ ? digit(most_->value.fraction, place) : 9;
    add_digits(from, 0, low, high, at_least, at_most,
               [&](std::uint8_t byte, bool still_least, bool still_most, State origin) {
                 const auto [state, is_new] = state_at({place + 1, true, still_least, still_most});
                 builder_.add_bytes(origin, byte, byte, state);
                 if (!is_new) return;
                 may_end(state, place + 1, still_least, still_most);
                 if (place + 1 < digits) fraction(state, digits, place + 1, still_least, still_most);
               });
  }

  // What is not written counts as zeros.
  void may_end(State state, std::size_t fraction_digits, bool at_least, bool at_most) {
    if (at_least) {
      const bool is_less = fraction_digits < least_.value.fraction.size();
      if (is_less || least_.is_excluded) return;
    }
    if (at_most && most_->is_excluded && fraction_digits >= most_->value.fraction.size()) return;
    builder_.accept(state);
  }

  AutomatonBuilder& builder_;
  const Bound least_;
  const std::optional<Bound> most_;
  const std::size_t whole_digits_;
  const std::size_t digits_;
  std::map<Place, State> states_;
};

// Any number: -?(0|[1-9]digits)(.digits)?([eE][+-]?digits)?
std::optional<ByteAutomaton> free_number() {
  AutomatonBuilder builder;
  const auto digits = [&](State from, std::size_t most) {
    std::vector<State> ends;
    for (std::size_t i = 0; i < most; ++i) {
      const State next = builder.add_state();
      builder.add_bytes(from, '0', '9', next);
      ends.push_back(from = next);
    }
    return ends;
  };
  const State start = builder.add_state();
  const State signless = builder.add_state();
  builder.add_bytes(start, '-', '-', signless);
  builder.add_empty(start, signless);
  const State zero = builder.add_state();
  builder.add_bytes(signless, '0', '0', zero);
  const State lead = builder.add_state();
  builder.add_bytes(signless, '1', '9', lead);
  std::vector<State> wholes = digits(lead, kFreeDigits - 1);
  wholes.insert(wholes.end(), {zero, lead});
  const State point = builder.add_state();
  const State mark = builder.add_state();
  const State exponent = builder.add_state();
  for (const State state : wholes) {
    builder.accept(state);
    builder.add_bytes(state, '.', '.', point);
  }
  std::vector<State> ends = digits(point, kFreeDigits);
  for (const State state : ends)
    builder.accept(state);
  ends.insert(ends.end(), wholes.begin(), wholes.end());
  for (const State state : ends)
    for (const char letter : {'e', 'E'})
      builder.add_bytes(state, static_cast<std::uint8_t>(letter), static_cast<std::uint8_t>(letter), mark);
  builder.add_empty(mark, exponent);
  for (const char sign : {'+', '-'})
    builder.add_bytes(mark, static_cast<std::uint8_t>(sign), static_cast<std::uint8_t>(sign), exponent);
  for (const State state : digits(exponent, 2))
    builder.accept(state);
  return builder.build(start);
}

}  // namespace

std::optional<ByteAutomaton> number_automaton(const NumberForm& form) {
  double least = form.least.value_or(-kBeyond);
  double most = form.most.value_or(kBeyond);
  bool excludes_least = form.excludes_least;
  bool excludes_most = form.excludes_most;
  if (form.whole) {
    excludes_least = excludes_least && std::ceil(least) == least;
    excludes_most = excludes_most && std::floor(most) == most;
    least = std::ceil(least);
    most = std::floor(most);
  }
  const bool has_least = least > -kBeyond;
  const bool has_most = most < kBeyond;
  if (!(least < kBeyond) || !(most > -kBeyond)) return std::nullopt;
  if (!form.whole && !has_least && !has_most) return free_number();

  AutomatonBuilder builder;
  const State start = builder.add_state();
  const std::size_t whole_digits = form.whole ? kWholeDigits : kMostBoundedWhole;
  const auto add = [&](State from, const Bound& low, const std::optional<Bound>& high) {
    // Of a whole number the digits before the point are all that there are.
    Magnitudes magnitudes(builder, low, high, whole_digits, form.whole ? 0 : kBoundedDigits);
    magnitudes.add(from);
  };
  const Bound at_least{decimal_of(std::abs(least)), excludes_least};
  const Bound at_most{decimal_of(std::abs(most)), excludes_most};
  if (most >= 0) add(start, least < 0 ? Bound{} : at_least, has_most ? std::optional(at_most) : std::nullopt);
  if (least < 0) {
    const State negative = builder.add_state();
    builder.add_bytes(start, '-', '-', negative);
    // There is no negative zero.
    const Bound beyond_zero{{}, /*is_excluded=*/true};
    add(negative, most >= 0 ? beyond_zero : at_most, has_least ? std::optional(at_least) : std::nullopt);
  }
  return builder.build(start);
}

}  // namespace facet::engine
