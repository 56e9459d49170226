#pragma once

#include <string>
#include <vector>

#include "agent/tool.h"
#include "engine/text/grammar.h"

namespace facet::agent {

// How values are written: inside of a call in Gemma's own syntax, with `<|"|>` around strings and keys that stand bare;
// or as JSON, where one space may follow a colon and a comma. White space is nowhere else, so that a model can not
// write it for ever.
enum class Syntax { Call, Answer };

// Puts the parts of values into a grammar.
class ValueSyntax {
 public:
  using Node = engine::Grammar::Node;

  ValueSyntax(engine::Grammar& grammar, Syntax syntax) : grammar_(grammar), syntax_(syntax) {}

  engine::Writing writing() const { return syntax_ == Syntax::Call ? engine::Writing::Raw : engine::Writing::Json; }
  // `inside` is what stands between the delimiters.
  Node string(Node inside);
  Node constant(const Json& value);
  Node list(engine::Grammar::Repeat items);
  Node object(std::vector<engine::Grammar::Member> members, std::optional<engine::Grammar::Member> others);
  // A separator and a value.
  Node behind_comma(Node value);

  engine::Grammar::Member member(const std::string& key, Node value, bool is_required);
  // Any key that is a name of letters, digits and _ . - and none of these.
  engine::Grammar::Member other_member(const std::vector<std::string>& but, Node value);

 private:
  std::vector<std::string> spaced(const std::string& text) const;
  Node comma();
  Node key_and_value(Node key, Node value);
  Node name_but(const std::vector<std::string>& names);

  engine::Grammar& grammar_;
  const Syntax syntax_;
};

}  // namespace facet::agent
