#include "engine/engine_state.h"

#include <utility>

#include "engine/trial/device_trial.h"

namespace facet::engine {
namespace {

constexpr std::chrono::seconds kPause{3};

// Completes "Facet goes on with the CPU", as one sentence with it.
std::string reason(const Rung& failed, const Error& failure) {
  if (failure.code == Error::Code::DeviceLost) return " because " + failed.name() + " was lost again and again.";
  if (failure.code == Error::Code::OutOfMemory)
    return " because " + failed.name() + " has not enough memory for this model.";
  return ": " + failure.message;
}

}  // namespace

Result<std::string> Engine::State::trusted_form(const Rung& rung) const {
  if (!options.try_device) return std::string();
  const DeviceVerdict verdict =
      rung.verdict ? *rung.verdict
                   : options.try_device(trial_of(*rung.device, *file, config, needs, /*only_if_faster=*/false));
  if (!verdict.form.empty()) return verdict.form;
  return Error{verdict.is_known ? Error::Code::Denied : Error::Code::Unsupported,
               "The graphics device '" + rung.device->name + "' failed its self-test: " + verdict.reason + "."};
}

Result<Devices> Engine::State::open_devices() const {
  Devices devices;
  FACET_ASSIGN_OR_RETURN(devices.cpu, open_cpu(options, needs.products));
  if (const auto& device = ladder.current().device; device && options.gpu_layers != 0U) {
    FACET_ASSIGN_OR_RETURN(const std::string form, trusted_form(ladder.current()));
    FACET_ASSIGN_OR_RETURN(devices.gpu, open_vulkan(std::to_string(device->index), form));
  }
  return devices;
}

Status Engine::State::load_here() {
  FACET_ASSIGN_OR_RETURN(Devices devices, open_devices());
  FACET_ASSIGN_OR_RETURN(LoadPlan plan, plan_load(needs, config, options, devices));
  EncoderBackend* const encoder_device = devices.of_encoders(plan.placement);
  std::unique_ptr<Backend> backend = std::move(devices).join(plan.placement);
  if (options.wrap_backend) backend = options.wrap_backend(std::move(backend));
  FACET_ASSIGN_OR_RETURN(auto made, LoadedModel::load(std::move(backend), *file, config, needs.parts));
  if (const Projector* const encoders = projector.get())
    FACET_RETURN_IF_ERROR(made->load_encoders(*encoder_device, *encoders, *needs.parts.encoders));
  loaded = std::move(made);
  was_loaded_ = true;
  was_lost_ = false;
  uses_gpu_ = plan.placement.uses(Side::Gpu);
  const std::lock_guard guard(shown_mutex_);
  device_name_ = loaded->backend().description();
  memory_ = std::move(plan.memory);
  return {};
}

void Engine::State::let_go() {
  loaded.reset();
  ++generation;
  caches = 0;
}

Status Engine::State::load() {
  while (true) {
    const Status done = load_here();
    if (done.ok()) return {};
    // A driver that starts anew, or a machine that wakes up, may have no device for a moment.
    const bool is_away = was_lost_ && done.error().code != Error::Code::OutOfMemory;
    if (!goes_on_after(done.error(), is_away || done.error().code == Error::Code::DeviceLost)) return done;
    if (is_away && was_lost_) options.clock.pause(kPause);
  }
}

// What could not get memory may get it the next time: only memory for the whole model is not there for long.
Status Engine::State::recover(const Error& failure, int times) {
  constexpr int kMostTimes = 3;
  let_go();
  const bool is_loss = failure.code == Error::Code::DeviceLost || failure.code == Error::Code::OutOfMemory;
  if (!goes_on_after(failure, is_loss && times < kMostTimes)) return failure;
  return load();
}

Status Engine::State::make_room(const Error& failure) {
  const Rung* const next = ladder.next();
  if (caches > 0 || next == nullptr || !next->is_asked_for) return failure;
  let_go();
  goes_down_after(failure);
  return load();
}

bool Engine::State::goes_on_after(const Error& failure, bool is_loss) {
  if (is_loss && ladder.forgives_loss()) {
    was_lost_ = true;
    return true;
  }
  return goes_down_after(failure);
}

bool Engine::State::goes_down_after(const Error& failure) {
  const Rung* const next = ladder.next();
  if (next == nullptr || (!next->is_asked_for && !was_loaded_)) return false;
  const Rung failed = ladder.current();
  was_lost_ = false;
  ladder.give_up();
  // What was found out at an earlier time was said then.
  const bool is_news = failure.code != Error::Code::Denied;
  if (options.notice && is_news)
    options.notice("Facet goes on with " + ladder.current().name() + reason(failed, failure));
  return true;
}

std::string Engine::State::device_name() const {
  const std::lock_guard guard(shown_mutex_);
  return device_name_;
}

MemoryPlan Engine::State::memory() const {
  const std::lock_guard guard(shown_mutex_);
  return memory_;
}

}  // namespace facet::engine
