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
// Threads that share the sum of one output of a product of few rows. Each adds up every sixteenth run of 32 inputs, and
// the sums are added in their order, whatever the number of rows: so up to eight rows give the bits of each alone.
#define FACET_LANES 16
#define FACET_LANE_GROUPS (FACET_GROUP_SIZE / FACET_LANES)
// Rows of x that one workgroup multiplies with at most, unless it works on tiles.
#define FACET_MOST_COLUMNS 8
// Outputs, and rows of x, of a tile.
#define FACET_TILE 64
// Keys whose scores are held at once. Segments begin at multiples of this position, for every row alike.
#define FACET_SEGMENT 256
#define FACET_MOST_HEAD_DIM 512
// Queries that share the keys and values that a workgroup reads: heads, rows, or both.
#define FACET_QUERIES 8
#define FACET_MOST_EXPERTS 512
// Rows that a local attention sees at most.
#define FACET_MOST_DISTANCES 64
// Logits that one workgroup chooses the largest of, and the most that it chooses.
#define FACET_TOP_SLICE 4096
#define FACET_MOST_TOP 256
// Dispatches whose last workgroup ends the work of all count workgroups here.
#define FACET_COUNTERS 1024
// Of these the heads of queries have the first, those of keys the next, those of values the last: products of several of
// them may run at the same time.
#define FACET_HEAD_COUNTERS (FACET_COUNTERS / 3)

// Where kernels find their buffers. Kernels that have no matrices and no norms use the first places for what they read.
#define FACET_BINDING_WEIGHTS 0  // up to three matrices
#define FACET_BINDING_X 3
#define FACET_BINDING_OUT 4  // as many as matrices
#define FACET_BINDING_IDS 7
#define FACET_BINDING_NORM 8
#define FACET_BINDING_NEXT_NORM 9
#define FACET_BINDING_SUM 10
#define FACET_BINDING_NEXT 11
// A product that makes heads ready has these in the places of the ids and of a branch's end.
#define FACET_BINDING_TABLE FACET_BINDING_IDS
#define FACET_BINDING_Q_NORM FACET_BINDING_NORM
#define FACET_BINDING_K_NORM FACET_BINDING_NEXT_NORM
#define FACET_BINDING_KEYS FACET_BINDING_SUM
#define FACET_BINDING_VALUES FACET_BINDING_NEXT
#define FACET_BINDING_STEP 12
#define FACET_BINDINGS 13

// What changes from token to token while the recorded commands stay the same.
struct StepState {
  uint position;  // to which the kernels' positions are relative
  uint counters[FACET_COUNTERS];
};

// The flags of a branch's end.
#define FACET_BRANCH_NORM 1u       // the branch's norm has a weight
#define FACET_BRANCH_NEXT 2u       // somebody reads the norm of the sum
#define FACET_BRANCH_NEXT_NORM 4u  // and that has a weight

struct BranchEndParams {
  uint sum_offset;
  uint sum_stride;
  uint next_offset;
  uint next_stride;
  float eps;
  float factor;
  uint flags;
};

// The flags of HeadParams.
#define FACET_HEADS_Q_NORM 1u
#define FACET_HEADS_K_NORM 2u
#define FACET_HEADS_VALUES_ARE_KEYS 4u

// What makes heads ready for attention.
struct HeadParams {
  uint head_dim;
  uint kv_width;  // of the keys of a row
  uint parts;     // that rotate each by itself
  uint pairs;     // that rotate, of a part
  float eps;
  uint flags;
  uint table_offset;
  uint table_stride;
  uint first_position;
  uint key_rows;  // of the caches
  uint value_rows;
  uint key_row_words;
  uint value_row_words;
};

// The chosen experts, or the second factor of a gate.
struct ExpertParams {
  uint ids_offset;
  uint ids_stride;
  // Experts: the matrix is that of ids[column], if the buffer holds it.
  uint chosen;         // ids in a row
  uint columns_per_x;  // 1, or `chosen` when the experts of a token share its row of x
  uint first_expert;   // in the buffer
  uint expert_count;   // in the buffer
  uint expert_rows;
};

struct ProductParams {
  uint inputs;
  uint row_bytes[3];  // of each matrix
  uint first_row;  // of the matrix, in the buffer
  uint columns;  // rows of x
  uint x_offset;
  uint x_stride;
  uint outputs[3];  // rows of each matrix that this dispatch multiplies; heads: of queries, keys and values
  uint out_offset[3];
  uint out_stride[3];
  // What it does besides, of which it has one at most. Shaders know no unions: product_params.glsl reads the words.
#ifdef __cplusplus
  union {
    HeadParams heads;  // the largest comes first, so that all words are set
    ExpertParams experts;
    BranchEndParams end;
  };
#else
  uint besides[13];
#endif
};

struct BranchParams {
  uint width;
  uint branch_offset;
  uint branch_stride;
  BranchEndParams end;
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
  float limit;
};

// Heads that are there already: of queries, keys and values, in the order of ProductParams.
struct HeadsParams {
  uint q_heads;
  uint kv_heads;
  uint offset[3];
  uint stride[3];
  HeadParams heads;
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
  uint heads_per_tile;
  uint head_dim;
  uint window;  // 0: none
  uint rows;
  uint rows_per_tile;
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
  uint segments_per_group;  // when workgroups share the segments of a tile
  uint seen_rows;  // from the first position on, that all rows see; 0: each up to itself
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

struct TopParams {
  uint count;  // logits, or candidates that an earlier pass has left
  uint chosen;
  float cap;  // 0: none
  uint in_offset;
  uint out_offset;
  uint ids_offset;
  uint values_offset;
};

struct SortParams {
  uint experts;
  uint pairs;
  uint chosen;
  uint ids_offset;
  uint ids_stride;
};

struct RoundParams {
  uint width;
  uint x_offset;
  uint x_stride;
  uint out_stride;
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

struct ShiftParams {
  uint width;
  float sign;
  uint x_offset;
  uint x_stride;
};

struct LayerNormParams {
  uint group;
  float eps;
  uint x_offset;
  uint x_stride;
  uint out_offset;
  uint out_stride;
};

struct PoolParams {
  uint width;
  uint columns;
  uint side;
  float factor;
  uint x_offset;
  uint x_stride;
  uint out_offset;
  uint out_stride;
};

struct UnfoldParams {
  uint channels;
  uint times;
  uint bands;
  uint padding;
  uint x_offset;
  uint x_stride;
  uint out_offset;
  uint out_stride;
};

struct ConvolveParams {
  uint width;
  uint kernel;
  uint x_offset;
  uint x_stride;
  uint out_offset;
  uint out_stride;
};

struct LocalAttentionParams {
  uint head_dim;
  uint distances;
  float q_factor;
  float k_factor;
  float cap;
  uint q_offset;
  uint q_stride;
  uint k_offset;
  uint k_stride;
  uint v_offset;
  uint v_stride;
  uint relative_offset;
  uint relative_stride;
  uint out_offset;
  uint out_stride;
};

#ifdef __cplusplus
}  // namespace facet::engine::vulkan
#endif
