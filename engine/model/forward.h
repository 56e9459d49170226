#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string_view>

#include "engine/backend.h"
#include "engine/model/activations.h"
#include "engine/model/config.h"
#include "engine/model/kv_cache.h"
#include "engine/model/soft_tokens.h"
#include "engine/model/weights.h"
#include "engine/text/top_k.h"

namespace facet::engine {

// Sees every named intermediate as it is computed; `layer` is -1 outside the layers. For comparing one backend with
// another, or with stored values. The view is only valid during the call.
using Tap = std::function<void(std::string_view name, int layer, const View& value)>;

// Consecutive tokens behind what the cache holds.
struct Batch {
  std::span<const Token> tokens;
  std::uint32_t wanted_rows = 0;  // for how many of the last tokens logits will be asked
  // Whose rows those of the tokens are that are soft.
  const SoftTokens* soft = nullptr;
  // On sliding layers the tokens see each other. Then there may be as many as KvLayout::largest_block.
  bool is_block = false;
};

// The forward pass of the text model. A straight line of operations on named buffers: what differs between models is
// whether a weight is there, or a number of the configuration. Used by one thread at a time; several may share the
// buffers as long as only one of them evaluates.
class ForwardPass {
 public:
  ForwardPass(Backend& backend, const ModelConfig& config, const Weights& weights, const Activations& activations)
      : backend_(backend), config_(config), weights_(weights), activations_(activations) {}

  void set_tap(Tap tap) { tap_ = std::move(tap); }

  // Evaluates the batch, extends the cache, and keeps the final hidden states of the wanted rows. Rows that nobody
  // wants leave the pass at the last layer whose keys and values are kept. A requested stop takes effect between two
  // layers: an error, and the cache is as long as before.
  Status evaluate(const Batch& batch, KvCache& cache, const std::stop_token& stop = {});

  // Logits of the wanted rows of the last batch, one after the other.
  Status read_logits(std::span<float> out);

  // The largest logits of the last row of the last batch, as `select_top` chooses them. At most
  // Backend::kMostCandidates, and no more than the vocabulary has.
  Status read_candidates(std::span<Candidate> out);

 private:
  // The rows that take part in the pass at the moment, and the position of the first.
  struct Wave {
    View x;
    View per_layer;
    View rope_full;
    View rope_sliding;
    std::uint32_t first_position = 0;
    std::uint32_t seen_end = 0;  // on sliding layers, as in AttentionShape

    std::uint32_t rows() const { return x.rows; }
    Wave part(std::uint32_t first, std::uint32_t count) const;
    void narrow_to_last(std::uint32_t count) { *this = part(rows() - count, count); }
  };

  Wave embed(const Batch& batch, std::uint32_t first_position);
  void write_soft_rows(const Batch& batch, const View& x);
  Status run_layers(Wave wave, std::uint32_t wanted_rows, const KvCache& cache, const std::stop_token& stop);
  Status run_block(Wave wave, std::uint32_t wanted_rows, const KvCache& cache, const std::stop_token& stop);
  // Calls `use(piece)` for as many rows at a time as the layers' buffers have.
  template <typename Use>
  void for_pieces(const Wave& wave, const Use& use) const;
  View per_layer_inputs(std::span<const Token> tokens, const View& x);
  enum class Heads { All, KeysAndValues, Queries };
  void project_heads(std::uint32_t layer, const View& normed, const Wave& wave, const KvCache& cache, Heads heads);
  void attend(std::uint32_t layer, const Wave& wave, const KvCache& cache);
  void feed_forward(std::uint32_t layer, const Wave& wave);
  View experts_branch(const LayerWeights& weights, std::uint32_t layer, const View& x);
  void apply_experts(const ExpertBranch& experts);
  void per_layer_embedding(std::uint32_t layer, const Wave& wave);

  BranchEnd end_of_layer(std::uint32_t layer, const Weight& branch_norm, const Wave& wave) const;
  // Where the norm of the residual stream lies.
  View next_normed(const Wave& wave) const;
  const View& rope_of(std::uint32_t layer, const Wave& wave) const;
  void norm(const View& x, const Weight& weight, const View& out);
  void tap(std::string_view name, int layer, const View& value) const;

  Backend& backend_;
  const ModelConfig& config_;
  const Weights& weights_;
  const Activations& activations_;
  // Of the rows whose logits will be asked.
  View normed_rows(std::uint32_t first, std::uint32_t count);

  Tap tap_;
  std::uint32_t kept_rows_ = 0;
  View kept_stream_;  // of a block, whose last norm is computed when it is asked for
};

}  // namespace facet::engine
