#include "engine/media/hearing_encoder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/base/check.h"
#include "engine/media/sound_frames.h"

namespace facet::engine {
namespace {

constexpr auto kBands = static_cast<std::uint32_t>(kMelBands);
constexpr float kLogitCap = 50;
constexpr float kFeedForwardShare = 0.5F;
// 1 / ln 2 and ln(1 + e) / ln 2: the factors of queries, besides the root of the head's size, and of keys.
const float kQueryFactor = 1.0F / std::log(2.0F);
const float kKeyFactor = static_cast<float>(std::log(1.0 + std::exp(1.0)) / std::log(2.0));

// What a convolution reads of the one before it: times 2 first - 1 to 2 (first + count - 1) + 1, as far as there are
// such.
struct Needed {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::uint32_t padding = 0;  // times in front that there are not
};

Needed needed_for(std::uint32_t first, std::uint32_t count, std::uint32_t times) {
  const std::uint32_t begin = first == 0 ? 0 : 2 * first - 1;
  const std::uint32_t end = std::min(2 * (first + count), times);
  return {begin, end - begin, first == 0 ? 1U : 0U};
}

// The same cells in rows of another width: whole rows of a buffer follow each other.
View regrouped(const View& view, std::uint32_t width) {
  FACET_CHECK(view.stride == view.width && std::uint64_t{view.rows} * view.width % width == 0, "%u x %u to %u",
              view.rows, view.width, width);
  View other = view;
  other.rows = static_cast<std::uint32_t>(std::uint64_t{view.rows} * view.width / width);
  other.width = other.stride = width;
  return other;
}

std::uint32_t halved(std::size_t count) {
  return static_cast<std::uint32_t>((count + 1) / 2);
}

}  // namespace

void HearingEncoder::begin(LogMel mel) {
  tokens_ = halved(halved(mel.frames));
  FACET_CHECK(config_.has_encoder() && tokens_ >= 1 && tokens_ <= kMostSoundTokens, "%u tokens", tokens_);
  mel_ = std::move(mel);
  first_ = layer_ = 0;
  write_distances();
  stage_ = Stage::Convolutions;
}

void HearingEncoder::begin(std::span<const float> samples) {
  tokens_ = static_cast<std::uint32_t>(raw_sound_tokens(samples.size()));
  FACET_CHECK(!config_.has_encoder() && tokens_ >= 1 && tokens_ <= kMostSoundTokens, "%u tokens", tokens_);
  backend_.write(stream(), raw_sound_frames(samples));
  stage_ = Stage::Project;
}

Result<bool> HearingEncoder::step() {
  switch (stage_) {
    case Stage::Convolutions:
      convolve_some();
      if (first_ == tokens_) stage_ = Stage::Layers;
      break;
    case Stage::Layers:
      apply_layer();
      if (++layer_ == config_.layers) stage_ = Stage::Project;
      break;
    case Stage::Project:
      project();
      stage_ = Stage::Done;
      break;
    case Stage::Done:
      return true;
  }
  FACET_RETURN_IF_ERROR(backend_.finish());
  return stage_ == Stage::Done;
}

// Of distance d: sin(d w) for every frequency w, then cos(d w); frequencies fall from 1 to 1 / 10000.
void HearingEncoder::write_distances() {
  const std::uint32_t half = config_.width / 2;
  std::vector<float> values(std::size_t{distances_} * config_.width);
  for (std::uint32_t d = 0; d < distances_; ++d)
    for (std::uint32_t i = 0; i < half; ++i) {
      const double frequency = std::exp(-static_cast<double>(i) * std::log(1e4) / std::max(half - 1, 1U));
      values[d * config_.width + i] = static_cast<float>(std::sin(d * frequency));
      values[d * config_.width + half + i] = static_cast<float>(std::cos(d * frequency));
    }
  backend_.write(View(buffers_.distances).part(0, distances_, 0, config_.width), values);
}

// Both convolutions for some tokens. A cell below zero becomes zero behind each.
void HearingEncoder::convolve_some() {
  const std::uint32_t count = std::min(kConvolvedAtOnce, tokens_ - first_);
  const Needed needed = needed_for(first_, count, halved(mel_.frames));
  const View before = View(buffers_.convolved_mel).first_rows(needed.count * kBands / 2);
  convolve_spectrum(needed.first, needed.count, before);
  const View unfolded = View(buffers_.unfolded).first_rows(count * kBands / 4);
  const View convolved = View(buffers_.convolved).first_rows(count * kBands / 4);
  backend_.unfold(before, kBands / 2, needed.padding, unfolded);
  backend_.matmul(weights_.convolutions[1], unfolded, convolved);
  backend_.layer_norm(convolved, weights_.convolution_norms[1], {}, convolved.width, config_.rms_eps, convolved);
  backend_.clamp(convolved, 0, std::numeric_limits<float>::max(), convolved);
  const View of_times = regrouped(convolved, kBands / 4 * convolved.width);
  tap("conv1", -1, of_times);
  const View x = View(buffers_.sound).part(first_, count, 0, config_.width);
  backend_.matmul(weights_.input_projection, of_times, x);
  tap("subsample", -1, x);
  first_ += count;
}

void HearingEncoder::convolve_spectrum(std::uint32_t first, std::uint32_t count, const View& out) {
  const Needed needed = needed_for(first, count, static_cast<std::uint32_t>(mel_.frames));
  const View frames = View(buffers_.mel).first_rows(needed.count);
  const View unfolded = View(buffers_.unfolded_mel).first_rows(out.rows);
  const std::size_t cells = std::size_t{needed.count} * kBands;
  backend_.write(frames, std::span(mel_.values).subspan(std::size_t{needed.first} * kBands, cells));
  backend_.unfold(regrouped(frames, /*width=*/1), kBands, needed.padding, unfolded);
  backend_.matmul(weights_.convolutions[0], unfolded, out);
  backend_.layer_norm(out, weights_.convolution_norms[0], {}, out.width, config_.rms_eps, out);
  backend_.clamp(out, 0, std::numeric_limits<float>::max(), out);
}

void HearingEncoder::apply_layer() {
  const HearingLayerWeights& layer = weights_.layers[layer_];
  const auto number = static_cast<int>(layer_);
  feed_forward(layer.ffn_before);
  tap("after_ff1", number, stream());
  attend(layer);
  tap("after_attention", number, stream());
  convolve(layer);
  tap("after_lconv", number, stream());
  feed_forward(layer.ffn_behind);
  norm(stream(), layer.out_norm, stream());
  tap("layer", number, stream());
}

void HearingEncoder::feed_forward(const HearingFeedForwardWeights& weights) {
  const View hidden = all_of(buffers_.sound_hidden, config_.ffn_width);
  const View branch = all_of(buffers_.sound_branch, config_.width);
  norm(stream(), weights.norm, normed());
  multiply_clipped(backend_, weights.up, normed(), all_of(buffers_.sound_clipped, config_.width), hidden);
  backend_.sigmoid_gate(hidden, hidden, hidden);
  multiply_clipped(backend_, weights.down, hidden, all_of(buffers_.sound_clipped, config_.ffn_width), branch);
  norm(branch, weights.post_norm, branch);
  backend_.add(branch, kFeedForwardShare, stream());
}

void HearingEncoder::attend(const HearingLayerWeights& layer) {
  const View q = all_of(buffers_.sound_q, config_.width);
  const View k = all_of(buffers_.sound_k, config_.width);
  const View v = all_of(buffers_.sound_v, config_.width);
  const View attended = all_of(buffers_.sound_attended, config_.width);
  const View branch = all_of(buffers_.sound_branch, config_.width);
  const View room = all_of(buffers_.sound_clipped, config_.width);
  const View relative = View(buffers_.relative).part(0, distances_, 0, config_.width);
  norm(stream(), layer.attn_pre_norm, normed());
  const std::array matrices = {&layer.attn_q, &layer.attn_k, &layer.attn_v};
  const std::array outs = {q, k, v};
  multiply_clipped(backend_, matrices, normed(), room, outs);
  backend_.matmul(layer.attn_k_rel, View(buffers_.distances).part(0, distances_, 0, config_.width), relative);
  const float q_factor = kQueryFactor / std::sqrt(static_cast<float>(config_.head_dim));
  backend_.local_attention(q, k, v, relative,
                           {config_.heads, config_.head_dim, layer.per_dim_scale, q_factor, kKeyFactor, kLogitCap},
                           attended);
  multiply_clipped(backend_, layer.attn_out, attended, room, branch);
  backend_.add_branch(branch, {layer.attn_post_norm, config_.rms_eps, 1.0F, stream(), layer.conv_pre_norm, normed()});
}

// Reads the norm of the stream that `attend` left. Of the first matrix one half of the outputs opens the other.
void HearingEncoder::convolve(const HearingLayerWeights& layer) {
  const std::uint32_t width = config_.width;
  const View both = all_of(buffers_.sound_hidden, 2 * width);
  const View gated = all_of(buffers_.sound_q, width);
  const View convolved = all_of(buffers_.sound_k, width);
  const View branch = all_of(buffers_.sound_branch, width);
  const View room = all_of(buffers_.sound_clipped, width);
  multiply_clipped(backend_, layer.conv_start, normed(), room, both);
  backend_.sigmoid_gate(both.columns(0, width), both.columns(width, width), gated);
  backend_.convolve(gated, layer.conv_depthwise, config_.kernel, convolved);
  norm(convolved, layer.conv_norm, convolved);
  backend_.sigmoid_gate(convolved, convolved, convolved);
  multiply_clipped(backend_, layer.conv_end, convolved, room, branch);
  backend_.add(branch, 1.0F, stream());
}

void HearingEncoder::project() {
  View out = stream();
  if (config_.has_encoder()) {
    out = all_of(buffers_.sound_output, config_.output_width);
    backend_.matmul(weights_.output, stream(), out);
    backend_.shift(out, weights_.output_bias, 1.0F, {});
    tap("tower", -1, out);
  }
  const View soft = all_of(buffers_.sound_soft, config_.text_width);
  norm(out, {}, out);
  backend_.matmul(weights_.soft_projection, out, soft);
  tap("soft", -1, soft);
  rows_.resize(std::size_t{tokens_} * config_.text_width);
  backend_.read(soft, rows_);
  mel_ = {};
}

void HearingEncoder::norm(const View& x, const Weight& weight, const View& out) {
  backend_.rms_norm(x, weight, x.width, config_.rms_eps, out);
}

void HearingEncoder::tap(std::string_view name, int layer, const View& value) const {
  if (tap_) tap_(name, layer, value);
}

}  // namespace facet::engine
