#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/models/model_folder.h"
#include "engine/model/config.h"
#include "engine/trial/kernel_trial.h"
#include "engine/vulkan/vulkan.h"

namespace facet::app::cli {

namespace {

using nlohmann::json;

Result<engine::Format> cache_format(const std::string& name) {
  if (name == "f32") return engine::Format::F32;
  if (name == "f16") return engine::Format::F16;
  if (name == "q8_0") return engine::Format::Q8_0;
  return Error{Error::Code::InvalidInput, "--cache takes f32, f16 or q8_0, not " + name + "."};
}

bool is_the_devices_fault(const Error& error) {
  return error.code == Error::Code::Unsupported || error.code == Error::Code::DeviceLost ||
         error.code == Error::Code::Internal;
}

Status test_device(const Arguments& arguments, const std::string& device, engine::Format cache) {
  std::filesystem::path model = arguments.model();
  if (is_built_in(arguments.model())) {
    FACET_ASSIGN_OR_RETURN(const Paths paths, arguments.paths());
    model = paths.built_in_model();
  }
  FACET_ASSIGN_OR_RETURN(const auto file, models::open_model_file(model));
  FACET_ASSIGN_OR_RETURN(const engine::ModelConfig config, engine::read_config(*file));
  FACET_ASSIGN_OR_RETURN(const auto backend, engine::open_vulkan(device, arguments.text("form")));
  return engine::try_kernels(*backend, engine::kernel_use(*file, config, cache),
                             engine::vulkan_product_tolerance(arguments.text("form")));
}

}  // namespace

int debug_vulkan_test(const QStringList& words) {
  Arguments arguments("facet debug vulkan-test",
                      "Tests on a Vulkan device what a model uses, against the CPU, and prints the verdict as JSON.");
  arguments.model_options();
  arguments.option("device", "n", "The device's number, as doctor lists it.");
  arguments.option("form", "name", "The form of the kernels; the fastest that does not round when left out.");
  arguments.option("cache", "format", "Format of keys and values: f32, f16 or q8_0; f32 when left out.");
  if (const auto status = arguments.parse(words)) return *status;
  const auto device = arguments.integer("device");
  if (!device.ok()) return arguments.usage_error(device.error().message);
  if (!*device || **device < 0) return arguments.usage_error("--device takes the number of a device.");
  const auto cache = cache_format(arguments.has("cache") ? arguments.text("cache") : "f32");
  if (!cache.ok()) return arguments.usage_error(cache.error().message);

  const Status done = test_device(arguments, std::to_string(**device), *cache);
  // A test that could not be made says nothing about the device.
  json report;
  if (done.ok() || is_the_devices_fault(done.error())) report["passed"] = done.ok();
  if (!done.ok()) report["reason"] = done.error().message;
  print(report.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
  return done.ok() ? kSuccess : kFailure;
}

}  // namespace facet::app::cli
