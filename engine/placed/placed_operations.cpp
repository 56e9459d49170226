#include <array>

#include "engine/base/check.h"
#include "engine/placed/placed_backend.h"

// Each operation: where it runs, what it reads and what it writes.
namespace facet::engine {

template <typename Call>
void PlacedBackend::run(Side side, std::initializer_list<View> reads, std::initializer_list<View> writes,
                        const Call& call) {
  for (const View& view : reads)
    if (!bring(view, side)) return;
  if (has_failed()) return;
  call(backend(side), Local{*this, side});
  for (const View& view : writes)
    was_written(view, side);
  last_side_ = side;
}

void PlacedBackend::embed(const Weight& table, std::span<const Token> tokens, float factor, const View& out) {
  run(side_of(table), {}, {out},
      [&](Backend& side, const Local& local) { side.embed(local(table), tokens, factor, local(out)); });
}

void PlacedBackend::matmul(const Weight& weight, const View& x, const View& out) {
  run(side_of(weight), {x}, {out},
      [&](Backend& side, const Local& local) { side.matmul(local(weight), local(x), local(out)); });
}

void PlacedBackend::matmul_all(std::span<const Weight> weights, const View& x, std::span<const View> outs) {
  FACET_CHECK(!weights.empty() && weights.size() <= kMostProducts && weights.size() == outs.size(), "%zu and %zu",
              weights.size(), outs.size());
  const Side at = side_of(weights.front());
  run(at, {x}, {}, [&](Backend& side, const Local& local) {
    std::array<Weight, kMostProducts> local_weights;
    std::array<View, kMostProducts> local_outs;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      local_weights[i] = local(weights[i]);
      local_outs[i] = local(outs[i]);
    }
    side.matmul_all(std::span(local_weights).first(weights.size()), local(x), std::span(local_outs).first(outs.size()));
  });
  if (has_failed()) return;
  for (const View& out : outs)
    was_written(out, at);
}

void PlacedBackend::matmul_geglu(const Weight& gate, const Weight& up, const View& x, const View& scratch,
                                 const View& out) {
  run(side_of(gate), {x}, {scratch, out}, [&](Backend& side, const Local& local) {
    side.matmul_geglu(local(gate), local(up), local(x), local(scratch), local(out));
  });
}

void PlacedBackend::matmul_geglu(const Weight& gate, const View& up, const View& x, const View& out) {
  run(side_of(gate), {up, x}, {out},
      [&](Backend& side, const Local& local) { side.matmul_geglu(local(gate), local(up), local(x), local(out)); });
}

void PlacedBackend::add_branch(const View& branch, const BranchEnd& end) {
  run(end.norm ? side_of(end.norm) : side_of(end.sum), {branch, end.sum}, {end.sum, end.next},
      [&](Backend& side, const Local& local) { side.add_branch(local(branch), local(end)); });
}

void PlacedBackend::matmul_add_branch(const Weight& weight, const View& x, const View& branch, const BranchEnd& end) {
  run(side_of(weight), {x, end.sum}, {branch, end.sum, end.next}, [&](Backend& side, const Local& local) {
    side.matmul_add_branch(local(weight), local(x), local(branch), local(end));
  });
}

void PlacedBackend::rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& out) {
  run(weight ? side_of(weight) : side_of(x), {x}, {out},
      [&](Backend& side, const Local& local) { side.rms_norm(local(x), local(weight), group, eps, local(out)); });
}

void PlacedBackend::add_rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& sum) {
  run(weight ? side_of(weight) : side_of(sum), {x, sum}, {sum},
      [&](Backend& side, const Local& local) { side.add_rms_norm(local(x), local(weight), group, eps, local(sum)); });
}

void PlacedBackend::scale(const View& x, float factor) {
  run(side_of(x), {x}, {x}, [&](Backend& side, const Local& local) { side.scale(local(x), factor); });
}

void PlacedBackend::geglu(const View& gate, const View& up, const View& out) {
  run(side_of(gate), {gate, up}, {out},
      [&](Backend& side, const Local& local) { side.geglu(local(gate), local(up), local(out)); });
}

void PlacedBackend::softcap(const View& x, float cap) {
  run(side_of(x), {x}, {x}, [&](Backend& side, const Local& local) { side.softcap(local(x), cap); });
}

void PlacedBackend::top_k(const View& logits, float cap, const View& ids, const View& values) {
  run(side_of(logits), {logits}, {logits, ids, values},
      [&](Backend& side, const Local& local) { side.top_k(local(logits), cap, local(ids), local(values)); });
}

// Cheaper to compute than to copy, and the same numbers everywhere: angles are in double precision.
void PlacedBackend::rope_table(std::span<const double> frequencies, std::uint32_t first_position, const View& out) {
  if (has_failed() || out.rows == 0 || out.width == 0) return;
  for (const Side side : kSides) {
    backend(side).rope_table(frequencies, first_position, Local{*this, side}(out));
    held(out.buffer).stale[index(side)].remove(area_of(out));
  }
}

void PlacedBackend::prepare_heads(const HeadInputs& inputs) {
  const bool has_keys = inputs.k.rows > 0;
  const bool has_queries = inputs.q.rows > 0;
  if (!has_keys && !has_queries) return;
  const Weight& norm = has_queries ? inputs.q_norm : inputs.k_norm;
  const Side at = norm ? side_of(norm) : side_of(has_queries ? inputs.q : inputs.k);
  const View values = inputs.values_are_keys ? View() : inputs.v;
  run(at, {inputs.q, inputs.k, values, inputs.rope}, {inputs.q, inputs.k, inputs.v},
      [&](Backend& side, const Local& local) { side.prepare_heads(local(inputs)); });
  if (has_keys) store_twin(inputs, at);
}

void PlacedBackend::matmul_heads(const HeadWeights& weights, const View& x, const HeadInputs& inputs) {
  const Side at = side_of(weights.q ? weights.q : weights.k);
  run(at, {x, inputs.rope}, {inputs.q, inputs.k, inputs.v}, [&](Backend& side, const Local& local) {
    side.matmul_heads({local(weights.q), local(weights.k), local(weights.v)}, local(x), local(inputs));
  });
  if (inputs.k.rows > 0) store_twin(inputs, at);
}

void PlacedBackend::store_twin(const HeadInputs& inputs, Side side) {
  const Side twin = other(side);
  const Local local{*this, twin};
  const Buffer keys = local(inputs.keys);
  if (!keys || !bring(inputs.k, twin) || !bring(inputs.v, twin)) return;
  backend(twin).store(local(inputs.k), inputs.first_position, keys);
  backend(twin).store(local(inputs.v), inputs.first_position, local(inputs.values));
}

void PlacedBackend::store(const View& x, std::uint32_t first_position, const Buffer& cache) {
  for (const Side side : kSides) {
    const Buffer here = Local{*this, side}(cache);
    if (here && bring(x, side)) backend(side).store(Local{*this, side}(x), first_position, here);
  }
}

// Where the queries are, unless the keys are only on the other side.
void PlacedBackend::attention(const View& q, const Buffer& keys, const Buffer& values, const AttentionShape& shape,
                              std::uint32_t first_position, const View& out) {
  const Side near = side_of(q);
  const Side at = held(keys.id).on[index(near)] ? near : other(near);
  run(at, {q}, {out}, [&](Backend& side, const Local& local) {
    side.attention(local(q), local(keys), local(values), shape, first_position, local(out));
  });
}

void PlacedBackend::route_experts(const View& logits, const Weight& expert_scale, const View& ids,
                                  const View& weights) {
  // A backend may work in the logits.
  run(expert_scale ? side_of(expert_scale) : side_of(logits), {logits}, {logits, ids, weights},
      [&](Backend& side, const Local& local) {
        side.route_experts(local(logits), local(expert_scale), local(ids), local(weights));
      });
}

void PlacedBackend::matmul_experts(const Weight& weight, const View& ids, const View& x, const View& out) {
  run(side_of(weight), {ids, x}, {out},
      [&](Backend& side, const Local& local) { side.matmul_experts(local(weight), local(ids), local(x), local(out)); });
}

void PlacedBackend::combine_experts(const View& x, const View& weights, const View& out) {
  run(side_of(x), {x, weights}, {out},
      [&](Backend& side, const Local& local) { side.combine_experts(local(x), local(weights), local(out)); });
}

}  // namespace facet::engine
