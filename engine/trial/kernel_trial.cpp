#include "engine/trial/kernel_trial.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/trial/twin_operands.h"

namespace facet::engine {
namespace {

// Sums of a few thousand float32 products in two orders differ by some 1e-5 of their size, and functions that drivers
// compute roughly by no more; what is wrong is wrong by far more than this.
constexpr float kTolerance = kExactProducts;
// With eight bits a value next to the middle of two codes may become either.
constexpr float kEightBitTolerance = 2e-2F;
constexpr float kEps = 1e-6F;

// One token, few, and more than any kernel takes at once.
constexpr std::uint32_t kRows[] = {1, 3, 40};
// More than one group of any kernel, and no multiple of it.
constexpr std::uint32_t kOutputs = 131;
constexpr std::uint32_t kChunk = 64;

std::string rows_text(std::uint32_t rows) {
  return std::to_string(rows) + (rows == 1 ? " row" : " rows");
}

std::string name_of(const char* operation, const KernelUse::Product& product, std::uint32_t rows) {
  return std::string(operation) + " " + std::string(format_info(product.format).name) + " with " +
         std::to_string(product.inputs) + " inputs, " + rows_text(rows);
}

TwinOperands::Kind kind_of(float tolerance) {
  return tolerance > kExactProducts ? TwinOperands::Kind::Rounded : TwinOperands::Kind::Numbers;
}

void try_product(TwinOperands& twins, const KernelUse::Product& product, float tolerance) {
  const auto weight = twins.matrix(product.format, product.inputs, kOutputs);
  const auto other = twins.matrix(product.format, product.inputs, kOutputs);
  const auto small = twins.matrix(product.format, product.inputs, 7);
  const auto norm = twins.vector(kOutputs);
  const float size = 1.0F / std::sqrt(static_cast<float>(product.inputs));
  for (const std::uint32_t rows : kRows) {
    const auto x = twins.numbers(rows, product.inputs, size);
    const auto out = twins.room(rows, kOutputs);
    twins.run([&](Backend& b, std::size_t i) { b.matmul(weight[i], x[i], out[i]); });
    twins.compare(name_of("matmul", product, rows), out, tolerance, kind_of(tolerance));

    const auto first = twins.room(rows, kOutputs);
    const auto second = twins.room(rows, 7);
    twins.run([&](Backend& b, std::size_t i) {
      const std::array weights = {weight[i], small[i], other[i]};
      const std::array outs = {first[i], second[i], out[i]};
      b.matmul_all(weights, x[i], outs);
    });
    for (const auto& each : {first, second, out})
      twins.compare(name_of("matmul_all", product, rows), each, tolerance, kind_of(tolerance));

    const auto gated = twins.room(rows, kOutputs);
    const auto scratch = twins.room(rows, kOutputs);
    twins.run([&](Backend& b, std::size_t i) { b.matmul_geglu(weight[i], other[i], x[i], scratch[i], gated[i]); });
    twins.compare(name_of("matmul_geglu", product, rows), gated, tolerance, kind_of(tolerance));
    const auto up = twins.numbers(rows, kOutputs);
    twins.run([&](Backend& b, std::size_t i) { b.matmul_geglu(weight[i], up[i], x[i], gated[i]); });
    twins.compare(name_of("matmul_geglu", product, rows), gated, tolerance, kind_of(tolerance));

    const auto branch = twins.room(rows, kOutputs);
    const auto sum = twins.numbers(rows, kOutputs);
    const auto next = twins.room(rows, kOutputs);
    twins.run([&](Backend& b, std::size_t i) {
      b.matmul_add_branch(weight[i], x[i], branch[i], {norm[i], kEps, 0.75F, sum[i], norm[i], next[i]});
    });
    for (const auto& each : {branch, sum, next})
      twins.compare(name_of("matmul_add_branch", product, rows), each, tolerance, kind_of(tolerance));
    twins.forget();
  }
}

void try_experts(TwinOperands& twins, const KernelUse& use, const KernelUse::Product& product, float tolerance) {
  constexpr std::uint32_t kMostExperts = 8;
  const std::uint32_t experts = std::min(use.expert_count, kMostExperts);
  const std::uint32_t chosen = std::min(use.experts_used, experts);
  const auto weight = twins.matrix(product.format, product.inputs, kOutputs, experts);
  for (const std::uint32_t rows : kRows) {
    for (const std::uint32_t x_rows : {rows, rows * chosen}) {
      // Other experts each time.
      const auto ids = twins.room(rows, chosen);
      std::vector<float> cells(std::size_t{rows} * chosen);
      for (std::uint32_t i = 0; i < cells.size(); ++i) {
        const std::uint32_t id = (i * 5 + i / chosen + x_rows) % experts;
        std::memcpy(&cells[i], &id, sizeof id);
      }
      twins.write(ids, cells);
      const auto x = twins.numbers(x_rows, product.inputs);
      const auto out = twins.room(rows * chosen, kOutputs);
      twins.run([&](Backend& b, std::size_t i) { b.matmul_experts(weight[i], ids[i], x[i], out[i]); });
      twins.compare(name_of("matmul_experts", product, rows), out, tolerance, kind_of(tolerance));
      const auto shares = twins.numbers(rows, chosen);
      const auto combined = twins.room(rows, kOutputs);
      twins.run([&](Backend& b, std::size_t i) { b.combine_experts(out[i], shares[i], combined[i]); });
      twins.compare("combine_experts, " + rows_text(rows), combined, tolerance, kind_of(tolerance));
    }
    twins.forget();
  }
}

void try_router(TwinOperands& twins, const KernelUse& use) {
  const auto scale = twins.vector(use.expert_count);
  for (const std::uint32_t rows : kRows) {
    for (const bool scaled : {true, false}) {
      const auto logits = twins.numbers(rows, use.expert_count, 3.0F);
      const auto ids = twins.room(rows, use.experts_used);
      const auto weights = twins.room(rows, use.experts_used);
      twins.run([&](Backend& b, std::size_t i) {
        b.route_experts(logits[i], scaled ? scale[i] : Weight{}, ids[i], weights[i]);
      });
      twins.compare("route_experts, " + rows_text(rows), ids, 0, TwinOperands::Kind::Integers);
      twins.compare("route_experts, " + rows_text(rows), weights, kTolerance);
    }
    twins.forget();
  }
}

void try_elementwise(TwinOperands& twins, std::uint32_t width) {
  const auto norm = twins.vector(width);
  const auto words = twins.table(width, 5);
  for (const std::uint32_t rows : kRows) {
    const auto x = twins.numbers(rows, width, 5.0F);
    const auto out = twins.room(rows, width);
    std::vector<Token> tokens(rows);
    for (std::uint32_t r = 0; r < rows; ++r)
      tokens[r] = static_cast<Token>(r * 3 % 5);
    twins.run([&](Backend& b, std::size_t i) { b.embed(words[i], tokens, 1.5F, out[i]); });
    twins.compare("embed, " + rows_text(rows), out, kTolerance);
    twins.run([&](Backend& b, std::size_t i) { b.rms_norm(x[i], norm[i], width, kEps, out[i]); });
    twins.compare("rms_norm, " + rows_text(rows), out, kTolerance);
    twins.run([&](Backend& b, std::size_t i) { b.add_rms_norm(x[i], norm[i], width, kEps, out[i]); });
    twins.compare("add_rms_norm, " + rows_text(rows), out, kTolerance);
    const auto next = twins.room(rows, width);
    twins.run([&](Backend& b, std::size_t i) { b.add_branch(x[i], {norm[i], kEps, 0.75F, out[i], norm[i], next[i]}); });
    for (const auto& each : {out, next})
      twins.compare("add_branch, " + rows_text(rows), each, kTolerance);
    twins.run([&](Backend& b, std::size_t i) { b.scale(out[i], 3.0F); });
    twins.compare("scale, " + rows_text(rows), out, kTolerance);
    const auto gated = twins.room(rows, width);
    twins.run([&](Backend& b, std::size_t i) { b.geglu(x[i], out[i], gated[i]); });
    twins.compare("geglu, " + rows_text(rows), gated, kTolerance);
    twins.run([&](Backend& b, std::size_t i) { b.softcap(x[i], 4.0F); });
    twins.compare("softcap, " + rows_text(rows), x, kTolerance);
    twins.forget();
  }
}

// One slice of logits and many, a few candidates and the most.
void try_top(TwinOperands& twins) {
  for (const std::uint32_t vocabulary : {1000U, 70001U}) {
    const auto logits = twins.numbers(1, vocabulary, 10.0F);
    for (const std::uint32_t count : {1U, 100U, Backend::kMostCandidates}) {
      const auto ids = twins.room(1, count);
      const auto values = twins.room(1, count);
      twins.run([&](Backend& b, std::size_t i) { b.top_k(logits[i], 0, ids[i], values[i]); });
      const std::string name = "top_k, " + std::to_string(count) + " of " + std::to_string(vocabulary);
      twins.compare(name, ids, 0, TwinOperands::Kind::Integers);
      twins.compare(name, values, 0);
    }
    const auto ids = twins.room(1, 1);
    const auto value = twins.room(1, 1);
    twins.run([&](Backend& b, std::size_t i) { b.top_k(logits[i], 30.0F, ids[i], value[i]); });
    twins.compare("top_k with a cap", logits, kTolerance);
    twins.compare("top_k with a cap", value, kTolerance);
    twins.forget();
  }
}

std::string name_of(const char* operation, const AttentionShape& shape, std::uint32_t rows) {
  return std::string(operation) + " with heads of " + std::to_string(shape.head_dim) + ", " + rows_text(rows);
}

// What a layer does between its products: norm and rotate queries and keys, store, attend. A context that takes more
// than one pass of a kernel, and goes around the ring of a sliding layer.
void try_heads(TwinOperands& twins, const AttentionShape& shape, Format format) {
  constexpr std::uint32_t kBeyond = 330;
  const float tolerance = format == Format::Q8_0 ? kEightBitTolerance : kTolerance;
  const std::uint32_t positions = shape.window + kBeyond;
  const std::uint32_t ring = shape.window == 0 ? positions : shape.window + kChunk;
  const std::uint32_t width = shape.kv_heads * shape.head_dim;
  const auto keys = twins.cache(ring, width, format);
  const auto values = twins.cache(ring, width, format);
  // Scores around one, so that every key counts and none counts alone.
  const float score = 1.0F / std::sqrt(static_cast<float>(shape.head_dim));
  const auto q_norm = twins.vector(shape.head_dim, score);
  const auto k_norm = twins.vector(shape.head_dim);
  for (std::uint32_t first = 0; first < positions;) {
    // The last chunks are short: few rows take kernels of their own.
    const std::uint32_t left = positions - first;
    const std::uint32_t rows = left > kChunk ? std::min(kChunk, left - 6) : left > 5 ? 5 : 1;
    // All pairs rotate, or a quarter of them.
    const std::uint32_t pairs = shape.head_dim / (first % 2 == 0 ? 2 : 8);
    std::vector<double> frequencies(pairs);
    for (std::uint32_t i = 0; i < pairs; ++i)
      frequencies[i] = std::pow(1e4, -static_cast<double>(i) / pairs);
    const auto q = twins.numbers(rows, shape.heads * shape.head_dim);
    const auto k = twins.numbers(rows, width);
    const auto v = twins.numbers(rows, width);
    const auto rope = twins.room(rows, 2 * pairs);
    const auto out = twins.room(rows, shape.heads * shape.head_dim);
    twins.run([&](Backend& b, std::size_t i) {
      b.rope_table(frequencies, first, rope[i]);
      HeadInputs inputs;
      inputs.q = q[i];
      inputs.k = k[i];
      inputs.v = v[i];
      inputs.values_are_keys = first == kChunk;
      inputs.q_norm = q_norm[i];
      inputs.k_norm = k_norm[i];
      inputs.head_dim = shape.head_dim;
      inputs.eps = kEps;
      inputs.rope = rope[i];
      inputs.first_position = first;
      inputs.keys = keys[i];
      inputs.values = values[i];
      b.prepare_heads(inputs);
      b.attention(q[i], keys[i], values[i], shape, first, out[i]);
    });
    twins.compare(name_of("rope_table", shape, rows), rope, kTolerance);
    for (const auto& each : {q, k, v})
      twins.compare(name_of("prepare_heads", shape, rows), each, kTolerance);
    twins.compare(name_of("attention", shape, rows), out, tolerance);
    first += rows;
  }
  // Rows that are stored by themselves take the place of all that are seen.
  const auto x = twins.numbers(ring, width);
  const auto q = twins.numbers(1, shape.heads * shape.head_dim, score);
  const auto out = twins.room(1, shape.heads * shape.head_dim);
  const std::uint32_t first = positions - ring;
  twins.run([&](Backend& b, std::size_t i) {
    b.store(x[i], first, keys[i]);
    b.store(x[i], first, values[i]);
    b.attention(q[i], keys[i], values[i], shape, positions - 1, out[i]);
  });
  twins.compare(name_of("store", shape, 1), out, tolerance);
  twins.forget();
}

// The same heads from products of some formats: the caches show in what attention makes of them.
void try_head_products(TwinOperands& twins, const AttentionShape& shape, const KernelUse::HeadFormats& formats,
                       Format cache, float tolerance) {
  constexpr std::uint32_t kInputs = 256;
  constexpr std::uint32_t kFewRows = 3;
  const std::uint32_t width = shape.kv_heads * shape.head_dim;
  const auto q_matrix = twins.matrix(formats[0], kInputs, shape.heads * shape.head_dim);
  const auto k_matrix = twins.matrix(formats[1], kInputs, width);
  const auto v_matrix = twins.matrix(formats[2], kInputs, width);
  const auto q_norm = twins.vector(shape.head_dim, 1.0F / std::sqrt(static_cast<float>(shape.head_dim)));
  const auto k_norm = twins.vector(shape.head_dim);
  for (const std::uint32_t rows : {1U, kFewRows}) {
    for (const bool values_are_keys : {false, true}) {
      const auto x = twins.numbers(rows, kInputs);
      const auto rope = twins.numbers(rows, shape.head_dim);
      const auto q = twins.room(rows, shape.heads * shape.head_dim);
      const auto k = twins.room(rows, width);
      const auto v = twins.room(rows, width);
      const auto keys = twins.cache(kFewRows, width, cache);
      const auto values = twins.cache(kFewRows, width, cache);
      const auto out = twins.room(rows, shape.heads * shape.head_dim);
      twins.run([&](Backend& b, std::size_t i) {
        HeadInputs inputs;
        inputs.q = q[i];
        inputs.k = k[i];
        inputs.v = v[i];
        inputs.values_are_keys = values_are_keys;
        inputs.q_norm = q_norm[i];
        inputs.k_norm = k_norm[i];
        inputs.head_dim = shape.head_dim;
        inputs.eps = kEps;
        inputs.rope = rope[i];
        inputs.keys = keys[i];
        inputs.values = values[i];
        b.matmul_heads({q_matrix[i], k_matrix[i], values_are_keys ? Weight{} : v_matrix[i]}, x[i], inputs);
        b.attention(q[i], keys[i], values[i], shape, 0, out[i]);
      });
      const std::string name = name_of("matmul_heads", shape, rows) + ", " + text_of(formats);
      for (const auto& each : {q, k, v})
        twins.compare(name, each, tolerance, kind_of(tolerance));
      // Few keys do not outweigh a value that a cache rounds the other way, and products of random blocks may be large.
      const bool is_rounded = cache != Format::F32 || tolerance > kExactProducts;
      twins.compare(name + ", stored", out, cache == Format::Q8_0 ? std::max(kEightBitTolerance, tolerance) : tolerance,
                    is_rounded ? TwinOperands::Kind::Rounded : TwinOperands::Kind::Numbers);
    }
  }
  twins.forget();
}

// Each head with the formats of each layer, whatever the number of inputs.
void try_head_products(TwinOperands& twins, const KernelUse& use, float tolerance) {
  for (const AttentionShape& shape : use.heads)
    for (const KernelUse::HeadFormats& formats : use.head_formats)
      try_head_products(twins, shape, formats, use.cache, tolerance);
}

// Heads that rotate in two parts, and attention to all patches of a picture, as the released encoders have them.
void try_patches(TwinOperands& twins, std::uint32_t head_dim) {
  constexpr std::uint32_t kHeads = 3;
  constexpr std::uint32_t kPatches = 300;
  const AttentionShape shape{kHeads, kHeads, head_dim, /*window=*/0, /*seen_end=*/kPatches};
  const std::uint32_t width = kHeads * head_dim;
  const auto keys = twins.cache(kPatches, width, Format::F32);
  const auto values = twins.cache(kPatches, width, Format::F32);
  const auto q_norm = twins.vector(head_dim, 1.0F / std::sqrt(static_cast<float>(head_dim)));
  const auto k_norm = twins.vector(head_dim);
  const auto q = twins.numbers(kPatches, width);
  const auto k = twins.numbers(kPatches, width);
  const auto v = twins.numbers(kPatches, width);
  const auto angles = twins.numbers(kPatches, head_dim);
  const auto out = twins.room(kPatches, width);
  twins.run([&](EncoderBackend& b, std::size_t i) {
    HeadInputs inputs;
    inputs.q = q[i];
    inputs.k = k[i];
    inputs.v = v[i];
    inputs.q_norm = q_norm[i];
    inputs.k_norm = k_norm[i];
    inputs.head_dim = head_dim;
    inputs.eps = kEps;
    inputs.rope = angles[i];
    inputs.rope_parts = 2;
    inputs.keys = keys[i];
    inputs.values = values[i];
    b.prepare_heads(inputs);
    b.attention(q[i], keys[i], values[i], shape, 0, out[i]);
  });
  for (const auto& each : {q, k, v})
    twins.compare(name_of("prepare_heads in parts", shape, kPatches), each, kTolerance);
  twins.compare(name_of("attention to all", shape, kPatches), out, kTolerance);
  twins.forget();
}

void try_pictures(TwinOperands& twins) {
  constexpr std::uint32_t kWidth = 768;
  constexpr std::uint32_t kColumns = 12;
  const auto factors = twins.vector(kWidth);
  const auto x = twins.numbers(kColumns * 6, kWidth);
  const auto other = twins.numbers(kColumns * 6, kWidth);
  const auto out = twins.room(kColumns * 6, kWidth);
  const auto pooled = twins.room(8, kWidth);
  twins.run([&](EncoderBackend& b, std::size_t i) { b.clamp(x[i], -1.0F, 0.5F, out[i]); });
  twins.compare("clamp", out, kTolerance);
  twins.run([&](EncoderBackend& b, std::size_t i) { b.add(other[i], 0.5F, out[i]); });
  twins.compare("add", out, kTolerance);
  twins.run([&](EncoderBackend& b, std::size_t i) { b.shift(out[i], factors[i], -1.0F, factors[i]); });
  twins.compare("shift", out, kTolerance);
  twins.run(
      [&](EncoderBackend& b, std::size_t i) { b.layer_norm(x[i], factors[i], factors[i], kWidth, kEps, out[i]); });
  twins.compare("layer_norm", out, kTolerance);
  twins.run([&](EncoderBackend& b, std::size_t i) { b.pool(out[i], kColumns, 3, 1.5F, pooled[i]); });
  twins.compare("pool", pooled, kTolerance);
  twins.forget();
}

void try_sounds(TwinOperands& twins) {
  constexpr std::uint32_t kBands = 8;
  constexpr std::uint32_t kChannels = 32;
  constexpr std::uint32_t kKernel = 5;
  constexpr std::uint32_t kHeadDim = 128;
  constexpr std::uint32_t kHeads = 2;
  constexpr std::uint32_t kWidth = kHeads * kHeadDim;
  const auto spectrum = twins.numbers(6 * kBands, kChannels);
  const auto unfolded = twins.room(3 * kBands / 2, 9 * kChannels);
  twins.run([&](EncoderBackend& b, std::size_t i) { b.unfold(spectrum[i], kBands, 1, unfolded[i]); });
  twins.compare("unfold", unfolded, kTolerance);
  const auto taps = twins.vector(kWidth * kKernel);
  const auto scale = twins.vector(kHeadDim);
  const auto x = twins.numbers(40, kWidth);
  const auto gate = twins.numbers(40, kWidth, 3.0F);
  const auto v = twins.numbers(40, kWidth);
  const auto relative = twins.numbers(13, kWidth);
  const auto out = twins.room(40, kWidth);
  twins.run([&](EncoderBackend& b, std::size_t i) { b.sigmoid_gate(x[i], gate[i], out[i]); });
  twins.compare("sigmoid_gate", out, kTolerance);
  twins.run([&](EncoderBackend& b, std::size_t i) { b.convolve(x[i], taps[i], kKernel, out[i]); });
  twins.compare("convolve", out, kTolerance);
  twins.run([&](EncoderBackend& b, std::size_t i) {
    const LocalAttention shape{kHeads, kHeadDim, scale[i], 0.1F, 1.5F, 50.0F};
    b.local_attention(x[i], gate[i], v[i], relative[i], shape, out[i]);
  });
  twins.compare("local_attention", out, kTolerance);
  twins.forget();
}

void try_encoders(TwinOperands& twins) {
  for (const std::uint32_t head_dim : {64U, 72U})
    try_patches(twins, head_dim);
  try_pictures(twins);
  try_sounds(twins);
}

}  // namespace

Status try_kernels(EncoderBackend& backend, const KernelUse& use, float product_tolerance) {
  TwinOperands twins(backend);
  try_elementwise(twins, use.width);
  try_top(twins);
  for (const AttentionShape& shape : use.heads)
    try_heads(twins, shape, use.cache);
  for (const KernelUse::Product& product : use.products)
    try_product(twins, product, product_tolerance);
  try_head_products(twins, use, product_tolerance);
  if (use.encoders) try_encoders(twins);
  if (use.expert_count > 0) try_router(twins, use);
  for (const KernelUse::Product& product : use.experts)
    try_experts(twins, use, product, product_tolerance);
  return twins.status();
}

}  // namespace facet::engine
