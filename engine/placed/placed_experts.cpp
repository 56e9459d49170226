#include <algorithm>
#include <bit>

#include "engine/base/check.h"
#include "engine/placed/placed_backend.h"

// Experts of which the GPU holds some. Of a row, the GPU computes those that it holds while the CPU computes the
// others; the CPU's sum then goes to the GPU as if it were one more expert's result, and the GPU adds all of them up.
// So nothing is read back, and nobody waits but for the rows that the router has read.
//
// Ids, shares and results are there on both sides, and each side's are its own here: a row has as many cells for them
// as it has chosen experts, which is enough for those of one side and the sum of the other.
namespace facet::engine {
namespace {

View row_of(const View& view, std::uint32_t row, std::uint32_t columns) {
  return view.part(row, 1, 0, columns);
}

// The first rows of those that belong to a row of ids.
View pairs_of(const View& view, const ExpertBranch& branch, std::uint32_t row, std::uint32_t count) {
  return view.part(row * branch.ids.width, count, 0, view.width);
}

// Integers as the cells that hold them.
std::vector<float> cells_of(std::span<const std::uint32_t> integers) {
  std::vector<float> cells;
  for (const std::uint32_t integer : integers)
    cells.push_back(std::bit_cast<float>(integer));
  return cells;
}

std::uint32_t count_of(std::span<const std::uint32_t> list) {
  return static_cast<std::uint32_t>(list.size());
}

}  // namespace

bool PlacedBackend::apply_experts(const ExpertBranch& branch) {
  ExpertCache* const cache = held(branch.down).cache;
  if (cache == nullptr || has_failed() || branch.ids.rows == 0) return false;
  for (const View* each : {&branch.ids, &branch.shares, &branch.x})
    if (!bring(*each, Side::Cpu)) return false;
  const std::vector<std::uint32_t> ids = chosen_ids(branch);
  if (branch.ids.rows > kFewRows) {
    cache->before_prompt(ids, branch.ids.rows);
    return false;
  }
  std::vector<Choice> choices;
  for (std::uint32_t row = 0; row < branch.ids.rows; ++row)
    choices.push_back(choose(branch, row, std::span(ids).subspan(row * branch.ids.width, branch.ids.width), *cache));
  const bool has_some = std::any_of(choices.begin(), choices.end(), [](const Choice& c) { return !c.places.empty(); });
  experts_ += ids.size();
  if (has_some) {
    for (std::uint32_t row = 0; row < branch.ids.rows; ++row)
      apply_held(branch, row, choices[row]);
    backend(Side::Gpu).start();
    for (std::uint32_t row = 0; row < branch.ids.rows; ++row)
      apply_absent(branch, row, choices[row]);
    for (std::uint32_t row = 0; row < branch.ids.rows; ++row)
      combine_held(branch, row, choices[row]);
    was_written(branch.out, Side::Gpu);
    last_side_ = Side::Gpu;
  }
  // Behind everything that this layer has for the GPU.
  cache->after_tokens(ids, branch.ids.rows, deliveries_);
  return has_some;
}

std::vector<std::uint32_t> PlacedBackend::chosen_ids(const ExpertBranch& branch) {
  cells_.resize(std::size_t{branch.ids.rows} * branch.ids.width);
  backend(Side::Cpu).read(Local{*this, Side::Cpu}(branch.ids), cells_);
  std::vector<std::uint32_t> ids;
  for (const float cell : cells_)
    ids.push_back(std::bit_cast<std::uint32_t>(cell));
  return ids;
}

PlacedBackend::Choice PlacedBackend::choose(const ExpertBranch& branch, std::uint32_t row,
                                            std::span<const std::uint32_t> ids, const ExpertCache& cache) {
  std::vector<float> shares(ids.size());
  backend(Side::Cpu).read(Local{*this, Side::Cpu}(row_of(branch.shares, row, branch.ids.width)), shares);
  Choice choice;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto place = cache.place_of(ids[i]);
    (place ? choice.places : choice.absent).push_back(place.value_or(ids[i]));
    (place ? choice.place_shares : choice.absent_shares).push_back(shares[i]);
  }
  if (!choice.absent.empty()) choice.place_shares.push_back(1.0F);
  held_experts_ += choice.places.size();
  return choice;
}

void PlacedBackend::apply(Side side, const ExpertBranch& branch, std::uint32_t row,
                          std::span<const std::uint32_t> ids) {
  const Local local{*this, side};
  const auto matrix = [&](const Weight& weight) { return side == Side::Gpu ? held(weight).held : local(weight); };
  const View chosen = local(row_of(branch.ids, row, count_of(ids)));
  const View x = local(row_of(branch.x, row, branch.x.width));
  const View hidden = local(pairs_of(branch.hidden, branch, row, count_of(ids)));
  const View gate = hidden.columns(0, hidden.width / 2);
  const View up = hidden.columns(hidden.width / 2, hidden.width / 2);
  Backend& here = backend(side);
  here.write(chosen, cells_of(ids));
  if (branch.gate_up) {
    here.matmul_experts(matrix(branch.gate_up), chosen, x, hidden);
  } else {
    here.matmul_experts(matrix(branch.gate), chosen, x, gate);
    here.matmul_experts(matrix(branch.up), chosen, x, up);
  }
  here.geglu(gate, up, gate);
  here.matmul_experts(matrix(branch.down), chosen, gate, local(pairs_of(branch.results, branch, row, count_of(ids))));
}

void PlacedBackend::apply_held(const ExpertBranch& branch, std::uint32_t row, const Choice& choice) {
  const Local local{*this, Side::Gpu};
  const auto terms = static_cast<std::uint32_t>(choice.place_shares.size());
  backend(Side::Gpu).write(local(row_of(branch.shares, row, terms)), choice.place_shares);
  if (choice.places.empty() || !bring(row_of(branch.x, row, branch.x.width), Side::Gpu)) return;
  apply(Side::Gpu, branch, row, choice.places);
}

// The CPU's sum lies where its own result would.
void PlacedBackend::apply_absent(const ExpertBranch& branch, std::uint32_t row, const Choice& choice) {
  if (choice.absent.empty() || has_failed()) return;
  apply(Side::Cpu, branch, row, choice.absent);
  const Local local{*this, Side::Cpu};
  const View shares = local(row_of(branch.shares, row, count_of(choice.absent)));
  const View sum = local(row_of(branch.out, row, branch.out.width));
  Backend& cpu = backend(Side::Cpu);
  cpu.write(shares, choice.absent_shares);
  cpu.combine_experts(local(pairs_of(branch.results, branch, row, count_of(choice.absent))), shares, sum);
  cells_.resize(branch.out.width);
  cpu.read(sum, cells_);
  const View last = branch.results.part(row * branch.ids.width + count_of(choice.places), 1, 0, branch.results.width);
  backend(Side::Gpu).write(Local{*this, Side::Gpu}(last), cells_);
  ++copies_[index(Side::Cpu)];
}

void PlacedBackend::combine_held(const ExpertBranch& branch, std::uint32_t row, const Choice& choice) {
  if (has_failed()) return;
  const Local local{*this, Side::Gpu};
  const auto terms = static_cast<std::uint32_t>(choice.place_shares.size());
  backend(Side::Gpu).combine_experts(local(pairs_of(branch.results, branch, row, terms)),
                                     local(row_of(branch.shares, row, terms)),
                                     local(row_of(branch.out, row, branch.out.width)));
}

}  // namespace facet::engine
