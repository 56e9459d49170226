#pragma once

#include <string>
#include <vector>

#include "agent/grammar/value_syntax.h"
#include "agent/tool.h"
#include "engine/base/result.h"
#include "engine/text/grammar.h"

namespace facet::agent {

// Puts a JSON schema into a grammar: what the grammar accepts fits the schema. Where the schema leaves more open than a
// model has a use for, the grammar is narrower: objects have only the properties that are declared, unless more are
// asked for by `additionalProperties`; their names are made of letters, digits and _ . -; numbers have a bounded number
// of digits, and what has no form of its own is nested at most a few levels deep.
//
// Held: type, enum, const, properties, required, additionalProperties, items, prefixItems, minItems, maxItems, minimum,
// maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, pattern, format (date, time, date-time, uuid),
// nullable, anyOf, allOf, oneOf (as anyOf), and $ref to the schema itself. Everything else that could refuse a value is
// named in `problems`, each as a sentence.
struct SchemaGrammar {
  engine::Grammar::Node node = 0;
  std::vector<std::string> problems;
};
// `name` is what sentences call the schema: "the answer". The error says why no value can fit it.
Result<SchemaGrammar> schema_grammar(engine::Grammar& grammar, Syntax syntax, const Json& schema,
                                     const std::string& name);

// An object of any content.
engine::Grammar::Node free_object(engine::Grammar& grammar, Syntax syntax);

}  // namespace facet::agent
