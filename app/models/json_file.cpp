#include "app/models/json_file.h"

#include <algorithm>
#include <limits>
#include <system_error>

#include "engine/base/byte_reader.h"
#include "engine/base/mapped_file.h"

namespace facet::app::models {

namespace fs = std::filesystem;

Result<Json> read_json_file(const fs::path& path, std::uint64_t max_bytes) {
  FACET_ASSIGN_OR_RETURN(const std::unique_ptr<MappedFile> file, MappedFile::open(path));
  if (file->bytes().size() > max_bytes)
    return Error{Error::Code::CorruptFile, "'" + path.string() + "' has " + std::to_string(file->bytes().size()) +
                                               " bytes; at most " + std::to_string(max_bytes) + " are read."};
  std::optional<Json> json = parse_json(as_text(file->bytes()));
  if (!json) return Error{Error::Code::CorruptFile, "'" + path.string() + "' is not valid JSON."};
  return std::move(*json);
}

Result<std::optional<Json>> read_json_file_if_any(const fs::path& path, std::uint64_t max_bytes) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::optional<Json>();
  FACET_ASSIGN_OR_RETURN(Json json, read_json_file(path, max_bytes));
  return std::optional<Json>(std::move(json));
}

std::optional<Json> parse_json(std::string_view text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

const Json* member(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> string_of(const Json& object, std::string_view key) {
  const Json* value = member(object, key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get_ref<const std::string&>();
}

std::optional<bool> boolean_of(const Json& object, std::string_view key) {
  const Json* value = member(object, key);
  if (value == nullptr || !value->is_boolean()) return std::nullopt;
  return value->get<bool>();
}

std::optional<double> number_of(const Json& object, std::string_view key) {
  const Json* value = member(object, key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->get<double>();
}

std::optional<std::uint32_t> integer_of(const Json& object, std::string_view key) {
  const Json* value = member(object, key);
  const std::optional<std::uint64_t> number = value == nullptr ? std::nullopt : unsigned_value(*value);
  if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::optional<std::uint64_t> unsigned_value(const Json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  return value.get<std::uint64_t>();
}

std::string printable(std::string_view name) {
  std::string text(name.substr(0, 100));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace facet::app::models
