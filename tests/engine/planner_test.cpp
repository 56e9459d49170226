#include "engine/model/planner.h"

#include <QTemporaryDir>
#include <QTest>
#include <numeric>

#include "engine/cpu/cpu_backend.h"
#include "engine/gguf/gguf_file.h"
#include "engine/model/tensor_rules.h"
#include "forwarding_backend.h"
#include "tiny_model.h"

using namespace facet;
using namespace facet::engine;

namespace {

constexpr std::uint64_t kAlwaysTaken = 1000;

// A device that holds everything itself, byte for byte, and takes some bytes whatever lies on it.
class Device : public forwarding_backend::ForwardingDevice {
 public:
  Device() : ForwardingDevice(std::make_unique<CpuBackend>(1)) {}

  std::vector<std::uint64_t> weight_parts(const GgufTensor& tensor, WeightUse use) const override {
    if (use == WeightUse::Table) return {};
    return {row_bytes(tensor.format, tensor.shape[0]) * tensor.shape[1] * tensor.shape[2]};
  }
  std::uint64_t cache_bytes(const CacheShape& shape) const override {
    return shape.rows * row_bytes(shape.format, shape.width);
  }
  std::uint64_t working_bytes(const LargestOperands&) const override { return kAlwaysTaken; }
  std::uint64_t taken_bytes() const override { return 0; }
  std::uint64_t bytes_with(const LargestOperands&, std::span<const std::uint64_t> buffers) const override {
    return std::accumulate(buffers.begin(), buffers.end(), kAlwaysTaken);
  }
  std::uint64_t unused_bytes() const override { return 0; }
  std::uint64_t largest_buffer() const override { return largest_; }
  void limit_buffers(std::uint64_t bytes) { largest_ = bytes; }

 private:
  std::uint64_t largest_ = UINT64_MAX;
};

// A model file and what the planner is asked with.
class Model {
 public:
  explicit Model(const tiny_model::Shape& shape) {
    file_ = must(GgufFile::open(gguf_image::write_file(folder_, "model.gguf", tiny_model::build(shape).bytes())));
    config = must(read_config(*file_));
    parts = must(ModelParts::list(*file_, config, {64, 0, Format::F32}));
  }

  Result<Placement> plan(std::uint64_t budget, std::optional<std::uint32_t> layers = {},
                         std::optional<std::uint64_t> expert_bytes = {}) const {
    return plan_placement(config, parts, device_, {budget, layers, expert_bytes});
  }

  // Counted by hand: bytes of the file's tensors whose names begin so, and which are no table.
  std::uint64_t tensors(const std::string& prefix) const {
    std::uint64_t bytes = 0;
    for (const GgufTensor& tensor : file_->tensors())
      if (tensor.name.starts_with(prefix) && !tensor.name.ends_with("layer_output_scale.weight"))
        bytes += tensor.data.size();
    return bytes;
  }
  std::uint64_t layer(std::uint32_t index) const { return tensors("blk." + std::to_string(index) + "."); }
  // Of a layer, what only its experts need.
  std::uint64_t experts(std::uint32_t index) const {
    const std::string prefix = "blk." + std::to_string(index) + ".";
    return tensors(prefix + "ffn_gate_up_exps") + tensors(prefix + "ffn_down_exps.weight") +
           tensors(prefix + "ffn_gate_inp.weight");
  }
  // Of one expert, all that it computes with.
  std::uint64_t expert(std::uint32_t index) const {
    const std::string prefix = "blk." + std::to_string(index) + ".";
    return (tensors(prefix + "ffn_gate_up_exps") + tensors(prefix + "ffn_down_exps.weight")) / config.expert_count;
  }
  // Norms and scales, which lie on every side.
  std::uint64_t vectors(std::uint32_t index) const {
    std::uint64_t bytes = 0;
    for (const GgufTensor& tensor : file_->tensors())
      if (tensor.name.starts_with("blk." + std::to_string(index) + ".") && tensor.shape[1] == 1 &&
          !tensor.name.ends_with("layer_output_scale.weight"))
        bytes += tensor.data.size();
    return bytes;
  }
  // Whatever is multiplied with, be it looked up in as well.
  std::uint64_t matrices() const {
    std::uint64_t bytes = tensors("token_embd") + tensors("per_layer_model_proj");
    for (std::uint32_t i = 0; i < config.layer_count(); ++i)
      bytes += layer(i) - vectors(i);
    return bytes;
  }
  std::uint64_t keys_and_values(std::uint32_t index) const {
    const CacheShape shape = parts.caches.shape_of(index);
    return 2 * std::uint64_t{shape.rows} * shape.width * sizeof(float);
  }
  std::uint64_t activations() const { return activation_bytes(parts.activations); }
  // What lies there when the last `count` layers do; `with_head` and the experts of the last `whole` of them.
  std::uint64_t bytes(std::uint32_t count, bool with_head, std::uint32_t whole) const {
    const std::uint32_t all = config.layer_count();
    std::uint64_t sum = kAlwaysTaken + activations() + tensors("output_norm") + tensors("per_layer_proj_norm");
    // The projection of the layers' own inputs goes with the first layer.
    if (count == all) sum += tensors("per_layer_model_proj");
    if (with_head) sum += tensors("token_embd");
    for (std::uint32_t i = 0; i < all; ++i) {
      const bool is_there = i + count >= all;
      sum += is_there ? layer(i) : vectors(i);
      if (is_there && i + whole < all) sum -= experts(i);
      bool is_read = false;
      for (std::uint32_t reader = all - count; reader < all; ++reader)
        is_read = is_read || config.layers[reader].kv_source == i;
      if (is_read) sum += keys_and_values(i);
    }
    return sum;
  }

  ModelConfig config;
  ModelParts parts;

 private:
  template <typename T>
  static T must(Result<T> result) {
    if (!result.ok()) qFatal("%s", result.error().message.c_str());
    return std::move(result).value();
  }

  QTemporaryDir folder_;
  std::unique_ptr<GgufFile> file_;
  Device device_;
};

tiny_model::Shape with_experts() {
  tiny_model::Shape shape;
  shape.per_layer = 0;
  shape.shared = 0;
  shape.experts = 12;
  shape.sliding = {true, true, false, true, true, false};
  return shape;
}

struct Outcome {
  std::uint32_t layers = 0;
  std::uint32_t whole = 0;
  bool head = false;

  bool operator==(const Outcome&) const = default;
};

// What a placement comes to; layers must be the last ones, and whole ones the last of these.
Outcome outcome(const Placement& placement) {
  Outcome result;
  result.head = placement.head == Side::Gpu;
  for (const Placement::Layer& layer : placement.layers) {
    if (layer.side == Side::Gpu) ++result.layers;
    if (layer.side == Side::Gpu && layer.experts == Side::Gpu) ++result.whole;
  }
  const std::size_t count = placement.layers.size();
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_there = placement.layers[i].side == Side::Gpu;
    const bool is_whole = is_there && placement.layers[i].experts == Side::Gpu;
    if (is_there != (i + result.layers >= count) || is_whole != (i + result.whole >= count))
      qFatal("the layers do not lie side by side");
  }
  return result;
}

}  // namespace

// What goes to a graphics device, by its memory. The bytes are counted by hand from the file.
class PlannerTest : public QObject {
  Q_OBJECT

 private slots:
  void takes_what_fits_to_the_byte();
  void puts_layers_in_front_of_a_head_that_does_not_fit();
  void leaves_experts_behind_to_take_more_layers();
  void single_experts_take_what_is_left_over();
  void single_experts_take_what_is_wanted_for_them();
  void wanted_layers_come_or_are_refused();
  void sides_of_tensors();
  void caches_lie_where_they_are_read();
  void matrices_are_copied_where_there_is_room();
};

// Shared keys and values, and inputs of the layers' own.
void PlannerTest::takes_what_fits_to_the_byte() {
  const Model model({});
  const std::uint32_t all = model.config.layer_count();
  for (std::uint32_t count = 1; count <= all; ++count) {
    const std::uint64_t needed = model.bytes(count, true, count);
    QCOMPARE(outcome(model.plan(needed).value()), (Outcome{count, count, true}));
    if (count > 1) QCOMPARE(outcome(model.plan(needed - 1).value()), (Outcome{count - 1, count - 1, true}));
  }
  QCOMPARE(outcome(model.plan(UINT64_MAX).value()), (Outcome{all, all, true}));
}

void PlannerTest::puts_layers_in_front_of_a_head_that_does_not_fit() {
  tiny_model::Shape shape;
  shape.vocabulary = 4000;
  const Model model(shape);
  // Everything but the head, whose place no layer can take.
  const std::uint64_t budget = model.bytes(1, true, 1) - 1;
  const std::uint32_t all = model.config.layer_count();
  QVERIFY(budget > model.bytes(all, false, all));
  QCOMPARE(outcome(model.plan(budget).value()), (Outcome{all, all, false}));
  QCOMPARE(outcome(model.plan(model.bytes(2, false, 2)).value()), (Outcome{2, 2, false}));
  QCOMPARE(outcome(model.plan(model.bytes(1, false, 1) - 1).value()), (Outcome{0, 0, false}));
}

void PlannerTest::leaves_experts_behind_to_take_more_layers() {
  const Model model(with_experts());
  const std::uint32_t all = model.config.layer_count();
  for (std::uint32_t whole = 0; whole <= all; ++whole)
    QCOMPARE(outcome(model.plan(model.bytes(all, true, whole)).value()), (Outcome{all, whole, true}));
  QCOMPARE(outcome(model.plan(model.bytes(all, true, 3) - 1).value()), (Outcome{all, 2, true}));
  QCOMPARE(outcome(model.plan(model.bytes(4, true, 0)).value()), (Outcome{4, 0, true}));
}

std::vector<std::uint32_t> held_experts(const Placement& placement) {
  std::vector<std::uint32_t> held;
  for (const Placement::Layer& layer : placement.layers)
    held.push_back(layer.held_experts);
  return held;
}

// Behind the experts of whole layers, and the keys and values of a second conversation.
void PlannerTest::single_experts_take_what_is_left_over() {
  const Model model(with_experts());
  const std::uint32_t all = model.config.layer_count();
  QCOMPARE(all, 6U);
  std::uint64_t caches = 0;
  for (std::uint32_t i = 0; i < all; ++i)
    caches += model.keys_and_values(i);
  const std::uint64_t expert = model.expert(0);
  const auto plan = [&](std::uint64_t more) { return model.plan(model.bytes(all, true, 2) + more).value(); };
  using Held = std::vector<std::uint32_t>;
  const std::uint64_t layer = model.experts(0);
  QVERIFY(caches + 8 * expert < layer);
  QCOMPARE(held_experts(plan(caches)), (Held{0, 0, 0, 0, 0, 0}));
  // Fewer than a quarter are not worth it.
  QCOMPARE(held_experts(plan(caches + 2 * expert)), (Held{0, 0, 0, 0, 0, 0}));
  QCOMPARE(held_experts(plan(caches + 3 * expert)), (Held{0, 0, 0, 3, 0, 0}));
  QCOMPARE(held_experts(plan(caches + 6 * expert - 1)), (Held{0, 0, 0, 5, 0, 0}));
  QCOMPARE(held_experts(plan(caches + 6 * expert)), (Held{0, 0, 3, 3, 0, 0}));
  QCOMPARE(held_experts(plan(caches + 7 * expert)), (Held{0, 0, 3, 4, 0, 0}));
  for (const std::uint64_t more : {caches + 3 * expert, caches + 7 * expert})
    QCOMPARE(outcome(plan(more)), (Outcome{all, 2, true}));
  QCOMPARE(held_experts(model.plan(UINT64_MAX).value()), (Held{0, 0, 0, 0, 0, 0}));
  // Layers that are the CPU's altogether are left alone.
  const std::uint64_t last_caches = model.keys_and_values(4) + model.keys_and_values(5);
  const Placement few = model.plan(model.bytes(2, true, 0) + last_caches + 6 * expert, 2).value();
  QCOMPARE(held_experts(few), (Held{0, 0, 0, 0, 3, 3}));
}

void PlannerTest::single_experts_take_what_is_wanted_for_them() {
  const Model model(with_experts());
  const std::uint32_t all = model.config.layer_count();
  const std::uint64_t expert = model.expert(0);
  const std::uint64_t budget = model.bytes(all, true, 3);
  using Held = std::vector<std::uint32_t>;
  const auto plan = [&](std::uint64_t wanted) { return model.plan(budget, {}, wanted).value(); };
  QCOMPARE(outcome(plan(0)), (Outcome{all, 3, true}));
  QCOMPARE(held_experts(plan(0)), (Held{0, 0, 0, 0, 0, 0}));
  // They take the place of a whole layer's, and of all three.
  QCOMPARE(outcome(plan(12 * expert)), (Outcome{all, 2, true}));
  QCOMPARE(held_experts(plan(12 * expert)), (Held{3, 3, 3, 3, 0, 0}));
  QCOMPARE(outcome(plan(3 * model.experts(0))), (Outcome{all, 0, true}));
  QCOMPARE(held_experts(plan(36 * expert)), (Held{6, 6, 6, 6, 6, 6}));
  // More than there is memory for.
  QCOMPARE(outcome(plan(UINT64_MAX)), (Outcome{all, 0, true}));
  QCOMPARE(held_experts(plan(UINT64_MAX)), (Held{6, 6, 6, 6, 6, 6}));
}

void PlannerTest::wanted_layers_come_or_are_refused() {
  const Model model({});
  const std::uint32_t all = model.config.layer_count();
  QCOMPARE(outcome(model.plan(UINT64_MAX, 0).value()), (Outcome{0, 0, false}));
  QCOMPARE(outcome(model.plan(UINT64_MAX, 2).value()), (Outcome{2, 2, true}));
  QCOMPARE(outcome(model.plan(UINT64_MAX, 1000).value()), (Outcome{all, all, true}));
  QCOMPARE(outcome(model.plan(model.bytes(2, false, 2), 2).value()), (Outcome{2, 2, false}));
  const auto refused = model.plan(model.bytes(2, false, 2) - 1, 2);
  QVERIFY(!refused.ok());
  QCOMPARE(refused.error().code, Error::Code::OutOfMemory);
  QVERIFY(refused.error().message.starts_with("2 layers need "));
  const Model experts(with_experts());
  QCOMPARE(outcome(experts.plan(experts.bytes(3, true, 1), 3).value()), (Outcome{3, 1, true}));
}

void PlannerTest::sides_of_tensors() {
  const Model model(with_experts());
  const Placement placement = Placement::last_on_gpu(model.config, 2, Side::Gpu, Side::Cpu);
  const auto side = [&](const char* name, WeightUse use = WeightUse::Matrix) { return placement.side_of(name, use); };
  QCOMPARE(side("blk.3.attn_q.weight"), Side::Cpu);
  QCOMPARE(side("blk.4.attn_q.weight"), Side::Gpu);
  QCOMPARE(side("blk.4.ffn_down_exps.weight"), Side::Cpu);
  QCOMPARE(side("blk.4.ffn_gate_inp.weight"), Side::Cpu);
  QCOMPARE(side("blk.4.ffn_down.weight"), Side::Gpu);
  QCOMPARE(side("token_embd.weight"), Side::Gpu);
  QCOMPARE(side("token_embd.weight", WeightUse::Table), Side::Cpu);
  // A table is on no device, a vector on every one.
  for (const Side each : kSides) {
    QVERIFY(!placement.lies_on(each, "token_embd.weight", WeightUse::Table));
    QVERIFY(placement.lies_on(each, "blk.0.attn_norm.weight", WeightUse::Vector));
  }
  QVERIFY(!placement.lies_on(Side::Gpu, "blk.3.attn_q.weight", WeightUse::Matrix));
}

// The last two layers read the keys of the first two.
void PlannerTest::caches_lie_where_they_are_read() {
  const Model model({});
  QCOMPARE(model.config.layers[2].kv_source, 0U);
  QCOMPARE(model.config.layers[3].kv_source, 1U);
  const Placement placement = Placement::last_on_gpu(model.config, 1, Side::Gpu, Side::Gpu);
  QVERIFY(placement.keeps_cache(Side::Cpu, 0) && !placement.keeps_cache(Side::Gpu, 0));
  QVERIFY(placement.keeps_cache(Side::Cpu, 1) && placement.keeps_cache(Side::Gpu, 1));
}

// They may take two fifths of what nobody else takes.
void PlannerTest::matrices_are_copied_where_there_is_room() {
  const Model model({});
  const Placement placement = Placement::all_on(Side::Cpu, model.config);
  CpuBackend cpu(1, Products::Int8);
  const auto memory_with = [&](std::uint64_t unused) {
    place_matrices(model.parts, placement, unused, cpu);
    return memory_of(model.parts, placement, Side::Cpu, cpu);
  };
  const DeviceMemory in_file = memory_with(0);
  QCOMPARE(in_file.mapped_bytes, model.matrices());
  const std::uint64_t needed = in_file.total_bytes + model.matrices() * 5 / 2;
  QCOMPARE(memory_with(needed - 3).mapped_bytes, model.matrices());
  QCOMPARE(memory_with(needed - 3).total_bytes, in_file.total_bytes);
  const DeviceMemory copied = memory_with(needed + 3);
  QCOMPARE(copied.mapped_bytes, std::uint64_t{0});
  QCOMPARE(copied.weight_bytes, in_file.weight_bytes + model.matrices());
  // The ends of cache lines.
  QVERIFY(copied.total_bytes >= in_file.total_bytes + model.matrices());
  QVERIFY(copied.total_bytes < in_file.total_bytes + model.matrices() + model.parts.weights.size() * 64);
  // One that is larger by a sequence's cache leaves no room for copies.
  QCOMPARE(memory_with(needed + 3 - in_file.cache_bytes).weight_bytes, in_file.weight_bytes);
}

QTEST_APPLESS_MAIN(PlannerTest)
#include "planner_test.moc"
