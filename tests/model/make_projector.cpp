#include "tests/model/make_projector.h"

#include <cmath>
#include <string_view>

#include "engine/media/projector_rules.h"
#include "tests/model/make_model.h"

namespace facet::model_maker {
namespace {

using engine::GgufMetadata;
using engine::ProjectorRule;

constexpr double kSpread = 0.1;  // of vectors around their mean
constexpr double kScoreDeviation = 1.5;
constexpr double kBranchSize = 0.4;       // of what a branch adds to the stream
constexpr double kLimits[] = {2.5, 2.2};  // of both signs: for one value of a hundred on either side
constexpr double kPositionDeviation = 0.3;

// As converters write them: what is no matrix of a layer keeps its precision.
Format format_of(const ProjectorRule& rule, const FileType& type) {
  const std::string_view name = rule.name;
  if (rule.kind == ProjectorRule::Kind::Vector) return Format::F32;
  if (name == "v.patch_embd.weight") return type.matrices == Format::F16 ? Format::F16 : Format::F32;
  for (const std::string_view exact : {"position_embd", "conv1d", "conv_dw", "a.input_projection"})
    if (name.find(exact) != std::string_view::npos && !name.starts_with("mm.")) return Format::F32;
  return format_for_row(type.matrices, rule.shape[0]);
}

// The mean of a vector's values.
double mean_of(const std::string& name, const ProjectorShape& shape) {
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  if (has("bias")) return 0;
  if (has("attn_k_norm")) return kScoreDeviation / std::sqrt(static_cast<double>(shape.config.vision->head_dim));
  if (has("post_norm") || has("ffn_post")) return kBranchSize;
  return 1;
}

class Plan {
 public:
  Plan(const ProjectorShape& shape, const FileType& type) : shape_(shape), type_(type) {}

  std::vector<PlannedTensor> make() {
    engine::VisionTensors vision;
    engine::HearingTensors hearing;
    if (shape_.config.vision)
      for (const ProjectorRule& rule : vision_rules(*shape_.config.vision, vision))
        add(rule, shape_.clips && rule.clip != nullptr && rule.name != "mm.input_projection.weight");
    if (shape_.config.hearing)
      for (const ProjectorRule& rule : hearing_rules(*shape_.config.hearing, /*names_of_ollama=*/false, hearing))
        add(rule, rule.clip != nullptr);
    return std::move(tensors_);
  }

 private:
  void add(const ProjectorRule& rule, bool clips) {
    if (rule.need == ProjectorRule::Need::Optional && !shape_.standardises) return;
    PlannedTensor tensor{{rule.name, format_of(rule, type_), rule.shape}};
    if (rule.kind == ProjectorRule::Kind::Vector) {
      tensor.mean = mean_of(rule.name, shape_);
      tensor.deviation = tensor.mean == 0 ? kSpread : kSpread * tensor.mean;
    } else if (rule.name == "v.position_embd.weight") {
      tensor.deviation = kPositionDeviation;
    } else {
      // Blocks of a convolution have their outputs last.
      const std::uint64_t inputs = rule.shape[3] > 1 ? rule.shape[0] * rule.shape[1] * rule.shape[2] : rule.shape[0];
      tensor.deviation = 1 / std::sqrt(static_cast<double>(inputs));
    }
    tensors_.push_back(tensor);
    if (!clips) return;
    const std::string stem = rule.name.substr(0, rule.name.size() - std::string_view("weight").size());
    for (const char* side : {"input", "output"}) {
      limit(stem + side + "_min", -kLimits[0]);
      limit(stem + side + "_max", kLimits[1]);
    }
  }

  void limit(const std::string& name, double value) {
    tensors_.push_back({{name, Format::F32, {1, 1, 1, 1}}, value, 0});
  }

  const ProjectorShape& shape_;
  const FileType& type_;
  std::vector<PlannedTensor> tensors_;
};

template <typename Config>
void add_tower(GgufMetadata& metadata, const std::string& prefix, const Config& config) {
  metadata.set_u32(prefix + "projection_dim", config.text_width);
  metadata.set_u32(prefix + "embedding_length", config.width);
  metadata.set_u32(prefix + "feed_forward_length", config.ffn_width);
  metadata.set_u32(prefix + "block_count", config.layers);
  metadata.set_u32(prefix + "attention.head_count", config.heads);
  metadata.set_f32(prefix + "attention.layer_norm_epsilon", config.rms_eps);
}

GgufMetadata make_metadata(const ProjectorOrder& order) {
  GgufMetadata metadata;
  metadata.set_string("general.architecture", "clip");
  metadata.set_string("general.type", "mmproj");
  metadata.set_string("general.name",
                      "Random " + order.shape.name + " " + order.type.name + ", seed " + std::to_string(order.seed));
  metadata.set_u32("general.file_type", order.type.number);
  if (const auto& vision = order.shape.config.vision) {
    metadata.set_bool("clip.has_vision_encoder", true);
    metadata.set_string("clip.vision.projector_type", "gemma4v");
    add_tower(metadata, "clip.vision.", *vision);
    metadata.set_u32("clip.vision.image_size", 224);
    metadata.set_u32("clip.vision.patch_size", vision->patch_side);
    const float mean[] = {0, 0, 0};
    const float deviation[] = {1, 1, 1};
    metadata.set_f32s("clip.vision.image_mean", mean);
    metadata.set_f32s("clip.vision.image_std", deviation);
  }
  if (const auto& hearing = order.shape.config.hearing) {
    metadata.set_bool("clip.has_audio_encoder", true);
    metadata.set_string("clip.audio.projector_type", "gemma4a");
    add_tower(metadata, "clip.audio.", *hearing);
    metadata.set_u32("clip.audio.num_mel_bins", 128);
  }
  return metadata;
}

}  // namespace

std::vector<PlannedTensor> plan_projector(const ProjectorShape& shape, const FileType& type) {
  return Plan(shape, type).make();
}

Status make_projector(const ProjectorOrder& order, const std::filesystem::path& path) {
  return write_random_file(path, make_metadata(order), plan_projector(order.shape, order.type), order.seed);
}

}  // namespace facet::model_maker
