#include "agent/regions.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>

#include "agent/loose_json.h"
#include "agent/utf8.h"

namespace facet::agent {

namespace {

constexpr double kMost = 1000;
// Models round, and what a picture cuts off they sometimes see beyond its edge. More than this is no place in it.
constexpr double kBeyond = 25;
constexpr std::size_t kLongestLabel = 200;
constexpr int kMostPictures = 1000;

// --- one object ---------------------------------------------------------------------------------------------------

const Json* member(const Json& object, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const auto found = object.find(name); found != object.end()) return &*found;
  return nullptr;
}

// So many numbers that lie in a picture, or nothing.
template <std::size_t Count>
std::optional<std::array<double, Count>> coordinates(const Json& list) {
  if (!list.is_array() || list.size() != Count) return std::nullopt;
  std::array<double, Count> out{};
  for (std::size_t i = 0; i < Count; ++i) {
    if (!list[i].is_number()) return std::nullopt;
    const double value = list[i].get<double>();
    if (!(value >= -kBeyond && value <= kMost + kBeyond)) return std::nullopt;
    out[i] = std::clamp(value, 0.0, kMost);
  }
  return out;
}

std::string text_of(const Json* value) {
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::string label_of(const Json& object) {
  std::string label = text_of(member(object, {"label", "name", "text"}));
  std::replace_if(
      label.begin(), label.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return std::string(utf8_prefix(label, kLongestLabel));
}

int number_of(const Json* value) {
  if (value == nullptr || !value->is_number()) return 0;
  const double number = value->get<double>();
  return number >= 1 && number <= kMostPictures ? static_cast<int>(number) : 0;
}

// What all shapes of one object have in common.
Region frame_of(const Json& object) {
  const Json* picture = member(object, {"picture", "image", "image_index", "image_id"});
  Region region;
  region.label = label_of(object);
  region.picture = number_of(picture);
  region.part = number_of(member(object, {"part", "tile"}));
  region.file = text_of(picture);
  if (region.file.empty()) region.file = text_of(member(object, {"file", "filename", "file_name"}));
  return region;
}

// The places of objects, as they are closed.
class Collector {
 public:
  void take(const Json& object) {
    if (const Json* box = member(object, {"box_2d"})) each_of(*box, object, &Collector::add_box);
    for (const char* name : {"point", "points"})
      if (const Json* point = member(object, {name})) each_of(*point, object, &Collector::add_point);
  }

  std::vector<Region> regions;
  std::size_t unusable = 0;

 private:
  // One place, or a list of them. Nothing there is what a model says of what it does not find.
  void each_of(const Json& value, const Json& object, void (Collector::*add)(const Json&, const Region&)) {
    const Region frame = frame_of(object);
    const bool is_list = value.is_array() && !value.empty() && value.front().is_array();
    if (value.is_null()) return;
    if (!is_list) return (this->*add)(value, frame);
    for (const Json& each : value)
      (this->*add)(each, frame);
  }

  void add_box(const Json& value, const Region& frame) {
    const auto sides = coordinates<4>(value);
    if (!sides || regions.size() >= kMostRegions) return void(++unusable);
    Region& region = regions.emplace_back(frame);
    std::tie(region.top, region.bottom) = std::minmax((*sides)[0], (*sides)[2]);
    std::tie(region.left, region.right) = std::minmax((*sides)[1], (*sides)[3]);
  }

  void add_point(const Json& value, const Region& frame) {
    const auto place = coordinates<2>(value);
    if (!place || regions.size() >= kMostRegions) return void(++unusable);
    Region& region = regions.emplace_back(frame);
    region.shape = Region::Shape::Point;
    region.top = region.bottom = (*place)[0];
    region.left = region.right = (*place)[1];
  }
};

// --- where they stand in a text -----------------------------------------------------------------------------------

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kBetween = " \t\r\n,";

struct Line {
  std::size_t begin = 0;
  std::size_t end = 0;  // before the line end
};

// Three or more of the same mark, at most three spaces before them.
std::string_view fence_of(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos || begin > 3 || (line[begin] != '`' && line[begin] != '~')) return {};
  const std::size_t length = std::min(line.find_first_not_of(line[begin], begin), line.size()) - begin;
  return length >= 3 ? line.substr(begin, length) : std::string_view();
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(kSpace) == std::string_view::npos;
}

// Of a list of places that is plain text, the marks that Markdown would make of it: bullets, quotation of code.
std::size_t without_marks_before(std::string_view text, std::size_t from, std::size_t begin) {
  std::size_t at = begin;
  while (at > from && text[at - 1] == '`')
    --at;
  const std::size_t line_end = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const std::size_t line = line_end == std::string_view::npos || line_end < from ? from : line_end + 1;
  const std::string_view marks = text.substr(line, at - line);
  return marks.find_first_not_of(" \t-*+•0123456789.)") == std::string_view::npos ? line : at;
}

std::size_t without_marks_after(std::string_view text, std::size_t end) {
  while (end < text.size() && text[end] == '`')
    ++end;
  return end;
}

class Finder {
 public:
  explicit Finder(std::string_view text) : text_(text) {}

  std::vector<RegionText> find() {
    std::size_t plain = 0;  // what was not looked at yet
    for (std::size_t at = 0; at < text_.size();) {
      const Line opening = line_at(at);
      const std::string_view fence = fence_of(text_.substr(opening.begin, opening.end - opening.begin));
      at = after(opening);
      if (fence.empty()) continue;
      look_at_plain(plain, opening.begin);
      plain = at = look_at_fenced(opening, fence);
    }
    look_at_plain(plain, text_.size());
    for (RegionText& stretch : found_)
      limit(stretch);
    return std::move(found_);
  }

 private:
  Line line_at(std::size_t begin) const { return {begin, std::min(text_.find('\n', begin), text_.size())}; }
  std::size_t after(const Line& line) const { return std::min(line.end + 1, text_.size()); }

  // A fenced block is taken as a whole or not at all: in a program a list of places is a part of the program. Gives
  // back where the text behind it begins.
  std::size_t look_at_fenced(const Line& opening, std::string_view fence) {
    const std::size_t begin = after(opening);
    std::size_t at = begin;
    Line closing{text_.size(), text_.size()};
    for (; at < text_.size(); at = after(line_at(at))) {
      const Line line = line_at(at);
      const std::string_view words = text_.substr(line.begin, line.end - line.begin);
      const std::string_view mark = fence_of(words);
      const bool closes = !mark.empty() && mark.front() == fence.front() && mark.size() >= fence.size() &&
                          is_blank(words.substr(words.find(mark) + mark.size()));
      if (!closes) continue;
      closing = line;
      break;
    }
    const bool is_closed = closing.begin < text_.size();
    const std::string_view body = text_.substr(begin, closing.begin - begin);
    Collector collector;
    const bool is_growing = !is_closed;
    std::size_t read = std::min(body.find_first_not_of(kBetween), body.size());
    bool is_complete = true;
    while (read < body.size() && is_complete) {
      const auto end = read_loose_json(body.substr(read), [&](const Json& object) { collector.take(object); });
      if (!end || (!end->is_complete && !is_growing)) return at_end_of(closing);
      is_complete = end->is_complete;
      read = std::min(body.find_first_not_of(kBetween, read + end->at), body.size());
      // The closing fence is being written.
      if (is_growing && read < body.size() && body.find_first_not_of("`~", read) == std::string_view::npos) break;
    }
    if (!collector.regions.empty())
      found_.push_back({opening.begin, at_end_of(closing), std::move(collector.regions), collector.unusable,
                        is_closed && is_complete});
    return at_end_of(closing);
  }

  std::size_t at_end_of(const Line& line) const { return after(line); }

  void look_at_plain(std::size_t from, std::size_t to) {
    const std::string_view part = text_.substr(0, to);
    // Nothing before this belongs to the stretch that was found last.
    bool is_joined = false;
    for (std::size_t at = from; (at = part.find_first_of("[{", at)) < part.size();) {
      Collector collector;
      const auto end = read_loose_json(part.substr(at), [&](const Json& object) { collector.take(object); });
      if (!end) {
        ++at;
        continue;
      }
      const bool cut_by_fence = !end->is_complete && to < text_.size();
      if (collector.regions.empty() || cut_by_fence) {
        at = end->is_complete ? at + end->at : at + 1;
        continue;
      }
      const std::size_t begin = without_marks_before(part, from, at);
      const std::size_t behind = without_marks_after(part, at + end->at);
      is_joined = is_joined && part.substr(found_.back().end, begin - found_.back().end).find_first_not_of(kBetween) ==
                                   std::string_view::npos;
      if (is_joined) {
        join(behind, std::move(collector), end->is_complete);
      } else {
        found_.push_back({begin, behind, std::move(collector.regions), collector.unusable, end->is_complete});
      }
      is_joined = true;
      at = behind;
    }
  }

  void join(std::size_t end, Collector more, bool is_complete) {
    RegionText& last = found_.back();
    last.end = end;
    last.unusable += more.unusable;
    last.is_complete = is_complete;
    std::move(more.regions.begin(), more.regions.end(), std::back_inserter(last.regions));
  }

  // Many short lists are as much as one long one.
  void limit(RegionText& stretch) {
    const std::size_t room = kMostRegions - std::min(taken_, kMostRegions);
    if (stretch.regions.size() > room) {
      stretch.unusable += stretch.regions.size() - room;
      stretch.regions.resize(room);
    }
    taken_ += stretch.regions.size();
  }

  const std::string_view text_;
  std::vector<RegionText> found_;
  std::size_t taken_ = 0;
};

}  // namespace

std::vector<RegionText> find_regions(std::string_view text) {
  // Most answers name no places, and growing ones are looked at again and again.
  const auto mentions = [text](std::string_view word) { return text.find(word) != std::string_view::npos; };
  if (!mentions("box_2d") && !mentions("point")) return {};
  std::vector<RegionText> found = Finder(text).find();
  std::erase_if(found, [](const RegionText& stretch) { return stretch.regions.empty(); });
  return found;
}

}  // namespace facet::agent
