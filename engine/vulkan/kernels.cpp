#include "engine/vulkan/kernels.h"

#include <cstddef>

#include <spirv/attention.h>
#include <spirv/branch_end.h>
#include <spirv/combine.h>
#include <spirv/elementwise.h>
#include <spirv/heads.h>
#include <spirv/integer_tile_IQ4_NL.h>
#include <spirv/integer_tile_IQ4_XS.h>
#include <spirv/integer_tile_MXFP4.h>
#include <spirv/integer_tile_Q2_K.h>
#include <spirv/integer_tile_Q3_K.h>
#include <spirv/integer_tile_Q4_0.h>
#include <spirv/integer_tile_Q4_1.h>
#include <spirv/integer_tile_Q4_K.h>
#include <spirv/integer_tile_Q5_0.h>
#include <spirv/integer_tile_Q5_1.h>
#include <spirv/integer_tile_Q5_K.h>
#include <spirv/integer_tile_Q6_K.h>
#include <spirv/integer_tile_Q8_0.h>
#include <spirv/norm.h>
#include <spirv/product_BF16.h>
#include <spirv/product_F16.h>
#include <spirv/product_F32.h>
#include <spirv/product_IQ4_NL.h>
#include <spirv/product_IQ4_XS.h>
#include <spirv/product_MXFP4.h>
#include <spirv/product_Q2_K.h>
#include <spirv/product_Q3_K.h>
#include <spirv/product_Q4_0.h>
#include <spirv/product_Q4_1.h>
#include <spirv/product_Q4_K.h>
#include <spirv/product_Q5_0.h>
#include <spirv/product_Q5_1.h>
#include <spirv/product_Q5_K.h>
#include <spirv/product_Q6_K.h>
#include <spirv/product_Q8_0.h>
#include <spirv/round.h>
#include <spirv/route.h>
#include <spirv/sort.h>
#include <spirv/store.h>
#include <spirv/tile_BF16.h>
#include <spirv/tile_F16.h>
#include <spirv/tile_F32.h>
#include <spirv/tile_IQ4_NL.h>
#include <spirv/tile_IQ4_XS.h>
#include <spirv/tile_MXFP4.h>
#include <spirv/tile_Q2_K.h>
#include <spirv/tile_Q3_K.h>
#include <spirv/tile_Q4_0.h>
#include <spirv/tile_Q4_1.h>
#include <spirv/tile_Q4_K.h>
#include <spirv/tile_Q5_0.h>
#include <spirv/tile_Q5_1.h>
#include <spirv/tile_Q5_K.h>
#include <spirv/tile_Q6_K.h>
#include <spirv/tile_Q8_0.h>
#include <spirv/top.h>

namespace facet::engine::vulkan {
namespace {

constexpr std::array kOperations = {
    Shader{"norm", spirv_norm},
    Shader{"elementwise", spirv_elementwise},
    Shader{"heads", spirv_heads},
    Shader{"store", spirv_store},
    Shader{"attention", spirv_attention},
    Shader{"branch end", spirv_branch_end},
    Shader{"round", spirv_round},
    Shader{"route", spirv_route},
    Shader{"sort", spirv_sort},
    Shader{"combine", spirv_combine},
    Shader{"top", spirv_top},
};

struct Products {
  Format format;
  Shader product;
  Shader tile;
  Shader integer_tile;  // without code where there is none
};

constexpr std::array kProducts = {
    Products{Format::F32, {"product F32", spirv_product_F32}, {"tile F32", spirv_tile_F32}, {}},
    Products{Format::F16, {"product F16", spirv_product_F16}, {"tile F16", spirv_tile_F16}, {}},
    Products{Format::BF16, {"product BF16", spirv_product_BF16}, {"tile BF16", spirv_tile_BF16}, {}},
    Products{Format::Q4_0,
             {"product Q4_0", spirv_product_Q4_0},
             {"tile Q4_0", spirv_tile_Q4_0},
             {"integer tile Q4_0", spirv_integer_tile_Q4_0}},
    Products{Format::Q4_1,
             {"product Q4_1", spirv_product_Q4_1},
             {"tile Q4_1", spirv_tile_Q4_1},
             {"integer tile Q4_1", spirv_integer_tile_Q4_1}},
    Products{Format::Q5_0,
             {"product Q5_0", spirv_product_Q5_0},
             {"tile Q5_0", spirv_tile_Q5_0},
             {"integer tile Q5_0", spirv_integer_tile_Q5_0}},
    Products{Format::Q5_1,
             {"product Q5_1", spirv_product_Q5_1},
             {"tile Q5_1", spirv_tile_Q5_1},
             {"integer tile Q5_1", spirv_integer_tile_Q5_1}},
    Products{Format::Q8_0,
             {"product Q8_0", spirv_product_Q8_0},
             {"tile Q8_0", spirv_tile_Q8_0},
             {"integer tile Q8_0", spirv_integer_tile_Q8_0}},
    Products{Format::Q2_K,
             {"product Q2_K", spirv_product_Q2_K},
             {"tile Q2_K", spirv_tile_Q2_K},
             {"integer tile Q2_K", spirv_integer_tile_Q2_K}},
    Products{Format::Q3_K,
             {"product Q3_K", spirv_product_Q3_K},
             {"tile Q3_K", spirv_tile_Q3_K},
             {"integer tile Q3_K", spirv_integer_tile_Q3_K}},
    Products{Format::Q4_K,
             {"product Q4_K", spirv_product_Q4_K},
             {"tile Q4_K", spirv_tile_Q4_K},
             {"integer tile Q4_K", spirv_integer_tile_Q4_K}},
    Products{Format::Q5_K,
             {"product Q5_K", spirv_product_Q5_K},
             {"tile Q5_K", spirv_tile_Q5_K},
             {"integer tile Q5_K", spirv_integer_tile_Q5_K}},
    Products{Format::Q6_K,
             {"product Q6_K", spirv_product_Q6_K},
             {"tile Q6_K", spirv_tile_Q6_K},
             {"integer tile Q6_K", spirv_integer_tile_Q6_K}},
    Products{Format::IQ4_NL,
             {"product IQ4_NL", spirv_product_IQ4_NL},
             {"tile IQ4_NL", spirv_tile_IQ4_NL},
             {"integer tile IQ4_NL", spirv_integer_tile_IQ4_NL}},
    Products{Format::IQ4_XS,
             {"product IQ4_XS", spirv_product_IQ4_XS},
             {"tile IQ4_XS", spirv_tile_IQ4_XS},
             {"integer tile IQ4_XS", spirv_integer_tile_IQ4_XS}},
    Products{Format::MXFP4,
             {"product MXFP4", spirv_product_MXFP4},
             {"tile MXFP4", spirv_tile_MXFP4},
             {"integer tile MXFP4", spirv_integer_tile_MXFP4}},
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

const Shader* tile_shader(Format format) {
  const Products* const products = products_of(format);
  return products == nullptr ? nullptr : &products->tile;
}

const Shader* integer_tile_shader(Format format) {
  const Products* const products = products_of(format);
  return products == nullptr || products->integer_tile.code.empty() ? nullptr : &products->integer_tile;
}

}  // namespace facet::engine::vulkan
