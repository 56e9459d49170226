#include "engine/media/projector_identity.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "engine/base/byte_reader.h"
#include "engine/base/sha256.h"

namespace facet::engine {
namespace {

// Counts with what encoders do: a change of their arithmetic, or of what they are given, changes it.
constexpr const char* kVersion = "1";
constexpr std::size_t kAtOnce = std::size_t{4} << 20U;  // bytes between two looks at the stop

template <typename Config>
void append_common(std::ostream& text, const Config& config) {
  for (const std::uint32_t number :
       {config.text_width, config.width, config.layers, config.heads, config.head_dim, config.ffn_width})
    text << number << ' ';
  text << std::hexfloat << config.rms_eps << ' ';
}

std::string text_of(const ProjectorConfig& config) {
  std::ostringstream text;
  text << "projector " << kVersion << ' ';
  if (config.vision) {
    append_common(text << "sees ", *config.vision);
    text << config.vision->patch_side << ' ' << config.vision->positions << ' ';
  }
  if (config.hearing) {
    append_common(text << "hears ", *config.hearing);
    text << config.hearing->kernel << ' ' << config.hearing->output_width << ' ';
  }
  return text.str();
}

// Of a model's file that holds a projector those alone count.
bool belongs_to_projector(std::string_view tensor) {
  return tensor.starts_with("v.") || tensor.starts_with("a.") || tensor.starts_with("mm.");
}

std::string text_of(const timespec& time) {
  return std::to_string(time.tv_sec) + ' ' + std::to_string(time.tv_nsec) + ' ';
}

// Names a file as it is now, by when it was changed and when the system saw it change, which nobody can set; empty for
// what is no single file.
std::string stamp_of(const GgufFile& file, const std::string& config) {
  std::error_code failure;
  const std::filesystem::path path = std::filesystem::canonical(file.path(), failure);
  struct stat facts = {};
  if (failure || stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return {};
  return sha256_hex("file " + path.string() + '\0' + std::to_string(facts.st_dev) + ' ' + std::to_string(facts.st_ino) +
                    ' ' + std::to_string(facts.st_size) + ' ' + text_of(facts.st_mtim) + text_of(facts.st_ctim) +
                    config);
}

std::string digest_of(const GgufFile& file, const std::string& config, const std::stop_token& stop) {
  Sha256 hash;
  hash.update(config);
  for (const GgufTensor& tensor : file.tensors()) {
    if (!belongs_to_projector(tensor.name)) continue;
    std::string about = std::string(tensor.name) + '\0' + std::string(format_info(tensor.format).name);
    for (const std::uint64_t extent : tensor.shape)
      about += ' ' + std::to_string(extent);
    hash.update(about + '\0');
    for (std::size_t done = 0; done < tensor.data.size(); done += kAtOnce) {
      if (stop.stop_requested()) return {};
      hash.update(as_text(tensor.data.subspan(done, std::min(kAtOnce, tensor.data.size() - done))));
    }
  }
  return file.is_intact() ? hash.finish() : std::string();
}

}  // namespace

std::string projector_identity(const GgufFile& file, const ProjectorConfig& config, MediaFolder& folder,
                               const std::stop_token& stop) {
  const std::string text = text_of(config);
  const std::string stamp = stamp_of(file, text);
  if (!stamp.empty()) {
    if (std::string known = folder.find_digest(stamp); !known.empty()) return known;
  }
  std::string digest = digest_of(file, text, stop);
  if (!stamp.empty() && !digest.empty()) folder.add_digest(stamp, digest);
  return digest;
}

}  // namespace facet::engine
