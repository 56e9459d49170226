#include <QTest>
#include <algorithm>
#include <random>
#include <vector>

#include "engine/vulkan/block_layout.h"

using facet::engine::vulkan::BlockLayout;

namespace {

constexpr std::uint64_t kMiB = 1U << 20U;

BlockLayout::Part create(BlockLayout& layout, std::uint64_t bytes, std::uint64_t alignment = 16) {
  auto part = layout.take(bytes, alignment);
  if (!part) {
    layout.add_block(layout.next_block(bytes), bytes);
    part = layout.take(bytes, alignment);
  }
  if (!part) qFatal("no room in a block that was made for it");
  return *part;
}

}  // namespace

class VulkanBlockLayoutTest : public QObject {
  Q_OBJECT

 private slots:
  void parts_do_not_overlap();
  void what_is_given_back_is_used_again();
  void little_is_lost_data();
  void little_is_lost();
};

// Parts that come and go in any order.
void VulkanBlockLayoutTest::parts_do_not_overlap() {
  std::mt19937 random(5);
  BlockLayout layout;
  std::vector<BlockLayout::Part> parts;
  for (int step = 0; step < 4000; ++step) {
    if (!parts.empty() && random() % 5 < 2) {
      const std::size_t which = random() % parts.size();
      layout.release(parts[which]);
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(which));
      continue;
    }
    const std::uint64_t alignment = 1ULL << (random() % 9);
    const BlockLayout::Part part = create(layout, 1 + random() % (2 * kMiB), alignment);
    QCOMPARE(part.offset % alignment, std::uint64_t{0});
    for (const BlockLayout::Part& other : parts)
      QVERIFY(part.block != other.block || part.offset >= other.offset + other.bytes ||
              other.offset >= part.offset + part.bytes);
    parts.push_back(part);
  }
  std::uint64_t used = 0;
  for (const BlockLayout::Part& part : parts)
    used += part.bytes;
  QVERIFY(layout.bytes() >= used);
}

void VulkanBlockLayoutTest::what_is_given_back_is_used_again() {
  std::mt19937 random(6);
  BlockLayout layout;
  std::vector<BlockLayout::Part> parts;
  for (int i = 0; i < 300; ++i)
    parts.push_back(create(layout, 1 + random() % (12 * kMiB)));
  const std::uint64_t before = layout.bytes();
  std::vector<std::uint64_t> sizes;
  for (const BlockLayout::Part& part : parts)
    sizes.push_back(part.bytes);
  std::shuffle(parts.begin(), parts.end(), random);
  for (const BlockLayout::Part& part : parts)
    layout.release(part);
  for (const std::uint64_t bytes : sizes)
    create(layout, bytes);
  QCOMPARE(layout.bytes(), before);
}

void VulkanBlockLayoutTest::little_is_lost_data() {
  QTest::addColumn<QList<int>>("kilobytes");
  QTest::addColumn<int>("layers");
  // The matrices of a layer in Q4_0, and a head.
  QTest::newRow("E2B") << QList<int>{1728, 216, 216, 1728, 5184, 5184, 5184} << 35;
  QTest::newRow("12B") << QList<int>{8640, 4320, 4320, 8640, 32400, 32400, 32400} << 48;
  QTest::newRow("31B") << QList<int>{24192, 12096, 12096, 24192, 63504, 63504, 63504} << 60;
  QTest::newRow("26B-A4B") << QList<int>{6336, 3168, 6336, 3267, 3267, 3267, 278784, 139392, 1408} << 30;
}

// At most a twentieth more than what is asked for.
void VulkanBlockLayoutTest::little_is_lost() {
  QFETCH(QList<int>, kilobytes);
  QFETCH(int, layers);
  BlockLayout layout;
  std::uint64_t asked = 0;
  for (int layer = 0; layer < layers; ++layer) {
    for (const int size : kilobytes) {
      const std::uint64_t bytes = static_cast<std::uint64_t>(size) * 1024;
      create(layout, bytes, 256);
      asked += bytes;
      create(layout, 6144, 256);
      asked += 6144;
    }
  }
  QVERIFY2(layout.bytes() * 20 <= asked * 21, qPrintable(QString("%1 for %2").arg(layout.bytes()).arg(asked)));
}

QTEST_APPLESS_MAIN(VulkanBlockLayoutTest)
#include "vulkan_block_layout_test.moc"
