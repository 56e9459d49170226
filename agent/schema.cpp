#include "agent/schema.h"

#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

namespace facet::agent {
namespace {

// Arguments come from a model, so their nesting is bounded before it is followed.
constexpr int kMaxDepth = 32;

Error wrong(const std::string& sentence) {
  return {Error::Code::InvalidInput, sentence};
}

std::string shown(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// "path.lines[2]"; the whole is "the arguments".
std::string child_name(const std::string& parent, const std::string& key) {
  return parent.empty() ? key : parent + "." + key;
}
std::string subject(const std::string& name) {
  return name.empty() ? "the arguments" : name;
}

std::optional<Json> as_number(const std::string& text) {
  const Json parsed = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return parsed.is_number() ? std::optional(parsed) : std::nullopt;
}

// A whole float in the range where every integer is exact.
std::optional<Json> as_integer(const Json& value) {
  if (value.is_number_integer()) return value;
  if (value.is_string()) {
    const std::optional<Json> number = as_number(value.get_ref<const std::string&>());
    return number && !number->is_string() ? as_integer(*number) : std::nullopt;
  }
  if (!value.is_number_float()) return std::nullopt;
  const double number = value.get<double>();
  if (std::trunc(number) != number || std::abs(number) > 0x1p53) return std::nullopt;
  return Json(static_cast<std::int64_t>(number));
}

// The value as the type wants it, harmless differences mended; nothing when it is of another type.
std::optional<Json> mended(const std::string& type, const Json& value) {
  if (type == "integer") return as_integer(value);
  if (type == "number") {
    if (value.is_number()) return value;
    return value.is_string() ? as_number(value.get_ref<const std::string&>()) : std::nullopt;
  }
  if (type == "string") {
    if (value.is_string()) return value;
    return value.is_number() || value.is_boolean() ? std::optional(Json(shown(value))) : std::nullopt;
  }
  if (type == "boolean") {
    if (value.is_boolean()) return value;
    if (value == "true") return Json(true);
    return value == "false" ? std::optional(Json(false)) : std::nullopt;
  }
  if (type == "null") return value.is_null() ? std::optional(value) : std::nullopt;
  if (type == "array") return value.is_array() ? std::optional(value) : std::nullopt;
  if (type == "object") return value.is_object() ? std::optional(value) : std::nullopt;
  return value;  // a type word that is unknown constrains nothing
}

std::optional<double> limit(const Json& schema, const char* key) {
  const auto found = schema.find(key);
  if (found == schema.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::string plain(double number) {
  return std::trunc(number) == number && std::abs(number) < 1e15 ? std::to_string(static_cast<std::int64_t>(number))
                                                                 : shown(Json(number));
}

// "an integer of at least 1", "a number of 0 to 1", "a string", "null".
std::string described(const Json& schema, const std::string& type) {
  if (type == "null") return type;
  const bool vowel = !type.empty() && std::string_view("aeiou").find(type[0]) != std::string_view::npos;
  const std::string text = (vowel ? "an " : "a ") + type;
  if (type != "integer" && type != "number") return text;
  const std::optional<double> least = limit(schema, "minimum");
  const std::optional<double> most = limit(schema, "maximum");
  if (least && most) return text + " of " + plain(*least) + " to " + plain(*most);
  if (least) return text + " of at least " + plain(*least);
  return most ? text + " of at most " + plain(*most) : text;
}

Result<Json> check(const Json& schema, const Json& value, const std::string& name, int depth);

std::vector<std::string> types_of(const Json& schema) {
  std::vector<std::string> types;
  const auto type = schema.find("type");
  if (type == schema.end()) return types;
  if (type->is_string()) types.push_back(type->get<std::string>());
  if (type->is_array()) {
    for (const Json& entry : *type)
      if (entry.is_string()) types.push_back(entry.get<std::string>());
  }
  if (!types.empty() && schema.value("nullable", Json(false)) == Json(true)) types.emplace_back("null");
  return types;
}

Error wrong_type(const Json& schema, const std::string& name) {
  std::string wanted;
  for (const std::string& type : types_of(schema))
    wanted += (wanted.empty() ? "" : " or ") + described(schema, type);
  return wrong(subject(name) + " must be " + (wanted.empty() ? described(schema, "number") : wanted));
}

Result<Json> check_type(const Json& schema, const Json& value, const std::string& name) {
  const std::vector<std::string> types = types_of(schema);
  if (types.empty()) return value;
  // An exact match of any listed type wins over a mended value of an earlier one.
  for (const std::string& type : types) {
    if (const auto exact = mended(type, value); exact && *exact == value && exact->type() == value.type()) return value;
  }
  for (const std::string& type : types) {
    if (auto fitting = mended(type, value)) return *std::move(fitting);
  }
  return wrong_type(schema, name);
}

std::size_t code_points(const std::string& text) {
  std::size_t count = 0;
  for (const char c : text)
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++count;
  return count;
}

// A number of characters or items between two limits, either of which may be missing.
Status check_count(const Json& schema, const char* least_key, const char* most_key, std::size_t count,
                   const std::string& name, const std::string& unit) {
  const std::optional<double> least = limit(schema, least_key);
  const std::optional<double> most = limit(schema, most_key);
  const auto sentence = [&](const char* bound, double number) {
    return wrong(subject(name) + " must have at " + bound + " " + plain(number) + " " + unit +
                 (number == 1 ? "" : "s"));
  };
  const auto amount = static_cast<double>(count);
  if (least && amount < *least) return sentence("least", *least);
  if (most && amount > *most) return sentence("most", *most);
  return {};
}

Status check_limits(const Json& schema, const Json& value, const std::string& name) {
  if (value.is_string())
    return check_count(schema, "minLength", "maxLength", code_points(value.get_ref<const std::string&>()), name,
                       "character");
  if (value.is_array()) return check_count(schema, "minItems", "maxItems", value.size(), name, "item");
  if (!value.is_number()) return {};
  const auto number = value.get<double>();
  const bool too_small = number < limit(schema, "minimum").value_or(number);
  const bool too_large = number > limit(schema, "maximum").value_or(number);
  return too_small || too_large ? Status(wrong_type(schema, name)) : Status();
}

Status check_choice(const Json& schema, const Json& value, const std::string& name) {
  if (const auto only = schema.find("const"); only != schema.end() && *only != value)
    return wrong(subject(name) + " must be " + shown(*only));
  const auto choices = schema.find("enum");
  if (choices == schema.end() || !choices->is_array()) return {};
  std::string listed;
  for (const Json& choice : *choices) {
    if (choice == value) return {};
    listed += (listed.empty() ? "" : ", ") + shown(choice);
  }
  return wrong(subject(name) + " must be one of " + listed);
}

Result<Json> check_object(const Json& schema, const Json& object, const std::string& name, int depth) {
  static const Json kNothing = Json::object();
  const auto declared = schema.find("properties");
  const Json& properties = declared != schema.end() && declared->is_object() ? *declared : kNothing;
  if (const auto required = schema.find("required"); required != schema.end() && required->is_array()) {
    for (const Json& key : *required) {
      if (key.is_string() && !object.contains(key.get<std::string>()))
        return wrong(child_name(name, key.get<std::string>()) + " is missing");
    }
  }
  const auto additional = schema.find("additionalProperties");
  Json checked = Json::object();
  for (const auto& [key, value] : object.items()) {
    const std::string child = child_name(name, key);
    if (const auto property = properties.find(key); property != properties.end()) {
      FACET_ASSIGN_OR_RETURN(checked[key], check(*property, value, child, depth + 1));
    } else if (additional != schema.end() && additional->is_object()) {
      FACET_ASSIGN_OR_RETURN(checked[key], check(*additional, value, child, depth + 1));
    } else if (additional != schema.end() && *additional == Json(false)) {
      return wrong(child + " is not a known argument");
    } else {
      checked[key] = value;
    }
  }
  return checked;
}

Result<Json> check_items(const Json& schema, const Json& array, const std::string& name, int depth) {
  const auto items = schema.find("items");
  if (items == schema.end() || !items->is_object()) return array;
  Json checked = Json::array();
  for (std::size_t i = 0; i < array.size(); ++i) {
    FACET_ASSIGN_OR_RETURN(Json item,
                           check(*items, array[i], subject(name) + "[" + std::to_string(i) + "]", depth + 1));
    checked.push_back(std::move(item));
  }
  return checked;
}

Result<Json> check_any_of(const Json& branches, const Json& value, const std::string& name, int depth) {
  std::string last = subject(name) + " has no form that is allowed";
  for (const Json& branch : branches) {
    Result<Json> checked = check(branch, value, name, depth + 1);
    if (checked.ok()) return checked;
    last = checked.error().message;
  }
  return wrong(last);
}

Result<Json> check(const Json& schema, const Json& value, const std::string& name, int depth) {
  if (depth > kMaxDepth) return wrong(subject(name) + " is nested too deeply");
  if (!schema.is_object()) return value;
  FACET_ASSIGN_OR_RETURN(Json checked, check_type(schema, value, name));
  if (const auto branches = schema.find("anyOf"); branches != schema.end() && branches->is_array()) {
    FACET_ASSIGN_OR_RETURN(checked, check_any_of(*branches, checked, name, depth));
  }
  FACET_RETURN_IF_ERROR(check_choice(schema, checked, name));
  FACET_RETURN_IF_ERROR(check_limits(schema, checked, name));
  if (checked.is_object()) return check_object(schema, checked, name, depth);
  if (checked.is_array()) return check_items(schema, checked, name, depth);
  return checked;
}

}  // namespace

Result<Json> check_arguments(const Json& schema, const Json& arguments) {
  if (!arguments.is_object()) return wrong("the arguments must be an object");
  return check(schema, arguments, /*name=*/{}, /*depth=*/0);
}

}  // namespace facet::agent
