#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/media_source.h"

namespace facet::agent {

// Media whose content a test has written, by the name of the file. Counts what is decoded.
class FakeMedia : public MediaSource {
 public:
  std::map<std::string, AttachedMedia> described;
  std::map<std::string, std::vector<MediaContent>> contents;  // of its pieces
  std::function<void(std::stop_token stop, const Progress& progress)> before_description;
  std::atomic<int> descriptions = 0;
  int decoded = 0;

  static MediaPiece picture(std::uint32_t width, std::uint32_t height, std::int64_t tokens) {
    return {.kind = MediaPiece::Kind::Picture, .width = width, .height = height, .tokens = tokens};
  }
  static MediaPiece sound(std::int64_t begin, std::int64_t end, std::int64_t tokens) {
    return {.kind = MediaPiece::Kind::Sound, .begin = begin, .end = end, .tokens = tokens};
  }

  Result<AttachedMedia> describe(const std::string& path, std::stop_token stop, const Progress& progress) override {
    ++descriptions;
    if (before_description) before_description(stop, progress);
    if (stop.stop_requested()) return Error{Error::Code::Stopped, "Stopped."};
    const auto found = described.find(name_of(path));
    if (found != described.end()) return found->second;
    return Error{Error::Code::CorruptFile, "The file " + name_of(path) + " is damaged; get it again."};
  }

  // A tenth of the budget, so that a test sees which one it was.
  Result<AttachedMedia> with_budget(const AttachedMedia& media, std::uint32_t budget) override {
    AttachedMedia other = media;
    other.budget = budget;
    other.budget_choice = BudgetChoice::ByUser;
    for (MediaPiece& piece : other.pieces)
      if (piece.kind != MediaPiece::Kind::Sound) piece.tokens = budget / 10;
    return other;
  }

  Status decode(std::span<const MediaItem> items, const Taker& take, std::stop_token stop) override {
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (stop.stop_requested()) return Error{Error::Code::Stopped, "Stopped."};
      const auto found = contents.find(items[i].name);
      if (found == contents.end())
        return Error{Error::Code::CorruptFile, "The file " + items[i].name + " is damaged; get it again."};
      const AttachedMedia& media = described.at(items[i].name);
      const auto piece = std::find(media.pieces.begin(), media.pieces.end(), items[i].piece);
      const auto place = piece == media.pieces.end() ? 0 : piece - media.pieces.begin();
      ++decoded;
      FACET_RETURN_IF_ERROR(take(i, found->second.at(static_cast<std::size_t>(place))));
    }
    return {};
  }

 private:
  static std::string name_of(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }
};

}  // namespace facet::agent
