#include "app/devices/device_trials.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "app/devices/child_process.h"
#include "app/models/json_file.h"

namespace facet::app::devices {
namespace {

using engine::DeviceTrial;
using engine::DeviceVerdict;
using models::Json;

constexpr std::uint64_t kMostBytes = 1U << 20U;
constexpr std::size_t kMostVerdicts = 100;
// The status of a facet that does not know these words, as one that was replaced while this one runs.
constexpr int kUsage = 2;

// What a verdict holds for.
Json key_of(const DeviceTrial& trial) {
  return {{"device", trial.device.name},
          {"driver", trial.device.driver + ", Vulkan " + trial.device.version},
          {"kernels", engine::vulkan_kernels_version()},
          {"use", trial.use}};
}

bool has_key(const Json& entry, const Json& key) {
  for (const auto& [name, value] : key.items()) {
    const Json* const own = models::member(entry, name);
    if (own == nullptr || *own != value) return false;
  }
  return true;
}

// A file that is damaged, or of a later version, is as good as none: everything is tested again.
Json read_verdicts(const std::filesystem::path& path) {
  const auto file = models::read_json_file_if_any(path, kMostBytes);
  if (!file.ok() || !file->has_value()) return Json::array();
  const Json* const verdicts = models::member(**file, "verdicts");
  return verdicts != nullptr && verdicts->is_array() ? *verdicts : Json::array();
}

bool is_form(const std::string& name) {
  return name.empty() || engine::is_vulkan_form(name);
}

std::string how_it_ended(const ChildEnd& end) {
  if (end.kind == ChildEnd::Kind::TimedOut) return "it did not answer in time";
  if (end.kind == ChildEnd::Kind::Killed) return "its driver ended the test with signal " + std::to_string(end.number);
  return "the test ended with status " + std::to_string(end.number);
}

Json as_json(const engine::TokenCost& cost) {
  return {{"decode", cost.decode}, {"prefill", cost.prefill}};
}

engine::TokenCost cost_in(const Json& object, std::string_view key) {
  const Json* const cost = models::member(object, key);
  if (cost == nullptr) return {};
  return {models::number_of(*cost, "decode").value_or(0), models::number_of(*cost, "prefill").value_or(0)};
}

// Sentences end as parts of one.
std::string without_period(std::string text) {
  if (!text.empty() && text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

nlohmann::json as_json(const engine::Ability& ability) {
  return {{"device", as_json(ability.device)}, {"cpu", as_json(ability.cpu)}};
}

engine::Ability ability_in(const nlohmann::json& object) {
  const Json* const ability = models::member(object, "seconds_per_token");
  if (ability == nullptr) return {};
  return {cost_in(*ability, "device"), cost_in(*ability, "cpu")};
}

DeviceVerdict DeviceTrials::judge(const DeviceTrial& trial) const {
  if (auto known = remembered(trial)) return *known;
  return test(trial);
}

std::optional<DeviceVerdict> DeviceTrials::remembered(const DeviceTrial& trial) const {
  const Json key = key_of(trial);
  for (const Json& entry : read_verdicts(memory_)) {
    if (!has_key(entry, key)) continue;
    const auto form = models::string_of(entry, "form");
    const auto reason = models::string_of(entry, "reason");
    // One that was found to be slow has not been tried yet.
    if (form && reason && form->empty() && reason->empty() && !trial.only_if_faster) return std::nullopt;
    if (form && reason && is_form(*form)) return DeviceVerdict{*form, *reason, /*is_known=*/true, ability_in(entry)};
  }
  return std::nullopt;
}

DeviceVerdict DeviceTrials::test(const DeviceTrial& trial) const {
  DeviceVerdict verdict;
  for (const std::string& form : engine::vulkan_forms(trial.device, trial.may_round)) {
    const Result<Complaint> found = complaint(trial, form);
    // Not the device's fault, and another time it may go well.
    if (!found.ok()) return {{}, without_period(found.error().message), /*is_known=*/false, {}};
    verdict.reason = found->text;
    verdict.ability = found->ability;
    if (found->text.empty() && !found->is_slow) verdict.form = form;
    if (found->text.empty() || found->is_final) break;
  }
  remember(trial, verdict);
  return verdict;
}

Result<DeviceTrials::Complaint> DeviceTrials::complaint(const DeviceTrial& trial, const std::string& form) const {
  // As --cache names it.
  std::string cache(engine::format_info(trial.cache).name);
  for (char& letter : cache)
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  std::vector<std::string> command = {program_.string(),
                                      "debug",
                                      "vulkan-test",
                                      "--device",
                                      std::to_string(trial.device.index),
                                      "--form",
                                      form,
                                      "--model",
                                      trial.model.string(),
                                      "--cache",
                                      cache,
                                      "--precision",
                                      trial.may_round ? "fast" : "full"};
  if (trial.only_if_faster) command.emplace_back("--only-if-faster");
  FACET_ASSIGN_OR_RETURN(const ChildEnd end, run_child(command, deadline_));
  const auto report = models::parse_json(end.output);
  const auto passed = report ? models::boolean_of(*report, "passed") : std::nullopt;
  const auto reason = report ? models::string_of(*report, "reason") : std::nullopt;
  if (end.kind == ChildEnd::Kind::Exited && end.number == kUsage)
    return Error{Error::Code::Internal, "this Facet does not know how to test it; start Facet again."};
  const bool is_slow = report && models::boolean_of(*report, "slow") == true;
  if (end.kind == ChildEnd::Kind::Exited && is_slow)
    return Complaint{{}, /*is_final=*/true, ability_in(*report), /*is_slow=*/true};
  if (end.kind != ChildEnd::Kind::Exited || (!passed && !reason))
    return Complaint{how_it_ended(end), end.kind == ChildEnd::Kind::TimedOut, {}};
  if (!passed) return Error{Error::Code::Io, *reason};
  if (!*passed) return Complaint{without_period(reason.value_or("it computes wrong")), /*is_final=*/false, {}};
  return Complaint{{}, /*is_final=*/false, ability_in(*report)};
}

// Written whole or not at all. When it can not be written the device is tested again the next time.
void DeviceTrials::remember(const DeviceTrial& trial, const DeviceVerdict& verdict) const {
  Json entry = key_of(trial);
  Json verdicts = Json::array();
  for (Json& other : read_verdicts(memory_))
    if (!has_key(other, entry)) verdicts.push_back(std::move(other));
  while (verdicts.size() >= kMostVerdicts)
    verdicts.erase(0);
  entry["form"] = verdict.form;
  entry["reason"] = verdict.reason;
  if (verdict.ability.is_known()) entry["seconds_per_token"] = as_json(verdict.ability);
  verdicts.push_back(std::move(entry));
  std::error_code failure;
  std::filesystem::create_directories(memory_.parent_path(), failure);
  const std::filesystem::path written = memory_.string() + "." + std::to_string(getpid());
  std::ofstream out(written);
  out << Json{{"verdicts", verdicts}}.dump(1, ' ', false, Json::error_handler_t::replace) << '\n';
  out.close();
  if (out) std::filesystem::rename(written, memory_, failure);
  if (!out || failure) std::filesystem::remove(written, failure);
}

DeviceTrials own_trials(const Paths& paths) {
  std::error_code failure;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failure);
  return {program, paths.data / "graphics-devices.json"};
}

std::function<DeviceVerdict(const DeviceTrial&)> judge_of(const Paths& paths) {
  return [trials = own_trials(paths)](const DeviceTrial& trial) { return trials.judge(trial); };
}

std::string narrowed_backend(const std::string& backend, const std::filesystem::path& dev) {
  if (!backend.empty() && backend != "auto") return backend;
  // Of the kernel's own drivers, of NVIDIA's, of Windows below Linux, and of two kinds of telephones.
  for (const char* const name : {"dri", "nvidiactl", "dxg", "mali0", "kgsl-3d0"}) {
    std::error_code failure;
    if (std::filesystem::exists(dev / name, failure)) return "auto";
  }
  return "cpu";
}

void choose_devices(const Paths& paths, engine::EngineOptions& options) {
  options.backend = narrowed_backend(options.backend);
  options.try_device = judge_of(paths);
  options.notice = [](const std::string& sentence) { std::fprintf(stderr, "facet: %s\n", sentence.c_str()); };
}

}  // namespace facet::app::devices
