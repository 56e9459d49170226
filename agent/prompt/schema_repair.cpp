#include "agent/prompt/schema_repair.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/prompt/text_rules.h"

namespace facet::agent {
namespace {

// References can repeat each other and multiply. Deeper or larger schemas lose their innermost parts, which the model
// could not make use of anyway.
constexpr int kMaxDepth = 16;
constexpr int kMaxSchemas = 4000;

bool has_type(const Json& schema, std::string_view name) {
  if (!schema.is_object()) return false;
  const auto type = schema.find("type");
  return type != schema.end() && type->is_string() && lower_case(type->get_ref<const std::string&>()) == name;
}

class Repair {
 public:
  explicit Repair(const Json& root) : root_(root) {}

  // `schema` describes a property, the parameters as a whole, or the items of an array.
  Json schema(const Json& schema, int depth) {
    if (!schema.is_object()) return schema;
    if (depth > kMaxDepth || ++schemas_ > kMaxSchemas) return Json::object({{"type", "object"}});
    Json repaired = followed(schema);
    drop_null(repaired, "description");
    single_type(repaired);
    if (has_type(repaired, "object")) object_fields(repaired, depth);
    if (repaired.contains("items")) repaired["items"] = items(repaired["items"], depth + 1);
    return repaired;
  }

 private:
  // Replaces a reference or a choice with one real branch by what it stands for. The description beside it wins.
  Json followed(const Json& schema) const {
    Json current = schema;
    for (int step = 0; step < kMaxDepth && lacks_type(current); ++step) {
      std::optional<Json> target = referenced(current);
      bool nullable = false;
      if (!target) target = single_branch(current, nullable);
      if (!target || !target->is_object()) break;
      for (const char* keyword : {"$ref", "anyOf", "oneOf", "allOf"})
        current.erase(keyword);
      for (const auto& [key, value] : target->items()) {
        if (!current.contains(key) || current[key].is_null()) current[key] = value;
      }
      if (nullable) current["nullable"] = true;
    }
    return current;
  }

  static bool lacks_type(const Json& schema) { return !schema.contains("type") || schema["type"].is_null(); }

  std::optional<Json> referenced(const Json& schema) const {
    const auto found = schema.find("$ref");
    if (found == schema.end() || !found->is_string()) return std::nullopt;
    const auto& reference = found->get_ref<const std::string&>();
    if (!reference.starts_with("#/")) return std::nullopt;
    const Json* at = &root_;
    for (std::size_t begin = 2; begin <= reference.size();) {
      const std::size_t end = std::min(reference.find('/', begin), reference.size());
      const std::string key = reference.substr(begin, end - begin);
      if (!at->is_object() || !at->contains(key)) return std::nullopt;
      at = &(*at)[key];
      begin = end + 1;
    }
    return *at;
  }

  static std::optional<Json> single_branch(const Json& schema, bool& nullable) {
    for (const char* keyword : {"anyOf", "oneOf", "allOf"}) {
      const auto found = schema.find(keyword);
      if (found == schema.end() || !found->is_array()) continue;
      std::vector<const Json*> branches;
      for (const Json& branch : *found) {
        if (has_type(branch, "null")) {
          nullable = true;
        } else {
          branches.push_back(&branch);
        }
      }
      if (branches.size() == 1) return *branches.front();
      nullable = false;
    }
    return std::nullopt;
  }

  static void drop_null(Json& object, const char* key) {
    if (object.contains(key) && object[key].is_null()) object.erase(key);
  }

  static void single_type(Json& schema) {
    if (!schema.contains("type") || !schema["type"].is_array()) return;
    const Json types = schema["type"];
    schema.erase("type");
    for (const Json& type : types) {
      if (type == "null") {
        schema["nullable"] = true;
      } else if (!schema.contains("type")) {
        schema["type"] = type;
      }
    }
  }

  void object_fields(Json& schema, int depth) {
    if (schema.contains("properties") && schema["properties"].is_object()) {
      for (auto& [name, property] : schema["properties"].items())
        property = this->schema(property, depth + 1);
      return;
    }
    Json kept = Json::object();
    for (const char* keyword : {"description", "type", "required", "nullable"}) {
      if (schema.contains(keyword)) kept[keyword] = schema[keyword];
    }
    schema = std::move(kept);
  }

  // The template writes lists of types inside `items` properly and everything else there generically, so only
  // references and the properties need work.
  Json items(const Json& items, int depth) {
    if (!items.is_object()) return items;
    if (depth > kMaxDepth || ++schemas_ > kMaxSchemas) return Json::object({{"type", "object"}});
    Json repaired = followed(items);
    if (repaired.contains("properties") && repaired["properties"].is_object()) {
      for (auto& [name, property] : repaired["properties"].items())
        property = schema(property, depth + 1);
    }
    if (repaired.contains("items")) repaired["items"] = this->items(repaired["items"], depth + 1);
    repaired.erase("$defs");
    repaired.erase("definitions");
    return repaired;
  }

  const Json& root_;
  int schemas_ = 0;
};

}  // namespace

Json repair_tool(const Json& tool) {
  if (!tool.is_object() || !tool.contains("function") || !tool["function"].is_object()) return tool;
  Json repaired = tool;
  Json& function = repaired["function"];
  if (function.contains("description") && function["description"].is_null()) function.erase("description");
  if (function.contains("parameters") && function["parameters"].is_object() && !function["parameters"].empty()) {
    Json parameters = function["parameters"];
    if (!parameters.contains("type") || parameters["type"].is_null()) parameters["type"] = "object";
    function["parameters"] = Repair(function["parameters"]).schema(parameters, /*depth=*/0);
  }
  if (function.contains("response")) {
    const Json& response = function["response"];
    if (!has_type(response, "object")) function.erase("response");
  }
  return repaired;
}

}  // namespace facet::agent
