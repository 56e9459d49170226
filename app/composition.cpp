#include "app/composition.h"

#include <utility>

#include "agent/local_model.h"
#include "app/devices/device_trials.h"
#include "app/media/attached_media.h"
#include "app/media/recorded_sound.h"
#include "app/models/model_folder.h"
#include "engine/gguf/gguf_file.h"
#include "tools/all_tools.h"
#include "tools/media/media_reader.h"

namespace facet::app {

Result<std::unique_ptr<agent::TextModel>> open_model(const Paths& paths, const std::string& model,
                                                     const AgentChoices& choices) {
  agent::LocalModelOptions options;
  options.path = resolve_model(paths, model);
  options.threads = choices.engine.threads;
  options.backend = devices::narrowed_backend(choices.engine.backend);
  options.gpu_layers = choices.engine.gpu_layers;
  options.gpu_memory_bytes = choices.engine.gpu_memory_bytes;
  options.gpu_expert_bytes = choices.engine.gpu_expert_bytes;
  options.built_in = is_built_in(model);
  options.projector = choices.projector.empty() ? "auto" : choices.projector;
  options.media = choices.media;
  options.media_folder = paths.encoded_media();
  options.try_device = devices::judge_of(paths);
  if (choices.on_event) {
    options.notice = [send = choices.on_event](const std::string& sentence) {
      send(agent::Notice{agent::Severity::Warning, sentence});
    };
  }
  FACET_ASSIGN_OR_RETURN(auto file, models::open_model_file(options.path));
  return agent::open_local_model(std::move(file), options);
}

Result<agent::AgentOptions> agent_options(const Paths& paths, AgentChoices choices) {
  agent::AgentOptions options;
  FACET_ASSIGN_OR_RETURN(options.system_prompt, read_text_file(paths.system_prompt()));
  options.database = paths.database;
  options.tools = tools::all_tools({paths.database, {paths.data.string(), paths.cache.string()}});
  AgentChoices computing;
  computing.engine = choices.engine;
  computing.on_event = choices.on_event;
  computing.projector = choices.projector;
  computing.media = media::attached_media(tools::media::own_media_program());
  options.media = computing.media;
  options.sound = media::recorded_sound(tools::media::own_media_program());
  options.load_model = [paths, computing](const std::string& model) { return open_model(paths, model, computing); };
  options.on_event = std::move(choices.on_event);
  options.sampling = choices.sampling;
  options.limits = choices.limits;
  options.seed = choices.seed;
  options.answer_schema = std::move(choices.answer_schema);
  options.allowed_effects = std::move(choices.allowed_effects);
  options.refuse_unanswered = choices.refuse_unanswered;
  return options;
}

Result<std::unique_ptr<agent::Agent>> start_agent(const Paths& paths, AgentChoices choices) {
  FACET_ASSIGN_OR_RETURN(agent::AgentOptions options, agent_options(paths, std::move(choices)));
  return agent::Agent::start(std::move(options));
}

}  // namespace facet::app
