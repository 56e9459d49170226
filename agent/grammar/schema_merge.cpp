#include "agent/grammar/schema_merge.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace facet::agent {
namespace {

constexpr std::array<const char*, 4> kLowerLimits = {"minimum", "minLength", "minItems", "minProperties"};
constexpr std::array<const char*, 4> kUpperLimits = {"maximum", "maxLength", "maxItems", "maxProperties"};

template <std::size_t count>
bool is_one_of(const std::string& key, const std::array<const char*, count>& keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

std::vector<std::string> words_of(const Json& type) {
  std::vector<std::string> words;
  if (type.is_string()) words.push_back(type.get<std::string>());
  if (type.is_array())
    for (const Json& entry : type)
      if (entry.is_string()) words.push_back(entry.get<std::string>());
  return words;
}

Json common_types(const Json& one, const Json& other) {
  const std::vector<std::string> others = words_of(other);
  const auto has = [&](const char* name) { return std::find(others.begin(), others.end(), name) != others.end(); };
  Json common = Json::array();
  for (const std::string& type : words_of(one)) {
    if (has(type.c_str())) {
      common.push_back(type);
    } else if ((type == "number" && has("integer")) || (type == "integer" && has("number"))) {
      common.push_back("integer");
    }
  }
  return common;
}

Json common_values(const Json& one, const Json& other) {
  Json common = Json::array();
  for (const Json& value : one)
    if (std::find(other.begin(), other.end(), value) != other.end()) common.push_back(value);
  return common;
}

// A single value is a choice of one.
Json with_choice(const Json& schema) {
  Json copy = schema;
  if (!copy.contains("const")) return copy;
  const Json only = Json::array({copy["const"]});
  copy["enum"] = copy.contains("enum") && copy["enum"].is_array() ? common_values(copy["enum"], only) : only;
  copy.erase("const");
  return copy;
}

bool is_closed(const Json& schema) {
  return schema.value("additionalProperties", Json(true)) == Json(false);
}

Json properties_of(const Json& schema) {
  const Json properties = schema.value("properties", Json::object());
  return properties.is_object() ? properties : Json::object();
}

// What one of them does not let in is forbidden.
Json merged_properties(const Json& one, const Json& other) {
  Json merged = properties_of(one);
  const Json others = properties_of(other);
  for (const auto& [key, schema] : others.items())
    merged[key] = merged.contains(key) ? merged_schemas(merged[key], schema) : schema;
  for (const Json* closed : {&one, &other}) {
    if (!is_closed(*closed)) continue;
    const Json allowed = properties_of(*closed);
    for (auto& [key, schema] : merged.items())
      if (!allowed.contains(key)) schema = false;
  }
  return merged;
}

void merge_key(Json& merged, const std::string& key, const Json& value) {
  Json& before = merged[key];
  if (before == value) return;
  const bool are_numbers = before.is_number() && value.is_number();
  if (key == "type") {
    before = common_types(before, value);
  } else if (key == "enum" && before.is_array() && value.is_array()) {
    before = common_values(before, value);
  } else if (key == "required" && before.is_array() && value.is_array()) {
    for (const Json& name : value)
      if (std::find(before.begin(), before.end(), name) == before.end()) before.push_back(name);
  } else if (are_numbers && (is_one_of(key, kLowerLimits) || key == "exclusiveMinimum")) {
    before = std::max(before, value);
  } else if (are_numbers && (is_one_of(key, kUpperLimits) || key == "exclusiveMaximum")) {
    before = std::min(before, value);
  } else if (key == "items" || key == "additionalProperties") {
    before = merged_schemas(before, value);
  } else if (key == "allOf" && before.is_array() && value.is_array()) {
    before.insert(before.end(), value.begin(), value.end());
  } else if (key == "nullable") {
    before = before == Json(true) && value == Json(true);
  } else if (key == "anyOf" || key == "oneOf" || key == "$ref") {
    merged["allOf"].push_back({{key, value}});
  } else if (key == "pattern") {
    merged["a second pattern"] = value;
  }
}

}  // namespace

Json merged_schemas(const Json& one, const Json& other) {
  if (one == Json(false) || other == Json(false)) return false;
  if (!one.is_object()) return other;
  if (!other.is_object()) return one;
  Json merged = with_choice(one);
  const Json second = with_choice(other);
  for (const auto& [key, value] : second.items()) {
    if (key == "properties") continue;
    if (!merged.contains(key)) {
      merged[key] = value;
    } else {
      merge_key(merged, key, value);
    }
  }
  if (one.contains("properties") || other.contains("properties")) merged["properties"] = merged_properties(one, other);
  return merged;
}

const Json* referenced_schema(const Json& root, const std::string& reference) {
  if (reference == "#") return &root;
  if (!reference.starts_with("#/")) return nullptr;
  const Json* at = &root;
  for (std::size_t begin = 2; begin <= reference.size();) {
    const std::size_t end = std::min(reference.find('/', begin), reference.size());
    std::string key = reference.substr(begin, end - begin);
    for (const auto& [escape, sign] : {std::pair{"~1", "/"}, std::pair{"~0", "~"}})
      for (std::size_t place = key.find(escape); place != std::string::npos; place = key.find(escape, place + 1))
        key.replace(place, 2, sign);
    if (!at->is_object() || !at->contains(key)) return nullptr;
    at = &(*at)[key];
    begin = end + 1;
  }
  return at;
}

}  // namespace facet::agent
