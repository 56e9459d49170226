#include "agent/grammar/value_syntax.h"

#include <set>
#include <utility>

#include "agent/prompt/markers.h"
#include "agent/prompt/text_rules.h"
#include "engine/base/check.h"

namespace facet::agent {
namespace {

using engine::AutomatonBuilder;
using engine::Grammar;

constexpr std::string_view kNameStart = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
constexpr std::string_view kNameRest = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-";

// Whether a key can be read without delimiters.
bool stands_bare(const std::string& key) {
  if (key.empty() || key.find_first_of(":{}[](),=<\"'") != std::string::npos) return false;
  return key.find_first_of(" \t\n\r\v\f") == std::string::npos;
}

std::string json_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Names that are none of some: the way of a name that leaves theirs is free from there on.
engine::ByteAutomaton names_but(const std::set<std::string>& names) {
  AutomatonBuilder builder;
  const auto free = builder.add_state();
  builder.accept(free);
  for (const char byte : kNameRest)
    builder.add_bytes(free, static_cast<std::uint8_t>(byte), static_cast<std::uint8_t>(byte), free);
  std::map<std::string, AutomatonBuilder::State> prefixes;
  prefixes.emplace("", builder.add_state());
  for (const std::string& name : names)
    for (std::size_t length = 1; length <= name.size(); ++length)
      if (prefixes.emplace(name.substr(0, length), 0).second) prefixes[name.substr(0, length)] = builder.add_state();
  for (const auto& [prefix, state] : prefixes) {
    if (!prefix.empty() && !names.contains(prefix)) builder.accept(state);
    for (const char byte : prefix.empty() ? kNameStart : kNameRest) {
      const auto next = prefixes.find(prefix + byte);
      builder.add_bytes(state, static_cast<std::uint8_t>(byte), static_cast<std::uint8_t>(byte),
                        next == prefixes.end() ? free : next->second);
    }
  }
  auto automaton = builder.build(prefixes.at(""));
  FACET_CHECK(automaton.has_value());
  return *std::move(automaton);
}

}  // namespace

// With the spaces that may follow.
std::vector<std::string> ValueSyntax::spaced(const std::string& text) const {
  return syntax_ == Syntax::Call ? std::vector{text} : std::vector{text, text + " "};
}

ValueSyntax::Node ValueSyntax::comma() {
  return grammar_.add_words(spaced(","));
}

ValueSyntax::Node ValueSyntax::string(Node inside) {
  const Node delimiter =
      syntax_ == Syntax::Call ? grammar_.add_marker(marker_id(Marker::StringDelimiter)) : grammar_.add_words({"\""});
  return grammar_.add_sequence({delimiter, inside, delimiter});
}

ValueSyntax::Node ValueSyntax::constant(const Json& value) {
  if (syntax_ == Syntax::Answer) return grammar_.add_words({json_text(value)});
  if (value.is_string()) return string(grammar_.add_words({value.get<std::string>()}));
  if (value.is_number()) return grammar_.add_words({number_text(value)});
  if (!value.is_structured()) return grammar_.add_words({json_text(value)});
  std::vector<Node> items;
  bool is_first = true;
  for (const auto& [key, element] : value.items()) {
    const Node node = constant(element);
    if (value.is_object()) {
      const Grammar::Member entry = member(key, node, true);
      items.push_back(is_first ? entry.first : entry.next);
    } else {
      items.push_back(is_first ? node : behind_comma(node));
    }
    is_first = false;
  }
  items.insert(items.begin(), grammar_.add_words({value.is_object() ? "{" : "["}));
  items.push_back(grammar_.add_words({value.is_object() ? "}" : "]"}));
  return grammar_.add_sequence(std::move(items));
}

ValueSyntax::Node ValueSyntax::behind_comma(Node value) {
  return grammar_.add_sequence({comma(), value});
}

ValueSyntax::Node ValueSyntax::list(Grammar::Repeat items) {
  return grammar_.add_sequence({grammar_.add_words({"["}), grammar_.add_repeat(items), grammar_.add_words({"]"})});
}

ValueSyntax::Node ValueSyntax::object(std::vector<Grammar::Member> members, std::optional<Grammar::Member> others) {
  return grammar_.add_sequence(
      {grammar_.add_words({"{"}), grammar_.add_members(std::move(members), others), grammar_.add_words({"}"})});
}

ValueSyntax::Node ValueSyntax::key_and_value(Node key, Node value) {
  return grammar_.add_sequence({key, grammar_.add_words(spaced(":")), value});
}

Grammar::Member ValueSyntax::member(const std::string& key, Node value, bool is_required) {
  if (syntax_ == Syntax::Call && !stands_bare(key)) {
    const Node first = key_and_value(string(grammar_.add_words({key})), value);
    return {first, behind_comma(first), is_required};
  }
  const std::string written = (syntax_ == Syntax::Call ? key : json_text(Json(key))) + ":";
  std::vector<std::string> behind;
  for (const std::string& separator : spaced(","))
    for (const std::string& text : spaced(written))
      behind.push_back(separator + text);
  return {grammar_.add_sequence({grammar_.add_words(spaced(written)), value}),
          grammar_.add_sequence({grammar_.add_words(behind), value}), is_required};
}

Grammar::Member ValueSyntax::other_member(const std::vector<std::string>& but, Node value) {
  const Node name = grammar_.add_automaton(names_but({but.begin(), but.end()}));
  const Node first = key_and_value(syntax_ == Syntax::Call ? name : string(name), value);
  return {first, behind_comma(first), false};
}

}  // namespace facet::agent
