#include "engine/base/turn_lock.h"

#include <QTest>
#include <mutex>
#include <thread>
#include <vector>

using facet::Priority;
using facet::Turn;
using facet::TurnLock;

class TurnLockTest : public QObject {
  Q_OBJECT

 private slots:
  void chats_go_first();
  void one_at_a_time();
};

// Three background jobs wait before a chat does; the chat is next all the same.
void TurnLockTest::chats_go_first() {
  TurnLock lock;
  std::mutex mutex;
  std::vector<Priority> order;
  std::vector<std::thread> threads;
  const auto wait_in_line = [&](Priority priority) {
    const int before = lock.waiting();
    threads.emplace_back([&, priority] {
      const Turn turn(lock, priority);
      const std::lock_guard guard(mutex);
      order.push_back(priority);
    });
    while (lock.waiting() == before)
      std::this_thread::yield();
  };
  {
    const Turn turn(lock, Priority::Background);
    for (int i = 0; i < 3; ++i)
      wait_in_line(Priority::Background);
    wait_in_line(Priority::Chat);
    QVERIFY(order.empty());
  }
  for (std::thread& thread : threads)
    thread.join();
  QCOMPARE(order.size(), std::size_t{4});
  QVERIFY(order.front() == Priority::Chat);
}

void TurnLockTest::one_at_a_time() {
  TurnLock lock;
  int inside = 0;
  int total = 0;
  bool alone = true;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const Turn turn(lock, t % 2 == 0 ? Priority::Chat : Priority::Background);
        alone = alone && ++inside == 1;
        ++total;
        --inside;
      }
    });
  for (std::thread& thread : threads)
    thread.join();
  QVERIFY(alone);
  QCOMPARE(total, 2000);
}

QTEST_APPLESS_MAIN(TurnLockTest)
#include "turn_lock_test.moc"
