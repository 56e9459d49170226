#include <QtTest>
#include <thread>

#include "ui/event_queue.h"

using namespace facet;
using facet::ui::EventQueue;

class EventQueueTest : public QObject {
  Q_OBJECT

 private slots:
  void nothing_is_folded_before_the_event_loop();
  void events_of_many_threads_arrive_in_their_order();
  void deltas_of_one_part_are_joined();
};

void EventQueueTest::nothing_is_folded_before_the_event_loop() {
  int folded = 0;
  EventQueue queue([&folded](const agent::Event&) { ++folded; });
  queue.post(agent::ContextChanged{});
  queue.post(agent::ContextChanged{});
  QCOMPARE(folded, 0);
  QTRY_COMPARE(folded, 2);
}

void EventQueueTest::events_of_many_threads_arrive_in_their_order() {
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::vector<std::vector<std::int64_t>> seen(kThreads);
  const auto home = std::this_thread::get_id();
  bool elsewhere = false;
  EventQueue queue([&](const agent::Event& event) {
    elsewhere = elsewhere || std::this_thread::get_id() != home;
    const auto& changed = std::get<agent::ContextChanged>(event);
    seen[static_cast<std::size_t>(changed.conversation)].push_back(changed.used_tokens);
  });
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&queue, thread] {
        for (int number = 0; number < kEach; ++number)
          queue.post(agent::ContextChanged{thread, number, 0});
      });
    }
  }
  std::vector<std::int64_t> expected(kEach);
  for (int number = 0; number < kEach; ++number)
    expected[static_cast<std::size_t>(number)] = number;
  for (const auto& numbers : seen)
    QTRY_COMPARE(numbers, expected);
  QVERIFY(!elsewhere);
}

void EventQueueTest::deltas_of_one_part_are_joined() {
  QStringList texts;
  EventQueue queue([&texts](const agent::Event& event) {
    const auto& delta = std::get<agent::PartDelta>(event);
    texts << QString("%1:%2").arg(delta.part).arg(QString::fromStdString(delta.text));
  });
  queue.post(agent::PartDelta{1, 1, 1, "a"});
  queue.post(agent::PartDelta{1, 1, 1, "b"});
  queue.post(agent::PartDelta{1, 1, 2, "c"});
  queue.post(agent::PartDelta{1, 1, 1, "d"});
  QTRY_COMPARE(texts, (QStringList{"1:ab", "2:c", "1:d"}));
}

QTEST_GUILESS_MAIN(EventQueueTest)
#include "event_queue_test.moc"
