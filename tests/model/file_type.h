#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/formats.h"

namespace facet::model_maker {

using engine::Format;

// Which format each weight of a file gets: what is usually written after a model's name ("Q4_K_M").
struct FileType {
  std::string name;
  std::uint32_t number = 0;  // general.file_type, which informs people
  Format matrices = Format::F32;
  Format more_bits = Format::F32;  // for some of the value and down projections, where it differs
  Format embeddings = Format::F32;
  Format per_layer_table = Format::F32;
  Format per_layer_projection = Format::BF16;  // quantisers leave it alone
  // By the tensor's name without ending, in one block ("blk.2.attn_q") or in all ("attn_q"): goes before everything
  // else.
  std::map<std::string, Format, std::less<>> exceptions = {};
};

// "q4_k_m" and the like, in any case; nothing when there is none.
std::optional<FileType> find_file_type(std::string_view name);
std::vector<std::string> file_type_names();

// A format that a model can be computed with, by its name in any case.
std::optional<Format> find_weight_format(std::string_view name);

// What a quantiser writes instead where a row is no multiple of the format's block.
Format format_for_row(Format wanted, std::uint64_t row);

// Of `count` tensors of a kind the first and the last eighth and every third between them get more bits.
bool gets_more_bits(std::uint32_t index, std::uint32_t count);

}  // namespace facet::model_maker
