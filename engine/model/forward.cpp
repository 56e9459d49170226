#include "engine/model/forward.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "engine/base/check.h"

namespace facet::engine {
namespace {

// The first rows and columns of a buffer that is as large as the largest batch and the widest layer.
View part_of(const Buffer& buffer, std::uint32_t rows, std::uint32_t width) {
  return View(buffer).part(0, rows, 0, width);
}

float square_root(std::uint32_t value) {
  return std::sqrt(static_cast<float>(value));
}

}  // namespace

ForwardPass::Wave ForwardPass::Wave::part(std::uint32_t first, std::uint32_t count) const {
  Wave part = *this;
  part.first_position += first;
  for (View* view : {&part.x, &part.per_layer, &part.rope_full, &part.rope_sliding})
    if (view->buffer != 0) *view = view->part(first, count, 0, view->width);
  return part;
}

Status ForwardPass::evaluate(const Batch& batch, KvCache& cache, const std::stop_token& stop) {
  const auto count = static_cast<std::uint32_t>(batch.tokens.size());
  FACET_CHECK(count > 0 && batch.wanted_rows <= count, "%u of %u rows", batch.wanted_rows, count);
  cache.begin(count);
  kept_rows_ = 0;
  const Wave wave = embed(batch, cache.length());
  FACET_RETURN_IF_ERROR(batch.is_block ? run_block(wave, batch.wanted_rows, cache, stop)
                                       : run_layers(wave, batch.wanted_rows, cache, stop));
  FACET_RETURN_IF_ERROR(backend_.finish());
  cache.commit(count);
  kept_rows_ = batch.wanted_rows;
  return {};
}

Status ForwardPass::run_layers(Wave wave, std::uint32_t wanted_rows, const KvCache& cache,
                               const std::stop_token& stop) {
  const std::uint32_t count = wave.rows();
  const std::uint32_t last_kv_owner = config_.last_kv_owner();
  View normed = part_of(activations_.normed, count, config_.embedding_length);
  norm(wave.x, weights_.layers.front().attn_norm, normed);
  kept_stream_ = {};

  for (std::uint32_t l = 0; l < config_.layer_count(); ++l) {
    if (stop.stop_requested()) return Error{Error::Code::Stopped, "The evaluation was stopped."};
    tap("attn_norm", static_cast<int>(l), normed);
    const bool rows_leave = l == last_kv_owner && wanted_rows < count;
    project_heads(l, normed, wave, cache, rows_leave ? Heads::KeysAndValues : Heads::All);
    if (rows_leave) {
      if (wanted_rows == 0) break;
      wave.narrow_to_last(wanted_rows);
      normed = normed.last_rows(wanted_rows);
      project_heads(l, normed, wave, cache, Heads::Queries);
    }
    attend(l, wave, cache);
    feed_forward(l, wave);
    if (weights_.layers[l].inp_gate) per_layer_embedding(l, wave);
    tap("layer_out", static_cast<int>(l), wave.x);
    normed = next_normed(wave);
  }

  if (wanted_rows > 0) tap("output_norm", -1, normed);
  return {};
}

template <typename Use>
void ForwardPass::for_pieces(const Wave& wave, const Use& use) const {
  for (std::uint32_t first = 0; first < wave.rows(); first += activations_.normed.rows)
    use(wave.part(first, std::min(activations_.normed.rows, wave.rows() - first)));
}

// On every layer all keys are there before the first token attends.
Status ForwardPass::run_block(Wave wave, std::uint32_t wanted_rows, const KvCache& cache, const std::stop_token& stop) {
  FACET_CHECK(!weights_.per_layer_token_embd, "a block in a model that reads tokens one behind the other");
  wave.seen_end = wave.first_position + wave.rows();
  const auto normed = [&](std::uint32_t l, const Wave& piece) {
    const View view = part_of(activations_.normed, piece.rows(), config_.embedding_length);
    norm(piece.x, weights_.layers[l].attn_norm, view);
    return view;
  };
  for (std::uint32_t l = 0; l < config_.layer_count(); ++l) {
    if (stop.stop_requested()) return Error{Error::Code::Stopped, "The evaluation was stopped."};
    for_pieces(wave,
               [&](const Wave& piece) { project_heads(l, normed(l, piece), piece, cache, Heads::KeysAndValues); });
    if (l == config_.last_kv_owner()) wave.narrow_to_last(wanted_rows);
    for_pieces(wave, [&](const Wave& piece) {
      project_heads(l, normed(l, piece), piece, cache, Heads::Queries);
      attend(l, piece, cache);
      feed_forward(l, piece);
      tap("layer_out", static_cast<int>(l), piece.x);
    });
  }
  kept_stream_ = wave.x;
  return {};
}

ForwardPass::Wave ForwardPass::embed(const Batch& batch, std::uint32_t first_position) {
  // Soft tokens stand in the place of the first entry of every table.
  std::vector<Token> tokens(batch.tokens.begin(), batch.tokens.end());
  for (Token& token : tokens)
    if (SoftTokens::is_soft(token)) token = 0;
  const auto rows = static_cast<std::uint32_t>(tokens.size());
  Wave wave;
  wave.first_position = first_position;
  wave.x = part_of(activations_.x, rows, config_.embedding_length);
  backend_.embed(weights_.token_embd, tokens, square_root(config_.embedding_length), wave.x);
  write_soft_rows(batch, wave.x);
  tap("embedding", -1, wave.x);
  if (weights_.per_layer_token_embd) wave.per_layer = per_layer_inputs(tokens, wave.x);
  // Cosines and sines of the batch's positions, once for all layers of a kind.
  const auto table = [&](const std::vector<double>& frequencies, const Buffer& buffer) {
    const View view = part_of(buffer, rows, static_cast<std::uint32_t>(2 * frequencies.size()));
    backend_.rope_table(frequencies, first_position, view);
    return view;
  };
  wave.rope_full = table(weights_.rope_full, activations_.rope_full);
  wave.rope_sliding = table(weights_.rope_sliding, activations_.rope_sliding);
  return wave;
}

// As they are: what an encoder made is not scaled.
void ForwardPass::write_soft_rows(const Batch& batch, const View& x) {
  const auto is_soft = [&](std::uint32_t i) { return i < x.rows && SoftTokens::is_soft(batch.tokens[i]); };
  std::vector<float> values;
  for (std::uint32_t first = 0, end = 0; first < x.rows; first = end + 1) {
    values.clear();
    for (end = first; is_soft(end); ++end) {
      const std::span<const float> row = batch.soft->row(batch.tokens[end]);
      FACET_CHECK(row.size() == x.width, "a row of %zu", row.size());
      values.insert(values.end(), row.begin(), row.end());
    }
    if (end > first) backend_.write(x.part(first, end - first, 0, x.width), values);
  }
}

// Each layer's own input: the mean, times sqrt(2), of a row of a table and of a projection of the token's embedding.
View ForwardPass::per_layer_inputs(std::span<const Token> tokens, const View& x) {
  const std::uint32_t width = config_.per_layer_width;
  const View sum = part_of(activations_.per_layer, x.rows, width * config_.layer_count());
  const View context = part_of(activations_.per_layer_context, x.rows, sum.width);
  backend_.embed(weights_.per_layer_token_embd, tokens, square_root(width), sum);
  backend_.matmul(weights_.per_layer_model_proj, x, context);
  // The projection is divided by the root of the embedding's length; its norm says the same of it as it is, with eps as
  // much larger.
  const float eps = config_.rms_eps * static_cast<float>(config_.embedding_length);
  backend_.add_rms_norm(context, weights_.per_layer_proj_norm, width, eps, sum);
  backend_.scale(sum, 1.0F / std::sqrt(2.0F));
  tap("per_layer", -1, sum);
  return sum;
}

// Queries for the rows that go on, keys and values for all that the cache is to keep.
void ForwardPass::project_heads(std::uint32_t l, const View& normed, const Wave& wave, const KvCache& cache,
                                Heads heads) {
  const LayerConfig& config = config_.layers[l];
  const LayerWeights& layer = weights_.layers[l];
  HeadInputs inputs;
  inputs.head_dim = config.head_dim;
  inputs.eps = config_.rms_eps;
  inputs.rope = rope_of(l, wave);
  inputs.first_position = wave.first_position;
  HeadWeights weights;
  if (heads != Heads::KeysAndValues) {
    inputs.q = part_of(activations_.q, wave.rows(), config.heads * config.head_dim);
    inputs.q_norm = layer.attn_q_norm;
    weights.q = layer.attn_q;
  }
  if (heads != Heads::Queries && layer.attn_k) {
    inputs.k = part_of(activations_.k, wave.rows(), config.kv_heads * config.head_dim);
    inputs.v = part_of(activations_.v, wave.rows(), inputs.k.width);
    inputs.k_norm = layer.attn_k_norm;
    inputs.values_are_keys = !layer.attn_v;
    inputs.keys = cache.keys(l);
    inputs.values = cache.values(l);
    weights.k = layer.attn_k;
    weights.v = layer.attn_v;
  }
  if (!weights.q && !weights.k) return;
  backend_.matmul_heads(weights, normed, inputs);
  const auto number = static_cast<int>(l);
  if (inputs.k.rows > 0) {
    tap("k", number, inputs.k);
    tap("v", number, inputs.v);
  }
  if (inputs.q.rows > 0) tap("q", number, inputs.q);
}

void ForwardPass::attend(std::uint32_t l, const Wave& wave, const KvCache& cache) {
  const LayerConfig& config = config_.layers[l];
  const LayerWeights& layer = weights_.layers[l];
  const View q = part_of(activations_.q, wave.rows(), config.heads * config.head_dim);
  const View attended = part_of(activations_.attended, wave.rows(), q.width);
  const View branch = part_of(activations_.branch, wave.rows(), config_.embedding_length);
  backend_.attention(
      q, cache.keys(config.kv_source), cache.values(config.kv_source),
      {config.heads, config.kv_heads, config.head_dim, config.window, config.sliding() ? wave.seen_end : 0},
      wave.first_position, attended);
  tap("attended", static_cast<int>(l), attended);
  backend_.matmul_add_branch(
      layer.attn_output, attended, branch,
      {layer.post_attention_norm, config_.rms_eps, 1.0F, wave.x, layer.ffn_norm, next_normed(wave)});
  tap("after_attention", static_cast<int>(l), wave.x);
}

// Reads the norm of the residual stream that `attend` left.
void ForwardPass::feed_forward(std::uint32_t l, const Wave& wave) {
  const LayerWeights& layer = weights_.layers[l];
  const std::uint32_t width = config_.layers[l].ffn_width;
  const View gate = part_of(activations_.gate, wave.rows(), width);
  const View up = part_of(activations_.up, wave.rows(), width);
  const View branch = part_of(activations_.branch, wave.rows(), config_.embedding_length);
  // Where the layer has an embedding of its own, that comes behind and ends the layer.
  const BranchEnd end = layer.inp_gate ? BranchEnd{layer.post_ffw_norm, config_.rms_eps, 1.0F, wave.x, {}, {}}
                                       : end_of_layer(l, layer.post_ffw_norm, wave);
  backend_.matmul_geglu(layer.ffn_gate, layer.ffn_up, next_normed(wave), up, gate);
  if (layer.ffn_gate_inp) {
    backend_.matmul(layer.ffn_down, gate, branch);
    tap("dense_branch", static_cast<int>(l), branch);
    const View experts = experts_branch(layer, l, wave.x);
    norm(branch, layer.post_ffw_norm_1, branch);
    backend_.add_rms_norm(experts, layer.post_ffw_norm_2, branch.width, config_.rms_eps, branch);
    backend_.add_branch(branch, end);
  } else {
    backend_.matmul_add_branch(layer.ffn_down, gate, branch, end);
    tap("dense_branch", static_cast<int>(l), branch);
  }
  if (layer.inp_gate) tap("after_feed_forward", static_cast<int>(l), wave.x);
}

// The last branch of a layer is followed by the layer's factor and by the norm that the next layer, or the output,
// reads.
BranchEnd ForwardPass::end_of_layer(std::uint32_t l, const Weight& branch_norm, const Wave& wave) const {
  const bool is_last = l + 1 == config_.layer_count();
  const Weight& next = is_last ? weights_.output_norm : weights_.layers[l + 1].attn_norm;
  return {branch_norm, config_.rms_eps, weights_.layers[l].output_scale, wave.x, next, next_normed(wave)};
}

View ForwardPass::next_normed(const Wave& wave) const {
  return part_of(activations_.normed, wave.rows(), config_.embedding_length);
}

// The router reads the residual stream itself, normed and scaled in its own way; the chosen experts read another norm.
View ForwardPass::experts_branch(const LayerWeights& layer, std::uint32_t l, const View& x) {
  const std::uint32_t chosen = config_.expert_used_count;
  const View normed = part_of(activations_.normed, x.rows, x.width);
  const View router = part_of(activations_.expert_logits, x.rows, config_.expert_count);
  const View ids = part_of(activations_.expert_ids, x.rows, chosen);
  const View shares = part_of(activations_.expert_weights, x.rows, chosen);
  norm(x, layer.ffn_gate_inp_scale, normed);
  backend_.scale(normed, 1.0F / square_root(config_.embedding_length));
  backend_.matmul(layer.ffn_gate_inp, normed, router);
  tap("expert_logits", static_cast<int>(l), router);
  backend_.route_experts(router, layer.ffn_down_exps_scale, ids, shares);

  norm(x, layer.pre_ffw_norm_2, normed);
  ExpertBranch experts{layer.ffn_gate_up_exps,
                       layer.ffn_gate_exps,
                       layer.ffn_up_exps,
                       layer.ffn_down_exps,
                       ids,
                       shares,
                       normed,
                       {},
                       {},
                       {}};
  experts.hidden = part_of(activations_.expert_hidden, x.rows * chosen, 2 * config_.expert_ffn_width);
  experts.results = part_of(activations_.expert_out, x.rows * chosen, x.width);
  experts.out = part_of(activations_.experts_branch, x.rows, x.width);
  if (!backend_.apply_experts(experts)) apply_experts(experts);
  tap("experts_branch", static_cast<int>(l), experts.out);
  return experts.out;
}

void ForwardPass::apply_experts(const ExpertBranch& experts) {
  const std::uint32_t width = config_.expert_ffn_width;
  const View gate = experts.hidden.columns(0, width);
  const View up = experts.hidden.columns(width, width);
  if (experts.gate_up) {
    backend_.matmul_experts(experts.gate_up, experts.ids, experts.x, experts.hidden);
  } else {
    backend_.matmul_experts(experts.gate, experts.ids, experts.x, gate);
    backend_.matmul_experts(experts.up, experts.ids, experts.x, up);
  }
  backend_.geglu(gate, up, gate);
  backend_.matmul_experts(experts.down, experts.ids, gate, experts.results);
  backend_.combine_experts(experts.results, experts.shares, experts.out);
}

void ForwardPass::per_layer_embedding(std::uint32_t l, const Wave& wave) {
  const LayerWeights& layer = weights_.layers[l];
  const std::uint32_t width = config_.per_layer_width;
  const View gate = part_of(activations_.per_layer_gate, wave.rows(), width);
  const View branch = part_of(activations_.branch, wave.rows(), config_.embedding_length);
  backend_.matmul_geglu(layer.inp_gate, wave.per_layer.columns(l * width, width), wave.x, gate);
  backend_.matmul_add_branch(layer.proj, gate, branch, end_of_layer(l, layer.post_norm, wave));
}

View ForwardPass::normed_rows(std::uint32_t first, std::uint32_t count) {
  if (kept_stream_.buffer == 0)
    return part_of(activations_.normed, kept_rows_, config_.embedding_length)
        .part(first, count, 0, config_.embedding_length);
  const View normed = part_of(activations_.normed, count, config_.embedding_length);
  norm(kept_stream_.part(first, count, 0, config_.embedding_length), weights_.output_norm, normed);
  return normed;
}

Status ForwardPass::read_logits(std::span<float> out) {
  const std::size_t vocabulary = config_.vocabulary_size;
  FACET_CHECK(out.size() == kept_rows_ * vocabulary, "%zu values for %u rows", out.size(), kept_rows_);
  for (std::uint32_t first = 0; first < kept_rows_; first += kLogitRows) {
    const std::uint32_t rows = std::min(kLogitRows, kept_rows_ - first);
    const View logits = part_of(activations_.logits, rows, config_.vocabulary_size);
    backend_.matmul(weights_.output, normed_rows(first, rows), logits);
    if (config_.logit_softcap > 0) backend_.softcap(logits, config_.logit_softcap);
    tap("logits", -1, logits);
    backend_.read(logits, out.subspan(first * vocabulary, rows * vocabulary));
    // What went wrong until then, reading included.
    FACET_RETURN_IF_ERROR(backend_.finish());
  }
  return {};
}

Status ForwardPass::read_candidates(std::span<Candidate> out) {
  const auto count = static_cast<std::uint32_t>(out.size());
  FACET_CHECK(kept_rows_ > 0 && count <= std::min(Backend::kMostCandidates, config_.vocabulary_size), "%u", count);
  const View logits = part_of(activations_.logits, 1, config_.vocabulary_size);
  const View both = part_of(activations_.candidates, 1, 2 * count);
  backend_.matmul(weights_.output, normed_rows(kept_rows_ - 1, 1), logits);
  backend_.top_k(logits, config_.logit_softcap, both.columns(0, count), both.columns(count, count));
  tap("logits", -1, logits);
  std::array<float, std::size_t{2} * Backend::kMostCandidates> cells;
  backend_.read(both, std::span(cells).first(both.width));
  FACET_RETURN_IF_ERROR(backend_.finish());
  for (std::uint32_t i = 0; i < count; ++i)
    out[i] = {std::bit_cast<Token>(cells[i]), cells[count + i]};
  return {};
}

const View& ForwardPass::rope_of(std::uint32_t l, const Wave& wave) const {
  return config_.layers[l].sliding() ? wave.rope_sliding : wave.rope_full;
}

void ForwardPass::norm(const View& x, const Weight& weight, const View& out) {
  backend_.rms_norm(x, weight, x.width, config_.rms_eps, out);
}

void ForwardPass::tap(std::string_view name, int layer, const View& value) const {
  if (tap_) tap_(name, layer, value);
}

}  // namespace facet::engine
