#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/devices/device_trials.h"
#include "app/models/model_folder.h"
#include "engine/engine.h"
#include "engine/trial/device_trial.h"

namespace facet::app::cli {

namespace {

using engine::DeviceMemory;
using engine::FitReport;
using nlohmann::json;

const char* name_of(engine::CacheFormat format) {
  switch (format) {
    case engine::CacheFormat::F32:
      return "f32";
    case engine::CacheFormat::F16:
      return "f16";
    case engine::CacheFormat::Q8_0:
      return "q8_0";
    case engine::CacheFormat::Automatic:
      break;
  }
  return "auto";
}

json as_json(const DeviceMemory& device, bool has_experts) {
  json all = {{"device", device.device},
              {"gpu", device.is_gpu},
              {"layers", device.layers},
              {"first_layer", device.first_layer},
              {"output_matrix", device.has_head},
              {"weight_bytes", device.weight_bytes},
              {"mapped_bytes", device.mapped_bytes},
              {"cache_bytes", device.cache_bytes},
              {"activation_bytes", device.activation_bytes},
              {"working_bytes", device.working_bytes},
              {"total_bytes", device.total_bytes},
              {"budget_bytes", device.budget_bytes}};
  if (has_experts) all["expert_layers"] = device.expert_layers;
  if (has_experts) all["held_experts"] = device.held_experts;
  return all;
}

json as_json(const FitReport& report) {
  json devices = json::array();
  for (const DeviceMemory& device : report.memory.devices)
    devices.push_back(as_json(device, report.experts > 0));
  return {{"model", report.model.path.string()},
          {"size", report.model.size_label},
          {"formats", report.model.formats},
          {"layers", report.model.layers},
          {"experts", report.experts},
          {"context", report.context},
          {"cache", name_of(report.cache_format)},
          {"largest_context", report.largest_context},
          {"fits", report.fits},
          {"remark", report.remark},
          {"weight_bytes", report.memory.weight_bytes},
          {"table_bytes", report.memory.table_bytes},
          {"devices", devices}};
}

std::string bytes_line(const char* title, std::uint64_t bytes, const std::string& more = {}) {
  char text[96];
  std::snprintf(text, sizeof text, "  %-16s %10.1f MB", title, static_cast<double>(bytes) / 1e6);
  return text + more + "\n";
}

std::string megabytes(std::uint64_t bytes) {
  char text[48];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

std::string task_of(const DeviceMemory& device, const FitReport& report) {
  std::string task;
  const auto add = [&](const std::string& part) { task += (task.empty() ? "" : ", ") + part; };
  if (device.layers == 1) add("layer " + std::to_string(device.first_layer));
  if (device.layers > 1)
    add("layers " + std::to_string(device.first_layer) + " to " +
        std::to_string(device.first_layer + device.layers - 1));
  if (report.experts > 0)
    add("experts of " + std::to_string(device.expert_layers) + (device.expert_layers == 1 ? " layer" : " layers"));
  if (device.has_head) add("output matrix");
  return task;
}

std::string as_text(const DeviceMemory& device, const FitReport& report) {
  const std::string budget =
      device.budget_bytes == 0 ? std::string() : " of " + megabytes(device.budget_bytes) + " that may be used";
  std::string text = device.device + ": " + task_of(device, report) + "\n";
  if (device.held_experts > 0)
    text += "  keeps " + std::to_string(device.held_experts) + " of all " + std::to_string(report.experts) +
            " experts besides, those that are asked for most\n";
  text += bytes_line("weights", device.weight_bytes);
  text += bytes_line("cache", device.cache_bytes);
  text += bytes_line("activations", device.activation_bytes);
  text += bytes_line("working memory", device.working_bytes);
  text += bytes_line("total", device.total_bytes, budget);
  if (device.mapped_bytes > 0)
    text += bytes_line("in the file", device.mapped_bytes, " of matrices, used where they are");
  return text;
}

std::string as_text(const FitReport& report) {
  std::string text = report.model.name + " (" + report.model.formats + ")\n";
  text += "Context of " + std::to_string(report.context) + " tokens, cache in " + name_of(report.cache_format);
  if (report.largest_context > 0) text += "; " + std::to_string(report.largest_context) + " tokens would fit";
  text += "\n";
  for (const DeviceMemory& device : report.memory.devices)
    text += as_text(device, report);
  return text + "In the file, of which a token reads a row: " + megabytes(report.memory.table_bytes) + " of tables\n";
}

Result<FitReport> plan(const Arguments& arguments, const std::string& model, std::uint32_t context) {
  FACET_ASSIGN_OR_RETURN(const Paths paths, arguments.paths());
  FACET_ASSIGN_OR_RETURN(const auto file, models::open_model_file(resolve_model(paths, model)));
  engine::EngineOptions options = arguments.engine();
  options.context_length = context;
  // A device that was named is taken at its word here: the plan is the same whether or not it computes right.
  if (options.backend.empty() || options.backend == "auto") options.try_device = devices::judge_of(paths);
  return engine::fit_model(*file, options);
}

}  // namespace

int models_fit(const QStringList& words) {
  constexpr std::int64_t kMostTokens = 1 << 24;
  Arguments arguments("facet models fit",
                      "Shows where a model would lie and what memory it takes, without loading it.");
  arguments.device_options();
  arguments.number_options();
  arguments.option("context", "tokens",
                   "Tokens of a conversation; the smaller of the model's own and 8192 when left out.");
  arguments.flag("json", "Print JSON.");
  arguments.positional("model", "A GGUF file, a folder with safetensors files, or built-in.", "MODEL");
  if (const auto status = arguments.parse(words)) return *status;
  const std::vector<std::string> given = arguments.positionals();
  if (given.size() != 1) return arguments.usage_error("Name one model.");
  const auto context = arguments.integer("context");
  if (!context.ok()) return arguments.usage_error(context.error().message);
  if (context->has_value() && (**context < 1 || **context > kMostTokens))
    return arguments.usage_error("--context takes a number of tokens of at least 1.");
  const Result<FitReport> report = plan(arguments, given[0], static_cast<std::uint32_t>(context->value_or(0)));
  if (!report.ok()) return fail(report.error());
  print(arguments.has("json") ? as_json(*report).dump(2, ' ', false, json::error_handler_t::replace) + "\n"
                              : as_text(*report));
  if (!report->fits) return fail({Error::Code::OutOfMemory, report->remark});
  if (!report->remark.empty()) std::fprintf(stderr, "%s\n", report->remark.c_str());
  return kSuccess;
}

}  // namespace facet::app::cli
