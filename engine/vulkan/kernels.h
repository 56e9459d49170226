#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/formats/formats.h"

namespace facet::engine::vulkan {

// A compiled shader, one for each file in shaders/ and, of the product, for each weight format.
struct Shader {
  const char* name = nullptr;
  std::span<const std::uint32_t> code;
};

enum class Operation { Norm, Elementwise, Rope, Store, Attention, AttentionMerge, Route, Combine };

const Shader& shader_of(Operation operation);
// Null for a format that has no decoder.
const Shader* product_shader(Format format);

// A shader with the values of its specialization constants 0 and 1; those that it does not have are ignored.
struct Kernel {
  const Shader* shader = nullptr;
  std::array<std::uint32_t, 2> constants = {};
};

// The kinds of elementwise.comp, and the cache formats of cache.glsl.
enum class Elementwise : std::uint32_t { Scale = 0, Geglu = 1, Softcap = 2 };
enum class CacheKind : std::uint32_t { F32 = 0, F16 = 1, Q8_0 = 2 };

}  // namespace facet::engine::vulkan
