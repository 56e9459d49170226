#include "engine/placed/resident_experts.h"

#include <QTest>
#include <random>
#include <set>

#include "engine/placed/expert_cache.h"

using namespace facet::engine;

namespace {

using Ids = std::vector<std::uint32_t>;
using Change = ResidentExperts::Change;

void make(ResidentExperts& experts, const Change& change) {
  experts.vacate(change.place);
  experts.settle(change);
}

// A token at a time, and everything that is worth it is brought.
int feed(ResidentExperts& experts, const std::vector<Ids>& tokens) {
  int changes = 0;
  for (const Ids& chosen : tokens) {
    experts.count(chosen, 1);
    const auto change = experts.worth_bringing(chosen);
    if (!change) continue;
    make(experts, *change);
    ++changes;
  }
  return changes;
}

std::vector<Ids> times(std::size_t count, const std::vector<Ids>& tokens) {
  std::vector<Ids> all;
  for (std::size_t i = 0; i < count; ++i)
    all.insert(all.end(), tokens.begin(), tokens.end());
  return all;
}

std::vector<Ids> operator+(std::vector<Ids> first, const std::vector<Ids>& then) {
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

std::set<std::uint32_t> residents(const ResidentExperts& experts, std::uint32_t count) {
  std::set<std::uint32_t> all;
  for (std::uint32_t expert = 0; expert < count; ++expert)
    if (experts.place_of(expert)) all.insert(expert);
  return all;
}

struct Row {
  const char* name;
  std::uint32_t places;
  std::vector<Ids> tokens;
  std::set<std::uint32_t> residents;
};

}  // namespace

// Who stays on the device, by what was asked for: a table, no device.
class ResidentExpertsTest : public QObject {
  Q_OBJECT

 private slots:
  void uses_decide();
  void equals_do_not_take_turns();
  void a_new_subject_takes_over();
  void free_places_go_to_those_asked_for_most();
  void a_place_is_one_experts();
  void deliveries_are_few();
};

void ResidentExpertsTest::uses_decide() {
  const std::vector<Row> rows = {
      {"free places are taken as they come", 3, {{4}, {2}}, {2, 4}},
      {"one use drives nobody out", 2, times(3, {{0}, {1}}) + std::vector<Ids>{{2}}, {0, 1}},
      {"half as often again is not clearly more", 2, times(4, {{0}, {1}}) + times(6, {{2}}), {0, 1}},
      {"clearly more often", 2, times(4, {{0}, {1}}) + times(9, {{2}}), {1, 2}},
      {"the coldest goes", 3, times(5, {{0}, {1}, {0, 2}, {0, 1}, {0}}) + times(14, {{3}}), {0, 1, 3}},
      {"what is long ago hardly counts", 2, times(20, {{0}}) + times(2560, {{1}}) + std::vector<Ids>{{2}}, {1, 2}},
      {"the hottest of a token comes", 1, times(10, {{0}}) + times(15, {{3}}) + times(7, {{4, 3}}), {3}},
      {"no places, nobody", 0, times(5, {{0, 1}}), {}},
  };
  for (const Row& row : rows) {
    ResidentExperts experts(5, row.places);
    feed(experts, row.tokens);
    QVERIFY2(residents(experts, 5) == row.residents, row.name);
    QCOMPARE(experts.resident_count(), static_cast<std::uint32_t>(row.residents.size()));
  }
}

// A router that knows nothing asks for all alike. Chance makes some look hotter for a while; hardly any delivery is
// worth it then, though each token asks for absent ones.
void ResidentExpertsTest::equals_do_not_take_turns() {
  constexpr std::uint32_t kExperts = 64;
  constexpr int kTokens = 4000;
  std::mt19937 random(7);
  ResidentExperts experts(kExperts, 16);
  int changes = 0;
  for (int token = 0; token < kTokens; ++token) {
    std::set<std::uint32_t> chosen;
    while (chosen.size() < 8)
      chosen.insert(static_cast<std::uint32_t>(random() % kExperts));
    changes += feed(experts, {Ids(chosen.begin(), chosen.end())});
  }
  QVERIFY2(changes < kTokens / 20, qPrintable(QString::number(changes)));
}

void ResidentExpertsTest::a_new_subject_takes_over() {
  ResidentExperts experts(12, 4);
  feed(experts, times(500, {{0, 1, 2, 3}}));
  QCOMPARE(residents(experts, 12), (std::set<std::uint32_t>{0, 1, 2, 3}));
  QCOMPARE(feed(experts, times(500, {{8, 9, 10, 11}})), 4);
  QCOMPARE(residents(experts, 12), (std::set<std::uint32_t>{8, 9, 10, 11}));
}

// A prompt: many tokens at once, of which nobody is driven out.
void ResidentExpertsTest::free_places_go_to_those_asked_for_most() {
  ResidentExperts experts(6, 2);
  QVERIFY(!experts.for_free_place());
  experts.count(Ids{0, 1, 1, 2, 5, 5, 5, 0}, 4);
  QCOMPARE(experts.for_free_place()->expert, 5U);
  make(experts, *experts.for_free_place());
  experts.count(Ids{0}, 1);
  QCOMPARE(experts.for_free_place()->expert, 0U);
  make(experts, *experts.for_free_place());
  experts.count(Ids(100, 3), 100);
  QVERIFY(!experts.for_free_place());
  QCOMPARE(residents(experts, 6), (std::set<std::uint32_t>{0, 5}));
}

void ResidentExpertsTest::a_place_is_one_experts() {
  std::mt19937 random(3);
  ResidentExperts experts(20, 7);
  for (int token = 0; token < 3000; ++token) {
    const auto some = [&](std::uint32_t first, std::uint32_t count) {
      return (static_cast<std::uint32_t>(token) / 300 * 2 + first + static_cast<std::uint32_t>(random() % count)) % 20;
    };
    feed(experts, {{some(0, 6), some(6, 4)}});
    std::set<std::uint32_t> places;
    for (const std::uint32_t expert : residents(experts, 20))
      places.insert(*experts.place_of(expert));
    QCOMPARE(places.size(), std::size_t{experts.resident_count()});
    QVERIFY(places.empty() || *places.rbegin() < 7);
  }
  QCOMPARE(experts.resident_count(), 7U);
}

void ResidentExpertsTest::deliveries_are_few() {
  ExpertDeliveries deliveries;
  int made = 0;
  std::set<int> layers;
  for (int token = 0; token < 10; ++token) {
    for (int layer = 0; layer < 30; ++layer) {
      deliveries.layer_is_done();
      if (!deliveries.is_allowed()) continue;
      deliveries.was_made();
      layers.insert(layer);
      ++made;
    }
  }
  QVERIFY(made > 30 && made <= 50);
  // It is every layer's turn.
  QCOMPARE(layers.size(), std::size_t{30});
}

QTEST_APPLESS_MAIN(ResidentExpertsTest)
#include "resident_experts_test.moc"
