#include "app/models/convert.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "app/models/model_folder.h"
#include "engine/base/thread_pool.h"
#include "engine/engine.h"
#include "engine/formats/formats.h"
#include "engine/gguf/gguf_writer.h"

namespace facet::app::models {

namespace fs = std::filesystem;

namespace {

using engine::Format;
using engine::FormatInfo;
using engine::GgufTensor;

// Weights that one task of a thread encodes, and that are written at once.
constexpr std::uint64_t kWeightsPerTask = std::uint64_t{1} << 16U;
constexpr std::size_t kTasksPerWrite = 64;
// Scales are halves, which end here.
constexpr float kLargestHalf = 65504.0F;

int thread_count(int wanted) {
  return wanted > 0 ? std::min(wanted, 256) : std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 256);
}

std::uint64_t weights_of(const GgufTensor& tensor) {
  return tensor.shape[0] * tensor.shape[1] * tensor.shape[2] * tensor.shape[3];
}

// Whether each value can be written in the format. Not ended early, so that it is done many values at a time.
bool all_representable(std::span<const float> values, const FormatInfo& format) {
  const bool whole_range = format.format == Format::F32 || format.format == Format::BF16;
  const float most = whole_range ? 3.4028234e38F : kLargestHalf;
  bool fine = true;
  for (const float value : values)
    fine &= std::abs(value) <= most;
  return fine;
}

// Tensors in the order of their names' numbers: those of the model, then layer by layer, as other writers have them.
std::vector<std::size_t> file_order(std::span<const GgufTensor> tensors) {
  const auto layer_of = [&](std::size_t index) {
    const std::string_view name = tensors[index].name;
    return name.starts_with("blk.") ? std::stoi(std::string(name.substr(4))) : -1;
  };
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return layer_of(a) < layer_of(b); });
  return order;
}

class Conversion {
 public:
  Conversion(const ModelFolder& folder, const ConvertOptions& options)
      : folder_(folder), options_(options), pool_(thread_count(options.threads)) {
    for (const GgufTensor& tensor : folder.file->tensors())
      total_ += weights_of(tensor);
  }

  Result<Converted> run(const fs::path& target) {
    const auto tensors = folder_.file->tensors();
    const std::vector<std::size_t> order = file_order(tensors);
    std::vector<PlannedTensor> planned;
    for (const std::size_t index : order)
      planned.push_back({folder_.roles[index], tensors[index].shape});
    const std::vector<Format> formats = plan_formats(options_.type, planned);
    std::vector<engine::GgufTensorInfo> infos;
    for (std::size_t i = 0; i < order.size(); ++i)
      infos.push_back({std::string(tensors[order[i]].name), formats[i], tensors[order[i]].shape});

    engine::GgufMetadata metadata = folder_.metadata;
    metadata.set_u32("general.file_type", file_type_number(options_.type));
    metadata.set_u32("general.quantization_version", 2);
    FACET_ASSIGN_OR_RETURN(const auto writer, engine::GgufWriter::create(target, metadata, std::move(infos)));
    for (std::size_t i = 0; i < order.size(); ++i)
      FACET_RETURN_IF_ERROR(convert_tensor(tensors[order[i]], engine::format_info(formats[i]), *writer));
    if (!folder_.file->is_intact()) return folder_.file->lost();
    FACET_RETURN_IF_ERROR(writer->finish());
    return Converted{writer->file_bytes(), {}};
  }

 private:
  Status convert_tensor(const GgufTensor& tensor, const FormatInfo& target, engine::GgufWriter& writer) {
    const std::uint64_t row = tensor.shape[0];
    const std::uint64_t rows = weights_of(tensor) / row;
    const std::uint64_t rows_per_task = std::max<std::uint64_t>(1, kWeightsPerTask / row);
    const std::uint64_t rows_per_write = rows_per_task * kTasksPerWrite;
    const std::uint64_t source_row = engine::row_bytes(tensor.format, row);
    const std::uint64_t target_row = engine::row_bytes(target.format, row);
    for (std::uint64_t first = 0; first < rows; first += rows_per_write) {
      if (options_.stop.stop_requested()) return Error{Error::Code::Stopped, "The conversion was stopped."};
      const std::uint64_t count = std::min(rows_per_write, rows - first);
      encoded_.resize(count * target_row);
      std::atomic<bool> fine = true;
      pool_.run((count + rows_per_task - 1) / rows_per_task, [&](std::size_t task) {
        const std::uint64_t begin = task * rows_per_task;
        const std::uint64_t weights = std::min(rows_per_task, count - begin) * row;
        thread_local std::vector<float> values;
        values.resize(weights);
        engine::format_info(tensor.format)
            .decode(tensor.data.data() + (first + begin) * source_row, values.data(), weights);
        if (!all_representable(values, target))
          fine = false;
        else
          target.encode(values.data(), encoded_.data() + begin * target_row, weights);
      });
      if (!fine)
        return Error{Error::Code::CorruptFile, "The tensor '" + std::string(tensor.name) +
                                                   "' holds values that are not numbers or too large for " +
                                                   std::string(target.name) + "."};
      FACET_RETURN_IF_ERROR(writer.append(encoded_));
      done_ += count * row;
      if (options_.progress) options_.progress(done_, total_);
    }
    return {};
  }

  const ModelFolder& folder_;
  const ConvertOptions& options_;
  ThreadPool pool_;
  std::vector<std::byte> encoded_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace

Result<Converted> convert(const fs::path& folder, const fs::path& target, const ConvertOptions& options) {
  std::error_code ignored;
  if (fs::is_directory(target, ignored))
    return Error{Error::Code::InvalidInput, "'" + target.string() + "' is a folder; name the file to write."};
  FACET_ASSIGN_OR_RETURN(const ModelFolder opened, open_model_folder(folder));
  FACET_ASSIGN_OR_RETURN(Converted converted, Conversion(opened, options).run(target));
  // What was written must be a model again.
  FACET_ASSIGN_OR_RETURN(const engine::ModelDescription model, engine::describe_model(target));
  converted.formats = model.formats;
  return converted;
}

}  // namespace facet::app::models
