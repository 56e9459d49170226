#include "engine/model/metadata_reader.h"

#include <sstream>

#include "engine/gguf/gguf_file.h"

namespace facet::engine {
namespace {

std::string plain(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

}  // namespace

MetadataReader::MetadataReader(const GgufFile& file, std::string_view architecture)
    : file_(file), prefix_(std::string(architecture) + ".") {}

bool MetadataReader::has(std::string_view name) const {
  return file_.has(key(name));
}

Error MetadataReader::refuse(std::string_view name, const std::string& what) const {
  return {Error::Code::CorruptFile,
          "'" + file_.path().filename().string() + "' can not be used: '" + key(name) + "' " + what + "."};
}

Error MetadataReader::missing_or_malformed(std::string_view name, const std::string& expected) const {
  return refuse(name, has(name) ? "is not " + expected : "is missing from its metadata");
}

Result<std::uint32_t> MetadataReader::integer(std::string_view name, Range range,
                                              std::optional<std::uint32_t> fallback) const {
  if (fallback && !has(name)) return *fallback;
  const std::optional<std::int64_t> value = file_.integer(key(name));
  if (!value) return missing_or_malformed(name, "a whole number");
  if (*value < range.least || *value > range.most)
    return refuse(name, "is " + std::to_string(*value) + "; it must lie between " + std::to_string(range.least) +
                            " and " + std::to_string(range.most));
  return static_cast<std::uint32_t>(*value);
}

Result<std::vector<std::uint32_t>> MetadataReader::integers(std::string_view name, Range range,
                                                            std::uint32_t count) const {
  const std::optional<std::vector<std::int64_t>> values = file_.integers(key(name));
  if (!values) return missing_or_malformed(name, "a list of whole numbers");
  if (values->size() != 1 && values->size() != count)
    return refuse(name, "has " + std::to_string(values->size()) + " values for " + std::to_string(count) + " layers");
  std::vector<std::uint32_t> result(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::int64_t value = values->size() == 1 ? values->front() : (*values)[i];
    if (value < range.least || value > range.most)
      return refuse(name, "has the value " + std::to_string(value) + " for layer " + std::to_string(i) +
                              "; it must lie between " + std::to_string(range.least) + " and " +
                              std::to_string(range.most));
    result[i] = static_cast<std::uint32_t>(value);
  }
  return result;
}

Result<double> MetadataReader::number(std::string_view name, double least, double most,
                                      std::optional<double> fallback) const {
  if (fallback && !has(name)) return *fallback;
  const std::optional<double> value = file_.number(key(name));
  if (!value) return missing_or_malformed(name, "a number");
  // Written so that a value that is not a number fails as well.
  if (!(*value >= least && *value <= most))
    return refuse(name, "is " + plain(*value) + "; it must lie between " + plain(least) + " and " + plain(most));
  return *value;
}

}  // namespace facet::engine
