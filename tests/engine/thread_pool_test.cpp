#include "engine/base/thread_pool.h"

#include <QTest>
#include <array>
#include <numeric>
#include <vector>

using facet::ThreadPool;

class ThreadPoolTest : public QObject {
  Q_OBJECT

 private slots:
  void runs_every_index_once_data();
  void runs_every_index_once();
  void sees_what_the_caller_wrote();
  void starts_and_ends_often();
};

void ThreadPoolTest::runs_every_index_once_data() {
  QTest::addColumn<int>("threads");
  for (const int threads : {1, 2, 3, 8})
    QTest::addRow("%d threads", threads) << threads;
}

void ThreadPoolTest::runs_every_index_once() {
  QFETCH(int, threads);
  ThreadPool pool(threads);
  QCOMPARE(pool.threads(), threads);
  for (int round = 0; round < 300; ++round) {
    for (const std::size_t count : {0, 1, 2, 3, 17, 100}) {
      std::vector<std::atomic<int>> calls(count);
      pool.run(count, [&](std::size_t index) { calls[index].fetch_add(1); });
      for (const std::atomic<int>& call : calls)
        QCOMPARE(call.load(), 1);
    }
  }
}

// Plain memory on both sides: what was written before `run` is seen inside, what is written inside is seen after it.
void ThreadPoolTest::sees_what_the_caller_wrote() {
  ThreadPool pool(4);
  std::vector<int> values(64, 0);
  for (int round = 1; round <= 2000; ++round) {
    int expected = round;
    pool.run(values.size(), [&](std::size_t index) { values[index] += expected; });
    expected = 0;
  }
  QCOMPARE(std::accumulate(values.begin(), values.end(), 0LL), 64LL * 2000 * 2001 / 2);
}

void ThreadPoolTest::starts_and_ends_often() {
  for (int round = 0; round < 50; ++round) {
    ThreadPool pool(3);
    std::atomic<int> sum = 0;
    if (round % 2 == 0) pool.run(10, [&](std::size_t index) { sum += static_cast<int>(index); });
    QCOMPARE(sum.load(), round % 2 == 0 ? 45 : 0);
  }
}

QTEST_APPLESS_MAIN(ThreadPoolTest)
#include "thread_pool_test.moc"
