#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/gguf/gguf_file.h"
#include "engine/model/config.h"

namespace facet::engine {

// What a model asks of a backend, as far as that decides which kernels run and how: each once, sorted.
struct KernelUse {
  struct Product {
    Format format = Format::F32;
    std::uint32_t inputs = 0;
    auto operator<=>(const Product&) const = default;
  };

  // Of the matrices of a layer's queries, keys and values; what a layer lacks has the format of the queries.
  using HeadFormats = std::array<Format, 3>;

  std::vector<Product> products;
  std::vector<Product> experts;
  std::vector<AttentionShape> heads;
  std::vector<HeadFormats> head_formats;
  Format cache = Format::F32;
  std::uint32_t width = 0;  // of the residual stream
  std::uint32_t expert_count = 0;
  std::uint32_t experts_used = 0;
  bool encoders = false;   // of pictures and sound, which any model may be given
  bool may_round = false;  // products may round what they multiply
};

// Whether a model multiplies with a tensor of its file.
bool is_multiplied_with(const GgufFile& file, const GgufTensor& tensor);

// `cache` is the format of keys and values.
KernelUse kernel_use(const GgufFile& file, const ModelConfig& config, Format cache, bool may_round = false);

// "Q4_K/Q4_K/Q6_K".
std::string text_of(const KernelUse::HeadFormats& formats);

// The same use gives the same words: "Q4_0 1536, Q4_0 2048; heads 8/1 of 256, window 512, ...; cache F16".
std::string describe(const KernelUse& use);

}  // namespace facet::engine
