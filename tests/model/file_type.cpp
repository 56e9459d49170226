#include "tests/model/file_type.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace facet::model_maker {
namespace {

struct Row {
  std::string_view name;
  std::uint32_t number;
  Format matrices;
  Format more_bits;
  Format embeddings;
};

// As the usual quantiser writes them: embeddings keep more bits than the matrices of a low-bit file.
constexpr std::array kRows = {
    Row{"F32", 0, Format::F32, Format::F32, Format::F32},
    Row{"F16", 1, Format::F16, Format::F16, Format::F16},
    Row{"BF16", 32, Format::BF16, Format::BF16, Format::BF16},
    Row{"Q8_0", 7, Format::Q8_0, Format::Q8_0, Format::Q8_0},
    Row{"Q4_0", 2, Format::Q4_0, Format::Q4_0, Format::Q6_K},
    Row{"Q4_1", 3, Format::Q4_1, Format::Q4_1, Format::Q6_K},
    Row{"Q5_0", 8, Format::Q5_0, Format::Q5_0, Format::Q6_K},
    Row{"Q5_1", 9, Format::Q5_1, Format::Q5_1, Format::Q6_K},
    Row{"Q2_K", 10, Format::Q2_K, Format::Q3_K, Format::Q6_K},
    Row{"Q3_K_S", 11, Format::Q3_K, Format::Q3_K, Format::Q6_K},
    Row{"Q4_K_S", 14, Format::Q4_K, Format::Q4_K, Format::Q6_K},
    Row{"Q4_K_M", 15, Format::Q4_K, Format::Q6_K, Format::Q6_K},
    Row{"Q5_K_S", 16, Format::Q5_K, Format::Q5_K, Format::Q6_K},
    Row{"Q5_K_M", 17, Format::Q5_K, Format::Q6_K, Format::Q6_K},
    Row{"Q6_K", 18, Format::Q6_K, Format::Q6_K, Format::Q6_K},
    Row{"IQ4_NL", 25, Format::IQ4_NL, Format::IQ4_NL, Format::Q6_K},
    Row{"IQ4_XS", 30, Format::IQ4_XS, Format::IQ4_XS, Format::Q6_K},
    Row{"MXFP4", 38, Format::MXFP4, Format::MXFP4, Format::Q8_0},
};

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::toupper(x) == std::toupper(y); });
}

// Of 32 values where the wanted one has 256.
Format smaller_block(Format format) {
  switch (format) {
    case Format::Q2_K:
    case Format::Q3_K:
      return Format::Q4_0;
    case Format::Q4_K:
      return Format::Q5_0;
    case Format::Q5_K:
      return Format::Q5_1;
    case Format::Q6_K:
      return Format::Q8_0;
    case Format::IQ4_XS:
      return Format::IQ4_NL;
    default:
      return Format::F16;
  }
}

}  // namespace

std::optional<FileType> find_file_type(std::string_view name) {
  const auto row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return same_name(r.name, name); });
  if (row == kRows.end()) return std::nullopt;
  FileType type;
  type.name = std::string(row->name);
  type.number = row->number;
  type.matrices = row->matrices;
  type.more_bits = row->more_bits;
  type.embeddings = row->embeddings;
  type.per_layer_table = row->embeddings;
  type.per_layer_projection =
      row->matrices == Format::F32 || row->matrices == Format::F16 ? row->matrices : Format::BF16;
  return type;
}

std::vector<std::string> file_type_names() {
  std::vector<std::string> names;
  for (const Row& row : kRows)
    names.emplace_back(row.name);
  return names;
}

std::optional<Format> find_weight_format(std::string_view name) {
  for (const engine::FormatInfo& format : engine::all_formats())
    if (format.decode != nullptr && same_name(format.name, name)) return format.format;
  return std::nullopt;
}

Format format_for_row(Format wanted, std::uint64_t row) {
  while (row % engine::format_info(wanted).block_elements != 0)
    wanted = smaller_block(wanted);
  return wanted;
}

bool gets_more_bits(std::uint32_t index, std::uint32_t count) {
  const std::uint32_t eighth = count / 8;
  return index < eighth || index >= 7 * count / 8 || (index - eighth) % 3 == 2;
}

}  // namespace facet::model_maker
