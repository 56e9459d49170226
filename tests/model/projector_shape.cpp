#include "tests/model/projector_shape.h"

#include <array>

namespace facet::model_maker {
namespace {

using engine::HearingConfig;
using engine::VisionConfig;

constexpr std::uint32_t kPositions = 10240;
constexpr std::uint32_t kTinyPositions = 128;
constexpr float kEps = 1e-6F;

// Width, layers, heads and width between, of pictures; of sound where there is such an encoder.
struct Row {
  std::string_view variant;
  std::uint32_t text_width;
  std::array<std::uint32_t, 4> vision;
  bool large;  // no limits, but standardised
  std::array<std::uint32_t, 4> hearing;
};
constexpr std::array kRows = {
    Row{"E2B", 1536, {768, 16, 12, 3072}, false, {1024, 12, 8, 4096}},
    Row{"E4B", 2560, {768, 16, 12, 3072}, false, {1024, 12, 8, 4096}},
    Row{"26B-A4B", 2816, {1152, 27, 16, 4304}, true, {}},
    Row{"31B", 5376, {1152, 27, 16, 4304}, true, {}},
};
constexpr std::array kTinyRows = {
    Row{"E2B", 256, {96, 2, 3, 160}, false, {64, 2, 2, 128}},
    Row{"31B", 256, {144, 2, 2, 176}, true, {}},
};

VisionConfig vision_of(const Row& row, std::uint32_t positions) {
  VisionConfig config;
  config.text_width = row.text_width;
  config.width = row.vision[0];
  config.patch_side = 16;
  config.positions = positions;
  config.layers = row.vision[1];
  config.heads = row.vision[2];
  config.head_dim = config.width / config.heads;
  config.ffn_width = row.vision[3];
  config.rms_eps = kEps;
  return config;
}

HearingConfig hearing_of(const Row& row) {
  HearingConfig config;
  config.text_width = row.text_width;
  config.width = row.hearing[0];
  config.layers = row.hearing[1];
  config.heads = row.hearing[2];
  config.head_dim = config.width / config.heads;
  config.ffn_width = row.hearing[3];
  config.channels = {128, 32};
  config.kernel = 5;
  config.output_width = config.width / 2 * 3;
  config.rms_eps = kEps;
  return config;
}

ProjectorShape shape_of(const std::string& prefix, const Row& row, std::uint32_t positions) {
  ProjectorShape shape;
  shape.name = prefix + std::string(row.variant);
  shape.config.vision = vision_of(row, positions);
  if (row.hearing[1] > 0) shape.config.hearing = hearing_of(row);
  shape.clips = !row.large;
  shape.standardises = row.large;
  return shape;
}

std::vector<ProjectorShape> all_shapes() {
  std::vector<ProjectorShape> shapes;
  for (const Row& row : kRows)
    shapes.push_back(shape_of("mmproj-", row, kPositions));
  for (const Row& row : kTinyRows)
    shapes.push_back(shape_of("tiny-mmproj-", row, kTinyPositions));
  return shapes;
}

}  // namespace

std::vector<std::string> projector_names() {
  std::vector<std::string> names;
  for (const ProjectorShape& shape : all_shapes())
    names.push_back(shape.name);
  return names;
}

std::optional<ProjectorShape> find_projector_shape(std::string_view name) {
  for (const ProjectorShape& shape : all_shapes())
    if (shape.name == name) return shape;
  return std::nullopt;
}

}  // namespace facet::model_maker
