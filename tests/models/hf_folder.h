#pragma once

#include <QDir>
#include <QFile>
#include <QString>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/formats/half.h"
#include "engine/gguf/gguf_file.h"

// Writes model folders as they are published, from the weights of a GGUF file: by the specification's table of names
// and without the code under test.
namespace hf_folder {

using nlohmann::json;

struct Tensor {
  std::string name;
  std::string type;
  std::vector<std::uint64_t> shape;
  QByteArray data;
};

struct Folder {
  json config;
  json tokenizer;
  json tokenizer_config;
  json generation_config;
  std::string chat_template;
  std::vector<Tensor> tensors;
  std::size_t shards = 1;

  Tensor& tensor(const std::string& name) {
    for (Tensor& candidate : tensors)
      if (candidate.name == name) return candidate;
    qFatal("the test has no tensor %s", name.c_str());
  }
};

inline void write_file(const QString& path, const QByteArray& bytes) {
  QFile file(path);
  if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
    qFatal("can not write %s", qPrintable(path));
}

inline QByteArray safetensors(const std::vector<Tensor>& tensors) {
  json header;
  header["__metadata__"] = {{"format", "pt"}};
  QByteArray data;
  for (const Tensor& tensor : tensors) {
    header[tensor.name] = {{"dtype", tensor.type},
                           {"shape", tensor.shape},
                           {"data_offsets", {data.size(), data.size() + tensor.data.size()}}};
    data += tensor.data;
  }
  const QByteArray text = QByteArray::fromStdString(header.dump());
  const std::uint64_t length = static_cast<std::uint64_t>(text.size());
  return QByteArray(reinterpret_cast<const char*>(&length), sizeof(length)) + text + data;
}

inline void write(const QString& path, const Folder& folder) {
  QDir().mkpath(path);
  write_file(path + "/config.json", QByteArray::fromStdString(folder.config.dump()));
  write_file(path + "/tokenizer.json", QByteArray::fromStdString(folder.tokenizer.dump()));
  if (!folder.tokenizer_config.is_null())
    write_file(path + "/tokenizer_config.json", QByteArray::fromStdString(folder.tokenizer_config.dump()));
  if (!folder.generation_config.is_null())
    write_file(path + "/generation_config.json", QByteArray::fromStdString(folder.generation_config.dump()));
  if (!folder.chat_template.empty())
    write_file(path + "/chat_template.jinja", QByteArray::fromStdString(folder.chat_template));
  if (folder.shards == 1) return write_file(path + "/model.safetensors", safetensors(folder.tensors));
  json map;
  for (std::size_t shard = 0; shard < folder.shards; ++shard) {
    const QString name =
        QString("model-%1-of-%2.safetensors").arg(shard + 1, 5, 10, QChar('0')).arg(folder.shards, 5, 10, QChar('0'));
    std::vector<Tensor> part;
    for (std::size_t i = shard; i < folder.tensors.size(); i += folder.shards) {
      part.push_back(folder.tensors[i]);
      map[folder.tensors[i].name] = name.toStdString();
    }
    write_file(path + "/" + name, safetensors(part));
  }
  write_file(path + "/model.safetensors.index.json",
             QByteArray::fromStdString(json{{"metadata", json::object()}, {"weight_map", map}}.dump()));
}

// From names in GGUF files to those of the published folders, without prefix.
inline std::string hf_name(std::string_view gguf) {
  static const std::map<std::string, std::string, std::less<>> kNames = {
      {"token_embd.weight", "embed_tokens.weight"},
      {"output_norm.weight", "norm.weight"},
      {"per_layer_token_embd.weight", "embed_tokens_per_layer.weight"},
      {"per_layer_model_proj.weight", "per_layer_model_projection.weight"},
      {"per_layer_proj_norm.weight", "per_layer_projection_norm.weight"},
      {"attn_norm.weight", "input_layernorm.weight"},
      {"attn_q.weight", "self_attn.q_proj.weight"},
      {"attn_k.weight", "self_attn.k_proj.weight"},
      {"attn_v.weight", "self_attn.v_proj.weight"},
      {"attn_output.weight", "self_attn.o_proj.weight"},
      {"attn_q_norm.weight", "self_attn.q_norm.weight"},
      {"attn_k_norm.weight", "self_attn.k_norm.weight"},
      {"post_attention_norm.weight", "post_attention_layernorm.weight"},
      {"ffn_norm.weight", "pre_feedforward_layernorm.weight"},
      {"ffn_gate.weight", "mlp.gate_proj.weight"},
      {"ffn_up.weight", "mlp.up_proj.weight"},
      {"ffn_down.weight", "mlp.down_proj.weight"},
      {"post_ffw_norm.weight", "post_feedforward_layernorm.weight"},
      {"layer_output_scale.weight", "layer_scalar"},
      {"inp_gate.weight", "per_layer_input_gate.weight"},
      {"proj.weight", "per_layer_projection.weight"},
      {"post_norm.weight", "post_per_layer_input_norm.weight"},
      {"ffn_gate_inp.weight", "router.proj.weight"},
      {"ffn_gate_inp.scale", "router.scale"},
      {"ffn_gate_up_exps.weight", "experts.gate_up_proj"},
      {"ffn_down_exps.weight", "experts.down_proj"},
      {"ffn_down_exps.scale", "router.per_expert_scale"},
      {"post_ffw_norm_1.weight", "post_feedforward_layernorm_1.weight"},
      {"pre_ffw_norm_2.weight", "pre_feedforward_layernorm_2.weight"},
      {"post_ffw_norm_2.weight", "post_feedforward_layernorm_2.weight"},
  };
  std::string prefix;
  if (gguf.starts_with("blk.")) {
    const std::size_t dot = gguf.find('.', 4);
    prefix = "layers." + std::string(gguf.substr(4, dot - 4)) + ".";
    gguf.remove_prefix(dot + 1);
  }
  const auto found = kNames.find(gguf);
  if (found == kNames.end()) qFatal("no name for %s", std::string(gguf).c_str());
  return prefix + found->second;
}

inline QByteArray raw_values(const facet::engine::GgufTensor& tensor, const std::string& type) {
  const std::uint64_t count = tensor.shape[0] * tensor.shape[1] * tensor.shape[2];
  std::vector<float> values(count);
  facet::engine::format_info(tensor.format).decode(tensor.data.data(), values.data(), count);
  QByteArray bytes;
  for (const float value : values) {
    const std::uint16_t half = facet::engine::float_to_bfloat(value);
    bytes.append(type == "F32" ? reinterpret_cast<const char*>(&value) : reinterpret_cast<const char*>(&half),
                 type == "F32" ? 4 : 2);
  }
  return bytes;
}

inline Tensor to_tensor(const facet::engine::GgufTensor& source, const std::string& prefix, const std::string& type) {
  Tensor tensor{prefix + hf_name(source.name), type, {}, raw_values(source, type)};
  // The contiguous dimension comes last.
  std::size_t dimensions = 4;
  while (dimensions > 1 && source.shape[dimensions - 1] == 1)
    --dimensions;
  for (std::size_t i = dimensions; i-- > 0;)
    tensor.shape.push_back(source.shape[i]);
  return tensor;
}

inline json text_config(const facet::engine::GgufFile& file) {
  const auto integer = [&](const char* key) { return file.integer(std::string("gemma4.") + key).value_or(0); };
  const auto layers = static_cast<std::size_t>(integer("block_count"));
  const auto at = [&](const char* key, std::size_t layer) {
    const auto values = *file.integers(std::string("gemma4.") + key);
    return values.size() == 1 ? values[0] : values[layer];
  };
  json types = json::array();
  for (std::size_t i = 0; i < layers; ++i)
    types.push_back(at("attention.sliding_window_pattern", i) == 1 ? "sliding_attention" : "full_attention");
  const std::size_t full = layers - 1;
  const bool values_are_keys = file.find("blk." + std::to_string(full) + ".attn_v.weight") == nullptr &&
                               file.find("blk." + std::to_string(full) + ".attn_k.weight") != nullptr;
  json config = {
      {"model_type", "gemma4_text"},
      {"hidden_size", integer("embedding_length")},
      {"num_hidden_layers", layers},
      {"intermediate_size", at("feed_forward_length", 0)},
      {"use_double_wide_mlp", at("feed_forward_length", full) != at("feed_forward_length", 0)},
      {"num_attention_heads", integer("attention.head_count")},
      {"num_key_value_heads", at("attention.head_count_kv", 0)},
      {"num_global_key_value_heads", values_are_keys ? json(at("attention.head_count_kv", full)) : json(nullptr)},
      {"attention_k_eq_v", values_are_keys},
      {"head_dim", integer("attention.key_length_swa")},
      {"global_head_dim", integer("attention.key_length")},
      {"sliding_window", integer("attention.sliding_window")},
      {"layer_types", types},
      {"num_kv_shared_layers", integer("attention.shared_kv_layers")},
      {"hidden_size_per_layer_input", integer("embedding_length_per_layer_input")},
      {"max_position_embeddings", integer("context_length")},
      {"rms_norm_eps", 1e-6},
      {"final_logit_softcapping", 30.0},
      {"hidden_activation", "gelu_pytorch_tanh"},
      {"tie_word_embeddings", true},
      {"rope_parameters",
       {{"full_attention", {{"rope_type", "proportional"}, {"rope_theta", 1000000.0}, {"partial_rotary_factor", 0.25}}},
        {"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 10000.0}}}}},
  };
  if (const auto experts = integer("expert_count"); experts > 0) {
    config["enable_moe_block"] = true;
    config["num_experts"] = experts;
    config["top_k_experts"] = integer("expert_used_count");
    config["moe_intermediate_size"] = integer("expert_feed_forward_length");
  }
  return config;
}

inline json tokenizer(const facet::engine::GgufFile& file) {
  const auto tokens = *file.strings("tokenizer.ggml.tokens");
  const auto types = *file.integers("tokenizer.ggml.token_type");
  json vocab = json::object();
  json added = json::array();
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    vocab[std::string(tokens[id])] = id;
    if (types[id] == 3 || types[id] == 4)
      added.push_back({{"id", id}, {"content", tokens[id]}, {"special", true}, {"normalized", false}});
  }
  json merges = json::array();
  const auto lines = *file.strings("tokenizer.ggml.merges");
  for (const std::string_view merge : lines) {
    const std::size_t space = merge.find(' ', 1);
    merges.push_back({merge.substr(0, space), merge.substr(space + 1)});
  }
  return {{"version", "1.0"},
          {"added_tokens", added},
          {"model", {{"type", "BPE"}, {"byte_fallback", true}, {"vocab", vocab}, {"merges", merges}}}};
}

struct Choices {
  std::string type = "F32";  // empty: of each tensor as in the GGUF file
  std::string prefix = "model.language_model.";
  std::size_t shards = 1;
};

inline Folder from_gguf(const QString& path, const Choices& choices = {}) {
  const auto opened = facet::engine::GgufFile::open(path.toStdString());
  if (!opened.ok()) qFatal("%s", opened.error().message.c_str());
  const facet::engine::GgufFile& file = **opened;
  Folder folder;
  folder.shards = choices.shards;
  const json text = text_config(file);
  folder.config = text;
  folder.config["architectures"] = {"Gemma4ForCausalLM"};
  if (choices.prefix == "model.language_model.")
    folder.config = {{"architectures", {"Gemma4ForConditionalGeneration"}},
                     {"model_type", "gemma4"},
                     {"text_config", text},
                     {"vision_config", {{"model_type", "gemma4_vision"}}},
                     {"tie_word_embeddings", true}};
  folder.tokenizer = tokenizer(file);
  folder.tokenizer_config = {{"bos_token", "<bos>"},
                             {"eos_token", {{"content", "<eos>"}}},
                             {"unk_token", "<unk>"},
                             {"pad_token", "<pad>"},
                             {"mask_token", "<mask>"}};
  folder.chat_template = std::string(file.string("tokenizer.chat_template").value_or(""));
  for (const facet::engine::GgufTensor& tensor : file.tensors())
    if (tensor.name != "rope_freqs.weight")
      folder.tensors.push_back(
          to_tensor(tensor, choices.prefix,
                    choices.type.empty() ? std::string(facet::engine::format_info(tensor.format).name) : choices.type));
  return folder;
}

}  // namespace hf_folder
