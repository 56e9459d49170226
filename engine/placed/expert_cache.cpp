#include "engine/placed/expert_cache.h"

#include "engine/model/placement.h"

namespace facet::engine {
namespace {

// A chunk of a prompt takes a quarter of a second and more, in which a layer has time for so many.
constexpr int kDeliveriesPerPrompt = 8;

}  // namespace

Weight ExpertCache::add(const GgufTensor& tensor) {
  const auto created = device_.load_weight(room_for_experts(tensor, places_), WeightUse::Matrix);
  if (!created.ok()) {
    is_closed_ = true;
    return {};
  }
  matrices_.push_back({*created, tensor.data, tensor.data.size() / tensor.shape[2]});
  return *created;
}

void ExpertCache::after_tokens(std::span<const std::uint32_t> asked_for, std::uint32_t tokens,
                               ExpertDeliveries& deliveries) {
  residents_.count(asked_for, tokens);
  deliveries.layer_is_done();
  if (is_closed_ || !deliveries.is_allowed()) return;
  const auto change = residents_.worth_bringing(asked_for);
  if (change && bring(*change)) deliveries.was_made();
}

void ExpertCache::before_prompt(std::span<const std::uint32_t> asked_for, std::uint32_t tokens) {
  residents_.count(asked_for, tokens);
  for (int i = 0; i < kDeliveriesPerPrompt && !is_closed_; ++i) {
    const auto change = residents_.for_free_place();
    if (!change || !bring(*change)) return;
  }
}

// The place is nobody's while it is written: half of an expert must not be computed with.
bool ExpertCache::bring(const ResidentExperts::Change& change) {
  residents_.vacate(change.place);
  for (const Matrix& matrix : matrices_) {
    const Status brought = device_.replace_expert(
        matrix.places, change.place, matrix.rows.subspan(change.expert * matrix.expert_bytes, matrix.expert_bytes));
    if (brought.ok()) continue;
    is_closed_ = true;
    return false;
  }
  residents_.settle(change);
  return true;
}

}  // namespace facet::engine
