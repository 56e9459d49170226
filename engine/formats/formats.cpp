#include "engine/formats/formats.h"

#include <algorithm>
#include <array>

#include "engine/base/check.h"
#include "engine/formats/decode.h"
#include "engine/formats/encode.h"

namespace facet::engine {
namespace {

constexpr std::array kFormats = {
    FormatInfo{Format::F32, "F32", 1, 4, decode_f32, encode_f32},
    FormatInfo{Format::F16, "F16", 1, 2, decode_f16, encode_f16},
    FormatInfo{Format::Q4_0, "Q4_0", 32, 18, decode_q4_0, encode_q4_0},
    FormatInfo{Format::Q4_1, "Q4_1", 32, 20, decode_q4_1},
    FormatInfo{Format::Q5_0, "Q5_0", 32, 22, decode_q5_0, encode_q5_0},
    FormatInfo{Format::Q5_1, "Q5_1", 32, 24, decode_q5_1},
    FormatInfo{Format::Q8_0, "Q8_0", 32, 34, decode_q8_0, encode_q8_0},
    FormatInfo{Format::Q8_1, "Q8_1", 32, 36, nullptr},
    FormatInfo{Format::Q2_K, "Q2_K", 256, 84, decode_q2_k},
    FormatInfo{Format::Q3_K, "Q3_K", 256, 110, decode_q3_k},
    FormatInfo{Format::Q4_K, "Q4_K", 256, 144, decode_q4_k, encode_q4_k},
    FormatInfo{Format::Q5_K, "Q5_K", 256, 176, decode_q5_k},
    FormatInfo{Format::Q6_K, "Q6_K", 256, 210, decode_q6_k, encode_q6_k},
    FormatInfo{Format::Q8_K, "Q8_K", 256, 292, nullptr},
    FormatInfo{Format::IQ2_XXS, "IQ2_XXS", 256, 66, nullptr},
    FormatInfo{Format::IQ2_XS, "IQ2_XS", 256, 74, nullptr},
    FormatInfo{Format::IQ3_XXS, "IQ3_XXS", 256, 98, nullptr},
    FormatInfo{Format::IQ1_S, "IQ1_S", 256, 50, nullptr},
    FormatInfo{Format::IQ4_NL, "IQ4_NL", 32, 18, decode_iq4_nl},
    FormatInfo{Format::IQ3_S, "IQ3_S", 256, 110, nullptr},
    FormatInfo{Format::IQ2_S, "IQ2_S", 256, 82, nullptr},
    FormatInfo{Format::IQ4_XS, "IQ4_XS", 256, 136, decode_iq4_xs},
    FormatInfo{Format::I8, "I8", 1, 1, nullptr},
    FormatInfo{Format::I16, "I16", 1, 2, nullptr},
    FormatInfo{Format::I32, "I32", 1, 4, nullptr},
    FormatInfo{Format::I64, "I64", 1, 8, nullptr},
    FormatInfo{Format::F64, "F64", 1, 8, nullptr},
    FormatInfo{Format::IQ1_M, "IQ1_M", 256, 56, nullptr},
    FormatInfo{Format::BF16, "BF16", 1, 2, decode_bf16, encode_bf16},
    FormatInfo{Format::TQ1_0, "TQ1_0", 256, 54, nullptr},
    FormatInfo{Format::TQ2_0, "TQ2_0", 256, 66, nullptr},
    FormatInfo{Format::MXFP4, "MXFP4", 32, 17, decode_mxfp4},
    FormatInfo{Format::NVFP4, "NVFP4", 64, 36, nullptr},
    FormatInfo{Format::Q1_0, "Q1_0", 128, 18, nullptr},
    FormatInfo{Format::Q2_0, "Q2_0", 64, 18, nullptr},
};

}  // namespace

std::span<const FormatInfo> all_formats() {
  return kFormats;
}

const FormatInfo* find_format(std::uint32_t gguf_type_id) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(), [&](const FormatInfo& row) {
    return static_cast<std::uint32_t>(row.format) == gguf_type_id;
  });
  return found == kFormats.end() ? nullptr : &*found;
}

const FormatInfo& format_info(Format format) {
  const FormatInfo* row = find_format(static_cast<std::uint32_t>(format));
  FACET_CHECK(row != nullptr, "format %u", static_cast<unsigned>(format));
  return *row;
}

std::uint64_t row_bytes(Format format, std::uint64_t elements) {
  const FormatInfo& row = format_info(format);
  FACET_CHECK(elements % row.block_elements == 0, "%llu elements", static_cast<unsigned long long>(elements));
  return elements / row.block_elements * row.block_bytes;
}

}  // namespace facet::engine
