#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>

#include "app/cli/command.h"
#include "app/devices/device_trials.h"
#include "engine/engine.h"
#include "engine/trial/kernel_use.h"
#include "engine/vulkan/vulkan.h"
#include "tools/media/media_reader.h"
#include "tools/sandbox/sandbox.h"

namespace facet::app::cli {

namespace {

using nlohmann::json;

// One line of the report. `good` false makes the command fail.
struct Finding {
  std::string subject;
  bool good = true;
  std::string text;
};

// Compares the engine's logits on the practice model with values that were computed elsewhere in double precision.
Finding check_engine(const Paths& paths, int threads) {
  const auto failed = [](const std::string& text) { return Finding{"CPU engine", false, text}; };
  const auto text = read_text_file(paths.resources / "built-in-model" / "self-test.json");
  if (!text.ok()) return failed(text.error().message);
  const json reference = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!reference.is_object() || !reference.contains("tokens") || !reference.contains("logits"))
    return failed("The reference values of the self-test are damaged; install Facet again.");

  engine::EngineOptions options;
  options.threads = threads;
  const auto engine = engine::Engine::open(paths.built_in_model(), options);
  if (!engine.ok()) return failed(engine.error().message);
  const auto tokens = reference.at("tokens").get<std::vector<engine::Token>>();
  const auto expected = reference.at("logits").get<std::vector<float>>();
  const auto sequence = (*engine)->create_sequence();
  if (const auto synced = sequence->sync(tokens); !synced.ok()) return failed(synced.error().message);
  const std::span<const float> computed = sequence->last_logits();
  if (computed.size() != expected.size())
    return failed("The practice model and the reference values do not belong together.");
  double largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(computed[i]) - static_cast<double>(expected[i])));
  char message[160];
  std::snprintf(message, sizeof message, "%s; largest difference to the reference %.1e", (*engine)->device().c_str(),
                largest);
  // A float32 evaluation stays below 5e-4; a broken kernel is off by whole units.
  return {"CPU engine", largest < 5e-3, message};
}

Finding check_memory() {
  struct sysinfo info {};
  if (sysinfo(&info) != 0) return {"Memory", false, "The system does not say how much memory there is."};
  const double gib = static_cast<double>(info.mem_unit) / (1024.0 * 1024.0 * 1024.0);
  char text[96];
  std::snprintf(text, sizeof text, "%.1f GiB, %.1f GiB unused", static_cast<double>(info.totalram) * gib,
                static_cast<double>(info.freeram + info.bufferram) * gib);
  return {"Memory", true, text};
}

Finding check_data_folder(const Paths& paths) {
  std::error_code failure;
  std::filesystem::create_directories(paths.data, failure);
  if (failure) return {"Data folder", false, "Cannot create " + paths.data.string() + ": " + failure.message() + "."};
  if (access(paths.data.c_str(), W_OK) != 0)
    return {"Data folder", false, "Cannot write to " + paths.data.string() + "."};
  const auto space = std::filesystem::space(paths.data, failure);
  return {"Data folder", true,
          paths.data.string() + ", " + std::to_string(space.available / (1024 * 1024)) + " MiB free"};
}

Finding check_confinement() {
  struct {
    std::uint64_t flags, mode, resolve;
  } how{O_PATH | O_CLOEXEC, 0, 0x08 /* RESOLVE_BENEATH */};
  const long fd = syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how);
  if (fd >= 0) {
    close(static_cast<int>(fd));
    return {"File confinement", true, "by the kernel (openat2)"};
  }
  return {"File confinement", true, "step by step; this kernel has no openat2"};
}

// Lets the program that decodes try what it must not be able to do.
Finding check_media() {
  const auto tried = tools::media::MediaReader(tools::media::own_media_program()).confinement();
  if (!tried.ok()) return {"Media", false, tried.error().message};
  if (tried->opens_files != 0 || tried->opens_sockets != 0 || tried->starts_programs != 0 || tried->signals_others != 0)
    return {"Media", false, "The program that decodes pictures and sound is not confined on this system."};
  return {"Media", true,
          std::string("decoded in a process without files, programs and ") +
              (tried->is_alone_in_network != 0 ? "network (by two means)" : "network")};
}

// Which walls commands run behind. A system without any is no fault of the installation: then every command asks.
Finding check_walls() {
  const auto found = tools::sandbox::Sandbox(tools::sandbox::own_sandbox_program()).wall();
  if (found.wall == tools::sandbox::Wall::None)
    return {"Command walls", true, "none, so that each command asks; " + found.missing};
  return {"Command walls", true,
          std::string("commands are held by ") + tools::sandbox::name_of(found.wall) +
              (found.missing.empty() ? "" : " (" + found.missing + ")")};
}

Finding check_display() {
  for (const char* name : {"WAYLAND_DISPLAY", "DISPLAY"}) {
    if (const char* value = std::getenv(name); value != nullptr && value[0] != '\0')
      return {"Display", true, std::string(name) + " " + value};
  }
  return {"Display", true, "none; the command line works without one"};
}

// What the self-test says, with what the practice model uses of a device.
std::string verdict_on(const Paths& paths, const engine::VulkanDevice& device) {
  const auto file = engine::GgufFile::open(paths.built_in_model());
  if (!file.ok()) return "";
  const auto config = engine::read_config(**file);
  if (!config.ok()) return "";
  const engine::Format cache = engine::Format::F32;
  const engine::DeviceVerdict verdict = devices::own_trials(paths).judge(
      {device, paths.built_in_model(), cache, engine::describe(engine::kernel_use(**file, *config, cache))});
  if (verdict.form.empty()) return "; failed its self-test: " + verdict.reason;
  const std::string measured = engine::describe(verdict.ability);
  return "; passed its self-test with the kernels '" + verdict.form + "'" +
         (measured.empty() ? "" : "; with the practice model it " + measured);
}

// One line for each device. Facet works without any, so none is no fault of the installation.
std::vector<Finding> list_devices(const Paths& paths) {
  const auto devices = engine::list_vulkan_devices();
  if (!devices.ok()) return {{"Vulkan", true, devices.error().message}};
  if (devices->empty()) return {{"Vulkan", true, "no device; Facet computes on the CPU"}};
  std::vector<Finding> findings;
  for (const engine::VulkanDevice& device : *devices)
    findings.push_back({"Vulkan " + std::to_string(device.index), true,
                        engine::describe(device) + (device.refusal.empty() ? verdict_on(paths, device) : "")});
  return findings;
}

}  // namespace

int doctor(const QStringList& words) {
  Arguments arguments("facet doctor", "Checks this machine and the installation.");
  arguments.data_option();
  arguments.option("threads", "n", "Threads of the CPU; all cores when left out.");
  arguments.flag("json", "Print JSON.");
  if (const auto status = arguments.parse(words)) return *status;
  const Result<Paths> paths = arguments.paths();
  if (!paths.ok()) return fail(paths.error());

  std::vector<Finding> findings = {check_engine(*paths, arguments.threads()),
                                   check_memory(),
                                   check_data_folder(*paths),
                                   check_confinement(),
                                   check_media(),
                                   check_walls(),
                                   check_display()};
  for (Finding& device : list_devices(*paths))
    findings.push_back(std::move(device));
  bool good = true;
  json all = json::array();
  for (const Finding& finding : findings) {
    good = good && finding.good;
    all.push_back({{"subject", finding.subject}, {"good", finding.good}, {"text", finding.text}});
    if (!arguments.has("json")) {
      char line[96];
      std::snprintf(line, sizeof line, "%-4s %-17s ", finding.good ? "ok" : "BAD", finding.subject.c_str());
      print(line + finding.text + "\n");
    }
  }
  if (arguments.has("json")) print(all.dump(2) + "\n");
  if (!good) return fail({Error::Code::Internal, "Something is wrong with this installation; see the lines above."});
  return kSuccess;
}

}  // namespace facet::app::cli
