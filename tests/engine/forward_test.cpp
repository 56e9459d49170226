#include "engine/model/forward.h"

#include <QTest>
#include <algorithm>
#include <optional>
#include <tuple>

#include "engine/cpu/cpu_backend.h"
#include "engine/gguf/gguf_file.h"
#include "tiny_model.h"

using namespace facet;
using namespace facet::engine;
namespace image = gguf_image;

namespace {

constexpr std::uint32_t kContext = 64;

const std::vector<Token> kTokens = {2, 17, 5, 39, 0, 8, 8, 21, 30, 4, 11, 25, 3};

// A loaded model without the engine around it, so that a test reaches the pass itself.
class Loaded {
 public:
  explicit Loaded(const image::Image& content, std::uint32_t slack = 0) : backend_(2) {
    file_ = must(GgufFile::open(image::write_file(folder_, "model.gguf", content.bytes())));
    config_ = must(read_config(*file_));
    weights_ = must(load_weights(*file_, config_, backend_));
    layout_ = KvLayout::plan(config_, kContext, slack);
    activations_ = must(create_activations(plan_activations(config_, layout_), backend_));
    pass_.emplace(backend_, config_, weights_, activations_);
    cache_ = must(KvCache::create(backend_, layout_));
  }

  ForwardPass& pass() { return *pass_; }
  KvCache& cache() { return *cache_; }
  CpuBackend& backend() { return backend_; }
  std::uint32_t vocabulary() const { return config_.vocabulary_size; }

  Status evaluate(std::span<const Token> tokens, std::uint32_t rows, const std::stop_token& stop = {}) {
    return pass_->evaluate({tokens, rows}, *cache_, stop);
  }

  std::vector<float> logits(std::uint32_t rows) {
    std::vector<float> values(std::size_t{rows} * vocabulary());
    if (!pass_->read_logits(values).ok()) qFatal("no logits");
    return values;
  }

  // Logits of all rows of kTokens.
  std::vector<float> run() {
    const auto rows = static_cast<std::uint32_t>(kTokens.size());
    if (!evaluate(kTokens, rows).ok()) qFatal("the pass failed");
    return logits(rows);
  }

 private:
  template <typename T>
  static T must(Result<T> result) {
    if (!result.ok()) qFatal("%s", result.error().message.c_str());
    return std::move(result).value();
  }

  QTemporaryDir folder_;
  CpuBackend backend_;
  std::unique_ptr<GgufFile> file_;
  ModelConfig config_;
  Weights weights_;
  KvLayout layout_;
  Activations activations_;
  std::optional<ForwardPass> pass_;
  std::unique_ptr<KvCache> cache_;
};

std::vector<float> run(const image::Image& content) {
  return Loaded(content).run();
}

tiny_model::Shape with_experts() {
  tiny_model::Shape shape;
  shape.experts = 6;
  shape.experts_used = 3;
  shape.per_layer = 0;
  shape.shared = 0;
  return shape;
}

}  // namespace

// Different files that mean the same model give the same bits, and each part of a model has an effect.
class ForwardTest : public QObject {
  Q_OBJECT

 private slots:
  void logits_are_finite_and_capped();
  void fused_and_split_experts_are_the_same();
  void old_name_of_the_expert_scale_is_understood();
  void output_matrix_may_be_written_out();
  void unused_keys_of_shared_layers_are_ignored();
  void values_may_be_keys();
  void missing_layer_scale_is_one();
  void missing_rope_factors_are_the_published_ones();
  void every_tensor_has_an_effect_data();
  void every_tensor_has_an_effect();
  void taps_see_every_step();
  void a_stop_within_the_pass_leaves_the_cache_as_it_was();
};

void ForwardTest::logits_are_finite_and_capped() {
  for (const auto& shape : {tiny_model::Shape{}, with_experts()}) {
    const std::vector<float> logits = run(tiny_model::build(shape));
    QVERIFY(std::ranges::all_of(logits, [](float value) { return std::abs(value) < 30.0F; }));
    QVERIFY(std::ranges::any_of(logits, [](float value) { return std::abs(value) > 0.1F; }));
  }
}

void ForwardTest::fused_and_split_experts_are_the_same() {
  const image::Image fused = tiny_model::build(with_experts());
  image::Image split = fused;
  for (const char* block : {"blk.0.", "blk.1.", "blk.2.", "blk.3."}) {
    const image::Tensor both = split.tensor(QByteArray(block) + "ffn_gate_up_exps.weight");
    split.remove_tensor(both.name);
    const auto half = static_cast<qsizetype>(both.shape[0] * both.shape[1] / 2 * sizeof(float));
    QByteArray gate;
    QByteArray up;
    for (qsizetype at = 0; at < both.data.size(); at += 2 * half) {
      gate += both.data.mid(at, half);
      up += both.data.mid(at + half, half);
    }
    const std::vector<std::uint64_t> shape = {both.shape[0], both.shape[1] / 2, both.shape[2]};
    split.tensors.push_back({QByteArray(block) + "ffn_gate_exps.weight", shape, 0, gate});
    split.tensors.push_back({QByteArray(block) + "ffn_up_exps.weight", shape, 0, up});
  }
  QVERIFY(run(split) == run(fused));
}

void ForwardTest::old_name_of_the_expert_scale_is_understood() {
  const image::Image content = tiny_model::build(with_experts());
  image::Image old = content;
  old.tensor("blk.2.ffn_down_exps.scale").name = "blk.2.ffn_gate_inp.per_expert_scale";
  QVERIFY(run(old) == run(content));
}

void ForwardTest::output_matrix_may_be_written_out() {
  const image::Image tied = tiny_model::build();
  image::Image written = tied;
  written.tensors.push_back(written.tensor("token_embd.weight"));
  written.tensors.back().name = "output.weight";
  QVERIFY(run(written) == run(tied));
  written.tensors.back().data.fill('\0');
  const std::vector<float> logits = run(written);
  QVERIFY(std::ranges::all_of(logits, [](float value) { return value == 0.0F; }));
}

void ForwardTest::unused_keys_of_shared_layers_are_ignored() {
  const image::Image content = tiny_model::build();
  image::Image more = content;
  for (const char* name : {"attn_k.weight", "attn_v.weight", "attn_k_norm.weight"}) {
    more.tensors.push_back(more.tensor(QByteArray("blk.0.") + name));
    more.tensors.back().name = QByteArray("blk.2.") + name;
  }
  QVERIFY(run(more) == run(content));
}

void ForwardTest::values_may_be_keys() {
  image::Image twice = tiny_model::build();
  twice.tensor("blk.1.attn_v.weight").data = twice.tensor("blk.1.attn_k.weight").data;
  image::Image once = twice;
  once.remove_tensor("blk.1.attn_v.weight");
  QVERIFY(run(once) == run(twice));
}

void ForwardTest::missing_layer_scale_is_one() {
  image::Image content = tiny_model::build();
  content.tensor("blk.2.layer_output_scale.weight").data = image::raw(1.0F);
  image::Image without = content;
  without.remove_tensor("blk.2.layer_output_scale.weight");
  QVERIFY(run(without) == run(content));
}

void ForwardTest::missing_rope_factors_are_the_published_ones() {
  const image::Image content = tiny_model::build();
  image::Image without = content;
  without.remove_tensor("rope_freqs.weight");
  QVERIFY(run(without) == run(content));
}

void ForwardTest::every_tensor_has_an_effect_data() {
  QTest::addColumn<bool>("experts");
  QTest::addColumn<QByteArray>("tensor");
  for (const bool experts : {false, true}) {
    const image::Image content = tiny_model::build(experts ? with_experts() : tiny_model::Shape{});
    for (const image::Tensor& tensor : content.tensors)
      QTest::addRow("%s%s", experts ? "experts: " : "", tensor.name.constData()) << experts << tensor.name;
  }
}

// A tensor that is turned around must change the result: nothing is left out of the pass.
void ForwardTest::every_tensor_has_an_effect() {
  QFETCH(bool, experts);
  QFETCH(QByteArray, tensor);
  const image::Image content = tiny_model::build(experts ? with_experts() : tiny_model::Shape{});
  image::Image changed = content;
  QByteArray& data = changed.tensor(tensor).data;
  for (qsizetype at = 0; at < data.size(); at += 4) {
    float value = 0;
    std::memcpy(&value, data.constData() + at, 4);
    value = value * 1.5F + static_cast<float>(at % 12) * 0.01F;
    std::memcpy(data.data() + at, &value, 4);
  }
  QVERIFY(run(changed) != run(content));
}

void ForwardTest::taps_see_every_step() {
  using Step = std::tuple<std::string, int, std::uint32_t>;
  Loaded model(tiny_model::build());
  std::vector<Step> seen;
  model.pass().set_tap(
      [&](std::string_view name, int layer, const View& value) { seen.emplace_back(name, layer, value.rows); });
  QVERIFY(model.evaluate(std::span(kTokens).first(3), 1).ok());
  // Layer 1 is the last with keys and values of its own: from its queries on, the wanted row is alone.
  std::vector<Step> expected = {{"embedding", -1, 3}, {"per_layer", -1, 3}};
  for (int layer = 0; layer < 4; ++layer) {
    expected.emplace_back("attn_norm", layer, layer < 2 ? 3 : 1);
    if (layer < 2) expected.emplace_back("k", layer, 3);
    if (layer < 2) expected.emplace_back("v", layer, 3);
    for (const char* name : {"q", "attended", "after_attention", "dense_branch", "after_feed_forward", "layer_out"})
      expected.emplace_back(name, layer, layer < 1 ? 3 : 1);
  }
  expected.emplace_back("output_norm", -1, 1);
  QVERIFY(seen == expected);
}

void ForwardTest::a_stop_within_the_pass_leaves_the_cache_as_it_was() {
  const image::Image content = tiny_model::build();
  const std::vector<float> expected = Loaded(content).run();
  for (int layer = 0; layer < 3; ++layer) {
    Loaded model(content, /*slack=*/5);
    QVERIFY(model.evaluate(std::span(kTokens).first(6), 0).ok());
    std::stop_source source;
    model.pass().set_tap([&](std::string_view, int at, const View&) {
      if (at == layer) source.request_stop();
    });
    const Status stopped = model.evaluate(std::span(kTokens).subspan(7, 5), 1, source.get_token());
    QVERIFY(!stopped.ok());
    QCOMPARE(stopped.error().code, Error::Code::Stopped);
    QCOMPARE(model.cache().length(), 6U);
    QCOMPARE(model.cache().exact_length(6), 6U);

    model.pass().set_tap({});
    QVERIFY(model.evaluate(std::span(kTokens).subspan(6, 3), 0).ok());
    QVERIFY(model.evaluate(std::span(kTokens).subspan(9), 1).ok());
    const std::vector<float> logits = model.logits(1);
    QVERIFY(std::equal(logits.begin(), logits.end(), expected.end() - model.vocabulary()));
  }
}

QTEST_APPLESS_MAIN(ForwardTest)
#include "forward_test.moc"
