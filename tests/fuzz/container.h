#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

// A GGUF file taken apart, so that a mutation can change one thing and leave the rest sound. Written by the
// specification and without the reader that is tested.
namespace fuzz {

using Random = std::mt19937;

struct Entry {
  std::string key;
  std::uint32_t type = 0;  // of the elements
  bool is_array = false;
  std::vector<std::string> elements;          // the bytes of each, without the lengths of strings
  std::optional<std::uint64_t> claimed = {};  // a count that is not the true one
};

struct Tensor {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::uint32_t type = 0;
  std::string data;
  std::optional<std::uint64_t> offset = {};  // one that is not the true one
};

struct Container {
  std::uint32_t version = 3;
  std::optional<std::uint64_t> claimed_tensors = {};
  std::optional<std::uint64_t> claimed_entries = {};
  std::vector<Entry> entries;
  std::vector<Tensor> tensors;
};

enum ValueType : std::uint32_t { kU32 = 4, kI32 = 5, kF32 = 6, kBool = 7, kString = 8, kArray = 9 };

// Bytes of a value; 0 for strings, arrays and what is no type.
std::size_t value_bytes(std::uint32_t type);

std::string serialized(const Container& container);
// Nothing when the bytes are not laid out like a sound file; claims that are too large are such a case as well.
std::optional<Container> parsed(const std::string& bytes);

// A small model that opens: dense, with per-layer embeddings, with experts, or a drafter.
Container sound_model(Random& random);

// A small projector that opens, for pictures and sound: a file of its own, or inside one of `sound_model`.
Container sound_projector(Random& random);

// Changes one thing.
void mutate(Container& container, Random& random);

}  // namespace fuzz
