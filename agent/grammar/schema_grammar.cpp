#include "agent/grammar/schema_grammar.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "agent/grammar/schema_merge.h"
#include "agent/prompt/text_rules.h"
#include "agent/schema.h"
#include "engine/text/number_form.h"
#include "engine/text/text_form.h"

namespace facet::agent {
namespace {

using engine::Grammar;
using Node = Grammar::Node;

constexpr Node kNone = UINT32_MAX;
constexpr int kFreeDepth = 6;       // of values without a schema
constexpr int kMaxDepth = 24;       // of a schema, less than arguments may have when they are checked
constexpr int kMostReferences = 8;  // inside of each other
constexpr std::size_t kMostNodes = 100000;
constexpr std::size_t kMostChoices = 2000;  // values of one enum

// The formats that are held, as patterns.
std::map<std::string, std::string> formats() {
  const std::string date =
      "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])"
      ")";
  const std::string hour = "([01][0-9]|2[0-3]):[0-5][0-9]";
  const std::string time = hour + R"(:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-])" + hour + ")";
  return {{"date", "^" + date + "$"},
          {"time", "^" + time + "$"},
          {"date-time", "^" + date + "T" + time + "$"},
          {"uuid", "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"}};
}

// What says nothing about which values fit, or is dealt with.
const std::set<std::string, std::less<>> kKnown = {"type",
                                                   "properties",
                                                   "required",
                                                   "additionalProperties",
                                                   "items",
                                                   "prefixItems",
                                                   "enum",
                                                   "const",
                                                   "anyOf",
                                                   "allOf",
                                                   "oneOf",
                                                   "$ref",
                                                   "minimum",
                                                   "maximum",
                                                   "exclusiveMinimum",
                                                   "exclusiveMaximum",
                                                   "minLength",
                                                   "maxLength",
                                                   "minItems",
                                                   "maxItems",
                                                   "pattern",
                                                   "format",
                                                   "nullable",
                                                   "title",
                                                   "description",
                                                   "default",
                                                   "examples",
                                                   "example",
                                                   "$schema",
                                                   "$id",
                                                   "id",
                                                   "$comment",
                                                   "$defs",
                                                   "definitions",
                                                   "deprecated",
                                                   "readOnly",
                                                   "writeOnly",
                                                   "$anchor",
                                                   "contentEncoding",
                                                   "contentMediaType",
                                                   "multipleOf",
                                                   "minProperties",
                                                   "maxProperties",
                                                   "patternProperties"};

class Compiler {
 public:
  Compiler(Grammar& grammar, Syntax syntax, const Json& root)
      : grammar_(grammar), syntax_(grammar, syntax), root_(root) {}

  // Nothing when no value fits.
  std::optional<Node> value(const Json& schema, const std::string& name, int depth);
  Node any(int depth);
  Node any_object(int depth);

  const std::string& reason() const { return reason_; }
  std::vector<std::string> problems() const { return problems_; }

 private:
  std::optional<Node> referenced(const Json& schema, const std::string& name, int depth);
  std::optional<Node> branches(const Json& schema, const char* keyword, const std::string& name, int depth);
  std::optional<Node> constants(const Json& schema, const std::string& name);
  std::optional<Node> typed(const Json& schema, const std::string& type, const std::string& name, int depth);
  std::optional<Node> string(const Json& schema, const std::string& name);
  std::optional<Node> number(const Json& schema, bool whole, const std::string& name);
  std::optional<Node> array(const Json& schema, const std::string& name, int depth);
  std::optional<Node> object(const Json& schema, const std::string& name, int depth);
  std::vector<std::string> types_of(const Json& schema) const;
  Node free_text();
  Node free_number();
  Node words_as_strings(const std::vector<std::string>& words);

  std::optional<Node> nothing(const std::string& reason) {
    if (reason_.empty()) reason_ = reason;
    return std::nullopt;
  }
  void note(const std::string& name, const std::string& what) {
    const std::string sentence = name + ": " + what;
    if (std::find(problems_.begin(), problems_.end(), sentence) == problems_.end()) problems_.push_back(sentence);
  }
  void note_unknown(const Json& schema, const std::string& name) {
    for (const auto& [key, ignored] : schema.items())
      if (!kKnown.contains(key) && !key.starts_with("x-")) note(name, "'" + key + "' is not held.");
  }

  Grammar& grammar_;
  ValueSyntax syntax_;
  const Json& root_;
  std::map<std::tuple<std::string, int, int>, std::optional<Node>> references_;  // and how deep they stand
  int references_open_ = 0;
  std::map<int, Node> any_;
  std::optional<Node> free_text_;
  std::optional<Node> free_number_;
  std::string reason_;
  std::vector<std::string> problems_;
};

std::optional<double> number_of(const Json& schema, const char* key) {
  const auto found = schema.find(key);
  if (found == schema.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

// A limit of a number of things; what is no such number limits nothing.
std::optional<std::uint32_t> count_of(const Json& schema, const char* key) {
  const auto number = number_of(schema, key);
  if (!number || !(*number >= 0)) return std::nullopt;
  return static_cast<std::uint32_t>(std::min(std::ceil(*number), 1e9));
}

Json without(const Json& schema, std::initializer_list<const char*> keys) {
  Json rest = schema;
  for (const char* key : keys)
    rest.erase(key);
  return rest;
}

bool fits(const Json& schema, const Json& value) {
  const Json whole = {{"type", "object"}, {"properties", {{"value", schema}}}};
  const auto checked = check_arguments(whole, {{"value", value}});
  return checked.ok() && (*checked)["value"] == value && (*checked)["value"].type() == value.type();
}

std::optional<Node> Compiler::value(const Json& schema, const std::string& name, int depth) {
  if (schema == Json(false)) return nothing(name + " is forbidden");
  if (depth > kMaxDepth) return nothing(name + " is nested too deeply");
  if (grammar_.size() > kMostNodes) return nothing(name + " has too many parts");
  if (!schema.is_object()) return any(std::min(kFreeDepth, kMaxDepth - depth));
  note_unknown(schema, name);
  if (schema.contains("$ref")) return referenced(schema, name, depth);
  for (const char* keyword : {"anyOf", "oneOf"})
    if (const auto found = schema.find(keyword); found != schema.end() && found->is_array() && !found->empty())
      return branches(schema, keyword, name, depth);
  if (const auto all = schema.find("allOf"); all != schema.end() && all->is_array()) {
    Json merged = without(schema, {"allOf"});
    for (const Json& part : *all) {
      note_unknown(part.is_object() ? part : Json::object(), name);
      merged = merged_schemas(merged, part);
    }
    return value(merged, name, depth + 1);
  }
  if (schema.contains("const") || (schema.contains("enum") && schema["enum"].is_array()))
    return constants(schema, name);
  const auto given = schema.find("type");
  if (given != schema.end() && !given->is_string() && !given->is_array())
    return nothing(name + " has a type that is no word");
  const std::vector<std::string> types = types_of(schema);
  if (given != schema.end() && types.empty()) note(name, "its type is none of JSON's, so it may be anything.");
  if (types.empty()) return any(std::min(kFreeDepth, kMaxDepth - depth));
  std::vector<Node> nodes;
  for (const std::string& type : types)
    if (const auto node = typed(schema, type, name, depth)) nodes.push_back(*node);
  if (nodes.empty()) return std::nullopt;
  return grammar_.add_choice(std::move(nodes));
}

std::optional<Node> Compiler::referenced(const Json& schema, const std::string& name, int depth) {
  const Json& reference = schema["$ref"];
  const Json* target = reference.is_string() ? referenced_schema(root_, reference.get<std::string>()) : nullptr;
  if (target == nullptr) {
    note(name, "its '$ref' points to nothing that is here.");
    return value(without(schema, {"$ref"}), name, depth + 1);
  }
  if (references_open_ == kMostReferences) return nothing(name + " holds itself without an end");
  const bool is_plain = without(schema, {"$ref", "description", "title"}).empty();
  const auto key = std::tuple(reference.get<std::string>(), references_open_, depth);
  if (is_plain)
    if (const auto known = references_.find(key); known != references_.end()) return known->second;
  ++references_open_;
  const auto node = value(is_plain ? *target : merged_schemas(without(schema, {"$ref"}), *target), name, depth + 1);
  --references_open_;
  if (is_plain) references_[key] = node;
  return node;
}

// What stands beside the branches holds for each of them.
std::optional<Node> Compiler::branches(const Json& schema, const char* keyword, const std::string& name, int depth) {
  const Json beside = without(schema, {keyword});
  std::vector<Node> nodes;
  for (const Json& branch : schema[keyword]) {
    if (branch.is_object()) note_unknown(branch, name);
    if (const auto node = value(merged_schemas(beside, branch), name, depth + 1)) nodes.push_back(*node);
  }
  if (nodes.size() > 1 && std::string(keyword) == "oneOf")
    note(name, "that only one form of 'oneOf' fits is not held, but that one does is.");
  if (nodes.empty()) return nothing(name + " has no form that is allowed");
  return grammar_.add_choice(std::move(nodes));
}

std::optional<Node> Compiler::constants(const Json& schema, const std::string& name) {
  Json values = schema.contains("enum") && schema["enum"].is_array() ? schema["enum"] : Json::array({schema["const"]});
  const Json rest = without(schema, {"enum"});
  std::vector<std::string> texts;
  std::vector<Node> nodes;
  if (values.size() > kMostChoices) return nothing(name + " has too many values to choose from");
  for (const Json& value : values) {
    const bool null_allowed = value.is_null() && schema.value("nullable", Json(false)) == Json(true);
    if (!null_allowed && !fits(rest, value)) continue;
    if (value.is_string()) {
      texts.push_back(value.get<std::string>());
    } else {
      nodes.push_back(syntax_.constant(value));
    }
  }
  if (!texts.empty()) nodes.push_back(words_as_strings(texts));
  if (nodes.empty()) return nothing(name + " has no value that is allowed");
  return grammar_.add_choice(std::move(nodes));
}

Node Compiler::words_as_strings(const std::vector<std::string>& words) {
  if (syntax_.writing() == engine::Writing::Raw) return syntax_.string(grammar_.add_words(words));
  std::vector<std::string> quoted;
  for (const std::string& word : words)
    quoted.push_back(Json(word).dump(-1, ' ', false, Json::error_handler_t::replace));
  return grammar_.add_words(quoted);
}

// Without a type the other keywords tell which one is meant.
std::vector<std::string> Compiler::types_of(const Json& schema) const {
  std::vector<std::string> types;
  const auto add = [&](const Json& type) {
    const std::string word = type.is_string() ? lower_case(type.get_ref<const std::string&>()) : "";
    for (const char* known : {"string", "number", "integer", "boolean", "null", "array", "object"})
      if (word == known && std::find(types.begin(), types.end(), word) == types.end()) types.push_back(word);
  };
  if (const auto type = schema.find("type"); type != schema.end()) {
    if (type->is_array()) {
      for (const Json& entry : *type)
        add(entry);
    } else {
      add(*type);
    }
  } else {
    const auto has_any = [&](std::initializer_list<const char*> keys) {
      return std::any_of(keys.begin(), keys.end(), [&](const char* key) { return schema.contains(key); });
    };
    if (has_any({"properties", "required", "additionalProperties"})) {
      add("object");
    } else if (has_any({"items", "prefixItems", "minItems", "maxItems"})) {
      add("array");
    } else if (has_any({"minLength", "maxLength", "pattern", "format"})) {
      add("string");
    } else if (has_any({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})) {
      add("number");
    }
  }
  if (!types.empty() && schema.value("nullable", Json(false)) == Json(true)) add("null");
  return types;
}

std::optional<Node> Compiler::typed(const Json& schema, const std::string& type, const std::string& name, int depth) {
  if (type == "string") return string(schema, name);
  if (type == "integer" || type == "number") return number(schema, type == "integer", name);
  if (type == "boolean") return grammar_.add_words({"true", "false"});
  if (type == "null") return grammar_.add_words({"null"});
  return type == "array" ? array(schema, name, depth) : object(schema, name, depth);
}

std::optional<Node> Compiler::string(const Json& schema, const std::string& name) {
  const std::uint32_t least = count_of(schema, "minLength").value_or(0);
  const std::optional<std::uint32_t> most = count_of(schema, "maxLength");
  if (most && *most < least) return nothing(name + " would have to be longer than it may be");
  std::string pattern =
      schema.contains("pattern") && schema["pattern"].is_string() ? schema["pattern"].get<std::string>() : "";
  if (const auto format = schema.find("format"); pattern.empty() && format != schema.end() && format->is_string()) {
    const std::map<std::string, std::string> all = formats();
    const auto known = all.find(format->get<std::string>());
    if (known != all.end()) {
      pattern = known->second;
    } else {
      note(name, "the format '" + format->get<std::string>() + "' is not held.");
    }
  }
  if (!pattern.empty()) {
    auto automaton = engine::pattern_automaton(pattern, syntax_.writing(), {least, most});
    if (automaton.ok()) return syntax_.string(grammar_.add_automaton(*std::move(automaton)));
    note(name, "its pattern is not held: " + automaton.error().message + ".");
  }
  if (least == 0 && !most) return free_text();
  return syntax_.string(grammar_.add_text(syntax_.writing(), least, most.value_or(Grammar::kNoLimit)));
}

std::optional<Node> Compiler::number(const Json& schema, bool whole, const std::string& name) {
  engine::NumberForm form;
  form.whole = whole;
  form.least = number_of(schema, "minimum");
  form.most = number_of(schema, "maximum");
  // A number of its own, or a word about the bound beside it in older schemas.
  const auto exclusive = [&](const char* key, std::optional<double>& bound, bool& excludes, bool is_lower) {
    if (const auto own = number_of(schema, key)) {
      const bool is_tighter = !bound || (is_lower ? *own >= *bound : *own <= *bound);
      if (!is_tighter) return;
      bound = own;
      excludes = true;
    } else if (schema.value(key, Json(false)) == Json(true)) {
      excludes = bound.has_value();
    }
  };
  exclusive("exclusiveMinimum", form.least, form.excludes_least, true);
  exclusive("exclusiveMaximum", form.most, form.excludes_most, false);
  if (const auto step = number_of(schema, "multipleOf"); step && !(whole && *step == 1))
    note(name, "'multipleOf' is not held.");
  if (!whole && !form.least && !form.most) return free_number();
  auto automaton = engine::number_automaton(form);
  if (!automaton) return nothing(name + " has no number between its bounds that can be written");
  return grammar_.add_automaton(*std::move(automaton));
}

std::optional<Node> Compiler::array(const Json& schema, const std::string& name, int depth) {
  const std::uint32_t least = count_of(schema, "minItems").value_or(0);
  std::uint32_t most = count_of(schema, "maxItems").value_or(Grammar::kNoLimit);
  if (schema.value("uniqueItems", Json(false)) == Json(true)) note(name, "'uniqueItems' is not held.");
  // Items with forms of their own come first.
  std::vector<Json> heads;
  const Json list = schema.value("items", Json());
  for (const Json& head : schema.contains("prefixItems") ? schema["prefixItems"]
                          : list.is_array()              ? list
                                                         : Json::array())
    heads.push_back(head);
  const bool has_rest = !list.is_array() && (heads.empty() || !list.is_null() || least > heads.size());
  Node item = kNone;
  if (has_rest && most > heads.size())
    item = value(list.is_null() ? Json(true) : list, name + "[]", depth + 1).value_or(kNone);
  if (item == kNone) most = std::min(most, static_cast<std::uint32_t>(heads.size()));
  std::vector<Node> nodes;
  for (std::size_t i = 0; i < heads.size() && i < most; ++i) {
    const auto node = value(heads[i], name + "[" + std::to_string(i) + "]", depth + 1);
    if (!node) {
      most = static_cast<std::uint32_t>(i);
      item = kNone;
      break;
    }
    nodes.push_back(*node);
  }
  if (least > most) return nothing(name + " would have to have more items than it may have");
  if (nodes.empty()) {
    if (item == kNone) return syntax_.constant(Json::array());
    return syntax_.list({item, syntax_.behind_comma(item), least, most});
  }
  // From the last to the first: each may be missing with all behind it, once there are enough.
  const auto count = static_cast<std::uint32_t>(nodes.size());
  Node tail = grammar_.add_sequence({});
  if (item != kNone) {
    const Node next = syntax_.behind_comma(item);
    tail = grammar_.add_repeat(
        {next, next, least > count ? least - count : 0, most == Grammar::kNoLimit ? most : most - count});
  }
  for (std::uint32_t i = count; i-- > 0;) {
    tail = grammar_.add_sequence({i == 0 ? nodes[i] : syntax_.behind_comma(nodes[i]), tail});
    if (i >= least) tail = grammar_.add_choice({grammar_.add_sequence({}), tail});
  }
  return grammar_.add_sequence({grammar_.add_words({"["}), tail, grammar_.add_words({"]"})});
}

std::optional<Node> Compiler::object(const Json& schema, const std::string& name, int depth) {
  const Json properties = schema.value("properties", Json::object());
  std::set<std::string> required;
  for (const Json& key : schema.value("required", Json::array()))
    if (key.is_string()) required.insert(key.get<std::string>());
  const bool has_patterns = schema.contains("patternProperties") || schema.contains("propertyNames");
  const Json additional = schema.value("additionalProperties", Json());
  const bool is_open = additional.is_null() ? !schema.contains("properties") && !has_patterns
                                            : additional != Json(false) && !has_patterns;
  std::vector<std::string> keys;
  std::vector<Grammar::Member> members;
  const auto add = [&](const std::string& key, const Json& property, bool is_required) -> bool {
    keys.push_back(key);
    if (!is_required && members.size() >= Grammar::kMostMembers) {
      note(name, "of its properties only " + std::to_string(Grammar::kMostMembers) + " can be given.");
      return true;
    }
    const auto node = value(property, name + "." + key, depth + 1);
    if (node && members.size() < Grammar::kMostMembers) {
      members.push_back(syntax_.member(key, *node, is_required));
      return true;
    }
    return !is_required;
  };
  // Those that have to be there have their places first.
  for (const std::string& key : required) {
    const bool is_declared = properties.is_object() && properties.contains(key);
    if (!is_declared && additional == Json(false)) return nothing(name + "." + key + " is required and forbidden");
    const Json other = additional.is_object() ? additional : Json(true);
    if (!add(key, is_declared ? properties[key] : other, true))
      return nothing(name + "." + key + " is required and can not be given");
  }
  if (properties.is_object())
    for (const auto& [key, property] : properties.items())
      if (!required.contains(key)) add(key, property, false);
  std::optional<Grammar::Member> others;
  if (is_open)
    if (const auto node = value(additional.is_object() ? additional : Json(true), name + ".*", depth + 1))
      others = syntax_.other_member(keys, *node);
  if (count_of(schema, "minProperties").value_or(0) > required.size()) note(name, "'minProperties' is not held.");
  if (const auto most = count_of(schema, "maxProperties"); most && (others || *most < members.size()))
    note(name, "'maxProperties' is not held.");
  return syntax_.object(std::move(members), others);
}

Node Compiler::free_text() {
  if (!free_text_) free_text_ = syntax_.string(grammar_.add_text(syntax_.writing()));
  return *free_text_;
}

Node Compiler::free_number() {
  if (!free_number_) free_number_ = grammar_.add_automaton(*engine::number_automaton({}));
  return *free_number_;
}

Node Compiler::any(int depth) {
  depth = std::max(depth, 0);
  if (const auto known = any_.find(depth); known != any_.end()) return known->second;
  std::vector<Node> nodes = {free_text(), free_number(), grammar_.add_words({"true", "false", "null"})};
  if (depth > 0) {
    const Node item = any(depth - 1);
    nodes.push_back(syntax_.list({item, syntax_.behind_comma(item)}));
    nodes.push_back(any_object(depth));
  }
  return any_[depth] = grammar_.add_choice(std::move(nodes));
}

Node Compiler::any_object(int depth) {
  return syntax_.object({}, syntax_.other_member({}, any(depth - 1)));
}

}  // namespace

Result<SchemaGrammar> schema_grammar(Grammar& grammar, Syntax syntax, const Json& schema, const std::string& name) {
  if (!schema.is_object() && !schema.is_boolean())
    return Error{Error::Code::InvalidInput, "The schema of " + name + " is neither an object nor true or false."};
  Compiler compiler(grammar, syntax, schema);
  const auto node = compiler.value(schema, name, 0);
  if (!node)
    return Error{Error::Code::InvalidInput, "Nothing can fit the schema of " + name + ": " + compiler.reason() + "."};
  return SchemaGrammar{*node, compiler.problems()};
}

Node free_object(Grammar& grammar, Syntax syntax) {
  const Json anything = true;
  return Compiler(grammar, syntax, anything).any_object(kFreeDepth);
}

}  // namespace facet::agent
