// The buffers that products read: up to three matrices, seen as words and as groups of four words, and x.
layout(binding = FACET_BINDING_WEIGHTS, std430) readonly buffer Weights0 { uint weights0[]; };
layout(binding = FACET_BINDING_WEIGHTS + 1, std430) readonly buffer Weights1 { uint weights1[]; };
layout(binding = FACET_BINDING_WEIGHTS + 2, std430) readonly buffer Weights2 { uint weights2[]; };
layout(binding = FACET_BINDING_WEIGHTS, std430) readonly buffer WideWeights0 { uvec4 wide_weights0[]; };
layout(binding = FACET_BINDING_WEIGHTS + 1, std430) readonly buffer WideWeights1 { uvec4 wide_weights1[]; };
layout(binding = FACET_BINDING_WEIGHTS + 2, std430) readonly buffer WideWeights2 { uvec4 wide_weights2[]; };
layout(binding = FACET_BINDING_X, std430) readonly buffer X { float x[]; };
layout(binding = FACET_BINDING_X, std430) readonly buffer WideX { vec4 wide_x[]; };
