#include "app/models/checkpoint.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "app/models/json_file.h"

namespace facet::app::models {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxIndexBytes = std::uint64_t{64} << 20U;
constexpr std::size_t kMaxFiles = 4096;

// The files of an index, which must lie beside it.
Result<std::set<std::string>> files_of(const Json& index, const fs::path& path) {
  const Json* map = member(index, "weight_map");
  if (map == nullptr || !map->is_object())
    return Error{Error::Code::CorruptFile, "'" + path.string() + "' does not say where the tensors are."};
  std::set<std::string> files;
  for (const auto& [tensor, file] : map->items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : std::string();
    const bool lies_beside = name.find('/') == std::string::npos && name.find('\0') == std::string::npos &&
                             name.find_first_not_of('.') != std::string::npos;
    if (!lies_beside)
      return Error{Error::Code::CorruptFile,
                   "'" + path.string() + "' names no file beside it for the tensor '" + printable(tensor) + "'."};
    files.insert(name);
  }
  if (files.size() > kMaxFiles) return Error{Error::Code::CorruptFile, "'" + path.string() + "' names too many files."};
  return files;
}

}  // namespace

Status Checkpoint::add_file(const fs::path& path) {
  FACET_ASSIGN_OR_RETURN(SafetensorsFile opened, open_safetensors(path));
  files_.push_back(std::move(opened.file));
  std::move(opened.tensors.begin(), opened.tensors.end(), std::back_inserter(tensors_));
  return {};
}

Status Checkpoint::add_indexed(const fs::path& folder, const fs::path& index) {
  FACET_ASSIGN_OR_RETURN(const Json json, read_json_file(index, kMaxIndexBytes));
  FACET_ASSIGN_OR_RETURN(const std::set<std::string> files, files_of(json, index));
  std::error_code ignored;
  std::size_t missing = 0;
  for (const std::string& file : files)
    missing += fs::exists(folder / file, ignored) ? 0 : 1;
  for (const std::string& file : files) {
    if (fs::exists(folder / file, ignored)) continue;
    return Error{Error::Code::NotFound,
                 "The model in '" + folder.string() + "' is incomplete: '" + printable(file) + "' is missing" +
                     (missing > 1 ? " and " + std::to_string(missing - 1) + " more" : "") + "; download it again."};
  }
  for (const std::string& file : files)
    FACET_RETURN_IF_ERROR(add_file(folder / file));
  FACET_RETURN_IF_ERROR(sort());
  for (const auto& [tensor, file] : member(json, "weight_map")->items())
    if (find(tensor) == nullptr)
      return Error{
          Error::Code::CorruptFile,
          "The model in '" + folder.string() + "' is incomplete: no file has the tensor '" + printable(tensor) + "'."};
  return {};
}

Status Checkpoint::sort() {
  const auto by_name = [](const SafeTensor& a, const SafeTensor& b) { return a.name < b.name; };
  std::sort(tensors_.begin(), tensors_.end(), by_name);
  const auto twin = std::adjacent_find(tensors_.begin(), tensors_.end(),
                                       [](const SafeTensor& a, const SafeTensor& b) { return a.name == b.name; });
  if (twin == tensors_.end()) return {};
  return Error{Error::Code::CorruptFile, "Two files have the tensor '" + printable(twin->name) + "'."};
}

Result<Checkpoint> Checkpoint::open(const fs::path& folder) {
  Checkpoint checkpoint;
  const fs::path index = folder / "model.safetensors.index.json";
  const fs::path single = folder / "model.safetensors";
  std::error_code ignored;
  if (fs::exists(index, ignored)) {
    FACET_RETURN_IF_ERROR(checkpoint.add_indexed(folder, index));
    return checkpoint;
  }
  if (!fs::exists(single, ignored))
    return Error{Error::Code::NotFound, "There are no weights in '" + folder.string() +
                                            "': neither model.safetensors nor model.safetensors.index.json is there."};
  FACET_RETURN_IF_ERROR(checkpoint.add_file(single));
  FACET_RETURN_IF_ERROR(checkpoint.sort());
  return checkpoint;
}

const SafeTensor* Checkpoint::find(std::string_view name) const {
  const auto found = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                      [](const SafeTensor& tensor, std::string_view n) { return tensor.name < n; });
  return found == tensors_.end() || found->name != name ? nullptr : &*found;
}

}  // namespace facet::app::models
