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
  Format format;
  Shader product;
  std::array<Shader, 4> tiles;
};

#define FACET_FLOAT_PRODUCTS(name)                                            \
  Products {                                                                  \
    Format::name, {"product " #name, spirv_product_##name}, {                 \
      Shader{"tile of floats " #name, spirv_tile_FLOATS_##name}, Shader{},    \
          Shader{"tile of halves " #name, spirv_tile_HALVES_##name}, Shader { \
        "tile of matrices " #name, spirv_tile_MATRICES_##name                 \
      }                                                                       \
    }                                                                         \
  }
#define FACET_PRODUCTS(name)                                                  \
  Products {                                                                  \
    Format::name, {"product " #name, spirv_product_##name}, {                 \
      Shader{"tile of floats " #name, spirv_tile_FLOATS_##name},              \
          Shader{"tile of codes " #name, spirv_tile_CODES_##name},            \
          Shader{"tile of halves " #name, spirv_tile_HALVES_##name}, Shader { \
        "tile of matrices " #name, spirv_tile_MATRICES_##name                 \
      }                                                                       \
    }                                                                         \
  }

constexpr std::array kProducts = {
    FACET_FLOAT_PRODUCTS(F32), FACET_FLOAT_PRODUCTS(F16), FACET_FLOAT_PRODUCTS(BF16), FACET_PRODUCTS(Q4_0),
    FACET_PRODUCTS(Q4_1),      FACET_PRODUCTS(Q5_0),      FACET_PRODUCTS(Q5_1),       FACET_PRODUCTS(Q8_0),
    FACET_PRODUCTS(Q2_K),      FACET_PRODUCTS(Q3_K),      FACET_PRODUCTS(Q4_K),       FACET_PRODUCTS(Q5_K),
    FACET_PRODUCTS(Q6_K),      FACET_PRODUCTS(IQ4_NL),    FACET_PRODUCTS(IQ4_XS),     FACET_PRODUCTS(MXFP4),
};

const Products* products_of(Format format) {
  for (const Products& products : kProducts)
    if (products.format == format) return &products;
  return nullptr;
}

}  // namespace

const Shader& shader_of(Operation operation) {
  return kOperations[static_cast<std::size_t>(operation)];
}

const Shader* product_shader(Format format) {
  const Products* const products = products_of(format);
  return products == nullptr ? nullptr : &products->product;
}

const Shader* tile_shader(Format format, Tiles tiles) {
  const Products* const products = products_of(format);
  if (products == nullptr || tiles == Tiles::None) return nullptr;
  const Shader& shader = products->tiles[static_cast<std::size_t>(tiles) - 1];
  return shader.code.empty() ? nullptr : &shader;
}

}  // namespace facet::engine::vulkan
