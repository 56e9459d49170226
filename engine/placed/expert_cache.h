#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/device_backend.h"
#include "engine/gguf/gguf_file.h"
#include "engine/placed/resident_experts.h"

namespace facet::engine {

// How many experts may be brought to a device: what is not yet there must not hold up the tokens that ask for it. All
// layers of a model share one.
class ExpertDeliveries {
 public:
  // A layer has computed some rows of its own, and has time for a delivery now and then. Seven shares no factor with
  // the number of layers of most models, so that it is another one's turn with every token.
  void layer_is_done() { credit_ = std::min(credit_ + 1, kPrice); }
  bool is_allowed() const { return credit_ >= kPrice; }
  void was_made() { credit_ = 0; }

 private:
  static constexpr int kPrice = 7;
  int credit_ = kPrice;
};

// A layer's experts of which a device holds some, whole: all matrices of an expert are there or none is. The others are
// computed where all of them lie. It begins empty. What can not be brought stays where it is, and then nothing more is
// brought for this layer.
class ExpertCache {
 public:
  // The device outlives it.
  ExpertCache(DeviceBackend& device, std::uint32_t experts, std::uint32_t places)
      : device_(device), residents_(experts, places), places_(places) {}

  // Makes room on the device for some experts of a matrix, and gives it as the device knows it. None where there is no
  // room: the cache then stays empty.
  Weight add(const GgufTensor& tensor);

  std::optional<std::uint32_t> place_of(std::uint32_t expert) const { return residents_.place_of(expert); }
  const ResidentExperts& residents() const { return residents_; }

  // Few tokens have asked for these, and now is the time to bring one of them.
  void after_tokens(std::span<const std::uint32_t> asked_for, std::uint32_t tokens, ExpertDeliveries& deliveries);
  // Many tokens ask for these: almost all that there are. Nobody has to go for them, but what is free is filled.
  void before_prompt(std::span<const std::uint32_t> asked_for, std::uint32_t tokens);

 private:
  bool bring(const ResidentExperts::Change& change);

  struct Matrix {
    Weight places;
    std::span<const std::byte> rows;  // of all experts, in the file
    std::uint64_t expert_bytes = 0;
  };
  DeviceBackend& device_;
  ResidentExperts residents_;
  std::uint32_t places_;
  std::vector<Matrix> matrices_;
  bool is_closed_ = false;
};

}  // namespace facet::engine
