#include "engine/model/describe.h"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "engine/media/projector.h"
#include "engine/model/config.h"
#include "engine/model/weights.h"

namespace facet::engine {
namespace {

struct KnownSize {
  std::uint32_t layers;
  std::uint32_t embedding_length;
  std::string_view label;
};

constexpr std::array kKnownSizes = {
    KnownSize{35, 1536, "E2B"},     KnownSize{42, 2560, "E4B"}, KnownSize{48, 3840, "12B"},
    KnownSize{30, 2816, "26B-A4B"}, KnownSize{60, 5376, "31B"},
};

std::string size_label(const ModelConfig& config) {
  for (const KnownSize& size : kKnownSizes)
    if (size.layers == config.layer_count() && size.embedding_length == config.embedding_length)
      return std::string(size.label);
  return {};
}

// "Q4_0 215, Q6_K 2, F32 283": the formats with the number of their tensors, the one with the most bytes first.
std::string formats_text(const GgufFile& file) {
  struct Use {
    std::string_view name;
    std::size_t tensors = 0;
    std::uint64_t bytes = 0;
  };
  std::vector<Use> uses;
  for (const GgufTensor& tensor : file.tensors()) {
    const std::string_view name = format_info(tensor.format).name;
    auto use = std::find_if(uses.begin(), uses.end(), [&](const Use& u) { return u.name == name; });
    if (use == uses.end()) use = uses.insert(uses.end(), Use{name});
    ++use->tensors;
    use->bytes += tensor.data.size();
  }
  std::stable_sort(uses.begin(), uses.end(), [](const Use& a, const Use& b) { return a.bytes > b.bytes; });
  std::string text;
  for (const Use& use : uses)
    text += (text.empty() ? "" : ", ") + std::string(use.name) + " " + std::to_string(use.tensors);
  return text;
}

// The template of the larger models writes an empty thought into the prompt, in these very characters. A file without a
// template is told by the per-layer embeddings, which only the smaller models have.
TemplateVariant template_variant(const GgufFile& file, const ModelConfig& config) {
  const std::optional<std::string_view> source = file.string("tokenizer.chat_template");
  if (!source) return config.per_layer_width > 0 ? TemplateVariant::Small : TemplateVariant::Large;
  return source->find(R"(<|channel>thought\n<channel|>)") != std::string_view::npos ? TemplateVariant::Large
                                                                                    : TemplateVariant::Small;
}

}  // namespace

std::string size_label_of_width(std::uint32_t embedding_length) {
  for (const KnownSize& size : kKnownSizes)
    if (size.embedding_length == embedding_length) return std::string(size.label);
  return {};
}

ModelDescription describe_file(const GgufFile& file) {
  ModelDescription description;
  description.path = file.path();
  description.name = std::string(file.string("general.name").value_or(""));
  // A name is shown in terminals and lists, where control characters do harm.
  std::erase_if(description.name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
  if (description.name.empty()) description.name = file.path().stem().string();
  description.architecture = std::string(file.string("general.architecture").value_or(""));
  description.formats = formats_text(file);
  description.file_bytes = file.file_bytes();
  return description;
}

ModelDescription describe(const GgufFile& file, const ModelConfig& config, const WeightCount& weights) {
  ModelDescription description = describe_file(file);
  description.size_label = size_label(config);
  description.parameters = weights.parameters;
  description.layers = config.layer_count();
  description.embedding_length = config.embedding_length;
  description.vocabulary_size = config.vocabulary_size;
  description.trained_context_length = config.trained_context_length;
  description.template_variant = template_variant(file, config);
  describe_projector_inside(file, description);
  return description;
}

Sampling read_default_sampling(const GgufFile& file) {
  Sampling sampling;
  const std::optional<std::int64_t> top_k = file.integer("general.sampling.top_k");
  if (top_k && *top_k >= 0 && *top_k <= 1 << 20) sampling.top_k = static_cast<int>(*top_k);
  const std::optional<double> top_p = file.number("general.sampling.top_p");
  if (top_p && *top_p > 0 && *top_p <= 1) sampling.top_p = static_cast<float>(*top_p);
  const std::optional<double> temperature = file.number("general.sampling.temp");
  if (temperature && *temperature >= 0 && *temperature <= 10) sampling.temperature = static_cast<float>(*temperature);
  return sampling;
}

}  // namespace facet::engine
