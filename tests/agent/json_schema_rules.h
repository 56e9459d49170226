#pragma once

#include <QRegularExpression>
#include <QString>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

// JSON Schema's rules for the keywords that the random schemas of the tests use, word by word from the specification
// (2020-12), and nothing else: no mending, no defaults of ours.
namespace json_schema {

using Json = nlohmann::json;

inline bool has_type(const Json& value, const std::string& type) {
  if (type == "integer")
    return value.is_number_integer() || (value.is_number() && std::floor(value.get<double>()) == value.get<double>());
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "array") return value.is_array();
  return type == "object" && value.is_object();
}

bool is_valid(const Json& schema, const Json& value);

inline bool type_is_valid(const Json& schema, const Json& value) {
  if (value.is_null() && schema.value("nullable", false)) return true;  // of OpenAPI
  const Json& type = schema["type"];
  if (type.is_string()) return has_type(value, type.get<std::string>());
  for (const Json& one : type)
    if (has_type(value, one.get<std::string>())) return true;
  return false;
}

inline bool number_is_valid(const Json& schema, double number) {
  if (schema.contains("minimum") && number < schema["minimum"].get<double>()) return false;
  if (schema.contains("maximum") && number > schema["maximum"].get<double>()) return false;
  if (schema.contains("exclusiveMinimum") && number <= schema["exclusiveMinimum"].get<double>()) return false;
  return !schema.contains("exclusiveMaximum") || number < schema["exclusiveMaximum"].get<double>();
}

inline bool string_is_valid(const Json& schema, const std::string& text) {
  const QString characters = QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
  if (characters.toUtf8().toStdString() != text) return false;
  const auto count = static_cast<std::size_t>(characters.toUcs4().size());
  if (schema.contains("minLength") && count < schema["minLength"].get<std::size_t>()) return false;
  if (schema.contains("maxLength") && count > schema["maxLength"].get<std::size_t>()) return false;
  if (!schema.contains("pattern")) return true;
  const QString pattern = QString::fromStdString(schema["pattern"].get<std::string>());
  return QRegularExpression(pattern).match(characters).hasMatch();
}

inline bool array_is_valid(const Json& schema, const Json& array) {
  if (schema.contains("minItems") && array.size() < schema["minItems"].get<std::size_t>()) return false;
  if (schema.contains("maxItems") && array.size() > schema["maxItems"].get<std::size_t>()) return false;
  const std::size_t heads = schema.contains("prefixItems") ? schema["prefixItems"].size() : 0;
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (i < heads) {
      if (!is_valid(schema["prefixItems"][i], array[i])) return false;
    } else if (schema.contains("items") && !is_valid(schema["items"], array[i])) {
      return false;
    }
  }
  return true;
}

inline bool object_is_valid(const Json& schema, const Json& object) {
  for (const Json& key : schema.value("required", Json::array()))
    if (!object.contains(key.get<std::string>())) return false;
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [key, value] : object.items()) {
    if (properties.contains(key)) {
      if (!is_valid(properties[key], value)) return false;
    } else if (schema.contains("additionalProperties") && !is_valid(schema["additionalProperties"], value)) {
      return false;
    }
  }
  return true;
}

inline bool is_valid(const Json& schema, const Json& value) {
  if (schema.is_boolean()) return schema.get<bool>();
  if (schema.contains("const") && schema["const"] != value) return false;
  if (schema.contains("enum")) {
    bool found = false;
    for (const Json& one : schema["enum"])
      found = found || one == value;
    if (!found) return false;
  }
  if (schema.contains("anyOf")) {
    bool fits = false;
    for (const Json& branch : schema["anyOf"])
      fits = fits || is_valid(branch, value);
    if (!fits) return false;
  }
  for (const Json& part : schema.value("allOf", Json::array()))
    if (!is_valid(part, value)) return false;
  if (schema.contains("type") && !type_is_valid(schema, value)) return false;
  if (value.is_number() && !number_is_valid(schema, value.get<double>())) return false;
  if (value.is_string() && !string_is_valid(schema, value.get<std::string>())) return false;
  if (value.is_array() && !array_is_valid(schema, value)) return false;
  return !value.is_object() || object_is_valid(schema, value);
}

}  // namespace json_schema
