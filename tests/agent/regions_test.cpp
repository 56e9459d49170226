// Places in answers: what is read of them, and which pixels they are.
#include "agent/regions.h"

#include <QElapsedTimer>
#include <QtTest>

#include "agent/region_places.h"

using namespace facet::agent;

namespace {

Region box(double top, double left, double bottom, double right, std::string label = {}) {
  return {.top = top, .left = left, .bottom = bottom, .right = right, .label = std::move(label)};
}

Region point(double down, double across, std::string label = {}) {
  return {Region::Shape::Point, down, across, down, across, std::move(label)};
}

// The stretches of a text, and that they name these places.
std::vector<Region> regions_in(const std::string& text) {
  std::vector<Region> all;
  for (const RegionText& stretch : find_regions(text))
    all.insert(all.end(), stretch.regions.begin(), stretch.regions.end());
  return all;
}

std::string stretch_of(const std::string& text) {
  const auto found = find_regions(text);
  return found.size() == 1 ? text.substr(found[0].begin, found[0].end - found[0].begin) : "not one";
}

AttachmentPart picture(const std::string& name, std::uint32_t width, std::uint32_t height) {
  AttachmentPart file;
  file.name = name;
  AttachedMedia& media = file.media.emplace();
  media.width = width;
  media.height = height;
  media.pieces = {{.width = width, .height = height}};
  return file;
}

}  // namespace

class RegionsTest : public QObject {
  Q_OBJECT

 private slots:
  void the_published_forms_are_read();
  void what_is_nearly_json_is_read();
  void what_is_said_besides_stays_text();
  void a_program_is_no_list_of_places();
  void a_growing_answer_tells_what_is_closed();
  void every_beginning_of_an_answer_is_taken();
  void hostile_numbers_are_no_places();
  void thousands_are_cut_off();
  void long_nonsense_is_passed_quickly();
  void pixels_are_those_of_the_specification();
  void a_part_lies_where_it_was_cut();
  void several_pictures_are_told_apart();
  void a_guess_is_called_one();
  void pixels_can_be_copied();
};

// As Google's documentation prints them: y first.
void RegionsTest::the_published_forms_are_read() {
  const std::vector<Region> expected = {box(244, 256, 948, 405, "person"), box(357, 606, 655, 803, "cat")};
  const std::string list =
      R"([{"box_2d": [244, 256, 948, 405], "label": "person"}, {"box_2d": [357, 606, 655, 803], "label": "cat"}])";
  QVERIFY(regions_in(list) == expected);
  QVERIFY(regions_in("```json\n" + list + "\n```") == expected);
  QVERIFY(regions_in("Here they are:\n\n```json\n" + list + "\n```\nTwo of them.") == expected);
  QVERIFY(regions_in(R"({"box_2d": [244, 256, 948, 405], "label": "person"})") == std::vector{expected[0]});
  QVERIFY(regions_in(R"([{"point": [379, 550], "label": "view recipe"}])") ==
          std::vector{point(379, 550, "view recipe")});
  QVERIFY(regions_in(R"({"label": "dog", "box_2d": null})").empty());
  QVERIFY(regions_in(R"({"objects": [{"box_2d": [1, 2, 3, 4]}], "count": 1})") == std::vector{box(1, 2, 3, 4)});
  QVERIFY(regions_in(R"({"points": [[10, 20], [30, 40]], "label": "eye"})") ==
          (std::vector{point(10, 20, "eye"), point(30, 40, "eye")}));
}

void RegionsTest::what_is_nearly_json_is_read() {
  QVERIFY(regions_in("[{'box_2d': [1.5, 2, 3, 4.25], 'label': 'it\\'s', 'sure': True,},]") ==
          std::vector{box(1.5, 2, 3, 4.25, "it's")});
  QVERIFY(regions_in(R"({"box_2d": [1, 2, 3, 4], "label": "\u00e9\ud83d\ude00 \"a\""})") ==
          std::vector{box(1, 2, 3, 4, "é😀 \"a\"")});
  // One for each line, and without a list.
  const std::string lines = "{\"point\": [1, 2]}\n{\"point\": [3, 4]}";
  QCOMPARE(find_regions(lines).size(), std::size_t{1});
  QVERIFY(regions_in(lines) == (std::vector{point(1, 2), point(3, 4)}));
  QVERIFY(regions_in("~~~\n" + lines + ",\n~~~") == (std::vector{point(1, 2), point(3, 4)}));
}

void RegionsTest::what_is_said_besides_stays_text() {
  const std::string object = R"({"box_2d": [1, 2, 3, 4]})";
  QCOMPARE(stretch_of("It is `" + object + "` there."), "`" + object + "`");
  QCOMPARE(stretch_of("A list:\n- " + object + "\n- " + object + "\nThat was it."), "- " + object + "\n- " + object);
  QCOMPARE(stretch_of("See [1] and [this](x): " + object), object);
  QCOMPARE(stretch_of("a\n```json\n[" + object + "]\n```\nb"), "```json\n[" + object + "]\n```\n");
  QCOMPARE(find_regions(object + " and " + object).size(), std::size_t{2});
  QVERIFY(find_regions("The point [3, 4] is no box_2d.").empty());
  QVERIFY(find_regions("").empty());
}

void RegionsTest::a_program_is_no_list_of_places() {
  QVERIFY(find_regions("```python\nboxes = [{\"box_2d\": [1, 2, 3, 4]}]\nprint(boxes)\n```").empty());
  QVERIFY(find_regions("```\n[{\"box_2d\": [1, 2, 3, 4]}\n```\n").empty());
}

void RegionsTest::a_growing_answer_tells_what_is_closed() {
  const std::string first = "```json\n[{\"box_2d\": [1, 2, 3, 4], \"label\": \"a\"}, {\"box_2d\": [5, 6, 7, 8";
  const auto growing = find_regions(first);
  QCOMPARE(growing.size(), std::size_t{1});
  QVERIFY(growing[0].regions == std::vector{box(1, 2, 3, 4, "a")});
  QVERIFY(!growing[0].is_complete);
  QCOMPARE(growing[0].end, first.size());
  const auto done = find_regions(first + "], \"label\": \"b\"}]\n```");
  QVERIFY(done[0].regions == (std::vector{box(1, 2, 3, 4, "a"), box(5, 6, 7, 8, "b")}));
  QVERIFY(done[0].is_complete);
  // A number that may go on is none yet.
  QVERIFY(find_regions("{\"point\": [10, 20").empty());
}

// Nothing that was told is taken back.
void RegionsTest::every_beginning_of_an_answer_is_taken() {
  const std::string text =
      "Two:\n\n```json\n[\n  {\"box_2d\": [1, 2, 3, 4], \"label\": \"a [b] {c}\"},\n  {\"point\": [5, 6]}\n]\n```\nSo.";
  std::size_t known = 0;
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const std::string beginning = text.substr(0, length);
    const std::size_t now = regions_in(beginning).size();
    QVERIFY2(now >= known, qPrintable(QString::fromStdString(beginning)));
    known = now;
  }
  QCOMPARE(known, std::size_t{2});
}

void RegionsTest::hostile_numbers_are_no_places() {
  for (const char* bad : {"NaN", "-Infinity", "1e999", "1520", "-300", "\"5\"", "null", "true", "[1]", "{}"}) {
    const std::string text = std::string("[{\"box_2d\": [1, 2, 3, ") + bad + "]}, {\"point\": [7, 8]}]";
    const auto found = find_regions(text);
    QVERIFY2(found.size() == 1 && found[0].unusable == 1, bad);
    QVERIFY2(found[0].regions == std::vector{point(7, 8)}, bad);
  }
  for (const char* bad : {"[]", "[1, 2, 3]", "[1, 2, 3, 4, 5]", "\"1, 2, 3, 4\"", "7"})
    QVERIFY2(regions_in(std::string("{\"box_2d\": ") + bad + "}").empty(), bad);
  // A little beyond the edge is the edge, and corners may be exchanged.
  QVERIFY(regions_in(R"({"box_2d": [-4, 10, 1003.5, 20]})") == std::vector{box(0, 10, 1000, 20)});
  QVERIFY(regions_in(R"({"box_2d": [900, 800, 100, 200]})") == std::vector{box(100, 200, 900, 800)});
  QVERIFY(regions_in(R"({"point": [1, 2], "label": 7, "part": -3, "image": 1e300})") == std::vector{point(1, 2)});
}

void RegionsTest::thousands_are_cut_off() {
  std::string text = "[";
  for (int i = 0; i < 5000; ++i)
    text += "{\"box_2d\": [1, 2, 3, 4]},";
  const auto found = find_regions(text + "]");
  QCOMPARE(found.at(0).regions.size(), kMostRegions);
  QCOMPARE(found[0].unusable, std::size_t{4000});
  std::string lists;
  for (int i = 0; i < 1500; ++i)
    lists += "{\"point\": [1, 2]} and ";
  QCOMPARE(regions_in(lists).size(), kMostRegions);
}

// Work that grows with the square of the length would take minutes here, and the test's time would run out.
void RegionsTest::long_nonsense_is_passed_quickly() {
  for (const char* piece :
       {"[", "{", "[\"", "{\"a\":", "[1,", "['\\", "[\"\\", "``` \n", "[{\"point\":[1,2]", "[[],"}) {
    std::string text = "point ";
    while (text.size() < 400'000)
      text += piece;
    find_regions(text);
  }
}

// x = across / 1000 * width, as the specification says: worked by hand for a screen of 1920 x 1080.
void RegionsTest::pixels_are_those_of_the_specification() {
  const std::vector files = {picture("screen.png", 1920, 1080)};
  const RegionFrame whole = frames_of(files).at(0);
  QVERIFY(whole == (RegionFrame{0, 0, {0, 0, 1920, 1080}}));
  const std::vector regions = {box(100, 250, 600, 750), point(500, 125), box(0, 0, 1000, 1000)};
  const auto placed = place(regions, files, whole);
  QVERIFY(placed.at(0).area == (PixelArea{480, 108, 960, 540}));
  QVERIFY(placed.at(1).area == (PixelArea{240, 540, 0, 0}));
  QVERIFY(placed.at(2).area == (PixelArea{0, 0, 1920, 1080}));
  QVERIFY(!placed[0].is_guess);
}

// The right one of two parts that overlap, 1312 pixels wide, of a page of 2560.
void RegionsTest::a_part_lies_where_it_was_cut() {
  std::vector files = {picture("page.png", 2560, 1600)};
  AttachedMedia& media = *files[0].media;
  media.tile_columns = 2;
  media.pieces = {{.width = 1312, .height = 1600}, {.x = 1248, .width = 1312, .height = 1600}};
  const auto frames = frames_of(files);
  QCOMPARE(frames.size(), std::size_t{3});
  const auto found = find_regions(R"([{"part": 2, "box_2d": [500, 250, 1000, 500]}])");
  const auto placed = place(found.at(0).regions, files, frames[0]);
  QVERIFY(placed.at(0).area == (PixelArea{1248 + 328, 800, 328, 800}));
  QVERIFY(!placed[0].is_guess);
  // Nobody says which part, or one that there is not: what the reader chooses counts.
  const std::vector unsaid = {box(500, 250, 1000, 500)};
  QVERIFY(place(unsaid, files, frames[0]).at(0).area == (PixelArea{640, 800, 640, 800}));
  QVERIFY(place(unsaid, files, frames[0]).at(0).is_guess);
  QVERIFY(place(unsaid, files, frames[2]).at(0).area == placed[0].area);
  Region wrong = unsaid[0];
  wrong.part = 9;
  QVERIFY(place(std::span(&wrong, 1), files, frames[1]).at(0).frame == frames[1]);
  QVERIFY(place(std::span(&wrong, 1), files, frames[1]).at(0).is_guess);
}

void RegionsTest::several_pictures_are_told_apart() {
  AttachmentPart notes;
  notes.name = "notes.txt";
  const std::vector files = {notes, picture("cat.png", 1000, 500), picture("dog.jpg", 200, 400)};
  const auto frames = frames_of(files);
  QCOMPARE(frames.size(), std::size_t{2});
  const auto found = find_regions(
      R"([{"image": 2, "point": [500, 500]}, {"picture": 1, "point": [500, 500]}, {"file": "dog.jpg", "point": [0, 1000]},
          {"image": "cat.png", "point": [1000, 0]}])");
  const auto placed = place(found.at(0).regions, files, frames[0]);
  QVERIFY(placed.at(0).area == (PixelArea{100, 200, 0, 0}));
  QCOMPARE(placed[0].frame.picture, std::size_t{2});
  QVERIFY(placed.at(1).area == (PixelArea{500, 250, 0, 0}));
  QVERIFY(placed.at(2).area == (PixelArea{200, 0, 0, 0}));
  QVERIFY(placed.at(3).area == (PixelArea{0, 500, 0, 0}));
  for (const PlacedRegion& each : placed)
    QVERIFY(!each.is_guess);
}

void RegionsTest::a_guess_is_called_one() {
  const std::vector files = {picture("cat.png", 1000, 500), picture("dog.jpg", 200, 400)};
  const auto frames = frames_of(files);
  const std::vector unsaid = {point(500, 500)};
  QVERIFY(place(unsaid, files, frames[1]).at(0).is_guess);
  QVERIFY(place(unsaid, files, frames[1]).at(0).area == (PixelArea{100, 200, 0, 0}));
  // Without a picture there is nothing to be drawn on.
  QVERIFY(frames_of({}).empty());
  QVERIFY(place(unsaid, {}, {}).empty());
}

void RegionsTest::pixels_can_be_copied() {
  const std::vector files = {picture("cat.png", 333, 777)};
  const std::vector regions = {box(100, 200, 300, 400, "a \"cat\""), point(1000, 1000)};
  const auto placed = place(regions, files, frames_of(files).at(0));
  // 66.6 to 133.2 and 77.7 to 233.1.
  const QString expected =
      "[ { \"file\": \"cat.png\", \"label\": \"a \\\"cat\\\"\", \"x\": 67, \"y\": 78, \"width\": 66, \"height\": 155 "
      "}, "
      "{ \"file\": \"cat.png\", \"x\": 333, \"y\": 777 } ]";
  QCOMPARE(QString::fromStdString(pixels_json(placed, files)).simplified(), expected);
}

QTEST_GUILESS_MAIN(RegionsTest)
#include "regions_test.moc"
