#include "app/cli/ids_file.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "app/paths.h"

namespace facet::app::cli {

Result<std::vector<engine::Token>> read_ids_file(const std::filesystem::path& path) {
  FACET_ASSIGN_OR_RETURN(const std::string text, read_text_file(path));
  const nlohmann::json ids = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const Error wrong{Error::Code::InvalidInput, path.string() + " is not a JSON array of token ids."};
  if (!ids.is_array()) return wrong;
  std::vector<engine::Token> tokens;
  tokens.reserve(ids.size());
  for (const nlohmann::json& id : ids) {
    if (!id.is_number_integer()) return wrong;
    const std::int64_t value = id.get<std::int64_t>();
    if (value < 0 || value > std::numeric_limits<engine::Token>::max()) return wrong;
    tokens.push_back(static_cast<engine::Token>(value));
  }
  return tokens;
}

std::string ids_json(const std::vector<engine::Token>& ids) {
  return nlohmann::json(ids).dump() + "\n";
}

}  // namespace facet::app::cli
