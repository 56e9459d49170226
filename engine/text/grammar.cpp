#include "engine/text/grammar.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace facet::engine {

// Saturates, so that sums of sums stay in order.
Grammar::Node Grammar::add(Rule rule, std::uint64_t shortest) {
  constexpr std::uint64_t kMost = UINT32_MAX / 4;
  rules_.push_back({std::move(rule), static_cast<std::uint32_t>(std::min(shortest, kMost))});
  return static_cast<Node>(rules_.size() - 1);
}

Grammar::Node Grammar::add_text(Writing writing, std::uint32_t least, std::uint32_t most) {
  FACET_CHECK(least <= most);
  return add(Text{free_text(writing), /*counts=*/true, least, most}, least);
}

Grammar::Node Grammar::add_automaton(ByteAutomaton automaton) {
  const std::uint32_t shortest = automaton.distance(0);
  return add(Text{std::make_shared<const ByteAutomaton>(std::move(automaton))}, shortest);
}

Grammar::Node Grammar::add_words(const std::vector<std::string>& words) {
  auto automaton = automaton_of(words);
  FACET_CHECK(automaton.has_value(), "%zu words", words.size());
  return add_automaton(*std::move(automaton));
}

Grammar::Node Grammar::add_marker(Token token) {
  return add(Marker{token}, 1);
}

Grammar::Node Grammar::add_sequence(std::vector<Node> items) {
  std::uint64_t sum = 0;
  for (const Node item : items)
    sum += shortest(item);
  return add(Sequence{std::move(items)}, sum);
}

Grammar::Node Grammar::add_choice(std::vector<Node> branches) {
  FACET_CHECK(!branches.empty());
  if (branches.size() == 1) return branches.front();
  std::uint32_t least = UINT32_MAX;
  for (const Node branch : branches)
    least = std::min(least, shortest(branch));
  return add(Choice{std::move(branches)}, least);
}

Grammar::Node Grammar::add_repeat(Repeat repeat) {
  FACET_CHECK(repeat.least <= repeat.most);
  const std::uint64_t sum =
      repeat.least == 0 ? 0 : shortest(repeat.first) + std::uint64_t{repeat.least - 1} * shortest(repeat.next);
  return add(repeat, sum);
}

Grammar::Node Grammar::add_members(std::vector<Member> members, std::optional<Member> others) {
  FACET_CHECK(members.size() <= kMostMembers);
  std::uint64_t required = 0;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!members[i].is_required) continue;
    required |= std::uint64_t{1} << i;
    sum += shortest(members[i].next);
  }
  return add(Members{std::move(members), others, required}, sum);
}

}  // namespace facet::engine
