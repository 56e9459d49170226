#include <algorithm>
#include <array>
#include <cstring>

#include "container.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace fuzz {

namespace {

// Numbers at which readers go wrong.
constexpr std::array<std::uint64_t, 22> kOdd = {0,
                                                1,
                                                2,
                                                3,
                                                4,
                                                8,
                                                31,
                                                32,
                                                255,
                                                256,
                                                65535,
                                                65536,
                                                0x7fffffff,
                                                0x80000000,
                                                0xffffffff,
                                                1ULL << 32U,
                                                1ULL << 61U,
                                                1ULL << 62U,
                                                0x7fffffffffffffff,
                                                1ULL << 63U,
                                                ~0ULL - 31,
                                                ~0ULL};

std::uint64_t odd_number(Random& random) {
  return kOdd[random() % kOdd.size()] + (random() % 4 == 0 ? random() % 3 - 1 : 0);
}

template <typename T>
T& one_of(std::vector<T>& values, Random& random) {
  return values[random() % values.size()];
}

std::string free_bytes(std::string bytes) {
  const std::size_t size = bytes.size();
  bytes.resize(size + 64);
  bytes.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, bytes.size()));
  return bytes;
}

std::string odd_value(std::size_t size, Random& random) {
  // A float or double that is no number, infinite, tiny or negative once in a while.
  constexpr std::array<std::uint64_t, 5> kFloats = {0x7fc00000, 0x7f800000, 0xff800000, 0x00000001, 0xbf800000};
  const std::uint64_t number =
      random() % 3 == 0 ? kFloats[random() % kFloats.size()] << (size == 8 ? 32U : 0U) : odd_number(random);
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &number, 8);
  return bytes.substr(0, size);
}

void mutate_entry(std::vector<Entry>& entries, Random& random) {
  if (entries.empty()) return;
  Entry& entry = one_of(entries, random);
  switch (random() % 10) {
    case 0:
      entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(random() % entries.size()));
      return;
    case 1:
      entries.push_back(Entry(entry));
      return;
    case 2:
      entry.key = one_of(entries, random).key;
      return;
    case 3:
      entry.key = free_bytes(entry.key);
      return;
    case 4:
      entry.type = random() % 14;
      return;
    case 5:
      entry.is_array = !entry.is_array;
      return;
    case 6:
      entry.claimed = odd_number(random);
      return;
    case 7:
      if (!entry.elements.empty()) entry.elements.resize(random() % (2 * entry.elements.size() + 1), entry.elements[0]);
      return;
    default:
      if (entry.elements.empty()) return;
      std::string& element = one_of(entry.elements, random);
      element = entry.type == kString ? (random() % 2 == 0 ? free_bytes(element) : one_of(entry.elements, random))
                                      : odd_value(value_bytes(entry.type), random);
  }
}

void mutate_tensor(std::vector<Tensor>& tensors, Random& random) {
  if (tensors.empty()) return;
  Tensor& tensor = one_of(tensors, random);
  switch (random() % 9) {
    case 0:
      tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(random() % tensors.size()));
      return;
    case 1:
      tensors.push_back(Tensor(tensor));
      return;
    case 2:
      std::swap(tensor.name, one_of(tensors, random).name);
      return;
    case 3:
      tensor.name = free_bytes(tensor.name);
      return;
    case 4:
      tensor.type = random() % 44;
      return;
    case 5:
      tensor.offset = odd_number(random);
      return;
    case 6:
      tensor.shape.resize(random() % 6, 1);
      return;
    case 7:
      tensor.data = free_bytes(tensor.data);
      return;
    default:
      if (!tensor.shape.empty()) one_of(tensor.shape, random) = odd_number(random);
  }
}

}  // namespace

void mutate(Container& container, Random& random) {
  switch (random() % 16) {
    case 0:
      container.version = static_cast<std::uint32_t>(odd_number(random));
      return;
    case 1:
      container.claimed_tensors = odd_number(random);
      return;
    case 2:
      container.claimed_entries = odd_number(random);
      return;
    default:
      random() % 2 == 0 ? mutate_entry(container.entries, random) : mutate_tensor(container.tensors, random);
  }
}

}  // namespace fuzz
