#include "engine/placed/resident_experts.h"

#include <algorithm>
#include <cmath>

#include "engine/base/check.h"

namespace facet::engine {

ResidentExperts::ResidentExperts(std::uint32_t experts, std::uint32_t places) : experts_(experts), places_(places) {
  FACET_CHECK(places <= experts, "%u places for %u experts", places, experts);
}

std::optional<std::uint32_t> ResidentExperts::place_of(std::uint32_t expert) const {
  FACET_CHECK(expert < experts_.size(), "expert %u", expert);
  return experts_[expert].place;
}

std::uint32_t ResidentExperts::resident_count() const {
  return static_cast<std::uint32_t>(
      std::count_if(places_.begin(), places_.end(), [](const auto& resident) { return resident.has_value(); }));
}

void ResidentExperts::count(std::span<const std::uint32_t> asked_for, std::uint32_t tokens) {
  const double left = std::exp2(-static_cast<double>(tokens) / kHalfLife);
  for (Expert& expert : experts_)
    expert.uses *= left;
  for (const std::uint32_t asked : asked_for) {
    FACET_CHECK(asked < experts_.size(), "expert %u", asked);
    experts_[asked].uses += 1;
  }
}

std::optional<std::uint32_t> ResidentExperts::free_place() const {
  const auto found = std::find(places_.begin(), places_.end(), std::nullopt);
  if (found == places_.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - places_.begin());
}

// Precondition: somebody lives in every place.
std::uint32_t ResidentExperts::coldest_place() const {
  const auto coldest = std::min_element(places_.begin(), places_.end(), [this](const auto& a, const auto& b) {
    return experts_[*a].uses < experts_[*b].uses;
  });
  return static_cast<std::uint32_t>(coldest - places_.begin());
}

std::optional<ResidentExperts::Change> ResidentExperts::worth_bringing(std::span<const std::uint32_t> experts) const {
  std::optional<std::uint32_t> hottest;
  for (const std::uint32_t expert : experts) {
    if (place_of(expert)) continue;
    if (!hottest || experts_[expert].uses > experts_[*hottest].uses) hottest = expert;
  }
  if (!hottest || places_.empty()) return std::nullopt;
  if (const auto free = free_place()) return Change{*hottest, *free};
  const std::uint32_t place = coldest_place();
  if (experts_[*hottest].uses <= kClearly * experts_[*places_[place]].uses) return std::nullopt;
  return Change{*hottest, place};
}

std::optional<ResidentExperts::Change> ResidentExperts::for_free_place() const {
  const auto free = free_place();
  if (!free) return std::nullopt;
  std::optional<Change> change;
  double most = 0;
  for (std::uint32_t expert = 0; expert < experts_.size(); ++expert) {
    if (experts_[expert].place || experts_[expert].uses <= most) continue;
    most = experts_[expert].uses;
    change = Change{expert, *free};
  }
  return change;
}

void ResidentExperts::vacate(std::uint32_t place) {
  FACET_CHECK(place < places_.size(), "place %u", place);
  if (places_[place]) experts_[*places_[place]].place.reset();
  places_[place].reset();
}

void ResidentExperts::settle(const Change& change) {
  FACET_CHECK(change.place < places_.size() && !places_[change.place] && !place_of(change.expert), "expert %u",
              change.expert);
  places_[change.place] = change.expert;
  experts_[change.expert].place = change.place;
}

}  // namespace facet::engine
