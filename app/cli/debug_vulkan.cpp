#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/cli/command.h"
#include "app/devices/device_trials.h"
#include "app/models/model_folder.h"
#include "engine/cpu/cpu_backend.h"
#include "engine/model/config.h"
#include "engine/trial/cost_trial.h"
#include "engine/trial/kernel_trial.h"
#include "engine/trial/kernel_use.h"
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

// Part of a model on the device makes it no faster than all of it.
bool is_slow(const engine::Ability& ability) {
  return ability.is_known() && engine::speedup(ability, /*part=*/1) < 1;
}

bool is_the_devices_fault(const Error& error) {
  return error.code == Error::Code::Unsupported || error.code == Error::Code::DeviceLost ||
         error.code == Error::Code::Internal;
}

// A device, and the model that it is tried with.
struct Trial {
  std::unique_ptr<engine::GgufFile> file;
  engine::ModelConfig config;
  std::unique_ptr<engine::DeviceBackend> device;
};

Result<Trial> open_trial(const Arguments& arguments, const std::string& device) {
  Trial trial;
  std::filesystem::path model = arguments.model();
  if (is_built_in(arguments.model())) {
    FACET_ASSIGN_OR_RETURN(const Paths paths, arguments.paths());
    model = paths.built_in_model();
  }
  FACET_ASSIGN_OR_RETURN(trial.file, models::open_model_file(model));
  FACET_ASSIGN_OR_RETURN(trial.config, engine::read_config(*trial.file));
  FACET_ASSIGN_OR_RETURN(trial.device, engine::open_vulkan(device, arguments.text("form")));
  return trial;
}

// One that has no room for it, or breaks down only then, may compute right all the same: nothing is known of it.
engine::Ability ability_of(const Trial& trial, const Arguments& arguments) {
  const bool may_round = arguments.engine().precision == engine::Precision::Fast;
  engine::CpuBackend cpu(static_cast<int>(std::max(1U, std::thread::hardware_concurrency())),
                         may_round ? engine::Products::Int8 : engine::Products::Float32);
  const auto measured = engine::measure_ability(*trial.file, trial.config, *trial.device, cpu);
  return measured.ok() ? *measured : engine::Ability();
}

// What the device can do, when it computes right or need not.
Result<engine::Ability> test_device(const Arguments& arguments, const std::string& device, engine::Format cache) {
  FACET_ASSIGN_OR_RETURN(const Trial trial, open_trial(arguments, device));
  engine::Ability ability;
  if (arguments.has("only-if-faster")) {
    ability = ability_of(trial, arguments);
    if (is_slow(ability)) return ability;
  }
  FACET_RETURN_IF_ERROR(engine::try_kernels(*trial.device, engine::kernel_use(*trial.file, trial.config, cache),
                                            engine::vulkan_product_tolerance(arguments.text("form"))));
  return arguments.has("only-if-faster") ? ability : ability_of(trial, arguments);
}

}  // namespace

int debug_vulkan_test(const QStringList& words) {
  Arguments arguments("facet debug vulkan-test",
                      "Tests on a Vulkan device what a model uses, against the CPU, measures both, and prints the "
                      "verdict as JSON.");
  arguments.model_options();
  arguments.option("device", "n", "The device's number, as doctor lists it.");
  arguments.option("form", "name", "The form of the kernels; the fastest that does not round when left out.");
  arguments.option("cache", "format", "Format of keys and values: f32, f16 or q8_0; f32 when left out.");
  arguments.option("precision", "precision", "How the CPU multiplies, which is measured, too: full or fast.");
  arguments.flag("only-if-faster", "Test nothing when the CPU is faster.");
  if (const auto status = arguments.parse(words)) return *status;
  const auto device = arguments.integer("device");
  if (!device.ok()) return arguments.usage_error(device.error().message);
  if (!*device || **device < 0) return arguments.usage_error("--device takes the number of a device.");
  const auto cache = cache_format(arguments.has("cache") ? arguments.text("cache") : "f32");
  if (!cache.ok()) return arguments.usage_error(cache.error().message);

  const Result<engine::Ability> done = test_device(arguments, std::to_string(**device), *cache);
  // A test that could not be made says nothing about the device.
  json report;
  const bool was_left_out = done.ok() && arguments.has("only-if-faster") && is_slow(*done);
  if (was_left_out)
    report["slow"] = true;
  else if (done.ok() || is_the_devices_fault(done.error()))
    report["passed"] = done.ok();
  if (!done.ok()) report["reason"] = done.error().message;
  if (done.ok() && done->is_known()) report["seconds_per_token"] = devices::as_json(*done);
  print(report.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
  return done.ok() ? kSuccess : kFailure;
}

}  // namespace facet::app::cli
