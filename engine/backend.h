#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/formats/formats.h"
#include "engine/text/tokenizer.h"

namespace facet::engine {

struct GgufTensor;

// A matrix of 4-byte cells that a backend owns, by number. Cells hold float32, or 32-bit integers where an operation
// says so.
struct Buffer {
  std::uint32_t id = 0;  // 0: none
  std::uint32_t rows = 0;
  std::uint32_t width = 0;

  explicit operator bool() const { return id != 0; }
};

// A rectangle of a buffer: the operand of every operation. Views cost nothing and own nothing.
struct View {
  std::uint32_t buffer = 0;
  std::uint32_t rows = 0;
  std::uint32_t width = 0;
  std::uint32_t stride = 0;  // cells from one row to the next
  std::uint64_t offset = 0;  // cells in front of the first

  View() = default;
  explicit View(const Buffer& whole) : buffer(whole.id), rows(whole.rows), width(whole.width), stride(whole.width) {}

  View first_rows(std::uint32_t count) const { return part(0, count, 0, width); }
  View last_rows(std::uint32_t count) const { return part(rows - count, count, 0, width); }
  View columns(std::uint32_t first, std::uint32_t count) const { return part(0, rows, first, count); }
  View part(std::uint32_t first_row, std::uint32_t row_count, std::uint32_t first_column,
            std::uint32_t column_count) const {
    View view = *this;
    view.rows = row_count;
    view.width = column_count;
    view.offset += std::uint64_t{first_row} * stride + first_column;
    return view;
  }
};

// What a weight is used for decides where a backend keeps it.
enum class WeightUse {
  Vector,  // read whole by every use: norms and scales
  Matrix,  // multiplied with
  Table,   // single rows are looked up: stays in the mapped file
};

// A tensor of the model file that a backend has taken over, by number. `shape` is the file's: input size, output size,
// number of experts.
struct Weight {
  std::uint32_t id = 0;  // 0: the model has no such tensor
  std::uint32_t inputs = 0;
  std::uint32_t outputs = 0;
  std::uint32_t experts = 0;

  explicit operator bool() const { return id != 0; }
};

// Queries, keys and values of a layer as its products left them, and what makes them ready for attention. Without
// keys and values (both views have no rows) the layer reads the cache of another one; without queries (no rows) nobody
// attends.
struct HeadInputs {
  View q;
  View k;
  View v;
  bool values_are_keys = false;  // v is to be made from k, as that is before its norm
  Weight q_norm;
  Weight k_norm;
  std::uint32_t head_dim = 0;
  float eps = 0;
  View rope;                     // one row for each row: of `rope_table`, or of each part of a head such a row
  std::uint32_t rope_parts = 1;  // equal parts of a head that rotate each by itself
  std::uint32_t first_position = 0;
  Buffer keys;
  Buffer values;
};

// The products that make queries, keys and values of a layer; those that HeadInputs has no rows for, or whose values
// are the keys, have no weight here.
struct HeadWeights {
  Weight q;
  Weight k;
  Weight v;
};

// What becomes of a branch of a layer: it is normed and added to the residual stream, and the sum is normed for what
// reads it next.
struct BranchEnd {
  Weight norm;
  float eps = 0;
  float factor = 1;  // of the sum
  View sum;
  Weight next_norm;
  View next;  // no rows: nobody reads the norm of the sum
};

// The experts of a layer, for the rows that have chosen some of them.
struct ExpertBranch {
  Weight gate_up;  // both as one matrix, or
  Weight gate;
  Weight up;
  Weight down;
  View ids;      // of the chosen experts (integers)
  View shares;   // of each in the result
  View x;        // one row for each of ids
  View hidden;   // to work in, a row for each pair of row and expert: gates, then what they open for
  View results;  // to work in, a row for each pair
  View out;      // one row for each of ids
};

struct AttentionShape {
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim = 0;
  std::uint32_t window = 0;  // 0: everything up to the token itself
  // Rows see what lies behind them, too, up to this position (not included); 0: they do not. No row is behind it.
  std::uint32_t seen_end = 0;
};

// The keys or the values of a layer: rows in a format (F32, F16 or Q8_0) of which `width` is a multiple of the block
// length.
struct CacheShape {
  std::uint32_t rows = 0;
  std::uint32_t width = 0;
  Format format = Format::F32;
  std::uint32_t layer = 0;  // whose they are
};

// The largest operands that products and attention will get: what memory they work in depends on it.
struct LargestOperands {
  struct Product {
    std::uint32_t rows = 0;
    std::uint32_t inputs = 0;
  };
  std::vector<Product> products;
  std::vector<AttentionShape> attentions;
  std::uint32_t context = 0;       // tokens of a sequence
  std::uint32_t experts = 0;       // of a layer
  std::uint32_t expert_pairs = 0;  // chosen ones of all rows of a batch
  std::uint32_t vocabulary = 0;    // logits of a row
};

// What a device has done so far, for measurements; nothing where operations run at once.
struct DeviceWork {
  std::uint64_t kernels = 0;  // that were handed over
  double seconds = 0;         // that they took by the device's own clock; 0 where it has none
  // Experts that were asked for where a device holds some of a layer's, and those of them that it held.
  std::uint64_t experts = 0;
  std::uint64_t held_experts = 0;
};

// The operations of the forward pass. The CPU runs each at once; a GPU may record them and run them in `finish`, so a
// result is only there after `finish` or `read`. There is no graph: the calls themselves are the order.
//
// Notation: x[r][c] is row r, column c of a view; n is the number of rows. Operands must not overlap unless an
// operation says that it works in place. Shapes are the caller's promise, checked with FACET_CHECK. Every result is
// computed from its own row alone. On the CPU its order does not depend on the number of rows either, so a batch gives
// the same bits as its tokens one by one; a GPU multiplies many rows in another order than few.
//
// Owned by one engine; calls come from one thread at a time.
class Backend {
 public:
  virtual ~Backend() = default;

  // "CPU, 2 threads, AVX2"
  virtual const std::string& description() const = 0;

  // Memory. The contents of a new buffer are undefined.
  virtual Result<Buffer> create_buffer(std::string_view name, std::uint32_t rows, std::uint32_t width) = 0;
  // A buffer for keys or values, which only `store`, `prepare_heads`, `matmul_heads` and `attention` use.
  virtual Result<Buffer> create_cache(std::string_view name, const CacheShape& shape) = 0;
  virtual void release_buffer(const Buffer& buffer) = 0;
  // Sets aside what the operations need besides their operands. Afterwards no larger operands may come; without it
  // memory is taken when it is first needed.
  virtual Status reserve(const LargestOperands& largest) = 0;
  // The tensor's data must stay mapped as long as the backend lives. Its format has a decoder. Experts of a matrix
  // without data are put there later (DeviceBackend::replace_expert).
  virtual Result<Weight> load_weight(const GgufTensor& tensor, WeightUse use) = 0;
  virtual void write(const View& to, std::span<const float> values) = 0;
  virtual void read(const View& from, std::span<float> values) = 0;
  // Hands over what was called so far, without waiting for it: what the caller does next takes its time.
  virtual void start() {}
  // Waits until everything called so far is done.
  virtual Status finish() = 0;

  virtual DeviceWork work() const { return {}; }
  // Bytes per second that the device reads and writes together when it copies its own memory; nothing where the
  // operations use the machine's.
  virtual Result<std::optional<double>> copy_bandwidth() { return std::optional<double>(); }

  // out[r] = factor * table[tokens[r]], a row of the table being `table.inputs` wide.
  virtual void embed(const Weight& table, std::span<const Token> tokens, float factor, const View& out) = 0;

  // out[r][o] = sum over i of weight[o][i] * x[r][i]
  virtual void matmul(const Weight& weight, const View& x, const View& out) = 0;

  // outs[i] = matmul(weights[i], x)
  static constexpr std::size_t kMostProducts = 3;
  virtual void matmul_all(std::span<const Weight> weights, const View& x, std::span<const View> outs) = 0;

  // out = geglu(matmul(gate, x), matmul(up, x)); what is in `scratch`, as large as out, is lost.
  virtual void matmul_geglu(const Weight& gate, const Weight& up, const View& x, const View& scratch,
                            const View& out) = 0;

  // out = geglu(matmul(gate, x), up)
  virtual void matmul_geglu(const Weight& gate, const View& up, const View& x, const View& out) = 0;

  // sum = factor * (sum + rms_norm(branch) with `norm`), then next = rms_norm(sum) with `next_norm`.
  virtual void add_branch(const View& branch, const BranchEnd& end) = 0;

  // branch = matmul(weight, x), then add_branch(branch, end).
  virtual void matmul_add_branch(const Weight& weight, const View& x, const View& branch, const BranchEnd& end) = 0;

  // Each row consists of groups of `group` columns:
  // out[g] = x[g] * weight / sqrt(mean(x[g]^2) + eps), without a weight times 1. In place allowed.
  virtual void rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& out) = 0;

  // sum[g] += rms_norm(x)[g], as above.
  virtual void add_rms_norm(const View& x, const Weight& weight, std::uint32_t group, float eps, const View& sum) = 0;

  // x[r][c] *= factor
  virtual void scale(const View& x, float factor) = 0;

  // out[r][c] = gelu(gate[r][c]) * up[r][c], gelu(x) = x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))).
  // `out` may be `gate`.
  virtual void geglu(const View& gate, const View& up, const View& out) = 0;

  // x[r][c] = cap * tanh(x[r][c] / cap)
  virtual void softcap(const View& x, float cap) = 0;

  // Of one row: softcap(logits, cap) unless cap is 0, then ids[i] = the indices (integers) of the ids.width largest
  // logits, values[i] = these logits, in the order of `select_top`.
  static constexpr std::uint32_t kMostCandidates = 256;
  virtual void top_k(const View& logits, float cap, const View& ids, const View& values) = 0;

  // For i < m = frequencies.size(): out[r][i] = cos((first_position + r) * frequencies[i]), out[r][m + i] = sin(the
  // same), angles in double precision.
  virtual void rope_table(std::span<const double> frequencies, std::uint32_t first_position, const View& out) = 0;

  // In place, head by head: v = rms_norm(v) without a weight, or rms_norm(k) where the values are the keys; k and q =
  // the rotation of rms_norm with their weights. For i < m, a rotation makes of the pair (i, i + size / 2) of each part
  // of a head, with the row's cosines and sines for this part, (a cos - b sin, b cos + a sin); the other pairs stay as
  // they are. Of parts, all pairs rotate if there are several. Then k and v are stored.
  virtual void prepare_heads(const HeadInputs& inputs) = 0;

  // inputs.q = matmul(weights.q, x), and the same for k and v; then prepare_heads(inputs).
  virtual void matmul_heads(const HeadWeights& weights, const View& x, const HeadInputs& inputs);

  // cache[(first_position + r) mod cache.rows] = x[r], rounded to the cache's format
  virtual void store(const View& x, std::uint32_t first_position, const Buffer& cache) = 0;

  // For row r at position p = first_position + r and head h, with kv = h / (heads / kv_heads), j running over
  // max(0, p - window + 1) .. max(p, seen_end - 1) and cache rows taken modulo their number:
  // s[j] = q[r][h] . keys[j][kv];  out[r][h] = sum over j of softmax(s)[j] * values[j][kv]
  virtual void attention(const View& q, const Buffer& keys, const Buffer& values, const AttentionShape& shape,
                         std::uint32_t first_position, const View& out) = 0;

  // p = softmax(logits[r]); ids[r] = the indices of the ids.width largest p (integers, the smaller index first among
  // equals); weights[r][s] = p[ids[r][s]] / (sum of the chosen p) * expert_scale[ids[r][s]], without a scale times 1.
  virtual void route_experts(const View& logits, const Weight& expert_scale, const View& ids, const View& weights) = 0;

  // out[r * k + s][o] = sum over i of weight[ids[r][s]][o][i] * x[..][i] with k = ids.width; x has one row for each
  // row of ids, or one for each row of out.
  virtual void matmul_experts(const Weight& weight, const View& ids, const View& x, const View& out) = 0;

  // out[r] = sum over s of weights[r][s] * x[r * k + s] with k = weights.width
  virtual void combine_experts(const View& x, const View& weights, const View& out) = 0;

  // out[r] = sum over s of shares[r][s] * matmul(down, geglu(matmul(gate, x[r]), matmul(up, x[r]))), the matrices being
  // those of expert ids[r][s]; everything of the branch but x and out is lost. Only by a backend that has a better way
  // than the operations above, one after the other; false where there is none, and then nothing was done.
  virtual bool apply_experts(const ExpertBranch& /*branch*/) { return false; }
};

}  // namespace facet::engine
