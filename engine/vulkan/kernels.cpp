#include "engine/vulkan/kernels.h"

#include <cstddef>

#include <spirv/all.h>

namespace facet::engine::vulkan {
namespace {

constexpr std::array kOperations = {
    Shader{"norm", spirv_norm},           Shader{"elementwise", spirv_elementwise},
    Shader{"heads", spirv_heads},         Shader{"store", spirv_store},
    Shader{"attention", spirv_attention}, Shader{"branch end", spirv_branch_end},
    Shader{"round", spirv_round},         Shader{"halve", spirv_halve},
    Shader{"route", spirv_route},         Shader{"sort", spirv_sort},
    Shader{"combine", spirv_combine},     Shader{"top", spirv_top},
    Shader{"shift", spirv_shift},         Shader{"layer norm", spirv_layer_norm},
    Shader{"pool", spirv_pool},           Shader{"unfold", spirv_unfold},
    Shader{"convolve", spirv_convolve},   Shader{"local attention", spirv_local_attention},
};
static_assert(kOperations.size() == static_cast<std::size_t>(Operation::LocalAttention) + 1);

// Tiles in the order of `Tiles`, without code where there are none.
struct Products {
  Shader product;
  std::array<Shader, 4> tiles;
};

using Code = std::span<const std::uint32_t>;
constexpr Products products(Code product, Code floats, Code codes, Code halves, Code matrices) {
  return {{"product", product},
          {Shader{"tile of floats", floats}, Shader{"tile of codes", codes}, Shader{"tile of halves", halves},
           Shader{"tile of matrices", matrices}}};
}

constexpr Products kF32 =
    products(spirv_product_F32, spirv_tile_FLOATS_F32, {}, spirv_tile_HALVES_F32, spirv_tile_MATRICES_F32);
constexpr Products kF16 =
    products(spirv_product_F16, spirv_tile_FLOATS_F16, {}, spirv_tile_HALVES_F16, spirv_tile_MATRICES_F16);
constexpr Products kBF16 =
    products(spirv_product_BF16, spirv_tile_FLOATS_BF16, {}, spirv_tile_HALVES_BF16, spirv_tile_MATRICES_BF16);
constexpr Products kBlocks = products(spirv_product_BLOCKS, spirv_tile_FLOATS_BLOCKS, spirv_tile_CODES_BLOCKS,
                                      spirv_tile_HALVES_BLOCKS, spirv_tile_MATRICES_BLOCKS);

const Products* products_of(Format format) {
  switch (format) {
    case Format::F32:
      return &kF32;
    case Format::F16:
      return &kF16;
    case Format::BF16:
      return &kBF16;
    case Format::Q4_0:
    case Format::Q4_1:
    case Format::Q5_0:
    case Format::Q5_1:
    case Format::Q8_0:
    case Format::Q2_K:
    case Format::Q3_K:
    case Format::Q4_K:
    case Format::Q5_K:
    case Format::Q6_K:
    case Format::IQ4_NL:
    case Format::IQ4_XS:
    case Format::MXFP4:
      return &kBlocks;
    default:
      return nullptr;
  }
}

}  // namespace

const Shader& shader_of(Operation operation) {
  return kOperations[static_cast<std::size_t>(operation)];
}

const Shader* product_shader(Format format) {
  const Products* const products = products_of(format);
  return products == nullptr ? nullptr : &products->product;
}

std::uint32_t formats_constant(const std::array<Format, 3>& formats) {
  std::uint32_t constant = 0;
  for (std::size_t i = 0; i < formats.size(); ++i)
    constant |= static_cast<std::uint32_t>(formats[i]) << (8 * i);
  return constant;
}
std::uint32_t formats_constant(Format format) {
  return formats_constant({format, format, format});
}

const Shader* tile_shader(Format format, Tiles tiles) {
  const Products* const products = products_of(format);
  if (products == nullptr || tiles == Tiles::None) return nullptr;
  const Shader& shader = products->tiles[static_cast<std::size_t>(tiles) - 1];
  return shader.code.empty() ? nullptr : &shader;
}

}  // namespace facet::engine::vulkan
