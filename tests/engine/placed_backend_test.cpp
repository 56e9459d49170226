#include "engine/placed/placed_backend.h"

#include <QTest>
#include <array>
#include <cmath>
#include <cstring>
#include <list>
#include <random>

#include "engine/cpu/cpu_backend.h"
#include "engine/gguf/gguf_file.h"
#include "forwarding_backend.h"
#include "head_ops_cases.h"
#include "ops_cases.h"

using namespace facet;
using namespace facet::engine;
using forwarding_backend::ForwardingDevice;
using ops_cases::Bench;

namespace {

// Two layers, of which each side has one. The keys of the first are read on both.
Placement one_layer_each(Side first = Side::Cpu) {
  Placement placement;
  placement.layers = {{first, first, 0}, {other(first), other(first), 0}};
  placement.head = other(first);
  return placement;
}

std::unique_ptr<DeviceBackend> cpu() {
  return std::make_unique<CpuBackend>(1);
}

// Weights on one side, operands on the other.
std::shared_ptr<Backend> with_weights_on(Side side) {
  return std::make_shared<PlacedBackend>(cpu(), cpu(), one_layer_each(side));
}

// A side that counts products, and that gives up when it is told to.
class Fragile : public ForwardingDevice {
 public:
  using ForwardingDevice::ForwardingDevice;

  void break_down(const char* sentence) { broken_ = Error{Error::Code::Internal, sentence}; }
  void refuse_buffers() { refuses_buffers_ = true; }
  int products() const { return products_; }

  Result<Buffer> create_buffer(std::string_view name, std::uint32_t rows, std::uint32_t width) override {
    if (refuses_buffers_) return Error{Error::Code::OutOfMemory, "There is no room."};
    return inner().create_buffer(name, rows, width);
  }
  Result<Buffer> create_cache(std::string_view name, const CacheShape& shape) override {
    if (refuses_buffers_) return Error{Error::Code::OutOfMemory, "There is no room."};
    return inner().create_cache(name, shape);
  }
  void matmul(const Weight& weight, const View& x, const View& out) override {
    ++products_;
    if (broken_.ok()) inner().matmul(weight, x, out);
  }
  void read(const View& from, std::span<float> values) override {
    if (broken_.ok()) return inner().read(from, values);
    std::fill(values.begin(), values.end(), std::nanf(""));
  }
  Status finish() override { return broken_; }

 private:
  Status broken_;
  bool refuses_buffers_ = false;
  int products_ = 0;
};

// A placed backend whose sides a test can break.
struct FragilePair {
  Fragile* cpu = nullptr;
  Fragile* gpu = nullptr;
  CpuBackend* memory = nullptr;  // that the CPU's side computes in
  std::unique_ptr<PlacedBackend> placed;

  FragilePair() {
    auto computes = std::make_unique<CpuBackend>(1);
    memory = computes.get();
    auto first = std::make_unique<Fragile>(std::move(computes));
    auto second = std::make_unique<Fragile>(::cpu());
    cpu = first.get();
    gpu = second.get();
    placed = std::make_unique<PlacedBackend>(std::move(first), std::move(second), one_layer_each());
  }
};

// The same calls to a placed backend and to a plain one.
class Twins {
 public:
  static constexpr std::uint32_t kRows = 7;
  static constexpr std::uint32_t kWidth = 12;
  static constexpr std::uint32_t kPart = 4;  // columns of every view, and inputs and outputs of weights
  static constexpr std::size_t kBuffers = 3;

  explicit Twins(unsigned seed) : placed_(cpu(), cpu(), one_layer_each()), random_(seed) {
    for (std::size_t i = 0; i < kBuffers; ++i) {
      buffers_[0].push_back(placed_.create_buffer("cells", kRows, kWidth).value());
      buffers_[1].push_back(plain_.create_buffer("cells", kRows, kWidth).value());
      write(i, {0, kRows, 0, kWidth});
    }
    for (const char* name : {"blk.0.matrix", "blk.1.matrix"})
      load(name, kPart * kPart, {kPart, kPart, 1, 1}, WeightUse::Matrix);
    for (const char* name : {"blk.0.vector", "blk.1.vector"})
      load(name, kPart, {kPart, 1, 1, 1}, WeightUse::Vector);
  }

  // One operation, on areas that nobody has chosen.
  void step() {
    const std::size_t from = random_() % kBuffers;
    const std::size_t to = (from + 1 + random_() % (kBuffers - 1)) % kBuffers;
    const std::size_t third = kBuffers - from - to;
    const std::uint32_t rows = 1 + ops_cases::u32(random_() % kRows);
    const Area x = area(rows);
    const Area out = area(rows);
    const std::size_t weight = random_() % 2;
    switch (random_() % 6) {
      case 0:
        return write(from, x);
      case 1:
        return both([&](Backend& b, int twin) { b.scale(view(twin, from, x), 0.75F); });
      case 2:
        return both([&](Backend& b, int twin) {
          b.rms_norm(view(twin, from, x), weights_[twin][2 + weight], kPart, 1e-6F, view(twin, to, out));
        });
      case 3:
        return both([&](Backend& b, int twin) {
          b.add_rms_norm(view(twin, from, x), weights_[twin][2 + weight], kPart, 1e-6F, view(twin, to, out));
          b.softcap(view(twin, to, out), 5.0F);
        });
      case 4:
        return both([&](Backend& b, int twin) {
          b.geglu(view(twin, from, x), view(twin, third, x), view(twin, to, out));
          b.softcap(view(twin, to, out), 5.0F);
        });
      default:
        return both([&](Backend& b, int twin) {
          b.matmul(weights_[twin][weight], view(twin, from, x), view(twin, to, out));
          b.softcap(view(twin, to, out), 5.0F);
        });
    }
  }

  bool agree() {
    const std::size_t buffer = random_() % kBuffers;
    const Area some = area(1 + ops_cases::u32(random_() % kRows));
    return cells(0, buffer, some) == cells(1, buffer, some);
  }
  bool agree_everywhere() {
    for (std::size_t i = 0; i < kBuffers; ++i)
      if (cells(0, i, {0, kRows, 0, kWidth}) != cells(1, i, {0, kRows, 0, kWidth})) return false;
    return true;
  }
  std::uint64_t copies() const { return placed_.copies_from(Side::Cpu) + placed_.copies_from(Side::Gpu); }

 private:
  Area area(std::uint32_t rows) {
    return {static_cast<std::uint32_t>(random_() % (kRows - rows + 1)), rows,
            static_cast<std::uint32_t>(random_() % (kWidth - kPart + 1)), kPart};
  }
  View view(int twin, std::size_t buffer, const Area& area) {
    return View(buffers_[twin][buffer]).part(area.row, area.rows, area.column, area.columns);
  }
  std::vector<float> numbers(std::size_t count) {
    std::normal_distribution<float> values;
    std::vector<float> all(count);
    for (float& value : all)
      value = values(random_);
    return all;
  }
  template <typename Call>
  void both(const Call& call) {
    call(placed_, 0);
    call(plain_, 1);
  }
  void write(std::size_t buffer, const Area& area) {
    const std::vector<float> values = numbers(std::size_t{area.rows} * area.columns);
    both([&](Backend& b, int twin) { b.write(view(twin, buffer, area), values); });
  }
  std::vector<float> cells(int twin, std::size_t buffer, const Area& area) {
    std::vector<float> values(std::size_t{area.rows} * area.columns);
    Backend& backend = twin == 0 ? static_cast<Backend&>(placed_) : plain_;
    backend.read(view(twin, buffer, area), values);
    return values;
  }
  void load(const char* name, std::size_t count, const std::array<std::uint64_t, 4>& shape, WeightUse use) {
    values_.push_back(numbers(count));
    const GgufTensor tensor{name, Format::F32, shape, std::as_bytes(std::span(values_.back()))};
    both([&](Backend& b, int twin) { weights_[twin].push_back(b.load_weight(tensor, use).value()); });
  }

  PlacedBackend placed_;
  CpuBackend plain_{1};
  std::mt19937 random_;
  std::array<std::vector<Buffer>, 2> buffers_;
  std::array<std::vector<Weight>, 2> weights_;
  std::list<std::vector<float>> values_;
};

}  // namespace

// Two CPUs as one backend: every result must be that of one alone, to the bit.
class PlacedBackendTest : public QObject {
  Q_OBJECT

 private slots:
  void areas_are_sets_of_cells();
  void operations_agree_data();
  void operations_agree();
  void nothing_out_of_date_is_read();
  void first_failure_stays();
  void nothing_is_computed_from_what_could_not_be_read();
  void memory_is_given_back_when_the_other_side_has_none();
};

// Against a bit for each cell.
void PlacedBackendTest::areas_are_sets_of_cells() {
  constexpr std::uint32_t kSize = 9;
  std::mt19937 random(3);
  AreaSet set;
  std::array<std::array<bool, kSize>, kSize> cells = {};
  const auto extent = [&](std::uint32_t first) { return static_cast<std::uint32_t>(random() % (kSize - first + 1)); };
  for (int step = 0; step < 5000; ++step) {
    Area area;
    area.row = ops_cases::u32(random() % kSize);
    area.rows = extent(area.row);
    area.column = ops_cases::u32(random() % kSize);
    area.columns = extent(area.column);
    const bool adds = random() % 2 == 0;
    bool meets = false;
    for (std::uint32_t r = area.row; r < area.row + area.rows; ++r)
      for (std::uint32_t c = area.column; c < area.column + area.columns; ++c)
        meets = meets || cells[r][c];
    QCOMPARE(set.meets(area), meets);
    for (std::uint32_t r = area.row; r < area.row + area.rows; ++r)
      for (std::uint32_t c = area.column; c < area.column + area.columns; ++c)
        cells[r][c] = adds;
    if (adds)
      set.add(area);
    else
      set.remove(area);
    std::array<std::array<int, kSize>, kSize> covered = {};
    for (const Area& piece : set.areas())
      for (std::uint32_t r = piece.row; r < piece.row + piece.rows; ++r)
        for (std::uint32_t c = piece.column; c < piece.column + piece.columns; ++c)
          ++covered[r][c];
    for (std::uint32_t r = 0; r < kSize; ++r)
      for (std::uint32_t c = 0; c < kSize; ++c)
        QCOMPARE(covered[r][c], cells[r][c] ? 1 : 0);
  }
}

void PlacedBackendTest::operations_agree_data() {
  QTest::addColumn<int>("side");
  QTest::newRow("weights on the CPU's side") << static_cast<int>(Side::Cpu);
  QTest::newRow("weights on the other side") << static_cast<int>(Side::Gpu);
}

void PlacedBackendTest::operations_agree() {
  QFETCH(int, side);
  using Test = void (*)(Bench&);
  const auto matmul = [](Bench& b) { ops_cases::matmul(b, Format::Q4_K); };
  const auto experts = [](Bench& b) { ops_cases::matmul_experts(b, Format::Q5_0, ops_cases::Rounding::None); };
  for (const Test test : {Test(ops_cases::embed),
                          Test(matmul),
                          Test(ops_cases::rms_norm),
                          Test(ops_cases::add_rms_norm),
                          Test(ops_cases::scale),
                          Test(ops_cases::geglu),
                          Test(ops_cases::softcap),
                          Test(ops_cases::top_k),
                          Test(ops_cases::top_k_with_cap),
                          Test(ops_cases::prepare_heads),
                          Test(ops_cases::prepare_heads_in_parts),
                          Test(ops_cases::matmul_heads),
                          Test(ops_cases::add_branch),
                          Test(ops_cases::matmul_add_branch),
                          Test(ops_cases::matmul_all),
                          Test(ops_cases::matmul_geglu),
                          Test(ops_cases::store_wraps),
                          Test(ops_cases::attention),
                          Test(ops_cases::route_experts),
                          Test(experts),
                          Test(ops_cases::combine_experts)}) {
    Bench b(with_weights_on(static_cast<Side>(side)));
    test(b);
    if (QTest::currentTestFailed()) return;
    QVERIFY(b.backend().finish().ok());
  }
}

void PlacedBackendTest::nothing_out_of_date_is_read() {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Twins twins(seed);
    for (int step = 0; step < 500; ++step) {
      twins.step();
      if (step % 7 == 0) QVERIFY(twins.agree());
    }
    QVERIFY(twins.agree_everywhere());
    // It would say nothing if nothing had been copied.
    QVERIFY(twins.copies() > 100);
  }
}

void PlacedBackendTest::first_failure_stays() {
  FragilePair pair;
  QVERIFY(pair.placed->finish().ok());
  pair.gpu->break_down("The first.");
  QCOMPARE(pair.placed->finish().error().message, std::string("The first."));
  pair.cpu->break_down("The second.");
  pair.gpu->break_down("The third.");
  QCOMPARE(pair.placed->finish().error().message, std::string("The first."));
}

void PlacedBackendTest::nothing_is_computed_from_what_could_not_be_read() {
  FragilePair pair;
  PlacedBackend& placed = *pair.placed;
  const std::vector<float> values(4 * 4, 1.0F);
  const auto matrix = [&](const char* name) {
    return placed.load_weight({name, Format::F32, {4, 4, 1, 1}, std::as_bytes(std::span(values))}, WeightUse::Matrix)
        .value();
  };
  const Weight near = matrix("blk.0.matrix");
  const Weight far = matrix("blk.1.matrix");
  const View a(placed.create_buffer("a", 1, 4).value());
  const View b(placed.create_buffer("b", 1, 4).value());
  const View c(placed.create_buffer("c", 1, 4).value());
  placed.write(a, std::span(values).first(4));
  placed.matmul(far, a, b);
  QCOMPARE(pair.gpu->products(), 1);
  pair.gpu->break_down("The device is lost.");
  // Needs what only the broken side has.
  placed.matmul(near, b, c);
  QCOMPARE(pair.cpu->products(), 0);
  // From then on nothing at all.
  placed.matmul(near, a, c);
  QCOMPARE(pair.cpu->products(), 0);
  std::vector<float> read(4);
  placed.read(a, read);
  for (const float value : read)
    QVERIFY(std::isnan(value));
  QCOMPARE(placed.finish().error().message, std::string("The device is lost."));
}

void PlacedBackendTest::memory_is_given_back_when_the_other_side_has_none() {
  FragilePair pair;
  const Buffer kept = pair.placed->create_buffer("kept", 3, 5).value();
  const std::uint64_t before = pair.memory->taken_bytes();
  pair.gpu->refuse_buffers();
  QVERIFY(!pair.placed->create_buffer("refused", 100, 100).ok());
  QVERIFY(!pair.placed->create_cache("refused", {100, 32, Format::F16, 0}).ok());
  QCOMPARE(pair.memory->taken_bytes(), before);
  pair.placed->release_buffer(kept);
  QVERIFY(pair.memory->taken_bytes() < before);
}

QTEST_APPLESS_MAIN(PlacedBackendTest)
#include "placed_backend_test.moc"
