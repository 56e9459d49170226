#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/formats/formats.h"

namespace facet::engine::vulkan {

// A compiled shader, one for each file in shaders/ and, of products, for each kind of weight formats.
struct Shader {
  const char* name = nullptr;
  std::span<const std::uint32_t> code;
};

enum class Operation {
  Norm,
  Elementwise,
  Heads,
  Store,
  Attention,
  BranchEnd,
  Round,
  Halve,
  Route,
  Sort,
  Combine,
  Top,
  Shift,
  LayerNorm,
  Pool,
  Unfold,
  Convolve,
  LocalAttention
};

const Shader& shader_of(Operation operation);
// What products of many rows consist of. All but the first two round what they multiply: codes are 8 bits of x and the
// weights' own, halves are floats of 16 bits, and matrices are halves that the device multiplies 16 x 16 at a time.
enum class Tiles { None, Floats, Codes, Halves, Matrices };

// The products of few rows and those of many; null for a format that has no decoder, and for tiles that it can not
// have. Matrices of one kernel may have several formats, as long as those have the same shader.
const Shader* product_shader(Format format);
const Shader* tile_shader(Format format, Tiles tiles);
// The specialization constant that tells both of the formats of up to three matrices. A kernel without one of them has
// one of its other formats there, and the same format everywhere where it can: it is slower with several.
std::uint32_t formats_constant(const std::array<Format, 3>& formats);
std::uint32_t formats_constant(Format format);

// A shader with the values of its specialization constants, from 0 on; those that it does not have are ignored.
inline constexpr std::size_t kConstants = 8;
struct Kernel {
  const Shader* shader = nullptr;
  std::array<std::uint32_t, kConstants> constants = {};

  bool operator==(const Kernel&) const = default;
};

// What a product is besides a product, the kinds of product.comp.
enum class ProductKind : std::uint32_t { Plain = 0, Experts = 1, GatedByProduct = 2, GatedByCells = 3 };
// What the last workgroups of such a product do.
enum class ProductEnd : std::uint32_t { None = 0, Branch = 1, Heads = 2 };

// The kinds of elementwise.comp, and the cache formats of cache.glsl.
enum class Elementwise : std::uint32_t { Scale = 0, Geglu = 1, Softcap = 2, Clamp = 3, SigmoidGate = 4, Add = 5 };
enum class CacheKind : std::uint32_t { F32 = 0, F16 = 1, Q8_0 = 2, None = 3 };

}  // namespace facet::engine::vulkan
