#include "app/models/model_folder.h"

#include <QTemporaryDir>
#include <QTest>

#include "engine/engine.h"
#include "hf_folder.h"

using namespace facet;
using namespace facet::app::models;
using hf_folder::Folder;

namespace {

const QString kModels = QStringLiteral(FACET_TEST_DATA "/models/");

// Prompts that pass the sliding windows of the reference models.
std::vector<engine::Token> prompt() {
  std::vector<engine::Token> tokens = {2};
  for (int i = 0; i < 60; ++i)
    tokens.push_back(500 + i * 37 % 700);
  return tokens;
}

std::vector<float> logits(std::unique_ptr<engine::GgufFile> file) {
  const auto engine = engine::Engine::open(std::move(file), {.threads = 1});
  if (!engine.ok()) qFatal("%s", engine.error().message.c_str());
  const auto sequence = (*engine)->create_sequence();
  const auto synced = sequence->sync(prompt(), {.logit_rows = 4});
  if (!synced.ok()) qFatal("%s", synced.error().message.c_str());
  std::vector<float> all;
  for (std::size_t row = 0; row < 4; ++row)
    all.insert(all.end(), sequence->logits(row).begin(), sequence->logits(row).end());
  return all;
}

std::unique_ptr<engine::GgufFile> open(const QString& path) {
  auto file = open_model_file(path.toStdString());
  if (!file.ok()) qFatal("%s", file.error().message.c_str());
  return std::move(file).value();
}

}  // namespace

// Folders written from the weights of the reference models: the engine must compute the same from both.
class ModelFolderTest : public QObject {
  Q_OBJECT

 private slots:
  void gives_the_same_logits_data();
  void gives_the_same_logits();
  void has_the_metadata_of_the_reference_file_data();
  void has_the_metadata_of_the_reference_file();
  void leaves_out_what_the_text_model_does_not_use();
  void keys_that_shared_layers_do_not_use_may_be_there();
  void the_head_may_be_separate();
  void reads_older_tokenizer_files();
  void finds_the_chat_template_data();
  void finds_the_chat_template();
  void reads_generation_settings();
  void fills_up_the_vocabulary();
  void has_the_defaults_of_the_reference_implementation();
  void is_named_by_its_folder();
  void refuses_data();
  void refuses();
  void refuses_what_is_no_model_folder();

 private:
  QString write(const Folder& folder) {
    const QString path = folder_.filePath(QString("case-%1").arg(++cases_));
    hf_folder::write(path, folder);
    return path;
  }

  QTemporaryDir folder_;
  int cases_ = 0;
};

void ModelFolderTest::gives_the_same_logits_data() {
  QTest::addColumn<QString>("model");
  QTest::addColumn<QString>("prefix");
  QTest::addColumn<int>("shards");
  QTest::newRow("per-layer embeddings") << "e-f32"
                                        << "model.language_model." << 1;
  QTest::newRow("per-layer embeddings in three files") << "e-f32"
                                                       << "model.language_model." << 3;
  QTest::newRow("text-only, dense") << "dense-f32"
                                    << "model." << 2;
  QTest::newRow("experts") << "moe-f32"
                           << "language_model.model." << 2;
  QTest::newRow("no prefix") << "moe-f32"
                             << "" << 1;
  QTest::newRow("real heads in 16 bits") << "e-realheads-bf16"
                                         << "language_model." << 1;
}

void ModelFolderTest::gives_the_same_logits() {
  QFETCH(QString, model);
  QFETCH(QString, prefix);
  QFETCH(int, shards);
  const QString original = kModels + model + ".gguf";
  const Folder folder = hf_folder::from_gguf(original, {"", prefix.toStdString(), static_cast<std::size_t>(shards)});
  QVERIFY(logits(open(write(folder))) == logits(open(original)));
}

void ModelFolderTest::has_the_metadata_of_the_reference_file_data() {
  QTest::addColumn<QString>("model");
  for (const char* model : {"e-f32", "dense-f32", "moe-f32", "e-realheads-bf16"})
    QTest::newRow(model) << QString(model);
}

// Other software wrote the reference files in the way that llama.cpp's converter does. Every key of theirs is there
// with its value, but for the name and the numbers of the file's format, which an opened folder does not have.
void ModelFolderTest::has_the_metadata_of_the_reference_file() {
  QFETCH(QString, model);
  const auto original = open(kModels + model + ".gguf");
  const auto opened = open(write(hf_folder::from_gguf(kModels + model + ".gguf")));
  for (const char* key : {"general.architecture", "general.type", "tokenizer.ggml.model", "tokenizer.chat_template"}) {
    QVERIFY2(original->string(key).has_value(), key);
    QVERIFY2(original->string(key) == opened->string(key), key);
  }
  for (const char* key : {"block_count",
                          "context_length",
                          "embedding_length",
                          "feed_forward_length",
                          "attention.head_count",
                          "attention.head_count_kv",
                          "rope.freq_base",
                          "rope.freq_base_swa",
                          "attention.layer_norm_rms_epsilon",
                          "expert_count",
                          "expert_used_count",
                          "expert_feed_forward_length",
                          "attention.key_length",
                          "attention.value_length",
                          "rope.dimension_count",
                          "attention.key_length_swa",
                          "attention.value_length_swa",
                          "rope.dimension_count_swa",
                          "final_logit_softcapping",
                          "attention.sliding_window",
                          "attention.shared_kv_layers",
                          "embedding_length_per_layer_input",
                          "attention.sliding_window_pattern"}) {
    const std::string full = std::string("gemma4.") + key;
    QVERIFY2(original->numbers(full) == opened->numbers(full), key);
    QVERIFY2(original->integers(full) == opened->integers(full), key);
  }
  for (const char* key : {"tokens", "merges"})
    QVERIFY2(original->strings(std::string("tokenizer.ggml.") + key) ==
                 opened->strings(std::string("tokenizer.ggml.") + key),
             key);
  for (const char* key : {"scores", "token_type", "bos_token_id", "eos_token_id", "unknown_token_id",
                          "padding_token_id", "mask_token_id", "add_space_prefix", "add_bos_token"}) {
    const std::string full = std::string("tokenizer.ggml.") + key;
    QVERIFY2(original->integers(full).has_value(), key);
    QVERIFY2(original->integers(full) == opened->integers(full), key);
  }
  // And every tensor with its shape; the rope factors are computed.
  QCOMPARE(opened->tensors().size(), original->tensors().size());
  for (const engine::GgufTensor& tensor : original->tensors()) {
    const engine::GgufTensor* twin = opened->find(tensor.name);
    QVERIFY2(twin != nullptr && twin->shape == tensor.shape, std::string(tensor.name).c_str());
  }
  QVERIFY(std::ranges::equal(original->find("rope_freqs.weight")->data, opened->find("rope_freqs.weight")->data));
}

// Encoders for pictures and sound, and the copy of the embedding table that some writers add.
void ModelFolderTest::leaves_out_what_the_text_model_does_not_use() {
  Folder folder = hf_folder::from_gguf(kModels + "e-f32.gguf");
  for (const char* name : {"model.vision_tower.encoder.layers.0.mlp.up_proj.linear.weight", "model.embed_audio.bias",
                           "model.audio_tower.output_proj.weight", "lm_head.weight"})
    folder.tensors.push_back({name, "I64", {1, 2, 1}, QByteArray(16, '\1')});
  QVERIFY(logits(open(write(folder))) == logits(open(kModels + "e-f32.gguf")));
}

void ModelFolderTest::keys_that_shared_layers_do_not_use_may_be_there() {
  Folder folder = hf_folder::from_gguf(kModels + "e-f32.gguf");
  const auto file = open(kModels + "e-f32.gguf");
  const auto layers = static_cast<std::uint32_t>(*file->integer("gemma4.block_count"));
  const std::string last = "model.language_model.layers." + std::to_string(layers - 1) + ".self_attn.";
  std::erase_if(folder.tensors, [&](const auto& tensor) {
    return tensor.name.starts_with(last + "k_") || tensor.name.starts_with(last + "v_");
  });
  const auto without = logits(open(write(folder)));
  for (const char* name : {"k_proj.weight", "v_proj.weight", "k_norm.weight"})
    folder.tensors.push_back({last + name, "F32", {3, 5}, QByteArray(60, '\x7f')});
  QVERIFY(logits(open(write(folder))) == without);
}

void ModelFolderTest::the_head_may_be_separate() {
  Folder folder = hf_folder::from_gguf(kModels + "dense-f32.gguf", {"F32", "model.", 1});
  hf_folder::Tensor head = folder.tensor("model.embed_tokens.weight");
  head.name = "lm_head.weight";
  const auto tied = logits(open(write(folder)));
  folder.config["tie_word_embeddings"] = false;
  folder.tensors.push_back(head);
  QVERIFY(logits(open(write(folder))) == tied);
  for (char& byte : folder.tensors.back().data)
    byte = '\0';
  QVERIFY(logits(open(write(folder))) != tied);
  folder.config["tie_word_embeddings"] = true;
  QVERIFY(logits(open(write(folder))) == tied);
}

void ModelFolderTest::reads_older_tokenizer_files() {
  Folder folder = hf_folder::from_gguf(kModels + "dense-f32.gguf");
  nlohmann::json lines = nlohmann::json::array();
  for (const auto& pair : folder.tokenizer["model"]["merges"])
    lines.push_back(pair[0].get<std::string>() + " " + pair[1].get<std::string>());
  folder.tokenizer["model"]["merges"] = lines;
  const auto original = open(kModels + "dense-f32.gguf");
  QVERIFY(open(write(folder))->strings("tokenizer.ggml.merges") == original->strings("tokenizer.ggml.merges"));
}

void ModelFolderTest::finds_the_chat_template_data() {
  QTest::addColumn<QByteArray>("config");
  QTest::addColumn<QByteArray>("file");
  QTest::addColumn<QByteArray>("expected");
  QTest::newRow("in the configuration") << QByteArray(R"({"chat_template": "from config"})") << QByteArray()
                                        << QByteArray("from config");
  QTest::newRow("one of several") << QByteArray(
                                         R"({"chat_template": [{"name": "tools", "template": "other"},
                                             {"name": "default", "template": "from list"}]})")
                                  << QByteArray() << QByteArray("from list");
  QTest::newRow("in a file of its own") << QByteArray(R"({"chat_template": "from config"})") << QByteArray("from file")
                                        << QByteArray("from file");
  QTest::newRow("nowhere") << QByteArray("{}") << QByteArray() << QByteArray();
}

void ModelFolderTest::finds_the_chat_template() {
  QFETCH(QByteArray, config);
  QFETCH(QByteArray, file);
  QFETCH(QByteArray, expected);
  Folder folder = hf_folder::from_gguf(kModels + "dense-f32.gguf");
  folder.tokenizer_config = nlohmann::json::parse(config.toStdString());
  folder.chat_template = file.toStdString();
  const auto opened = open(write(folder));
  QCOMPARE(opened->has("tokenizer.chat_template"), !expected.isEmpty());
  QVERIFY(opened->string("tokenizer.chat_template").value_or("") == expected.toStdString());
}

void ModelFolderTest::reads_generation_settings() {
  Folder folder = hf_folder::from_gguf(kModels + "dense-f32.gguf");
  folder.generation_config = {{"temperature", 0.5}, {"top_k", 20}, {"top_p", 0.75}, {"suppress_tokens", {1216, 7}}};
  const auto engine = engine::Engine::open(open(write(folder)), {});
  QVERIFY(engine.ok());
  QCOMPARE((*engine)->default_sampling().temperature, 0.5F);
  QCOMPARE((*engine)->default_sampling().top_k, 20);
  QCOMPARE((*engine)->default_sampling().top_p, 0.75F);
  const auto suppressed = (*engine)->tokenizer().suppressed();
  QVERIFY(std::binary_search(suppressed.begin(), suppressed.end(), 1216));
}

// More embeddings than tokens, as after rounding up the table.
void ModelFolderTest::fills_up_the_vocabulary() {
  Folder folder = hf_folder::from_gguf(kModels + "dense-f32.gguf", {"F32", "model.", 1});
  hf_folder::Tensor& table = folder.tensor("model.embed_tokens.weight");
  table.shape[0] += 3;
  table.data += QByteArray(static_cast<qsizetype>(3 * 4 * table.shape[1]), '\0');
  const auto opened = open(write(folder));
  const auto tokens = *opened->strings("tokenizer.ggml.tokens");
  QCOMPARE(tokens.size(), 1220U);
  QVERIFY(tokens[1219] == "[PAD1219]");
  QCOMPARE((*opened->integers("tokenizer.ggml.token_type"))[1219], 5);
}

// Keys that the reference implementation writes only where they differ from its defaults.
void ModelFolderTest::has_the_defaults_of_the_reference_implementation() {
  Folder folder = hf_folder::from_gguf(kModels + "e-realheads-bf16.gguf", {"", "model.", 1});
  for (const char* key : {"rms_norm_eps", "rope_parameters", "head_dim", "global_head_dim", "hidden_activation",
                          "attention_k_eq_v", "num_global_key_value_heads", "tie_word_embeddings"})
    folder.config.erase(key);
  QVERIFY(logits(open(write(folder))) == logits(open(kModels + "e-realheads-bf16.gguf")));
  // Full layers with other numbers of heads, told by the weights alone.
  Folder dense = hf_folder::from_gguf(kModels + "dense-f32.gguf", {"F32", "model.", 1});
  dense.config.erase("num_global_key_value_heads");
  dense.config.erase("global_head_dim");
  QVERIFY(logits(open(write(dense))) == logits(open(kModels + "dense-f32.gguf")));
  // There is no soft cap where none is named, other than in a GGUF file.
  folder.config["final_logit_softcapping"] = nullptr;
  QCOMPARE(open(write(folder))->number("gemma4.final_logit_softcapping"), std::optional<double>(0));
}

void ModelFolderTest::is_named_by_its_folder() {
  const Folder folder = hf_folder::from_gguf(kModels + "dense-f32.gguf");
  const QString plain = folder_.filePath("gemma-4-tiny");
  const QString cached = folder_.filePath("models--google--gemma-4-E2B-it/snapshots/1a2b3c");
  hf_folder::write(plain, folder);
  hf_folder::write(cached, folder);
  QVERIFY(open(plain + "/")->string("general.name") == "gemma-4-tiny");
  QVERIFY(open(cached)->string("general.name") == "gemma-4-E2B-it");
}

void ModelFolderTest::refuses_data() {
  using Damage = std::function<void(Folder&)>;
  QTest::addColumn<Damage>("damage");
  QTest::addColumn<QString>("reason");
  const auto row = [](const char* name, const char* reason, const Damage& damage) {
    QTest::newRow(name) << damage << QString(reason);
  };
  const auto config = [&](const char* key, const nlohmann::json& value, const char* reason) {
    row(key, reason, [key, value](Folder& f) { f.config[key] = value; });
  };
  config("num_hidden_layers", 0, "'num_hidden_layers' is 0");
  config("hidden_size", "wide", "'hidden_size' is not a whole number");
  config("num_attention_heads", -4, "'num_attention_heads' is not a whole number");
  config("num_kv_shared_layers", 400, "leaves no layer with keys");
  config("layer_types", {"full_attention"}, "'layer_types' does not list");
  config("intermediate_size", nullptr, "'intermediate_size' is missing");
  config("use_bidirectional_attention", "all", "an encoder");
  config("hidden_activation", "silu", "the activation 'silu'");
  config("rope_parameters", {{"full_attention", {{"rope_type", "yarn"}}}}, "a kind of RoPE");
  config("architectures", {"LlamaForCausalLM"},
         "This is a model of the kind 'LlamaForCausalLM'; Facet runs Gemma 4 only.");
  row("drafter of the unified model", "gives no answers by itself", [](Folder& f) {
    f.config = {{"model_type", "gemma4_assistant"}, {"architectures", {"Gemma4UnifiedAssistantForCausalLM"}}};
  });
  row("drafter", "gives no answers by itself",
      [](Folder& f) { f.config["architectures"] = {"Gemma4AssistantForCausalLM"}; });
  row("no kind at all", "does not say what model", [](Folder& f) {
    f.config.erase("architectures");
    f.config.erase("model_type");
  });
  row("configuration that is a list", "does not say what model", [](Folder& f) { f.config = nlohmann::json::array(); });

  row("another width than the weights", "'token_embd.weight'", [](Folder& f) { f.config["hidden_size"] = 160; });
  row("more heads than the weights", "attn_q.weight", [](Folder& f) { f.config["num_attention_heads"] = 8; });
  row("missing tensor", "it has no tensor 'blk.1.ffn_up.weight'", [](Folder& f) {
    std::erase_if(f.tensors, [](const auto& tensor) { return tensor.name == "model.layers.1.mlp.up_proj.weight"; });
  });
  row("no embedding table", "no embedding table", [](Folder& f) {
    std::erase_if(f.tensors, [](const auto& tensor) { return tensor.name == "model.embed_tokens.weight"; });
  });
  row("tensor of an unknown kind", "does not know what the tensor 'model.layers.0.mlp.up_proj.weight_scale' is for",
      [](Folder& f) {
        f.tensors.push_back({"model.layers.0.mlp.up_proj.weight_scale", "F32", {1}, QByteArray(4, '\0')});
      });
  row("weights in whole numbers", "has the type I8, which Facet can not compute with", [](Folder& f) {
    auto& tensor = f.tensor("model.layers.0.mlp.up_proj.weight");
    tensor.type = "I8";
    tensor.data.resize(tensor.data.size() / 4);
  });
  row("type that is unknown", "has the unknown type 'F6_E9'",
      [](Folder& f) { f.tensor("model.layers.0.mlp.up_proj.weight").type = "F6_E9"; });
  row("five dimensions", "5 dimensions", [](Folder& f) {
    auto& tensor = f.tensor("model.norm.weight");
    tensor.shape = {1, 1, 1, 1, tensor.shape[0]};
  });
  row("norm that is no number", "'output_norm.weight' holds a value that is not a number",
      [](Folder& f) { f.tensor("model.norm.weight").data.replace(0, 4, QByteArray("\xff\xff\xff\x7f", 4)); });

  row("another kind of tokenizer", "not the one of Gemma 4",
      [](Folder& f) { f.tokenizer["model"]["type"] = "Unigram"; });
  row("no tokens", "no list of tokens", [](Folder& f) { f.tokenizer["model"].erase("vocab"); });
  row("no merges", "no list of merges", [](Folder& f) { f.tokenizer["model"].erase("merges"); });
  row("odd merge", "no pair of tokens", [](Folder& f) { f.tokenizer["model"]["merges"][3] = 7; });
  row("missing byte token", "lacks the byte token <0x41>", [](Folder& f) {
    auto& vocab = f.tokenizer["model"]["vocab"];
    vocab["other"] = vocab["<0x41>"];
    vocab.erase("<0x41>");
  });
  row("more tokens than embeddings", "where there are 1217 embeddings",
      [](Folder& f) { f.tokenizer["model"]["vocab"]["beyond"] = 5000; });
  row("negative token id", "has no id", [](Folder& f) { f.tokenizer["model"]["vocab"]["beyond"] = -1; });
  row("suppressed token that is none", "lists what is not a token", [](Folder& f) {
    f.generation_config = {{"suppress_tokens", {5000}}};
  });
}

void ModelFolderTest::refuses() {
  QFETCH(std::function<void(Folder&)>, damage);
  QFETCH(QString, reason);
  Folder folder = hf_folder::from_gguf(kModels + "dense-f32.gguf", {"F32", "model.", 1});
  damage(folder);
  const auto opened = open_model_folder(write(folder).toStdString());
  QVERIFY(!opened.ok());
  const QString message = QString::fromStdString(opened.error().message);
  QVERIFY2(message.contains(reason), qPrintable(message));
  QVERIFY2(message.endsWith('.') && !message.contains('\n') && message.size() < 500, qPrintable(message));
}

void ModelFolderTest::refuses_what_is_no_model_folder() {
  const auto message = [](const QString& path) {
    const auto opened = open_model_file(path.toStdString());
    return opened.ok() ? QString("it was opened") : QString::fromStdString(opened.error().message);
  };
  QTemporaryDir empty;
  QVERIFY(message(empty.path()).startsWith("There are no weights in '"));

  Folder folder = hf_folder::from_gguf(kModels + "dense-f32.gguf", {"F32", "model.", 3});
  const QString sharded = write(folder);
  QFile::remove(sharded + "/model-00002-of-00003.safetensors");
  QVERIFY2(message(sharded).contains("'model-00002-of-00003.safetensors' is missing"), qPrintable(message(sharded)));
  QFile::remove(sharded + "/model-00003-of-00003.safetensors");
  QVERIFY2(message(sharded).contains("is missing and 1 more; download it again."), qPrintable(message(sharded)));

  const QString cut = write(folder);
  QVERIFY(QFile::resize(cut + "/model-00001-of-00003.safetensors", 9000));
  QVERIFY2(message(cut).contains("incomplete or damaged"), qPrintable(message(cut)));

  const QString moved = write(folder);
  hf_folder::write_file(moved + "/model.safetensors.index.json", R"({"weight_map": {"a": "../../etc/passwd"}})");
  QVERIFY2(message(moved).contains("names no file beside it for the tensor 'a'"), qPrintable(message(moved)));
  hf_folder::write_file(moved + "/model.safetensors.index.json",
                        R"({"weight_map": {"absent": "model-00001-of-00003.safetensors"}})");
  QVERIFY2(message(moved).contains("no file has the tensor 'absent'"), qPrintable(message(moved)));
  hf_folder::write_file(moved + "/model.safetensors.index.json", "[");
  QVERIFY2(message(moved).contains("is not valid JSON"), qPrintable(message(moved)));

  folder.shards = 1;
  for (const char* name : {"config.json", "tokenizer.json"}) {
    const QString without = write(folder);
    QFile::remove(without + "/" + name);
    QVERIFY2(message(without).contains("There is no file '") && message(without).contains(name),
             qPrintable(message(without)));
  }
}

QTEST_APPLESS_MAIN(ModelFolderTest)
#include "model_folder_test.moc"
