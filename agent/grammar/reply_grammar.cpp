#include "agent/grammar/reply_grammar.h"

#include <utility>

#include "agent/grammar/schema_grammar.h"
#include "agent/prompt/markers.h"
#include "engine/text/grammar.h"

namespace facet::agent {
namespace {

using engine::Grammar;
using Node = Grammar::Node;

// A name ends where its arguments begin, and the reader trims it.
bool can_be_written(const std::string& name) {
  return !name.empty() && name.find_first_of("{(") == std::string::npos &&
         name.find_first_of(" \t\n\r\v\f") == std::string::npos;
}

Node arguments_of(Grammar& grammar, const Json& function, const std::string& name, std::vector<std::string>& problems) {
  Json parameters = function.value("parameters", Json());
  const bool is_empty = !parameters.is_object() || parameters.empty();
  if (is_empty) parameters = {{"type", "object"}, {"properties", Json::object()}};
  // A call's arguments are an object, whatever else the schema would let in. Without a word about them there are none.
  Json object = parameters;
  object["type"] = "object";
  object.erase("nullable");
  if (!object.contains("properties") && !object.contains("additionalProperties") && !object.contains("$ref") &&
      !object.contains("anyOf") && !object.contains("oneOf") && !object.contains("allOf"))
    object["properties"] = Json::object();
  auto made = schema_grammar(grammar, Syntax::Call, object, name);
  if (!made.ok()) {
    problems.push_back(made.error().message);
    return free_object(grammar, Syntax::Call);
  }
  problems.insert(problems.end(), made->problems.begin(), made->problems.end());
  return made->node;
}

std::shared_ptr<const Grammar> calls(const Json& declarations, std::vector<std::string>& problems) {
  auto grammar = std::make_shared<Grammar>();
  std::vector<Node> tools;
  if (declarations.is_array()) {
    for (const Json& tool : declarations) {
      const Json function = tool.is_object() ? tool.value("function", Json()) : Json();
      const Json name = function.is_object() ? function.value("name", Json()) : Json();
      if (!name.is_string()) continue;
      if (!can_be_written(name.get<std::string>())) {
        problems.push_back("The tool '" + name.get<std::string>() + "' can not be called, because of its name.");
        continue;
      }
      tools.push_back(grammar->add_sequence({grammar->add_words({"call:" + name.get<std::string>()}),
                                             arguments_of(*grammar, function, name.get<std::string>(), problems)}));
    }
  }
  if (tools.empty()) return nullptr;
  const Node close = grammar->add_marker(marker_id(Marker::ToolCallClose));
  grammar->set_root(grammar->add_sequence({grammar->add_choice(std::move(tools)), close}));
  return grammar;
}

}  // namespace

Result<std::shared_ptr<const ReplyGrammar>> reply_grammar(const Json& declarations,
                                                          const std::optional<Json>& answer_schema) {
  auto reply = std::make_shared<ReplyGrammar>();
  reply->call = calls(declarations, reply->problems);
  if (answer_schema) {
    auto grammar = std::make_shared<Grammar>();
    FACET_ASSIGN_OR_RETURN(const SchemaGrammar answer,
                           schema_grammar(*grammar, Syntax::Answer, *answer_schema, "the answer"));
    grammar->set_root(answer.node);
    reply->problems.insert(reply->problems.end(), answer.problems.begin(), answer.problems.end());
    reply->answer = std::move(grammar);
  }
  return std::shared_ptr<const ReplyGrammar>(std::move(reply));
}

}  // namespace facet::agent
