#pragma once

#include "ops_cases.h"

// Products that end in heads: the cases that every backend has to pass.
namespace facet::engine::ops_cases {

// Which of a layer's heads there are.
enum class HeadKinds { All, ValuesAreKeys, Queries, KeysAndValues };

struct HeadProducts {
  std::size_t inputs = 64;
  AttentionShape shape;
  HeadKinds kinds = HeadKinds::All;
  Format cache = Format::F32;
  std::array<Format, 3> formats = {Format::F32, Format::F32, Format::F32};  // of the matrices of q, k and v
};

// The operands of matmul_heads, and what the products and the norms have of them.
struct HeadOperands {
  HeadWeights weights;
  HeadInputs inputs;
  std::array<Matrix, 3> matrices = {Matrix(0, 0), Matrix(0, 0), Matrix(0, 0)};
  std::vector<double> q_factors;
  std::vector<double> k_factors;
};

inline constexpr std::uint32_t kFirstOfHeads = 5;
inline const std::vector<double> kHeadFrequencies = {1.0, 0.3, 0.0625};

inline bool has_queries(const HeadProducts& products) {
  return products.kinds != HeadKinds::KeysAndValues;
}
inline bool has_keys(const HeadProducts& products) {
  return products.kinds != HeadKinds::Queries;
}

// Room for the results of so many rows from a position on; caches that hold a few rows more.
inline void put_results(Bench& b, const HeadProducts& products, std::size_t rows, std::uint32_t first,
                        HeadInputs& inputs) {
  const AttentionShape& shape = products.shape;
  inputs.first_position = first;
  inputs.rope = b.room(rows, 2 * kHeadFrequencies.size());
  b.backend().rope_table(kHeadFrequencies, first, inputs.rope);
  if (has_queries(products)) inputs.q = b.room(rows, std::size_t{shape.heads} * shape.head_dim);
  if (!has_keys(products)) return;
  const std::size_t width = std::size_t{shape.kv_heads} * shape.head_dim;
  inputs.k = b.room(rows, width);
  inputs.v = b.room(rows, width);
  inputs.keys = b.cache(rows + 3, width, products.cache);
  inputs.values = b.cache(rows + 3, width, products.cache);
}

inline HeadOperands put_heads(Bench& b, const HeadProducts& products, std::size_t rows) {
  const AttentionShape& shape = products.shape;
  HeadOperands operands;
  operands.inputs.head_dim = shape.head_dim;
  operands.inputs.eps = 1e-6F;
  operands.inputs.values_are_keys = products.kinds == HeadKinds::ValuesAreKeys;
  operands.q_factors = b.normal(1, shape.head_dim).cells;
  operands.k_factors = b.normal(1, shape.head_dim).cells;
  const auto matrix = [&](std::size_t i, std::size_t heads) {
    return b.weight(products.formats[i], products.inputs, heads * shape.head_dim, 1, operands.matrices[i]);
  };
  if (has_queries(products)) {
    operands.weights.q = matrix(0, shape.heads);
    operands.inputs.q_norm = b.vector(operands.q_factors);
  }
  if (has_keys(products)) {
    operands.weights.k = matrix(1, shape.kv_heads);
    operands.inputs.k_norm = b.vector(operands.k_factors);
    if (products.kinds != HeadKinds::ValuesAreKeys) operands.weights.v = matrix(2, shape.kv_heads);
  }
  put_results(b, products, rows, kFirstOfHeads, operands.inputs);
  return operands;
}

// What the bound of a product does to the norm of its heads, times `factors`, none meaning ones.
inline Matrix norm_errors(const Expected& product, const std::vector<double>& factors, std::size_t head_dim) {
  Matrix errors(product.value.rows, product.value.width);
  for (std::size_t r = 0; r < errors.rows; ++r)
    for (std::size_t first = 0; first < errors.width; first += head_dim) {
      double squares = 0;
      double largest = 0;
      for (std::size_t c = first; c < first + head_dim; ++c) {
        squares += product.value.at(r, c) * product.value.at(r, c);
        largest = std::max(largest, product.bound.at(r, c));
      }
      const double inverse = 1 / std::sqrt(squares / static_cast<double>(head_dim) + 1e-6);
      // The error of a cell, and what those of all do to the root mean square.
      for (std::size_t c = first; c < first + head_dim; ++c)
        errors.at(r, c) = (factors.empty() ? 1.0 : std::abs(factors[c - first])) * largest * inverse *
                          (1 + std::abs(product.value.at(r, c)) * inverse);
    }
  return errors;
}

inline Expected prepared(const Expected& product, const std::vector<double>& factors, std::size_t head_dim) {
  Expected expected = prepared(product.value, factors, head_dim, kHeadFrequencies, kFirstOfHeads);
  const Matrix errors = norm_errors(product, factors, head_dim);
  for (std::size_t r = 0; r < errors.rows; ++r)
    for (std::size_t c = 0; c < errors.width; ++c) {
      const bool is_first = c % head_dim < head_dim / 2;
      expected.bound.at(r, c) += errors.at(r, c) + errors.at(r, is_first ? c + head_dim / 2 : c - head_dim / 2);
    }
  return expected;
}

inline Expected normed(const Expected& product, std::size_t head_dim) {
  Expected expected = reference_ops::rms_norm(product.value, {}, head_dim, 1e-6);
  const Matrix errors = norm_errors(product, {}, head_dim);
  for (std::size_t i = 0; i < errors.cells.size(); ++i)
    expected.bound.cells[i] += errors.cells[i];
  return expected;
}

// The caches hold the cells, at the rows of the positions, and nothing else.
inline bool are_stored(Bench& b, const View& x, std::uint32_t first, const Buffer& cache) {
  const std::vector<float> stored = b.get(View(cache));
  const std::vector<float> cells = b.get(x);
  for (std::uint32_t r = 0; r < cache.rows; ++r)
    for (std::uint32_t c = 0; c < x.width; ++c) {
      const float expected = r < x.rows ? cells[std::size_t{r} * x.width + c] : -777.0F;
      if (stored[std::size_t{(first + r) % cache.rows} * x.width + c] != expected) return false;
    }
  return true;
}

// Few rows and many, heads of ordinary sizes and of one that no group of threads has, several heads and one.
inline void matmul_heads(Bench& b) {
  for (const AttentionShape& shape : {AttentionShape{4, 2, 12}, AttentionShape{3, 1, 16}, AttentionShape{2, 1, 256}}) {
    for (const std::size_t rows : {1, 2, 5, 8, 9, 40}) {
      for (const HeadKinds kinds :
           {HeadKinds::All, HeadKinds::ValuesAreKeys, HeadKinds::Queries, HeadKinds::KeysAndValues}) {
        const HeadProducts products{96, shape, kinds};
        const Matrix x = b.normal(rows, products.inputs);
        HeadOperands operands = put_heads(b, products, rows);
        HeadInputs& inputs = operands.inputs;
        const auto product = [&](std::size_t i) { return reference_ops::matmul(operands.matrices[i], x); };
        // Twice: what the first call leaves behind must not disturb the second.
        for (int time = 0; time < 2; ++time) {
          put_results(b, products, rows, kFirstOfHeads, inputs);
          b.backend().matmul_heads(operands.weights, b.put(x), inputs);
          if (has_queries(products))
            COMPARE_OR_RETURN(inputs.q, prepared(product(0), operands.q_factors, shape.head_dim));
          if (!has_keys(products)) continue;
          COMPARE_OR_RETURN(inputs.k, prepared(product(1), operands.k_factors, shape.head_dim));
          COMPARE_OR_RETURN(inputs.v, normed(product(inputs.values_are_keys ? 1 : 2), shape.head_dim));
          QVERIFY(are_stored(b, inputs.k, inputs.first_position, inputs.keys));
          QVERIFY(are_stored(b, inputs.v, inputs.first_position, inputs.values));
        }
      }
    }
  }
}

// What a token sees of caches that `matmul_heads` or its parts have filled: in any format.
inline std::vector<float> attended(Bench& b, const HeadProducts& products, const HeadInputs& inputs, const View& q) {
  AttentionShape shape = products.shape;
  shape.window = inputs.k.rows;
  const View out = b.room(1, q.width);
  b.backend().attention(q, inputs.keys, inputs.values, shape, inputs.first_position + inputs.k.rows - 1, out);
  return b.get(out);
}

inline bool are_same(Bench& b, const View& left, const View& right) {
  return left.rows == right.rows && (left.rows == 0 || b.get(left) == b.get(right));
}

// The bits of the products and of what follows them, one after the other, and of each row alone.
inline void matmul_heads_is_its_parts(Bench& b) {
  using Formats = std::array<Format, 3>;
  constexpr Formats kFloats = {Format::F32, Format::F32, Format::F32};
  const std::vector<HeadProducts> all = {
      // Matrices of one format, of two, and of three.
      {256, {4, 2, 64}, HeadKinds::All, Format::F16, {Format::Q4_0, Format::Q4_0, Format::Q4_0}},
      {256, {4, 2, 64}, HeadKinds::All, Format::Q8_0, {Format::Q4_K, Format::Q4_K, Format::Q6_K}},
      {256, {4, 2, 64}, HeadKinds::All, Format::F32, {Format::Q4_0, Format::Q6_K, Format::Q4_0}},
      {256, {2, 1, 128}, HeadKinds::All, Format::F16, {Format::F16, Format::Q4_0, Format::Q6_K}},
      {256, {4, 2, 64}, HeadKinds::All, Format::F16, {Format::Q5_0, Format::Q8_0, Format::Q4_1}},
      {256, {4, 2, 64}, HeadKinds::All, Format::F32, {Format::IQ4_XS, Format::IQ4_XS, Format::Q5_K}},
      {256, {4, 2, 64}, HeadKinds::All, Format::F16, {Format::Q2_K, Format::Q3_K, Format::Q4_K}},
      {256, {4, 2, 64}, HeadKinds::All, Format::F16, {Format::IQ4_NL, Format::MXFP4, Format::Q5_1}},
      {256, {4, 2, 64}, HeadKinds::ValuesAreKeys, Format::Q8_0, {Format::Q4_K, Format::Q4_K, Format::F32}},
      {256, {4, 2, 64}, HeadKinds::ValuesAreKeys, Format::F16, {Format::Q4_0, Format::Q6_K, Format::F32}},
      {256, {4, 2, 64}, HeadKinds::Queries, Format::F16, {Format::Q4_0, Format::F32, Format::F32}},
      {256, {4, 2, 64}, HeadKinds::KeysAndValues, Format::F16, {Format::F32, Format::Q4_0, Format::Q4_0}},
      // Caches of which a head is no whole words, and rows that are no whole runs.
      {70, {4, 2, 32}, HeadKinds::All, Format::Q8_0, kFloats},
      {70, {4, 2, 24}, HeadKinds::All, Format::F16, kFloats},
      // So many outputs that a thread has several, and more heads than can be counted.
      {32, {16, 1, 256}, HeadKinds::All, Format::F16, kFloats},
      {32, {36, 4, 512}, HeadKinds::All, Format::F16, kFloats},
      {32, {200, 2, 24}, HeadKinds::All, Format::F16, kFloats},
      {32, {700, 2, 24}, HeadKinds::All, Format::F16, kFloats},
  };
  for (const HeadProducts& products : all) {
    // Of few rows and many outputs a thread has several.
    const std::size_t most_rows = products.shape.heads > 4 ? 2 : 5;
    for (const std::size_t rows : {std::size_t{1}, most_rows}) {
      const View x = b.put(b.normal(rows, products.inputs));
      const View q = b.put(b.normal(1, std::size_t{products.shape.heads} * products.shape.head_dim));
      const HeadOperands operands = put_heads(b, products, rows);
      const HeadInputs& whole = operands.inputs;
      b.backend().matmul_heads(operands.weights, x, whole);
      HeadInputs parts = whole;
      put_results(b, products, rows, kFirstOfHeads, parts);
      b.backend().Backend::matmul_heads(operands.weights, x, parts);
      QVERIFY(are_same(b, whole.q, parts.q) && are_same(b, whole.k, parts.k) && are_same(b, whole.v, parts.v));
      if (has_keys(products)) QCOMPARE(attended(b, products, whole, q), attended(b, products, parts, q));
      if (rows == 1) continue;
      for (std::uint32_t r = 0; r < rows; ++r) {
        HeadInputs alone = whole;
        put_results(b, products, 1, kFirstOfHeads + r, alone);
        b.backend().matmul_heads(operands.weights, x.part(r, 1, 0, x.width), alone);
        const auto row_of = [&](const View& view) { return view.part(r, 1, 0, view.width); };
        if (has_queries(products)) QVERIFY(are_same(b, row_of(whole.q), alone.q));
        if (!has_keys(products)) continue;
        QVERIFY(are_same(b, row_of(whole.k), alone.k) && are_same(b, row_of(whole.v), alone.v));
      }
    }
  }
}

// Heads of two products that do not wait for each other: keys and values of all rows, and the last rows' queries.
inline void matmul_heads_side_by_side(Bench& b) {
  const HeadProducts keys_of{96, {8, 8, 32}, HeadKinds::KeysAndValues};
  const HeadProducts queries_of{96, {8, 8, 32}, HeadKinds::Queries};
  const View x = b.put(b.normal(7, 96));
  const HeadOperands keys = put_heads(b, keys_of, 7);
  const HeadOperands queries = put_heads(b, queries_of, 2);
  HeadInputs keys_after = keys.inputs;
  HeadInputs queries_after = queries.inputs;
  put_results(b, keys_of, 7, kFirstOfHeads, keys_after);
  put_results(b, queries_of, 2, kFirstOfHeads, queries_after);
  QVERIFY(b.backend().finish().ok());
  b.backend().matmul_heads(keys.weights, x, keys.inputs);
  b.backend().matmul_heads(queries.weights, x.last_rows(2), queries.inputs);
  QVERIFY(b.backend().finish().ok());
  b.backend().Backend::matmul_heads(keys.weights, x, keys_after);
  b.backend().Backend::matmul_heads(queries.weights, x.last_rows(2), queries_after);
  QVERIFY(are_same(b, keys.inputs.k, keys_after.k) && are_same(b, keys.inputs.v, keys_after.v));
  QVERIFY(are_same(b, queries.inputs.q, queries_after.q));
}

}  // namespace facet::engine::ops_cases
