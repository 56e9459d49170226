#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace facet::engine {

class GgufFile;

// Reads the numbers of one architecture's metadata and checks each against a range. Errors name the key.
class MetadataReader {
 public:
  MetadataReader(const GgufFile& file, std::string_view architecture);

  struct Range {
    std::uint32_t least;
    std::uint32_t most;
  };

  // Fails when the key is absent, unless there is a fallback.
  Result<std::uint32_t> integer(std::string_view name, Range range, std::optional<std::uint32_t> fallback = {}) const;
  // `count` integers: an array of as many, or a scalar that stands for all.
  Result<std::vector<std::uint32_t>> integers(std::string_view name, Range range, std::uint32_t count) const;
  Result<double> number(std::string_view name, double least, double most, std::optional<double> fallback = {}) const;

  bool has(std::string_view name) const;
  // The error of a key whose value contradicts others.
  Error refuse(std::string_view name, const std::string& what) const;

 private:
  std::string key(std::string_view name) const { return prefix_ + std::string(name); }
  Error missing_or_malformed(std::string_view name, const std::string& expected) const;

  const GgufFile& file_;
  std::string prefix_;
};

}  // namespace facet::engine
