#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace facet::app::models {

using Json = nlohmann::json;

// JSON of untrusted files. Numbers out of range and values of the wrong kind count as absent here, so that the caller
// names what is missing.

// The document in a file of at most `max_bytes`; the error names the file.
Result<Json> read_json_file(const std::filesystem::path& path, std::uint64_t max_bytes);
// The same, and nothing when there is no such file.
Result<std::optional<Json>> read_json_file_if_any(const std::filesystem::path& path, std::uint64_t max_bytes);
// The document in a text; nothing when it is none.
std::optional<Json> parse_json(std::string_view text);

// The member of an object; null when there is none, when it is null, or when `object` is no object.
const Json* member(const Json& object, std::string_view key);
std::optional<std::string> string_of(const Json& object, std::string_view key);
std::optional<bool> boolean_of(const Json& object, std::string_view key);
std::optional<double> number_of(const Json& object, std::string_view key);
std::optional<std::uint32_t> integer_of(const Json& object, std::string_view key);

// A value as an unsigned integer, or nothing when it is none.
std::optional<std::uint64_t> unsigned_value(const Json& value);

// A name from a file as it may stand in a message: short, and without bytes that disturb a terminal.
std::string printable(std::string_view name);

}  // namespace facet::app::models
