#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace facet::engine {

// Which experts of a layer lie in the places that a device has for some of them: those that were asked for most lately.
// A use counts half after so many tokens of the layer, so that what a conversation is about decides, and one odd token
// does not. One thread at a time.
class ResidentExperts {
 public:
  static constexpr double kHalfLife = 256;  // tokens
  // How much more often a new one must have been asked for than the one that it replaces: by chance alone, experts
  // that are equals change places all the time, and every change has to be paid for.
  static constexpr double kClearly = 2;

  ResidentExperts(std::uint32_t experts, std::uint32_t places);

  std::optional<std::uint32_t> place_of(std::uint32_t expert) const;
  std::uint32_t resident_count() const;

  // So many tokens, one after the other or at once, have asked for these, each as often as it stands there.
  void count(std::span<const std::uint32_t> asked_for, std::uint32_t tokens);

  // An expert that is to be brought to a place.
  struct Change {
    std::uint32_t expert = 0;
    std::uint32_t place = 0;

    bool operator==(const Change&) const = default;
  };
  // Of these the absent one that was asked for most, to a free place, or to that of the resident one which was asked
  // for least, if that was clearly less. Of two that were asked for equally often, the one that was longer ago goes.
  std::optional<Change> worth_bringing(std::span<const std::uint32_t> experts) const;
  // The absent one that was asked for most, to a free place. What nobody has asked for stays where it is.
  std::optional<Change> for_free_place() const;
  // Nobody is at home in the place, until it is settled again.
  void vacate(std::uint32_t place);
  void settle(const Change& change);

 private:
  std::optional<std::uint32_t> free_place() const;
  std::uint32_t coldest_place() const;

  struct Expert {
    double uses = 0;  // the older, the less they count
    std::optional<std::uint32_t> place;
  };
  std::vector<Expert> experts_;
  std::vector<std::optional<std::uint32_t>> places_;  // who is there
};

}  // namespace facet::engine
