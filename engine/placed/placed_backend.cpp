#include "engine/placed/placed_backend.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/base/check.h"
#include "engine/gguf/gguf_file.h"

// Memory of both sides, and what is copied between them. The operations are in placed_operations.cpp.
namespace facet::engine {

PlacedBackend::PlacedBackend(std::unique_ptr<Backend> cpu, std::unique_ptr<DeviceBackend> gpu, Placement placement)
    : placement_(std::move(placement)), gpu_(gpu.get()) {
  backends_[index(Side::Cpu)] = std::move(cpu);
  backends_[index(Side::Gpu)] = std::move(gpu);
  description_ = backend(Side::Gpu).description() + ", " + std::to_string(placement_.layers_on(Side::Gpu)) + " of " +
                 std::to_string(placement_.layers.size()) + " layers; " + backend(Side::Cpu).description();
}

const PlacedBackend::Held& PlacedBackend::held(std::uint32_t buffer) const {
  FACET_CHECK(buffer >= 1 && buffer <= buffers_.size(), "buffer %u", buffer);
  return buffers_[buffer - 1];
}

PlacedBackend::Held& PlacedBackend::held(std::uint32_t buffer) {
  return const_cast<Held&>(std::as_const(*this).held(buffer));
}

const PlacedBackend::HeldWeight& PlacedBackend::held(const Weight& weight) const {
  FACET_CHECK(weight.id >= 1 && weight.id <= weights_.size(), "weight %u", weight.id);
  return weights_[weight.id - 1];
}

Buffer PlacedBackend::keep(Held buffer, std::uint32_t rows, std::uint32_t width) {
  if (free_ids_.empty()) {
    buffers_.emplace_back();
    free_ids_.push_back(static_cast<std::uint32_t>(buffers_.size()));
  }
  const std::uint32_t id = free_ids_.back();
  free_ids_.pop_back();
  buffers_[id - 1] = std::move(buffer);
  return Buffer{id, rows, width};
}

Result<Buffer> PlacedBackend::create_buffer(std::string_view name, std::uint32_t rows, std::uint32_t width) {
  Held buffer;
  FACET_ASSIGN_OR_RETURN(buffer.on[index(Side::Cpu)], backend(Side::Cpu).create_buffer(name, rows, width));
  const auto twin = backend(Side::Gpu).create_buffer(name, rows, width);
  if (!twin.ok()) {
    backend(Side::Cpu).release_buffer(buffer.on[index(Side::Cpu)]);
    return twin.error();
  }
  buffer.on[index(Side::Gpu)] = *twin;
  return keep(std::move(buffer), rows, width);
}

Result<Buffer> PlacedBackend::create_cache(std::string_view name, const CacheShape& shape) {
  Held cache;
  cache.is_cache = true;
  for (const Side side : kSides) {
    if (!placement_.keeps_cache(side, shape.layer)) continue;
    const auto created = backend(side).create_cache(name, shape);
    if (!created.ok()) {
      if (const Buffer& twin = cache.on[index(other(side))]) backend(other(side)).release_buffer(twin);
      return created.error();
    }
    cache.on[index(side)] = *created;
  }
  return keep(std::move(cache), shape.rows, shape.width);
}

void PlacedBackend::release_buffer(const Buffer& buffer) {
  Held& released = held(buffer.id);
  for (const Side side : kSides)
    if (released.on[index(side)]) backend(side).release_buffer(released.on[index(side)]);
  released = {};
  free_ids_.push_back(buffer.id);
}

Status PlacedBackend::reserve(const LargestOperands& largest) {
  for (const Side side : kSides)
    FACET_RETURN_IF_ERROR(backend(side).reserve(largest));
  return {};
}

// A table costs a side nothing, so either can look rows up.
Result<Weight> PlacedBackend::load_weight(const GgufTensor& tensor, WeightUse use) {
  HeldWeight weight;
  weight.side = placement_.side_of(tensor.name, use);
  Weight known;
  for (const Side side : kSides) {
    if (use == WeightUse::Matrix && side != weight.side) continue;
    FACET_ASSIGN_OR_RETURN(known, backend(side).load_weight(tensor, use));
    weight.on[index(side)] = known;
  }
  if (const std::uint32_t places = use == WeightUse::Matrix ? placement_.held_experts(tensor.name) : 0; places > 0) {
    const auto experts = static_cast<std::uint32_t>(tensor.shape[2]);
    weight.cache = &experts_of_.try_emplace(*Placement::layer_of(tensor.name), *gpu_, experts, places).first->second;
    weight.held = weight.cache->add(tensor);
  }
  weights_.push_back(weight);
  known.id = static_cast<std::uint32_t>(weights_.size());
  return known;
}

Area PlacedBackend::area_of(const View& view) const {
  const Buffer& buffer = held(view.buffer).on[index(Side::Cpu)];
  FACET_CHECK(view.stride == buffer.width && view.width <= buffer.width, "a view of %u columns, %u apart, of %u",
              view.width, view.stride, buffer.width);
  return {static_cast<std::uint32_t>(view.offset / view.stride), view.rows,
          static_cast<std::uint32_t>(view.offset % view.stride), view.width};
}

View PlacedBackend::Local::operator()(const View& view) const {
  View local = view;
  if (view.buffer != 0) local.buffer = all.held(view.buffer).on[index(side)].id;
  return local;
}

Weight PlacedBackend::Local::operator()(const Weight& weight) const {
  if (!weight) return weight;
  const Weight& local = all.held(weight).on[index(side)];
  FACET_CHECK(local, "weight %u is not on side %zu", weight.id, index(side));
  return local;
}

Buffer PlacedBackend::Local::operator()(const Buffer& buffer) const {
  return buffer ? all.held(buffer.id).on[index(side)] : buffer;
}

BranchEnd PlacedBackend::Local::operator()(BranchEnd end) const {
  end.norm = (*this)(end.norm);
  end.sum = (*this)(end.sum);
  end.next_norm = (*this)(end.next_norm);
  end.next = (*this)(end.next);
  return end;
}

HeadInputs PlacedBackend::Local::operator()(HeadInputs inputs) const {
  for (View* view : {&inputs.q, &inputs.k, &inputs.v, &inputs.rope})
    *view = (*this)(*view);
  inputs.q_norm = (*this)(inputs.q_norm);
  inputs.k_norm = (*this)(inputs.k_norm);
  inputs.keys = (*this)(inputs.keys);
  inputs.values = (*this)(inputs.values);
  return inputs;
}

void PlacedBackend::fail(const Status& status) {
  if (failure_.ok()) failure_ = status;
}

bool PlacedBackend::is_there(const View& view, Side side) const {
  return !held(view.buffer).stale[index(side)].meets(area_of(view));
}

// Where both have it, the side that works anyway.
Side PlacedBackend::side_of(const View& view) const {
  return is_there(view, last_side_) ? last_side_ : other(last_side_);
}

// Whole rows of what is out of date: one copy brings what several layers will read.
bool PlacedBackend::bring(const View& view, Side side) {
  if (has_failed()) return false;
  if (view.buffer == 0 || view.rows == 0 || view.width == 0) return true;
  const Area wanted = area_of(view);
  AreaSet& stale = held(view.buffer).stale[index(side)];
  if (!stale.meets(wanted)) return true;
  const std::vector<Area> areas = stale.areas();
  for (const Area& area : areas) {
    if (intersection(area, wanted).is_empty()) continue;
    const Area rows = intersection(area, {wanted.row, wanted.rows, area.column, area.columns});
    if (!copy(view.buffer, rows, other(side))) return false;
    stale.remove(rows);
  }
  return true;
}

// After reading, a side is asked whether it could: what follows must not compute with anything else.
bool PlacedBackend::copy(std::uint32_t buffer, const Area& area, Side from) {
  const auto part_on = [&](Side side) {
    return View(held(buffer).on[index(side)]).part(area.row, area.rows, area.column, area.columns);
  };
  cells_.resize(std::size_t{area.rows} * area.columns);
  backend(from).read(part_on(from), cells_);
  fail(backend(from).finish());
  if (has_failed()) return false;
  backend(other(from)).write(part_on(other(from)), cells_);
  ++copies_[index(from)];
  return true;
}

void PlacedBackend::was_written(const View& view, Side side) {
  if (view.buffer == 0 || view.rows == 0 || view.width == 0) return;
  const Area area = area_of(view);
  Held& buffer = held(view.buffer);
  buffer.stale[index(side)].remove(area);
  buffer.stale[index(other(side))].add(area);
}

void PlacedBackend::write(const View& to, std::span<const float> values) {
  if (has_failed()) return;
  backend(Side::Cpu).write(Local{*this, Side::Cpu}(to), values);
  was_written(to, Side::Cpu);
}

void PlacedBackend::read(const View& from, std::span<float> values) {
  std::fill(values.begin(), values.end(), std::nanf(""));
  const Side side = side_of(from);
  if (bring(from, side)) backend(side).read(Local{*this, side}(from), values);
}

Status PlacedBackend::finish() {
  for (const Side side : kSides)
    fail(backend(side).finish());
  return failure_;
}

}  // namespace facet::engine
