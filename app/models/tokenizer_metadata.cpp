#include "app/models/tokenizer_metadata.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "app/models/json_file.h"
#include "app/paths.h"

namespace facet::app::models {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxTokenizerBytes = std::uint64_t{128} << 20U;
constexpr std::uint64_t kMaxSmallBytes = std::uint64_t{16} << 20U;
// Token ids that can not be: they would make a list of tokens of any length.
constexpr std::uint32_t kMaxVocabulary = 1U << 22U;

enum TokenType : std::int32_t { kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

// Markers inside of an answer that programs read: other readers print these, and only these.
constexpr std::array<std::string_view, 7> kPrintedMarkers = {
    "<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", "<|tool_response>", "<tool_response|>", "<|\"|>"};

struct Vocabulary {
  std::vector<std::string> tokens;
  std::vector<std::int32_t> types;

  std::optional<std::uint32_t> find(std::string_view token) const {
    const auto found = std::find(tokens.begin(), tokens.end(), token);
    if (found == tokens.end()) return std::nullopt;
    return static_cast<std::uint32_t>(found - tokens.begin());
  }
};

Error refuse(const fs::path& path, const std::string& what) {
  return {Error::Code::CorruptFile, "'" + path.string() + "' can not be used: " + what + "."};
}

bool is_byte_token(std::string_view token) {
  return token.size() == 6 && token.starts_with("<0x") && token.ends_with('>') &&
         std::isxdigit(static_cast<unsigned char>(token[3])) != 0 &&
         std::isxdigit(static_cast<unsigned char>(token[4])) != 0;
}

Status put_token(const fs::path& path, const std::string& token, std::uint64_t id, std::int32_t type,
                 Vocabulary& vocabulary) {
  if (id >= vocabulary.tokens.size())
    return refuse(path, "the token '" + printable(token) + "' has the id " + std::to_string(id) + " where there are " +
                            std::to_string(vocabulary.tokens.size()) + " embeddings");
  vocabulary.tokens[id] = token;
  vocabulary.types[id] = type;
  return {};
}

Status add_base_tokens(const fs::path& path, const Json& model, Vocabulary& vocabulary) {
  const Json* list = member(model, "vocab");
  if (list == nullptr || !list->is_object()) return refuse(path, "it has no list of tokens");
  for (const auto& [token, value] : list->items()) {
    const std::optional<std::uint64_t> id = unsigned_value(value);
    if (!id) return refuse(path, "the token '" + printable(token) + "' has no id");
    FACET_RETURN_IF_ERROR(put_token(path, token, *id, is_byte_token(token) ? kByte : kNormal, vocabulary));
  }
  return {};
}

// Added tokens are found before text is split; special ones print nothing.
Status add_added_tokens(const fs::path& path, const Json& json, Vocabulary& vocabulary) {
  const Json* list = member(json, "added_tokens");
  if (list == nullptr) return {};
  for (const Json& added : *list) {
    const std::optional<std::string> token = string_of(added, "content");
    const std::optional<std::uint32_t> id = integer_of(added, "id");
    if (!token || !id) return refuse(path, "it has an added token without name or id");
    const bool special = boolean_of(added, "special").value_or(false);
    FACET_RETURN_IF_ERROR(put_token(path, *token, *id, special ? kControl : kUserDefined, vocabulary));
  }
  return {};
}

Result<Vocabulary> read_vocabulary(const fs::path& path, const Json& json, const Json& model,
                                   std::uint32_t vocabulary_size) {
  if (vocabulary_size > kMaxVocabulary)
    return refuse(path, "a vocabulary of " + std::to_string(vocabulary_size) + " tokens is too large");
  Vocabulary vocabulary{std::vector<std::string>(vocabulary_size), std::vector<std::int32_t>(vocabulary_size, kUnused)};
  FACET_RETURN_IF_ERROR(add_base_tokens(path, model, vocabulary));
  FACET_RETURN_IF_ERROR(add_added_tokens(path, json, vocabulary));
  for (std::uint32_t id = 0; id < vocabulary_size; ++id) {
    std::string& token = vocabulary.tokens[id];
    if (token.empty() && vocabulary.types[id] == kUnused) token = "[PAD" + std::to_string(id) + "]";
    if (std::find(kPrintedMarkers.begin(), kPrintedMarkers.end(), token) != kPrintedMarkers.end())
      vocabulary.types[id] = kUserDefined;
  }
  return vocabulary;
}

// "left right", as GGUF has them; in the file a pair or such a line.
Result<std::vector<std::string>> read_merges(const fs::path& path, const Json& model) {
  const Json* list = member(model, "merges");
  if (list == nullptr || !list->is_array()) return refuse(path, "it has no list of merges");
  std::vector<std::string> merges;
  merges.reserve(list->size());
  for (const Json& merge : *list) {
    const bool pair = merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
    if (!pair && !merge.is_string()) return refuse(path, "it has a merge that is no pair of tokens");
    merges.push_back(pair ? merge[0].get<std::string>() + " " + merge[1].get<std::string>() : merge.get<std::string>());
  }
  return merges;
}

// A special token by the name that tokenizer_config.json gives it, a string or an object around one.
void put_special_ids(const Json& config, const Vocabulary& vocabulary, engine::GgufMetadata& metadata) {
  struct Special {
    const char* name;
    const char* usual;
    const char* key;
  };
  constexpr std::array kSpecials = {
      Special{"bos_token", "<bos>", "bos"},     Special{"eos_token", "<eos>", "eos"},
      Special{"unk_token", "<unk>", "unknown"}, Special{"pad_token", "<pad>", "padding"},
      Special{"mask_token", "<mask>", "mask"},
  };
  for (const Special& special : kSpecials) {
    std::optional<std::string> token = string_of(config, special.name);
    if (const Json* object = member(config, special.name); !token && object != nullptr)
      token = string_of(*object, "content");
    if (const auto id = vocabulary.find(token.value_or(special.usual)))
      metadata.set_u32("tokenizer.ggml." + std::string(special.key) + "_token_id", *id);
  }
}

// A file of its own, or a string in the configuration; there a list of named ones is possible.
Result<std::optional<std::string>> read_chat_template(const fs::path& folder, const Json& config) {
  std::error_code ignored;
  const fs::path own = folder / "chat_template.jinja";
  if (fs::exists(own, ignored)) {
    FACET_ASSIGN_OR_RETURN(std::string text, read_text_file(own));
    return std::optional<std::string>(std::move(text));
  }
  FACET_ASSIGN_OR_RETURN(const auto wrapped, read_json_file_if_any(folder / "chat_template.json", kMaxSmallBytes));
  const Json* source = member(wrapped.value_or(Json()), "chat_template") != nullptr ? member(*wrapped, "chat_template")
                                                                                    : member(config, "chat_template");
  if (source == nullptr) return std::optional<std::string>();
  if (source->is_string()) return std::optional<std::string>(source->get<std::string>());
  if (!source->is_array()) return std::optional<std::string>();
  for (const Json& named : *source)
    if (string_of(named, "name") == "default") return string_of(named, "template");
  return std::optional<std::string>();
}

Status put_generation_config(const fs::path& folder, std::uint32_t vocabulary_size, engine::GgufMetadata& metadata) {
  const fs::path path = folder / "generation_config.json";
  FACET_ASSIGN_OR_RETURN(const auto json, read_json_file_if_any(path, kMaxSmallBytes));
  if (!json) return {};
  if (const auto top_k = integer_of(*json, "top_k"); top_k && *top_k <= 1U << 20U)
    metadata.set_i32("general.sampling.top_k", static_cast<std::int32_t>(*top_k));
  if (const auto top_p = number_of(*json, "top_p"))
    metadata.set_f32("general.sampling.top_p", static_cast<float>(*top_p));
  if (const auto temperature = number_of(*json, "temperature"))
    metadata.set_f32("general.sampling.temp", static_cast<float>(*temperature));
  const Json* suppressed = member(*json, "suppress_tokens");
  if (suppressed == nullptr) return {};
  std::vector<std::int32_t> ids;
  for (const Json& value : *suppressed) {
    const std::optional<std::uint64_t> id = unsigned_value(value);
    if (!id || *id >= vocabulary_size) return refuse(path, "'suppress_tokens' lists what is not a token");
    ids.push_back(static_cast<std::int32_t>(*id));
  }
  metadata.set_i32s("tokenizer.ggml.suppress_tokens", ids);
  return {};
}

}  // namespace

Status put_tokenizer(const fs::path& folder, std::uint32_t vocabulary_size, engine::GgufMetadata& metadata) {
  const fs::path path = folder / "tokenizer.json";
  FACET_ASSIGN_OR_RETURN(const Json json, read_json_file(path, kMaxTokenizerBytes));
  const Json* model = member(json, "model");
  if (model == nullptr) return refuse(path, "it describes no tokenizer");
  if (string_of(*model, "type").value_or("BPE") != "BPE")
    return refuse(path, "its tokenizer is not the one of Gemma 4");
  FACET_ASSIGN_OR_RETURN(const Vocabulary vocabulary, read_vocabulary(path, json, *model, vocabulary_size));
  FACET_ASSIGN_OR_RETURN(const std::vector<std::string> merges, read_merges(path, *model));
  FACET_ASSIGN_OR_RETURN(const auto config, read_json_file_if_any(folder / "tokenizer_config.json", kMaxSmallBytes));
  const Json none = Json::object();

  metadata.set_string("tokenizer.ggml.model", "gemma4");
  metadata.set_strings("tokenizer.ggml.tokens", vocabulary.tokens);
  // Merges alone decide; the scores are there because some readers expect them.
  metadata.set_f32s("tokenizer.ggml.scores", std::vector<float>(vocabulary.tokens.size(), -1000.0F));
  metadata.set_i32s("tokenizer.ggml.token_type", vocabulary.types);
  metadata.set_strings("tokenizer.ggml.merges", merges);
  put_special_ids(config ? *config : none, vocabulary, metadata);
  FACET_ASSIGN_OR_RETURN(const auto chat_template, read_chat_template(folder, config ? *config : none));
  if (chat_template) metadata.set_string("tokenizer.chat_template", *chat_template);
  metadata.set_bool("tokenizer.ggml.add_space_prefix", false);
  metadata.set_bool("tokenizer.ggml.add_bos_token", true);
  return put_generation_config(folder, vocabulary_size, metadata);
}

}  // namespace facet::app::models
