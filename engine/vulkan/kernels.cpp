#include "engine/vulkan/kernels.h"

#include <cstddef>

#include <spirv/attention.h>
#include <spirv/attention_merge.h>
#include <spirv/combine.h>
#include <spirv/elementwise.h>
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
#include <spirv/rope.h>
#include <spirv/route.h>
#include <spirv/store.h>

namespace facet::engine::vulkan {
namespace {

constexpr std::array kOperations = {
    Shader{"norm", spirv_norm},           Shader{"elementwise", spirv_elementwise},
    Shader{"rope", spirv_rope},           Shader{"store", spirv_store},
    Shader{"attention", spirv_attention}, Shader{"attention_merge", spirv_attention_merge},
    Shader{"route", spirv_route},         Shader{"combine", spirv_combine},
};

struct Product {
  Format format;
  Shader shader;
};

constexpr std::array kProducts = {
    Product{Format::F32, {"product F32", spirv_product_F32}},
    Product{Format::F16, {"product F16", spirv_product_F16}},
    Product{Format::BF16, {"product BF16", spirv_product_BF16}},
    Product{Format::Q4_0, {"product Q4_0", spirv_product_Q4_0}},
    Product{Format::Q4_1, {"product Q4_1", spirv_product_Q4_1}},
    Product{Format::Q5_0, {"product Q5_0", spirv_product_Q5_0}},
    Product{Format::Q5_1, {"product Q5_1", spirv_product_Q5_1}},
    Product{Format::Q8_0, {"product Q8_0", spirv_product_Q8_0}},
    Product{Format::Q2_K, {"product Q2_K", spirv_product_Q2_K}},
    Product{Format::Q3_K, {"product Q3_K", spirv_product_Q3_K}},
    Product{Format::Q4_K, {"product Q4_K", spirv_product_Q4_K}},
    Product{Format::Q5_K, {"product Q5_K", spirv_product_Q5_K}},
    Product{Format::Q6_K, {"product Q6_K", spirv_product_Q6_K}},
    Product{Format::IQ4_NL, {"product IQ4_NL", spirv_product_IQ4_NL}},
    Product{Format::IQ4_XS, {"product IQ4_XS", spirv_product_IQ4_XS}},
    Product{Format::MXFP4, {"product MXFP4", spirv_product_MXFP4}},
};

}  // namespace

const Shader& shader_of(Operation operation) {
  return kOperations[static_cast<std::size_t>(operation)];
}

const Shader* product_shader(Format format) {
  for (const Product& product : kProducts)
    if (product.format == format) return &product.shader;
  return nullptr;
}

}  // namespace facet::engine::vulkan
