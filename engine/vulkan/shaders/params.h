// What the kernels are told besides their buffers, as C++ and GLSL both read it: at most 128 bytes each, the least that
// every device has room for. Places and distances are counted in cells of four bytes.
#ifdef __cplusplus
#pragma once

#include <cstdint>

namespace facet::engine::vulkan {
using uint = std::uint32_t;
#endif

// Threads of one workgroup, in all kernels.
#define FACET_GROUP_SIZE 128
// Threads that share the sum of one output of a product. Each adds up every sixteenth run of sixteen inputs, and the
// first adds the sums in their order, whatever the number of columns: so a batch gives the bits of its rows.
#define FACET_LANES 16
#define FACET_OUTPUTS_PER_GROUP (FACET_GROUP_SIZE / FACET_LANES)
// Columns that one workgroup multiplies with at most.
#define FACET_MOST_COLUMNS 8
// Keys whose scores are held at once. Segments begin at multiples of this position, for every row alike.
#define FACET_SEGMENT 256
#define FACET_MOST_HEAD_DIM 512

struct ProductParams {
  uint inputs;
  uint outputs;     // rows of the matrix that this dispatch multiplies
  uint row_bytes;   // of the matrix
  uint first_row;   // of the matrix, in the buffer
  uint columns;     // rows of x
  uint x_offset;
  uint x_stride;
  uint out_offset;
  uint out_stride;
  // Experts: the matrix is that of ids[column], if the buffer holds it.
  uint ids_offset;
  uint ids_stride;
  uint chosen;         // ids in a row
  uint columns_per_x;  // 1, or `chosen` when the experts of a token share its row of x
  uint first_expert;   // in the buffer
  uint expert_count;   // in the buffer
  uint expert_rows;
};

struct NormParams {
  uint group;
  uint groups;  // in a row
  float eps;
  uint x_offset;
  uint x_stride;
  uint out_offset;
  uint out_stride;
};

struct ElementwiseParams {
  uint width;
  float factor;
  uint a_offset;
  uint a_stride;
  uint b_offset;
  uint b_stride;
  uint out_offset;
  uint out_stride;
};

struct RopeParams {
  uint heads;
  uint head_dim;
  uint pairs;  // that rotate
  uint x_offset;
  uint x_stride;
  uint table_offset;
  uint table_stride;
};

struct StoreParams {
  uint width;
  uint first_position;
  uint cache_rows;
  uint row_words;  // of the cache
  uint x_offset;
  uint x_stride;
};

struct AttentionParams {
  uint heads;
  uint heads_per_kv;
  uint head_dim;
  uint window;  // 0: none
  uint first_position;
  uint key_rows;
  uint value_rows;
  uint key_row_words;
  uint value_row_words;
  uint kv_width;
  uint q_offset;
  uint q_stride;
  uint out_offset;
  uint out_stride;
  uint first_segment;  // of the longest row, when segments are computed by workgroups of their own
  uint segments;
};

struct RouteParams {
  uint experts;
  uint chosen;
  uint logits_offset;
  uint logits_stride;
  uint ids_offset;
  uint ids_stride;
  uint weights_offset;
  uint weights_stride;
};

struct CombineParams {
  uint width;
  uint chosen;
  uint x_offset;
  uint x_stride;
  uint weights_offset;
  uint weights_stride;
  uint out_offset;
  uint out_stride;
};

#ifdef __cplusplus
}  // namespace facet::engine::vulkan
#endif
