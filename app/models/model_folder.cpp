#include "app/models/model_folder.h"

#include <algorithm>
#include <cstring>
#include <system_error>
#include <utility>

#include "app/models/json_file.h"
#include "app/models/text_config.h"
#include "app/models/tokenizer_metadata.h"
#include "engine/engine.h"
#include "engine/gguf/gguf_parts.h"
#include "engine/text/tokenizer.h"

namespace facet::app::models {

namespace fs = std::filesystem;

namespace {

// Without a slash at its end, so that the last part of the path names the model.
fs::path named(const fs::path& folder) {
  std::error_code ignored;
  const fs::path normal = fs::absolute(folder, ignored).lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

// The folder's name; in a download cache the one above, because snapshots are named by numbers:
// models--google--gemma-4-E2B-it/snapshots/1a2b3c.
std::string model_name(const fs::path& folder) {
  const std::string cached = folder.parent_path().parent_path().filename().string();
  const std::size_t owner = cached.rfind("--");
  if (folder.parent_path().filename() == "snapshots" && cached.starts_with("models--") && owner != std::string::npos)
    return cached.substr(owner + 2);
  return folder.filename().string();
}

Error refuse(const fs::path& folder, const std::string& what, Error::Code code = Error::Code::CorruptFile) {
  return {code, "The model in '" + folder.string() + "' can not be used: " + what + "."};
}

// Dimensions the other way round: the contiguous one comes first. A number without dimensions is a list of one.
Result<std::array<std::uint64_t, 4>> gguf_shape(const fs::path& folder, const SafeTensor& tensor) {
  std::array<std::uint64_t, 4> shape = {1, 1, 1, 1};
  if (tensor.shape.size() > shape.size())
    return refuse(folder, "the tensor '" + printable(tensor.name) + "' has " + std::to_string(tensor.shape.size()) +
                              " dimensions");
  std::copy(tensor.shape.rbegin(), tensor.shape.rend(), shape.begin());
  return shape;
}

// What becomes of one tensor of the folder; nothing when it is left out.
class TensorChooser {
 public:
  TensorChooser(const fs::path& folder, std::string prefix, const TextConfig& config)
      : folder_(folder), prefix_(std::move(prefix)), config_(config) {}

  Result<std::optional<TensorName>> choose(const SafeTensor& tensor) const {
    if (tensor.name == "lm_head.weight" || tensor.name == prefix_ + "lm_head.weight") {
      // A copy of the embedding table unless the configuration says otherwise.
      if (!config_.separate_head) return std::optional<TensorName>();
      return std::optional(TensorName{"output.weight", TensorRole::Embedding});
    }
    if (!tensor.name.starts_with(prefix_) || is_encoder_tensor(tensor.name)) return std::optional<TensorName>();
    std::optional<TensorName> name = gguf_name(std::string_view(tensor.name).substr(prefix_.size()));
    if (!name)
      return refuse(folder_, "Facet does not know what the tensor '" + printable(tensor.name) + "' is for",
                    Error::Code::Unsupported);
    if (is_unused_value(name->gguf)) return std::optional<TensorName>();
    if (!tensor.format)
      return refuse(folder_,
                    "the tensor '" + printable(tensor.name) + "' has the type " + printable(tensor.type) +
                        ", which Facet can not compute with",
                    Error::Code::Unsupported);
    return name;
  }

 private:
  // Where keys serve as values, a tensor for values is a leftover.
  bool is_unused_value(const std::string& name) const {
    if (!config_.values_are_keys || !name.ends_with(".attn_v.weight")) return false;
    const std::size_t layer = std::stoul(name.substr(4));
    return layer < config_.layers.size() && !config_.layers[layer].sliding;
  }

  const fs::path& folder_;
  std::string prefix_;
  const TextConfig& config_;
};

Status add_tensors(const Checkpoint& checkpoint, const TensorChooser& chooser, const fs::path& folder,
                   engine::GgufParts& parts, std::vector<TensorRole>& roles) {
  for (const SafeTensor& tensor : checkpoint.tensors()) {
    FACET_ASSIGN_OR_RETURN(const std::optional<TensorName> name, chooser.choose(tensor));
    if (!name) continue;
    FACET_ASSIGN_OR_RETURN(const auto shape, gguf_shape(folder, tensor));
    parts.tensors.push_back({{name->gguf, *tensor.format, shape}, tensor.data});
    roles.push_back(name->role);
  }
  return {};
}

// What full layers' angles are divided by: one for the pairs that rotate, and as good as infinity for the others.
void add_rope_factors(const TextConfig& config, engine::GgufParts& parts, std::vector<TensorRole>& roles) {
  const std::size_t pairs = config.full_head_dim / 2;
  const auto rotating = static_cast<std::size_t>(config.full_head_dim * config.rotated_part / 2);
  std::vector<std::byte> bytes(pairs * sizeof(float));
  for (std::size_t i = 0; i < pairs; ++i) {
    const float factor = i < rotating ? 1.0F : 1e30F;
    std::memcpy(bytes.data() + i * sizeof(float), &factor, sizeof(float));
  }
  parts.buffers.push_back(std::move(bytes));
  parts.tensors.push_back({{"rope_freqs.weight", engine::Format::F32, {pairs, 1, 1, 1}}, parts.buffers.back()});
  roles.push_back(TensorRole::Vector);
}

// Everything that opening a GGUF file would find wrong.
Status check_model(const engine::GgufFile& file) {
  FACET_ASSIGN_OR_RETURN(const engine::ModelDescription model, engine::describe_model(file));
  FACET_ASSIGN_OR_RETURN(const auto tokenizer, engine::Tokenizer::from_gguf(file));
  (void)model;
  (void)tokenizer;
  return {};
}

}  // namespace

Result<ModelFolder> open_model_folder(const fs::path& path) {
  const fs::path folder = named(path);
  FACET_ASSIGN_OR_RETURN(Checkpoint checkpoint, Checkpoint::open(folder));
  const std::optional<std::string> prefix = find_text_prefix(checkpoint);
  FACET_ASSIGN_OR_RETURN(const TextConfig config, read_text_config(folder, prefix.value_or(""), checkpoint));
  if (!prefix) return refuse(folder, "it has no embedding table");
  const SafeTensor* table = checkpoint.find(*prefix + "embed_tokens.weight");
  if (table->shape.size() != 2 || table->shape[0] > UINT32_MAX)
    return refuse(folder, "its embedding table is no matrix");

  ModelFolder opened;
  engine::GgufParts parts;
  parts.path = folder;
  parts.metadata.set_string("general.architecture", "gemma4");
  parts.metadata.set_string("general.type", "model");
  parts.metadata.set_string("general.name", model_name(folder));
  put_config(config, parts.metadata);
  FACET_RETURN_IF_ERROR(put_tokenizer(folder, static_cast<std::uint32_t>(table->shape[0]), parts.metadata));
  FACET_RETURN_IF_ERROR(add_tensors(checkpoint, TensorChooser(folder, *prefix, config), folder, parts, opened.roles));
  add_rope_factors(config, parts, opened.roles);
  parts.files = checkpoint.take_files();
  opened.metadata = parts.metadata;
  FACET_ASSIGN_OR_RETURN(opened.file, engine::GgufFile::assemble(std::move(parts)));
  FACET_RETURN_IF_ERROR(check_model(*opened.file));
  return opened;
}

Result<std::unique_ptr<engine::GgufFile>> open_model_file(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return engine::GgufFile::open(path);
  FACET_ASSIGN_OR_RETURN(ModelFolder folder, open_model_folder(path));
  return std::move(folder.file);
}

}  // namespace facet::app::models
