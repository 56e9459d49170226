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

void rotate_head(float* __restrict first, float* __restrict second, const float* __restrict cosines,
                 const float* __restrict sines, std::uint32_t pairs) {
  for (std::uint32_t i = 0; i < pairs; ++i) {
    const float a = first[i];
    const float b = second[i];
    first[i] = a * cosines[i] - b * sines[i];
    second[i] = b * cosines[i] + a * sines[i];
  }
}

}  // namespace

void CpuBackend::rope(const View& x, std::uint32_t head_dim, const View& table) {
  const std::uint32_t pairs = table.width / 2;
  FACET_CHECK(table.rows == x.rows && x.width % head_dim == 0 && 2 * pairs <= head_dim, "%u x %u", x.rows, x.width);
  const Rows rows = rows_of(x);
  const Rows angles = rows_of(table);
  for_rows(x.rows, x.width, [&](std::uint32_t r) {
    for (std::uint32_t first = 0; first < x.width; first += head_dim) {
      float* head = rows[r] + first;
      rotate_head(head, head + head_dim / 2, angles[r], angles[r] + pairs, pairs);
    }
  });
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
