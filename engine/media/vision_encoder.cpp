#include "engine/media/vision_encoder.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/base/check.h"
#include "engine/media/rope_table.h"

namespace facet::engine {
namespace {

// Of the norms without an encoder, whatever the file says: the models were trained so.
constexpr float kPatchNormEps = 1e-5F;
constexpr std::uint32_t kPoolSide = kSoftTokenSide / kEncoderPatchSide;
static_assert(kPatchesAtOnce % kPatchesPerSoftToken == 0 && kPoolSide * kPoolSide == kPatchesPerSoftToken);

}  // namespace

Status VisionEncoder::begin(Patches patches) {
  FACET_CHECK(patches.side == config_.patch_side && patches.grid.count() > 0 && patches.grid.count() <= kMostPatches,
              "%u x %u patches", patches.grid.columns, patches.grid.rows);
  const std::uint32_t longest = std::max(patches.grid.columns, patches.grid.rows);
  if (longest > config_.positions)
    return Error{Error::Code::Unsupported,
                 "The picture has " + std::to_string(longest) + " patches along one side, and this model knows " +
                     std::to_string(config_.positions) + " positions; cut the picture or take a smaller budget."};
  patches_ = std::move(patches);
  layer_ = 0;
  rows_.clear();
  rows_.reserve(std::size_t{count()} / (config_.has_encoder() ? kPatchesPerSoftToken : 1) * config_.text_width);
  if (config_.has_encoder()) write_angles();
  enter(config_.has_encoder() ? Stage::Embed : Stage::WholePatches, count());
  return {};
}

void VisionEncoder::enter(Stage stage, std::uint32_t total) {
  stage_ = stage;
  first_ = 0;
  total_ = total;
}

Result<bool> VisionEncoder::step() {
  if (stage_ == Stage::Done) return true;
  FACET_RETURN_IF_ERROR(do_part());
  FACET_RETURN_IF_ERROR(backend_.finish());
  first_ += rows();
  if (first_ == total_) end_stage();
  return stage_ == Stage::Done;
}

Status VisionEncoder::do_part() {
  switch (stage_) {
    case Stage::Embed:
      embed();
      return {};
    case Stage::Keys:
      project_heads(/*of_queries=*/false);
      return {};
    case Stage::Rest:
      project_heads(/*of_queries=*/true);
      attend();
      feed_forward();
      return {};
    case Stage::Pool:
      pool();
      return {};
    case Stage::Project:
      return project();
    case Stage::WholePatches:
      return encode_whole_patches();
    case Stage::Done:
      break;
  }
  return {};
}

// All keys of a layer are there before the first patch attends.
void VisionEncoder::end_stage() {
  if (stage_ == Stage::Embed) return enter(Stage::Keys, count());
  if (stage_ == Stage::Keys) return enter(Stage::Rest, count());
  if (stage_ == Stage::Rest) {
    const bool is_last = ++layer_ == config_.layers;
    return is_last ? enter(Stage::Pool, 1) : enter(Stage::Keys, count());
  }
  if (stage_ == Stage::Pool) return enter(Stage::Project, count() / kPatchesPerSoftToken);
  patches_ = {};
  enter(Stage::Done, 0);
}

// The angles of columns for the first half of a head, those of rows for the second.
void VisionEncoder::write_angles() {
  const RopeTable table = rope_table(config_.head_dim, std::max(patches_.grid.columns, patches_.grid.rows));
  std::vector<float> values;
  values.reserve(std::size_t{count()} * config_.head_dim);
  for (std::uint32_t i = 0; i < count(); ++i) {
    const PatchPosition position = patches_.position(i);
    for (const std::uint32_t along : {position.x, position.y}) {
      values.insert(values.end(), table.cosines_of(along), table.cosines_of(along) + table.pairs);
      values.insert(values.end(), table.sines_of(along), table.sines_of(along) + table.pairs);
    }
  }
  backend_.write(View(buffers_.angles).part(0, count(), 0, config_.head_dim), values);
}

void VisionEncoder::embed() {
  const std::size_t length = patches_.row_length();
  std::vector<float> values(std::size_t{rows()} * length);
  const std::span<const float> source = std::span(patches_.values).subspan(first_ * length, values.size());
  std::transform(source.begin(), source.end(), values.begin(), [](float value) { return 2 * (value - 0.5F); });
  const View pixels = some_of(buffers_.patches, static_cast<std::uint32_t>(length));
  backend_.write(pixels, values);
  backend_.matmul(weights_.patch_embd, pixels, stream());
  add_positions(stream());
  tap("embed", -1, stream());
}

void VisionEncoder::add_positions(const View& x) {
  std::vector<Token> columns(rows());
  std::vector<Token> lines(rows());
  for (std::uint32_t i = 0; i < rows(); ++i) {
    const PatchPosition position = patches_.position(first_ + i);
    columns[i] = static_cast<Token>(position.x);
    lines[i] = static_cast<Token>(config_.positions + position.y);
  }
  const View table_rows = some_of(buffers_.branch, config_.width);
  for (const std::vector<Token>* places : {&columns, &lines}) {
    backend_.embed(weights_.positions, *places, 1.0F, table_rows);
    backend_.add(table_rows, 1.0F, x);
  }
}

// Keys and values of all patches first; queries when those are there.
void VisionEncoder::project_heads(bool of_queries) {
  const VisionLayerWeights& layer = weights_.layers[layer_];
  const auto number = static_cast<int>(layer_);
  const View normed = some_of(buffers_.normed, config_.width);
  const View room = some_of(buffers_.clipped, config_.width);
  backend_.rms_norm(stream(), layer.ln1, config_.width, config_.rms_eps, normed);
  HeadInputs inputs;
  inputs.head_dim = config_.head_dim;
  inputs.eps = config_.rms_eps;
  inputs.rope = View(buffers_.angles).part(first_, rows(), 0, config_.head_dim);
  inputs.rope_parts = 2;
  inputs.first_position = first_;
  if (of_queries) {
    inputs.q = some_of(buffers_.q, config_.width);
    inputs.q_norm = layer.attn_q_norm;
    multiply_clipped(backend_, layer.attn_q, normed, room, inputs.q);
    backend_.prepare_heads(inputs);
    tap("q", number, inputs.q);
    return;
  }
  inputs.k = some_of(buffers_.k, config_.width);
  inputs.v = some_of(buffers_.v, config_.width);
  inputs.k_norm = layer.attn_k_norm;
  inputs.keys = buffers_.keys;
  inputs.values = buffers_.values;
  const std::array matrices = {&layer.attn_k, &layer.attn_v};
  const std::array outs = {inputs.k, inputs.v};
  multiply_clipped(backend_, matrices, normed, room, outs);
  backend_.prepare_heads(inputs);
  tap("k", number, inputs.k);
  tap("v", number, inputs.v);
}

void VisionEncoder::attend() {
  const VisionLayerWeights& layer = weights_.layers[layer_];
  const auto number = static_cast<int>(layer_);
  const View attended = some_of(buffers_.attended, config_.width);
  const View branch = some_of(buffers_.branch, config_.width);
  const AttentionShape shape{config_.heads, config_.heads, config_.head_dim, /*window=*/0, /*seen_end=*/count()};
  backend_.attention(some_of(buffers_.q, config_.width), buffers_.keys, buffers_.values, shape, first_, attended);
  tap("attention", number, attended);
  multiply_clipped(backend_, layer.attn_out, attended, some_of(buffers_.clipped, config_.width), branch);
  backend_.add_branch(branch, {layer.attn_post_norm, config_.rms_eps, 1.0F, stream(), layer.ln2,
                               some_of(buffers_.normed, config_.width)});
  tap("after_attention", number, stream());
}

// Reads the norm of the stream that `attend` left.
void VisionEncoder::feed_forward() {
  const VisionLayerWeights& layer = weights_.layers[layer_];
  const View gate = some_of(buffers_.gate, config_.ffn_width);
  const View up = some_of(buffers_.up, config_.ffn_width);
  const View branch = some_of(buffers_.branch, config_.width);
  const std::array matrices = {&layer.ffn_gate, &layer.ffn_up};
  const std::array outs = {gate, up};
  multiply_clipped(backend_, matrices, some_of(buffers_.normed, config_.width),
                   some_of(buffers_.clipped, config_.width), outs);
  backend_.geglu(gate, up, gate);
  multiply_clipped(backend_, layer.ffn_down, gate, some_of(buffers_.clipped, config_.ffn_width), branch);
  backend_.add_branch(branch, {layer.ffn_post_norm, config_.rms_eps, 1.0F, stream(), {}, {}});
  tap("layer", static_cast<int>(layer_), stream());
}

// The mean of nine, times the root of the width, as the models were trained.
void VisionEncoder::pool() {
  const View all = View(buffers_.x).part(0, count(), 0, config_.width);
  const View pooled = View(buffers_.pooled).part(0, count() / kPatchesPerSoftToken, 0, config_.width);
  const float factor = std::sqrt(static_cast<float>(config_.width)) / kPatchesPerSoftToken;
  backend_.pool(all, patches_.grid.columns, kPoolSide, factor, pooled);
  tap("pooled", -1, pooled);
  if (!weights_.std_scale) return;
  backend_.shift(pooled, weights_.std_bias, -1.0F, weights_.std_scale);
  tap("standardised", -1, pooled);
}

Status VisionEncoder::project() {
  const View pooled = View(buffers_.pooled).part(first_, rows(), 0, config_.width);
  const View normed = some_of(buffers_.normed, config_.width);
  backend_.rms_norm(pooled, {}, config_.width, config_.rms_eps, normed);
  return read_soft(normed);
}

Status VisionEncoder::encode_whole_patches() {
  const std::size_t length = patches_.row_length();
  const auto width = static_cast<std::uint32_t>(length);
  const View pixels = some_of(buffers_.patches, width);
  const View x = some_of(buffers_.x, config_.width);
  const auto norm = [&](std::size_t index, const View& view) {
    const auto& weights = weights_.patch_norms[index];
    backend_.layer_norm(view, weights.weight, weights.bias, view.width, kPatchNormEps, view);
  };
  backend_.write(pixels, std::span(patches_.values).subspan(first_ * length, rows() * length));
  norm(0, pixels);
  tap("patch_norm1", -1, pixels);
  backend_.matmul(weights_.patch_embd, pixels, x);
  backend_.shift(x, weights_.patch_embd_bias, 1.0F, {});
  tap("dense", -1, x);
  norm(1, x);
  tap("patch_norm2", -1, x);
  add_positions(x);
  norm(2, x);
  tap("pos_norm", -1, x);
  backend_.rms_norm(x, {}, config_.width, config_.rms_eps, x);
  return read_soft(x);
}

Status VisionEncoder::read_soft(const View& normed) {
  const View soft = some_of(buffers_.soft, config_.text_width);
  multiply_clipped(backend_, weights_.input_projection, normed, some_of(buffers_.clipped, config_.width), soft);
  tap("soft", -1, soft);
  const std::size_t done = rows_.size();
  rows_.resize(done + std::size_t{rows()} * config_.text_width);
  backend_.read(soft, std::span(rows_).subspan(done));
  return {};
}

void VisionEncoder::tap(std::string_view name, int layer, const View& value) const {
  if (tap_) tap_(name, layer, value);
}

}  // namespace facet::engine
