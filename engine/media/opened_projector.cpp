#include "engine/media/opened_projector.h"

#include <algorithm>
#include <cctype>
#include <system_error>
#include <utility>

namespace facet::engine {
namespace {

constexpr const char* kMark = "mmproj";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// How much of the beginning of two names is alike, the projector's without what says that it is one.
std::size_t likeness(const std::string& model, std::string projector) {
  if (projector.starts_with(kMark)) projector.erase(0, std::string(kMark).size() + 1);
  const auto differing = std::mismatch(model.begin(), model.end(), projector.begin(), projector.end()).first;
  return static_cast<std::size_t>(differing - model.begin());
}

Result<OpenedProjector> open_file(const std::filesystem::path& path, const ModelConfig& config) {
  OpenedProjector opened;
  FACET_ASSIGN_OR_RETURN(opened.own_file, GgufFile::open(path));
  const std::string name = "'" + path.filename().string() + "'";
  if (!is_projector(*opened.own_file))
    return Error{Error::Code::InvalidInput, name + " is no projector; choose a file that has 'mmproj' in its name."};
  FACET_ASSIGN_OR_RETURN(opened.projector, read_projector(*opened.own_file));
  const std::uint32_t width = opened.projector->config.text_width();
  if (width == config.embedding_length) return opened;
  return Error{Error::Code::InvalidInput, name + " is for a model of width " + std::to_string(width) +
                                              ", and this one's is " + std::to_string(config.embedding_length) + "."};
}

Result<OpenedProjector> read_inside(const GgufFile& model, const ModelConfig& config) {
  OpenedProjector opened;
  FACET_ASSIGN_OR_RETURN(opened.projector, read_projector(model));
  if (opened.projector->config.text_width() == config.embedding_length) return opened;
  return Error{Error::Code::CorruptFile,
               "'" + model.path().filename().string() + "' holds a projector for a model of another width."};
}

}  // namespace

std::vector<std::filesystem::path> projectors_beside(const std::filesystem::path& model, std::uint32_t text_width) {
  std::vector<std::filesystem::path> found;
  std::error_code failure;
  const auto folder = model.has_parent_path() ? model.parent_path() : std::filesystem::path(".");
  for (std::filesystem::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const std::string name = lower(entry->path().filename().string());
    if (!name.ends_with(".gguf") || name.find(kMark) == std::string::npos) continue;
    const auto file = GgufFile::open(entry->path());
    if (!file.ok() || !is_projector(**file)) continue;
    const auto config = read_projector_config(**file);
    if (config.ok() && config->text_width() == text_width) found.push_back(entry->path());
  }
  const std::string stem = lower(model.stem().string());
  std::sort(found.begin(), found.end(), [&](const auto& left, const auto& right) {
    const std::size_t of_left = likeness(stem, lower(left.stem().string()));
    const std::size_t of_right = likeness(stem, lower(right.stem().string()));
    return of_left != of_right ? of_left > of_right : left < right;
  });
  return found;
}

Result<OpenedProjector> open_projector(const GgufFile& model, const ModelConfig& config,
                                       const std::filesystem::path& wanted) {
  if (wanted.empty()) return OpenedProjector();
  if (wanted != "auto") return open_file(wanted, config);
  OpenedProjector none;
  const auto remember = [&](Result<OpenedProjector> opened) {
    if (!opened.ok() && none.remark.empty()) none.remark = opened.error().message;
    return opened;
  };
  if (has_projector_inside(model)) {
    auto inside = remember(read_inside(model, config));
    if (inside.ok()) return inside;
  }
  for (const std::filesystem::path& path : projectors_beside(model.path(), config.embedding_length)) {
    auto opened = remember(open_file(path, config));
    if (opened.ok()) return opened;
  }
  return none;
}

}  // namespace facet::engine
