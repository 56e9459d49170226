#include "engine/base/large_pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <QTest>
#include <algorithm>
#include <cstring>

#include "engine/base/mapped_file.h"

using namespace facet;

class LargePagesTest : public QObject {
  Q_OBJECT

 private slots:
  void pieces_do_not_touch_each_other();
  void a_piece_may_be_larger_than_an_area();
  void too_much_is_null();
  void gives_back_whole_pages_only_data();
  void gives_back_whole_pages_only();
};

void LargePagesTest::pieces_do_not_touch_each_other() {
  LargePages pages;
  QCOMPARE(pages.taken(), std::uint64_t{0});
  std::vector<std::byte*> pieces;
  const std::vector<std::size_t> sizes = {1, 64, 65, 4096, 1'000'003, 7};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    pieces.push_back(pages.take(sizes[i]));
    QVERIFY(pieces[i] != nullptr);
    QCOMPARE(reinterpret_cast<std::uintptr_t>(pieces[i]) % 64, std::uintptr_t{0});
    std::memset(pieces[i], static_cast<int>(i + 1), sizes[i]);
  }
  for (std::size_t i = 0; i < sizes.size(); ++i)
    QVERIFY(std::all_of(pieces[i], pieces[i] + sizes[i], [&](std::byte b) { return b == std::byte(i + 1); }));
  QCOMPARE(pages.taken(), std::uint64_t{64 + 64 + 128 + 4096 + 1'000'064 + 64});
}

void LargePagesTest::a_piece_may_be_larger_than_an_area() {
  constexpr std::size_t kBytes = (std::size_t{300} << 20U) + 1;
  LargePages pages;
  std::byte* const small = pages.take(10);
  std::byte* const large = pages.take(kBytes);
  std::byte* const next = pages.take(10);
  QVERIFY(small != nullptr && large != nullptr && next != nullptr);
  small[9] = std::byte{1};
  large[0] = std::byte{2};
  large[kBytes - 1] = std::byte{3};
  next[0] = std::byte{4};
  QVERIFY(small[9] == std::byte{1} && large[0] == std::byte{2} && large[kBytes - 1] == std::byte{3});
}

void LargePagesTest::too_much_is_null() {
  LargePages pages;
  QVERIFY(pages.take(SIZE_MAX) == nullptr);
  QVERIFY(pages.take(SIZE_MAX / 8) == nullptr);
  QCOMPARE(pages.taken(), std::uint64_t{0});
  QVERIFY(pages.take(100) != nullptr);
}

void LargePagesTest::gives_back_whole_pages_only_data() {
  QTest::addColumn<int>("skipped");
  QTest::addColumn<int>("left");
  QTest::addColumn<int>("first_page");
  QTest::addColumn<int>("end_page");
  QTest::newRow("whole pages") << 0 << 0 << 0 << 4;
  QTest::newRow("parts at both ends") << 1 << 1 << 1 << 3;
  QTest::newRow("one whole page") << 4000 << 4096 + 5 << 1 << 2;
  QTest::newRow("no whole page") << 4097 << 4097 << 1 << 1;
  QTest::newRow("inside of a page") << 4100 << 3 * 4096 - 200 << 1 << 1;
}

// In memory of no file, pages that are given back show: they come back as zeros.
void LargePagesTest::gives_back_whole_pages_only() {
  constexpr std::size_t kPage = 4096;
  if (::sysconf(_SC_PAGESIZE) != static_cast<long>(kPage)) QSKIP("The rows are for pages of 4 KiB.");
  QFETCH(int, skipped);
  QFETCH(int, left);
  QFETCH(int, first_page);
  QFETCH(int, end_page);
  void* const memory = ::mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  QVERIFY(memory != MAP_FAILED);
  std::memset(memory, 'x', 4 * kPage);
  const std::span all(static_cast<const std::byte*>(memory), 4 * kPage);
  give_back_pages(all.subspan(static_cast<std::size_t>(skipped),
                              all.size() - static_cast<std::size_t>(skipped) - static_cast<std::size_t>(left)));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto page = static_cast<int>(i / kPage);
    const bool is_gone = page >= first_page && page < end_page;
    QVERIFY2(all[i] == (is_gone ? std::byte{0} : std::byte{'x'}), qPrintable(QString::number(i)));
  }
  ::munmap(memory, 4 * kPage);
}

QTEST_APPLESS_MAIN(LargePagesTest)
#include "large_pages_test.moc"
