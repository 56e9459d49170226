#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// Hashing for the flat tables of the tokenizer. Tables are filled from model files, so the seed is drawn anew for each
// of them: a file can not be built whose entries all collide.
namespace facet::engine {

inline std::uint64_t mix_bits(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

inline std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t hash = seed ^ bytes.size();
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(sizeof(word), bytes.size() - at));
    hash = mix_bits(hash ^ word);
  }
  return hash;
}

std::uint64_t draw_hash_seed();

// The number of slots, a power of two, that leaves about half of them free.
inline std::size_t slots_for(std::size_t entries) {
  std::size_t slots = 16;
  while (slots < entries + entries / 2)
    slots *= 2;
  return slots;
}

}  // namespace facet::engine
