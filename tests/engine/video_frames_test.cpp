#include "engine/media/video_frames.h"

#include <QTest>
#include <limits>
#include <numeric>

#include "engine/media/image_size.h"
#include "media_vectors.h"

using namespace facet::engine;
using nlohmann::json;

// Which frames of a video are shown, with which times, against published cases.
class VideoFramesTest : public QObject {
  Q_OBJECT

 private slots:
  void published_cases();
  void published_prompt();
  void short_videos_show_every_frame();
  void long_videos_do_not_wrap();
  void odd_times_are_written_too();
};

void VideoFramesTest::published_cases() {
  const json cases = media_vectors::read("vectors/video-sampling.json")["cases"];
  QCOMPARE(cases.size(), std::size_t{7});
  for (const json& item : cases) {
    const std::vector<std::uint64_t> frames = sampled_frames(item["total_frames"]);
    QCOMPARE(frames, item["indices"].get<std::vector<std::uint64_t>>());
    std::vector<std::string> stamps;
    for (const std::uint64_t frame : frames)
      stamps.push_back(stamp_text(frame_seconds(frame, item["fps"])));
    QCOMPARE(stamps, item["stamps"].get<std::vector<std::string>>());
    const auto size = target_image_size(item["width"], item["height"], kDefaultFrameBudget);
    QVERIFY(size.ok());
    QCOMPARE((json{size->width, size->height}), item["resized"]);
    QCOMPARE(size->soft_tokens().count(), item["tokens_per_frame"].get<std::uint64_t>());
    QCOMPARE(size->soft_tokens().count() * frames.size(), item["video_soft_tokens"].get<std::uint64_t>());
  }
}

void VideoFramesTest::published_prompt() {
  const json example = media_vectors::read("vectors/video-sampling.json")["prompt_example"];
  std::string text;
  for (std::size_t i = 0; i < example["frames"].get<std::size_t>(); ++i) {
    const double seconds = static_cast<double>(i) + 0.9;
    QCOMPARE(stamp_text(seconds), example["stamps"][i].get<std::string>());
    text += frame_lead(i, seconds) + "<|image>";
    for (std::size_t token = 0; token < example["tokens_per_frame"].get<std::size_t>(); ++token)
      text += "<|video|>";
    text += "<image|>";
  }
  QCOMPARE(text, example["text"].get<std::string>());
}

void VideoFramesTest::short_videos_show_every_frame() {
  QVERIFY(sampled_frames(0).empty());
  for (const std::uint64_t total : {1U, 2U, 31U, 32U}) {
    std::vector<std::uint64_t> all(total);
    std::iota(all.begin(), all.end(), 0U);
    QCOMPARE(sampled_frames(total), all);
  }
  QCOMPARE(sampled_frames(10, 3), (std::vector<std::uint64_t>{0, 3, 6}));
}

void VideoFramesTest::long_videos_do_not_wrap() {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  const std::vector<std::uint64_t> frames = sampled_frames(kMost);
  QCOMPARE(frames.size(), std::size_t{32});
  // 2^64 - 1 = 32 * (2^59 - 1) + 31
  for (std::uint64_t i = 0; i < frames.size(); ++i)
    QCOMPARE(frames[i], i * ((1ULL << 59U) - 1) + i * 31 / 32);
}

void VideoFramesTest::odd_times_are_written_too() {
  QCOMPARE(stamp_text(59.999), std::string("00:59"));
  QCOMPARE(stamp_text(60), std::string("01:00"));
  QCOMPARE(stamp_text(6039), std::string("100:39"));
  for (const double odd : {-1.0, std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()})
    QCOMPARE(stamp_text(odd), std::string("00:00"));
  QCOMPARE(stamp_text(std::numeric_limits<double>::infinity()), stamp_text(1e9));
  for (const double unknown : {0.0, -25.0, std::numeric_limits<double>::quiet_NaN()})
    QCOMPARE(frame_seconds(48, unknown), 2.0);
}

QTEST_APPLESS_MAIN(VideoFramesTest)
#include "video_frames_test.moc"
