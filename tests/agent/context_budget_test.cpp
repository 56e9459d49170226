#include "agent/context_budget.h"

#include <QtTest>
#include <numeric>
#include <random>
#include <vector>

#include "tests/agent/must.h"

using namespace facet;
using namespace facet::agent;

namespace {

int left_out(const std::vector<std::int64_t>& turns, std::int64_t budget) {
  return must(turns_to_leave_out(static_cast<int>(turns.size()), budget, [&](int first) {
    return Result<std::int64_t>(std::accumulate(turns.begin() + first, turns.end(), std::int64_t{0}));
  }));
}

}  // namespace

class ContextBudgetTest : public QObject {
  Q_OBJECT

 private slots:
  void all_that_fits_stays() {
    QCOMPARE(left_out({10, 10, 10}, 30), 0);
    QCOMPARE(left_out({10}, 5), 0);
    QCOMPARE(left_out({}, 5), 0);
  }

  void the_last_turn_always_stays() {
    QCOMPARE(left_out({10, 100}, 30), 1);
    QCOMPARE(left_out({10, 10, 10, 100}, 30), 3);
  }

  // A budget of 100 and turns of 10: from the eleventh on, five are missing, then ten, then fifteen.
  void turns_go_in_blocks_of_half_the_budget() {
    for (int turns = 1; turns <= 30; ++turns) {
      const int expected = turns <= 10 ? 0 : turns <= 15 ? 5 : turns <= 20 ? 10 : turns <= 25 ? 15 : 20;
      QCOMPARE(left_out(std::vector<std::int64_t>(turns, 10), 100), expected);
    }
  }

  void what_is_left_fits_where_it_can() {
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
      std::vector<std::int64_t> turns(1 + random() % 40);
      for (std::int64_t& tokens : turns)
        tokens = 1 + random() % 50;
      const std::int64_t budget = 60 + random() % 200;
      const int first = left_out(turns, budget);
      QVERIFY(std::accumulate(turns.begin() + first, turns.end(), std::int64_t{0}) <= budget);
      // And what went was needed: never more than the excess, a block and the turn at the border.
      const std::int64_t gone = std::accumulate(turns.begin(), turns.begin() + first, std::int64_t{0});
      const std::int64_t excess = std::accumulate(turns.begin(), turns.end(), std::int64_t{0}) - budget;
      QVERIFY(gone < std::max<std::int64_t>(excess, 0) + budget / 2 + 51);
    }
  }

  void an_error_is_passed_on() {
    const auto failing = [](int) -> Result<std::int64_t> { return Error{Error::Code::Internal, "no"}; };
    QVERIFY(!turns_to_leave_out(3, 10, failing).ok());
  }
};

QTEST_APPLESS_MAIN(ContextBudgetTest)
#include "context_budget_test.moc"
