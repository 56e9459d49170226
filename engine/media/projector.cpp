#include "engine/media/projector.h"

#include <cmath>
#include <span>

#include "engine/gguf/gguf_file.h"
#include "engine/media/projector_rules.h"
#include "engine/model/describe.h"

namespace facet::engine {
namespace {

Error refuse(const GgufFile& file, const std::string& what) {
  return {Error::Code::CorruptFile, "'" + file.path().filename().string() + "' can not be used: " + what + "."};
}

std::string shape_text(const std::array<std::uint64_t, 4>& shape) {
  std::string text;
  for (const std::uint64_t extent : shape)
    text += (text.empty() ? "" : " x ") + std::to_string(extent);
  return text;
}

Status check_tensor(const GgufFile& file, const GgufTensor& tensor, const std::array<std::uint64_t, 4>& shape) {
  const std::string name = "the tensor '" + std::string(tensor.name) + "'";
  if (tensor.shape != shape)
    return refuse(file, name + " is " + shape_text(tensor.shape) + " where its metadata asks for " + shape_text(shape));
  const FormatInfo& format = format_info(tensor.format);
  if (format.decode != nullptr) return {};
  return Error{Error::Code::Unsupported, "'" + file.path().filename().string() + "' can not be used: " + name +
                                             " has the format " + std::string(format.name) +
                                             ", which Facet can not compute with."};
}

std::vector<float> decoded(const GgufTensor& tensor) {
  std::vector<float> values(tensor.shape[0]);
  format_info(tensor.format).decode(tensor.data.data(), values.data(), values.size());
  return values;
}

// Limits may be infinite; other values may not.
Status check_numbers(const GgufFile& file, const GgufTensor& tensor, const std::vector<float>& values,
                     bool may_be_infinite) {
  for (const float value : values)
    if (std::isnan(value) || (!may_be_infinite && std::isinf(value)))
      return refuse(file, "the tensor '" + std::string(tensor.name) + "' holds a value that is not a number");
  return {};
}

// A number with a name of its own; nothing changes where the file has none.
Status read_limit(const GgufFile& file, const std::string& name, float& limit) {
  const GgufTensor* tensor = file.find(name);
  if (tensor == nullptr) return {};
  FACET_RETURN_IF_ERROR(check_tensor(file, *tensor, {1, 1, 1, 1}));
  const std::vector<float> values = decoded(*tensor);
  FACET_RETURN_IF_ERROR(check_numbers(file, *tensor, values, /*may_be_infinite=*/true));
  limit = values[0];
  return {};
}

Status check_range(const GgufFile& file, const std::string& matrix, const ClipRange& clip) {
  if (clip.input_min <= clip.input_max && clip.output_min <= clip.output_max) return {};
  return refuse(file, "the limits of '" + matrix + "' leave nothing between them");
}

Status read_clip(const GgufFile& file, const std::string& matrix, ClipRange& clip) {
  const std::string name = matrix.substr(0, matrix.rfind('.'));
  FACET_RETURN_IF_ERROR(read_limit(file, name + ".input_min", clip.input_min));
  FACET_RETURN_IF_ERROR(read_limit(file, name + ".input_max", clip.input_max));
  FACET_RETURN_IF_ERROR(read_limit(file, name + ".output_min", clip.output_min));
  FACET_RETURN_IF_ERROR(read_limit(file, name + ".output_max", clip.output_max));
  return check_range(file, matrix, clip);
}

// ollama packs the limits of all matrices that are for pictures into one tensor: those of each layer, then those of the
// projection. Its writer leaves zeros where there are none, which is no range that a matrix could have.
Status read_packed_clips(const GgufFile& file, VisionTensors& vision) {
  const GgufTensor* packed = file.find("v.clamp_data");
  if (packed == nullptr) return {};
  std::vector<ClippedMatrix*> matrices;
  for (VisionLayerTensors& layer : vision.layers)
    for (ClippedMatrix* matrix : clipped_matrices(layer))
      matrices.push_back(matrix);
  matrices.push_back(&vision.input_projection);
  FACET_RETURN_IF_ERROR(check_tensor(file, *packed, {matrices.size() * 4, 1, 1, 1}));
  const std::vector<float> values = decoded(*packed);
  FACET_RETURN_IF_ERROR(check_numbers(file, *packed, values, /*may_be_infinite=*/true));
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    const ClipRange clip{values[4 * i], values[4 * i + 1], values[4 * i + 2], values[4 * i + 3]};
    if (clip != ClipRange{0, 0, 0, 0}) matrices[i]->clip = clip;
  }
  return {};
}

Status find_tensor(const GgufFile& file, const ProjectorRule& rule, Projector& projector) {
  const GgufTensor* tensor = file.find(rule.name);
  if (tensor == nullptr) {
    if (rule.need == ProjectorRule::Need::Optional) return {};
    return refuse(file, "it has no tensor '" + rule.name + "'");
  }
  FACET_RETURN_IF_ERROR(check_tensor(file, *tensor, rule.shape));
  if (rule.kind == ProjectorRule::Kind::Vector)
    FACET_RETURN_IF_ERROR(check_numbers(file, *tensor, decoded(*tensor), /*may_be_infinite=*/false));
  if (rule.clip != nullptr) FACET_RETURN_IF_ERROR(read_clip(file, rule.name, *rule.clip));
  *rule.tensor = tensor;
  projector.bytes += tensor->data.size();
  projector.parameters += rule.shape[0] * rule.shape[1] * rule.shape[2] * rule.shape[3];
  return {};
}

Status find_tensors(const GgufFile& file, const std::vector<ProjectorRule>& rules, Projector& projector) {
  for (const ProjectorRule& rule : rules)
    FACET_RETURN_IF_ERROR(find_tensor(file, rule, projector));
  return {};
}

// Steps that no published model has and that files have names for. Leaving one out would change what is seen or heard.
Status refuse_unknown_steps(const GgufFile& file) {
  for (const GgufTensor& tensor : file.tensors()) {
    const bool is_media = tensor.name.starts_with("v.blk.") || tensor.name.starts_with("a.blk.");
    if ((is_media &&
         (tensor.name.ends_with(".out_scale.weight") || tensor.name.ends_with(".per_dim_k_scale.weight"))) ||
        tensor.name == "mm.a.soft_emb_norm.weight")
      return Error{Error::Code::Unsupported, "'" + file.path().filename().string() +
                                                 "' can not be used: Facet knows no Gemma 4 model with a tensor '" +
                                                 std::string(tensor.name) + "'."};
  }
  return {};
}

Status read_vision(const GgufFile& file, Projector& projector) {
  VisionTensors& vision = projector.vision.emplace();
  const std::vector<ProjectorRule> rules = vision_rules(*projector.config.vision, vision);
  // Limits with names of their own are read after these and hold.
  FACET_RETURN_IF_ERROR(read_packed_clips(file, vision));
  FACET_RETURN_IF_ERROR(find_tensors(file, rules, projector));
  if ((vision.std_bias == nullptr) != (vision.std_scale == nullptr))
    return refuse(file, "of 'v.std_bias' and 'v.std_scale' it has only one");
  return {};
}

Status read_hearing(const GgufFile& file, Projector& projector) {
  HearingTensors& hearing = projector.hearing.emplace();
  const bool names_of_ollama = file.find("mm.a.fc.weight") != nullptr;
  return find_tensors(file, hearing_rules(*projector.config.hearing, names_of_ollama, hearing), projector);
}

}  // namespace

Result<Projector> read_projector(const GgufFile& file) {
  Projector projector;
  FACET_ASSIGN_OR_RETURN(projector.config, read_projector_config(file));
  FACET_RETURN_IF_ERROR(refuse_unknown_steps(file));
  if (projector.config.vision) FACET_RETURN_IF_ERROR(read_vision(file, projector));
  if (projector.config.hearing) FACET_RETURN_IF_ERROR(read_hearing(file, projector));
  return projector;
}

Result<ModelDescription> describe_projector(const GgufFile& file) {
  FACET_ASSIGN_OR_RETURN(const Projector projector, read_projector(file));
  const ProjectorConfig& config = projector.config;
  ModelDescription description = describe_file(file);
  description.role = ModelRole::Projector;
  description.sees = config.vision.has_value();
  description.hears = config.hearing.has_value();
  description.parameters = projector.parameters;
  description.layers = config.vision ? config.vision->layers : config.hearing->layers;
  description.embedding_length = config.vision ? config.vision->width : config.hearing->width;
  description.target_embedding_length = config.text_width();
  description.size_label = size_label_of_width(config.text_width());
  return description;
}

void describe_projector_inside(const GgufFile& file, ModelDescription& description) {
  if (!has_projector_inside(file)) return;
  const Result<Projector> projector = read_projector(file);
  if (!projector.ok()) {
    description.media_remark = projector.error().message;
    return;
  }
  description.sees = projector->config.vision.has_value();
  description.hears = projector->config.hearing.has_value();
}

}  // namespace facet::engine
