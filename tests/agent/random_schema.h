#pragma once

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

// Schemas drawn at random, each of which something fits.
namespace random_schema {

using Json = nlohmann::json;

class Drawn {
 public:
  explicit Drawn(std::uint64_t seed) : random_(seed) {}

  // Of a tool: an object with some properties.
  Json parameters() { return object(3); }

  Json value(int depth) {
    const Json schema = plain(depth);
    if (one_in(8) && schema.contains("type") && schema["type"].is_string()) {
      Json nullable = schema;
      nullable["nullable"] = true;
      return nullable;
    }
    return schema;
  }

  std::uint64_t up_to(std::uint64_t most) { return random_() % (most + 1); }

 private:
  bool one_in(std::uint64_t count) { return up_to(count - 1) == 0; }

  Json plain(int depth) {
    switch (up_to(depth > 0 ? 11 : 6)) {
      case 0:
        return string();
      case 1:
        return integer();
      case 2:
        return number();
      case 3:
        return {{"type", "boolean"}};
      case 4:
        return choice();
      case 5:
        return {{"type", Json::array({"string", "integer", "null"})}};
      case 6:
        return one_in(2) ? Json{{"const", words()[up_to(words().size() - 1)]}} : Json::object();
      case 7:
      case 8:
        return array(depth);
      case 9:
        return {{"anyOf", Json::array({value(depth - 1), value(depth - 1), string()})}};
      case 10:
        return {{"allOf", Json::array({{{"type", "string"}, {"minLength", 2}}, {{"maxLength", 2 + up_to(5)}}})}};
      default:
        return object(depth - 1);
    }
  }

  static const std::vector<std::string>& words() {
    static const std::vector<std::string> all = {
        "", "celsius", "fahrenheit", "a b", "x{y}", "say \"hi\"", "back\\s", "grün", "a,b:c", "<|\"|>", "line\nbreak"};
    return all;
  }

  Json string() {
    Json schema = {{"type", "string"}};
    static const std::vector<std::string> kPatterns = {"^[a-z]{2,5}$", "^\\d+(\\.\\d+)?$", "[A-Z]", "^(ab|cd)*$",
                                                       "^[^\\s\"]+$"};
    const std::uint64_t kind = up_to(5);
    if (kind == 0) schema["pattern"] = kPatterns[up_to(kPatterns.size() - 1)];
    if (kind == 1) schema["minLength"] = up_to(12);
    if (kind == 2) schema["maxLength"] = up_to(20);
    if (kind == 3) {
      const std::uint64_t least = up_to(10);
      schema["minLength"] = least;
      schema["maxLength"] = least + up_to(10);
    }
    return schema;
  }

  Json integer() {
    Json schema = {{"type", "integer"}};
    const auto least = static_cast<std::int64_t>(up_to(2000)) - 1000;
    if (one_in(2)) schema["minimum"] = least;
    if (one_in(2)) schema["maximum"] = least + static_cast<std::int64_t>(up_to(5000));
    return schema;
  }

  Json number() {
    Json schema = {{"type", "number"}};
    const double least = (static_cast<double>(up_to(4000)) - 2000) / 8;
    if (one_in(2)) schema[one_in(2) ? "minimum" : "exclusiveMinimum"] = least;
    if (one_in(2)) schema[one_in(2) ? "maximum" : "exclusiveMaximum"] = least + 0.5 + static_cast<double>(up_to(100));
    return schema;
  }

  Json choice() {
    Json values = Json::array();
    for (std::uint64_t left = 1 + up_to(3); left > 0; --left) {
      switch (up_to(5)) {
        case 0:
          values.push_back(static_cast<std::int64_t>(up_to(200)) - 100);
          break;
        case 1:
          values.push_back(static_cast<double>(up_to(100)) / 8);
          break;
        case 2:
          values.push_back(Json{{"k", Json::array({1, "two", nullptr})}, {"a b", true}});
          break;
        default:
          values.push_back(words()[up_to(words().size() - 1)]);
      }
    }
    return {{"enum", values}};
  }

  Json array(int depth) {
    Json schema = {{"type", "array"}, {"items", value(depth - 1)}};
    const std::uint64_t least = up_to(2);
    if (one_in(2)) schema["minItems"] = least;
    if (one_in(2)) schema["maxItems"] = least + up_to(3);
    if (one_in(5)) schema["prefixItems"] = Json::array({value(0), value(0)});
    return schema;
  }

  Json object(int depth) {
    static const std::vector<std::string> kKeys = {"path",  "first_line", "Query", "unit", "a", "ab",
                                                   "x-y.z", "with space", "näme",  "k:v",  "",  "quote\""};
    Json schema = {{"type", "object"}};
    for (std::uint64_t left = up_to(5); left > 0; --left) {
      const std::string& key = kKeys[up_to(kKeys.size() - 1)];
      schema["properties"][key] = value(depth - 1);
      if (one_in(2)) schema["required"].push_back(key);
    }
    if (one_in(3)) schema["additionalProperties"] = false;
    if (one_in(6)) schema["additionalProperties"] = integer();
    if (one_in(6)) schema["additionalProperties"] = true;
    return schema;
  }

  std::mt19937_64 random_;
};

}  // namespace random_schema
