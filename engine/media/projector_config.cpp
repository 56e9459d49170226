#include "engine/media/projector_config.h"

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/printable.h"
#include "engine/gguf/gguf_file.h"
#include "engine/media/image_size.h"
#include "engine/media/log_mel.h"
#include "engine/media/sound_frames.h"
#include "engine/model/metadata_reader.h"

namespace facet::engine {
namespace {

using Range = MetadataReader::Range;

// Generous multiples of the largest released encoder. Two of them multiplied fit 32 bits.
constexpr Range kWidth{1, 65535};
constexpr Range kLayers{1, 512};
constexpr Range kHeads{1, 512};
constexpr Range kFfnWidth{1, 1U << 20U};
constexpr std::uint32_t kMaxChannels = 4096;
constexpr std::uint32_t kMaxKernel = 64;
// What every device computes attention with.
constexpr std::uint32_t kMostHeadDim = 512;

// The names of a tower's keys and kinds.
struct Tower {
  std::string_view name;          // of its keys
  std::string_view has_key;       // whether the file says that it has it
  std::string_view with_encoder;  // the kinds of projector
  std::string_view without_encoder;
  std::string_view tensor;  // that there is none without
};
constexpr Tower kVision{"vision", "has_vision_encoder", "gemma4v", "gemma4uv", "v.patch_embd.weight"};
constexpr Tower kHearing{"audio", "has_audio_encoder", "gemma4a", "gemma4ua", "mm.a.input_projection.weight"};

// The keys of one tower, in a file of its own or in that of a model.
class TowerReader {
 public:
  TowerReader(const GgufFile& file, const Tower& tower)
      : file_(file), tower_(tower), inside_(!is_projector(file)), metadata_(file, inside_ ? "gemma4" : "clip") {}

  Result<bool> exists() const;
  Result<bool> has_encoder() const;
  Result<std::uint32_t> text_width() const {
    return inside_ ? metadata_.integer("embedding_length", kWidth) : integer("projection_dim", kWidth);
  }
  Result<std::uint32_t> integer(std::string_view name, Range range, std::optional<std::uint32_t> fallback = {}) const {
    return metadata_.integer(key(name), range, fallback);
  }
  Result<float> epsilon() const;
  // A number that has only one value that Facet knows what to do with.
  Status expect(std::string_view name, std::uint32_t value) const;
  // The same for each number of a list.
  Status expect_all(std::string_view name, double value) const;
  // An extent of a tensor, at least 1.
  Result<std::uint32_t> extent(const std::string& tensor, std::size_t dimension, std::uint32_t most) const;
  Error refuse(std::string_view name, const std::string& what) const { return metadata_.refuse(key(name), what); }

 private:
  std::string key(std::string_view name) const { return std::string(tower_.name) + "." + std::string(name); }
  Error refuse_file(const std::string& what) const {
    return {Error::Code::CorruptFile, "'" + file_.path().filename().string() + "' can not be used: " + what + "."};
  }

  const GgufFile& file_;
  const Tower& tower_;
  bool inside_;
  MetadataReader metadata_;
};

Result<bool> TowerReader::exists() const {
  const std::string name = "clip." + std::string(tower_.has_key);
  if (inside_ || !file_.has(name)) return file_.find(tower_.tensor) != nullptr;
  const std::optional<bool> value = file_.boolean(name);
  if (!value) return metadata_.refuse(tower_.has_key, "is not a truth value");
  return *value;
}

Result<bool> TowerReader::has_encoder() const {
  if (inside_) {
    FACET_ASSIGN_OR_RETURN(const std::uint32_t layers, integer("block_count", {0, kLayers.most}, 0));
    return layers > 0;
  }
  // Older files have one kind for all that they hold.
  std::string name = key("projector_type");
  if (!metadata_.has(name)) name = "projector_type";
  const std::optional<std::string_view> kind = file_.string("clip." + name);
  if (!kind) return metadata_.refuse(name, metadata_.has(name) ? "is not a text" : "is missing from its metadata");
  if (*kind == tower_.with_encoder) return true;
  if (*kind == tower_.without_encoder) return false;
  return Error{Error::Code::Unsupported, "'" + file_.path().filename().string() + "' is a projector of the kind '" +
                                             printable(*kind) + "'; Facet knows those of Gemma 4 only."};
}

Result<float> TowerReader::epsilon() const {
  FACET_ASSIGN_OR_RETURN(const double eps, metadata_.number(key("attention.layer_norm_epsilon"), 1e-12, 1, 1e-6));
  return static_cast<float>(eps);
}

Status TowerReader::expect(std::string_view name, std::uint32_t value) const {
  FACET_ASSIGN_OR_RETURN(const std::uint32_t found, integer(name, {0, UINT32_MAX}, value));
  if (found == value) return {};
  return refuse(
      name, "is " + std::to_string(found) + "; Facet knows no Gemma 4 model where it is not " + std::to_string(value));
}

Status TowerReader::expect_all(std::string_view name, double value) const {
  const std::string full = (inside_ ? "gemma4." : "clip.") + key(name);
  if (!file_.has(full)) return {};
  const std::optional<std::vector<double>> found = file_.numbers(full);
  if (!found) return refuse(name, "is not a list of numbers");
  for (const double number : *found)
    if (number != value)
      return refuse(name, "is not " + std::to_string(static_cast<int>(value)) +
                              " for all colours; Facet knows no Gemma 4 model of that kind");
  return {};
}

Result<std::uint32_t> TowerReader::extent(const std::string& tensor, std::size_t dimension, std::uint32_t most) const {
  const GgufTensor* found = file_.find(tensor);
  if (found == nullptr) return refuse_file("it has no tensor '" + tensor + "'");
  const std::uint64_t value = found->shape.at(dimension);
  if (value == 0 || value > most)
    return refuse_file("the tensor '" + tensor + "' has " + std::to_string(value) +
                       " values along one side; between 1 and " + std::to_string(most) + " are allowed");
  return static_cast<std::uint32_t>(value);
}

// Heads of equal size that make up the whole width.
Result<std::uint32_t> head_dim_of(const TowerReader& tower, std::uint32_t width, std::uint32_t heads,
                                  std::uint32_t multiple) {
  if (width % heads != 0 || width / heads % multiple != 0)
    return tower.refuse("attention.head_count", "is " + std::to_string(heads) +
                                                    ", which does not divide the width of " + std::to_string(width) +
                                                    " into heads of a multiple of " + std::to_string(multiple));
  return width / heads;
}

Result<VisionConfig> read_vision(const TowerReader& tower) {
  VisionConfig config;
  FACET_ASSIGN_OR_RETURN(const bool has_encoder, tower.has_encoder());
  FACET_ASSIGN_OR_RETURN(config.text_width, tower.text_width());
  FACET_ASSIGN_OR_RETURN(config.rms_eps, tower.epsilon());
  FACET_RETURN_IF_ERROR(tower.expect("patch_size", kEncoderPatchSide));
  FACET_RETURN_IF_ERROR(tower.expect("projector.scale_factor", kSoftTokenSide / kEncoderPatchSide));
  FACET_RETURN_IF_ERROR(tower.expect("num_channels", 3));
  FACET_RETURN_IF_ERROR(tower.expect_all("image_mean", 0));
  FACET_RETURN_IF_ERROR(tower.expect_all("image_std", 1));
  FACET_ASSIGN_OR_RETURN(config.positions, tower.extent("v.position_embd.weight", 1, kWidth.most));
  config.patch_side = has_encoder ? kEncoderPatchSide : kWholePatchSide;
  if (!has_encoder) {
    FACET_ASSIGN_OR_RETURN(config.width, tower.extent("v.patch_embd.weight", 1, kWidth.most));
    return config;
  }
  FACET_ASSIGN_OR_RETURN(config.width, tower.integer("embedding_length", kWidth));
  FACET_ASSIGN_OR_RETURN(config.layers, tower.integer("block_count", kLayers));
  FACET_ASSIGN_OR_RETURN(config.heads, tower.integer("attention.head_count", kHeads));
  FACET_ASSIGN_OR_RETURN(config.ffn_width, tower.integer("feed_forward_length", kFfnWidth));
  // A head has two halves that rotate, and a half has pairs.
  FACET_ASSIGN_OR_RETURN(config.head_dim, head_dim_of(tower, config.width, config.heads, 4));
  if (config.head_dim > kMostHeadDim)
    return tower.refuse("attention.head_count", "is " + std::to_string(config.heads) + ", so that heads are " +
                                                    std::to_string(config.head_dim) + " wide; Facet computes with " +
                                                    std::to_string(kMostHeadDim) + " at most");
  return config;
}

Result<HearingConfig> read_hearing(const TowerReader& tower) {
  HearingConfig config;
  FACET_ASSIGN_OR_RETURN(const bool has_encoder, tower.has_encoder());
  FACET_ASSIGN_OR_RETURN(config.text_width, tower.text_width());
  FACET_ASSIGN_OR_RETURN(config.rms_eps, tower.epsilon());
  config.width = kSoundFrame;
  if (!has_encoder) return config;
  FACET_ASSIGN_OR_RETURN(config.width, tower.integer("embedding_length", kWidth));
  FACET_RETURN_IF_ERROR(tower.expect("num_mel_bins", kMelBands));
  FACET_ASSIGN_OR_RETURN(config.layers, tower.integer("block_count", kLayers));
  FACET_ASSIGN_OR_RETURN(config.heads, tower.integer("attention.head_count", kHeads));
  FACET_ASSIGN_OR_RETURN(config.ffn_width, tower.integer("feed_forward_length", kFfnWidth));
  // Distances are described by pairs of a sine and a cosine.
  FACET_ASSIGN_OR_RETURN(config.head_dim, head_dim_of(tower, config.width, config.heads, 2));
  FACET_ASSIGN_OR_RETURN(config.channels[0], tower.extent("a.conv1d.0.weight", 3, kMaxChannels));
  FACET_ASSIGN_OR_RETURN(config.channels[1], tower.extent("a.conv1d.1.weight", 3, kMaxChannels));
  FACET_ASSIGN_OR_RETURN(config.kernel, tower.extent("a.blk.0.conv_dw.weight", 0, kMaxKernel));
  FACET_RETURN_IF_ERROR(tower.expect("conv_kernel_size", config.kernel));
  FACET_ASSIGN_OR_RETURN(config.output_width, tower.extent("mm.a.input_projection.weight", 0, kWidth.most));
  return config;
}

}  // namespace

bool is_projector(const GgufFile& file) {
  return file.string("general.architecture") == std::string_view("clip");
}

bool has_projector_inside(const GgufFile& file) {
  if (file.string("general.architecture") != std::string_view("gemma4")) return false;
  return file.find(kVision.tensor) != nullptr || file.find(kHearing.tensor) != nullptr;
}

Result<ProjectorConfig> read_projector_config(const GgufFile& file) {
  ProjectorConfig config;
  const TowerReader vision(file, kVision);
  FACET_ASSIGN_OR_RETURN(const bool sees, vision.exists());
  if (sees) {
    FACET_ASSIGN_OR_RETURN(config.vision, read_vision(vision));
  }
  const TowerReader hearing(file, kHearing);
  FACET_ASSIGN_OR_RETURN(const bool hears, hearing.exists());
  if (hears) {
    FACET_ASSIGN_OR_RETURN(config.hearing, read_hearing(hearing));
  }
  const std::string name = "'" + file.path().filename().string() + "'";
  if (!sees && !hears) return Error{Error::Code::CorruptFile, name + " is a projector for neither pictures nor sound."};
  if (sees && hears && config.vision->text_width != config.hearing->text_width)
    return Error{Error::Code::CorruptFile, name + " can not be used: its pictures are for a model of width " +
                                               std::to_string(config.vision->text_width) +
                                               " and its sound for one of " +
                                               std::to_string(config.hearing->text_width) + "."};
  return config;
}

}  // namespace facet::engine
