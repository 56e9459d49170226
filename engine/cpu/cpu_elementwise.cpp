#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/base/check.h"
#include "engine/cpu/cpu_backend.h"

namespace facet::engine {

void CpuBackend::embed(const Weight& table, std::span<const Token> tokens, float factor, const View& out) {
  FACET_CHECK(out.rows == tokens.size() && out.width == table.inputs, "%u x %u", out.rows, out.width);
  const LoadedWeight& weight = loaded(table);
  const Rows rows = rows_of(out);
  for_rows(out.rows, out.width, [&](std::uint32_t r) {
    const auto token = static_cast<std::uint64_t>(tokens[r]);
    FACET_CHECK(token < table.outputs, "token %d", tokens[r]);
    weight.decode(weight.rows + token * weight.row_bytes, rows[r], out.width);
    kernels_.scale(rows[r], factor, rows[r], out.width);
  });
}

namespace {

// The factor that brings the root mean square of a group to 1.
float inverse_rms(const Kernels& kernels, const float* x, std::uint32_t count, float eps) {
  return 1.0F / std::sqrt(kernels.sum_of_squares(x, count) / static_cast<float>(count) + eps);
}

}  // namespace

void CpuBackend::rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& out) {
  FACET_CHECK(x.rows == out.rows && x.width == out.width && x.width % group == 0, "%u x %u", x.rows, x.width);
  const float* factors = vector_of(weight, group);
  const Rows in = rows_of(x);
  const Rows result = rows_of(out);
  for_rows(x.rows, x.width, [&](std::uint32_t r) {
    for (std::uint32_t first = 0; first < x.width; first += group) {
      const float* values = in[r] + first;
      const float inverse = inverse_rms(kernels_, values, group, eps);
      if (factors == nullptr)
        kernels_.scale(values, inverse, result[r] + first, group);
      else
        kernels_.scale_weighted(values, inverse, factors, result[r] + first, group);
    }
  });
}

void CpuBackend::add_rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& sum) {
  FACET_CHECK(x.rows == sum.rows && x.width == sum.width && x.width % group == 0, "%u x %u", x.rows, x.width);
  const float* factors = vector_of(weight, group);
  const Rows in = rows_of(x);
  const Rows result = rows_of(sum);
  for_rows(x.rows, x.width, [&](std::uint32_t r) {
    for (std::uint32_t first = 0; first < x.width; first += group) {
      const float* values = in[r] + first;
      const float inverse = inverse_rms(kernels_, values, group, eps);
      if (factors == nullptr)
        kernels_.add_scaled(values, inverse, result[r] + first, group);
      else
        kernels_.add_weighted(values, inverse, factors, result[r] + first, group);
    }
  });
}

void CpuBackend::add_branch(const View& branch, const BranchEnd& end) {
  const View& sum = end.sum;
  FACET_CHECK(branch.rows == sum.rows && branch.width == sum.width &&
                  (end.next.rows == 0 || (end.next.rows == sum.rows && end.next.width == sum.width)),
              "%u x %u", branch.rows, branch.width);
  const float* factors = vector_of(end.norm, sum.width);
  const bool has_next = end.next.rows > 0;
  const float* next_factors = has_next ? vector_of(end.next_norm, sum.width) : nullptr;
  const Rows in = rows_of(branch);
  const Rows sums = rows_of(sum);
  const Rows next = has_next ? rows_of(end.next) : Rows{};
  for_rows(sum.rows, 2 * std::uint64_t{sum.width}, [&](std::uint32_t r) {
    const float inverse = inverse_rms(kernels_, in[r], sum.width, end.eps);
    if (factors == nullptr)
      kernels_.add_scaled(in[r], inverse, sums[r], sum.width);
    else
      kernels_.add_weighted(in[r], inverse, factors, sums[r], sum.width);
    if (end.factor != 1.0F) kernels_.scale(sums[r], end.factor, sums[r], sum.width);
    if (!has_next) return;
    const float next_inverse = inverse_rms(kernels_, sums[r], sum.width, end.eps);
    if (next_factors == nullptr)
      kernels_.scale(sums[r], next_inverse, next[r], sum.width);
    else
      kernels_.scale_weighted(sums[r], next_inverse, next_factors, next[r], sum.width);
  });
}

void CpuBackend::scale(const View& x, float factor) {
  const Rows rows = rows_of(x);
  for_pieces(x, [&](std::uint32_t r, std::uint32_t first, std::uint32_t count) {
    kernels_.scale(rows[r] + first, factor, rows[r] + first, count);
  });
}

void CpuBackend::geglu(const View& gate, const View& up, const View& out) {
  FACET_CHECK(gate.rows == up.rows && gate.rows == out.rows && gate.width == up.width && gate.width == out.width,
              "%u x %u", out.rows, out.width);
  const Rows gates = rows_of(gate);
  const Rows ups = rows_of(up);
  const Rows result = rows_of(out);
  for_pieces(out, [&](std::uint32_t r, std::uint32_t first, std::uint32_t count) {
    kernels_.geglu(gates[r] + first, ups[r] + first, result[r] + first, count);
  });
}

void CpuBackend::softcap(const View& x, float cap) {
  const Rows rows = rows_of(x);
  for_pieces(x, [&](std::uint32_t r, std::uint32_t first, std::uint32_t count) {
    kernels_.softcap(rows[r] + first, cap, count);
  });
}

void CpuBackend::top_k(const View& logits, float cap, const View& ids, const View& values) {
  FACET_CHECK(logits.rows == 1 && ids.rows == 1 && values.rows == 1 && ids.width == values.width &&
                  ids.width <= std::min(logits.width, kMostCandidates),
              "%u of %u", ids.width, logits.width);
  if (cap != 0) softcap(logits, cap);
  select_top({rows_of(logits)[0], logits.width}, ids.width, candidates_);
  for (std::uint32_t i = 0; i < ids.width; ++i) {
    const auto token = static_cast<std::uint32_t>(candidates_[i].token);
    std::memcpy(rows_of(ids)[0] + i, &token, sizeof token);
    rows_of(values)[0][i] = candidates_[i].logit;
  }
}

void CpuBackend::rope_table(std::span<const double> frequencies, std::uint32_t first_position, const View& out) {
  const std::size_t pairs = frequencies.size();
  FACET_CHECK(out.width == 2 * pairs, "%u columns", out.width);
  const Rows rows = rows_of(out);
  // A sine costs about as much as 32 multiplications.
  for_rows(out.rows, std::uint64_t{out.width} * 32, [&](std::uint32_t r) {
    for (std::size_t i = 0; i < pairs; ++i) {
      const double angle = static_cast<double>(first_position + r) * frequencies[i];
      rows[r][i] = static_cast<float>(std::cos(angle));
      rows[r][pairs + i] = static_cast<float>(std::sin(angle));
    }
  });
}

namespace {

void rotate_part(float* __restrict first, float* __restrict second, const float* __restrict cosines,
                 const float* __restrict sines, std::uint32_t pairs) {
  for (std::uint32_t i = 0; i < pairs; ++i) {
    const float a = first[i];
    const float b = second[i];
    first[i] = a * cosines[i] - b * sines[i];
    second[i] = b * cosines[i] + a * sines[i];
  }
}

}  // namespace

void CpuBackend::prepare_heads(const HeadInputs& inputs) {
  const std::uint32_t size = inputs.head_dim;
  const std::uint32_t parts = inputs.rope_parts;
  const std::uint32_t part = size / parts;
  const std::uint32_t pairs = inputs.rope.width / 2 / parts;
  const auto rotate = [&](const View& x) {
    FACET_CHECK(inputs.rope.rows == x.rows && x.width % size == 0 && size % parts == 0 && 2 * pairs <= part, "%u x %u",
                x.rows, x.width);
    const Rows rows = rows_of(x);
    const Rows angles = rows_of(inputs.rope);
    for_rows(x.rows, x.width, [&](std::uint32_t r) {
      for (std::uint32_t first = 0; first < x.width; first += part) {
        float* const cells = rows[r] + first;
        const float* const table = angles[r] + first / part % parts * 2 * pairs;
        rotate_part(cells, cells + part / 2, table, table + pairs, pairs);
      }
    });
  };
  if (inputs.k.rows > 0) {
    rms_norm(inputs.values_are_keys ? inputs.k : inputs.v, {}, size, inputs.eps, inputs.v);
    rms_norm(inputs.k, inputs.k_norm, size, inputs.eps, inputs.k);
    rotate(inputs.k);
    store(inputs.k, inputs.first_position, inputs.keys);
    store(inputs.v, inputs.first_position, inputs.values);
  }
  if (inputs.q.rows > 0) {
    rms_norm(inputs.q, inputs.q_norm, size, inputs.eps, inputs.q);
    rotate(inputs.q);
  }
}

void CpuBackend::store(const View& x, std::uint32_t first_position, const Buffer& cache) {
  FACET_CHECK(x.width == cache.width && x.rows <= cache.rows, "%u x %u", x.rows, x.width);
  const Rows from = rows_of(x);
  const Memory& memory = buffers_[cache.id - 1];
  FACET_CHECK(memory.format != nullptr && memory.format->encode != nullptr, "buffer %u is no cache", cache.id);
  auto* const to = reinterpret_cast<std::byte*>(memory.cells.get());
  for_rows(x.rows, x.width, [&](std::uint32_t r) {
    memory.format->encode(from[r], to + (first_position + r) % cache.rows * memory.row_bytes, x.width);
  });
}

}  // namespace facet::engine
