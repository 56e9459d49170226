#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/formats/formats.h"

namespace facet::engine {

// One tensor of a model file. `shape[0]` is the contiguous dimension (the input size of a matrix used as y = W x);
// missing dimensions are 1. `data` points into the mapped file, is not necessarily aligned, and has exactly the bytes
// that shape and format need. The format may be one without a decoder (see FormatInfo).
struct GgufTensor {
  std::string_view name;
  Format format;
  std::array<std::uint64_t, 4> shape;
  std::span<const std::byte> data;
  // Of a mapped file, so that its pages may be given back (`give_back_pages`) while nobody reads them.
  bool is_mapped = false;
};

struct GgufParts;

// A GGUF file (version 2 or 3), mapped read-only. Everything the header claims is checked against the size of the file
// before it is believed, so that a hostile file costs neither memory nor time: after `open` succeeds every accessor is
// safe. Immutable and usable from any thread; the views it hands out live as long as the object.
class GgufFile {
 public:
  static Result<std::unique_ptr<GgufFile>> open(const std::filesystem::path& path);
  // The same for a model of another container, whose tensors are described as GGUF would.
  static Result<std::unique_ptr<GgufFile>> assemble(GgufParts parts);
  ~GgufFile();

  // Metadata by key; nothing when the key is absent or holds another kind of value. Any integer type, a truth value and
  // a whole float serve as an integer, any number as a number, 0 and 1 as truth values. A scalar serves as an array of
  // one element, and an array of one element as a scalar.
  bool has(std::string_view key) const;
  std::optional<std::string_view> string(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::vector<std::string_view>> strings(std::string_view key) const;
  std::optional<std::vector<std::int64_t>> integers(std::string_view key) const;
  std::optional<std::vector<double>> numbers(std::string_view key) const;

  const GgufTensor* find(std::string_view tensor_name) const;
  std::span<const GgufTensor> tensors() const;

  // Whether everything that was asked for until now could be read. A file that is cut off while it is in use, or whose
  // disk goes away, gives zeros from there on.
  bool is_intact() const;
  // The sentence for one that is not.
  Error lost() const;

  const std::filesystem::path& path() const;
  std::uint64_t file_bytes() const;

 private:
  GgufFile();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace facet::engine
