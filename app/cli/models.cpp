#include <nlohmann/json.hpp>
#include <sstream>

#include "app/cli/command.h"
#include "app/models/model_folder.h"
#include "engine/engine.h"

namespace facet::app::cli {

namespace {

using nlohmann::json;

std::string role_name(engine::ModelRole role) {
  switch (role) {
    case engine::ModelRole::Drafter:
      return "drafter";
    case engine::ModelRole::Projector:
      return "projector";
    case engine::ModelRole::Model:
      break;
  }
  return "model";
}

json as_json(const engine::ModelDescription& model) {
  return {{"path", model.path.string()},
          {"name", model.name},
          {"role", role_name(model.role)},
          {"architecture", model.architecture},
          {"size", model.size_label},
          {"formats", model.formats},
          {"file_bytes", model.file_bytes},
          {"parameters", model.parameters},
          {"layers", model.layers},
          {"embedding_length", model.embedding_length},
          {"vocabulary_size", model.vocabulary_size},
          {"trained_context_length", model.trained_context_length},
          {"target_embedding_length", model.target_embedding_length},
          {"sees", model.sees},
          {"hears", model.hears},
          {"media_remark", model.media_remark},
          {"template", model.template_variant == engine::TemplateVariant::Large ? "large" : "small"}};
}

double millions(std::uint64_t count) {
  return static_cast<double>(count) / 1e6;
}

// The model that a drafter or a projector works for.
std::string target_text(const engine::ModelDescription& helper) {
  return helper.size_label.empty() ? "a Gemma 4 model of width " + std::to_string(helper.target_embedding_length)
                                   : "Gemma 4 " + helper.size_label;
}

std::string drafter_text(const engine::ModelDescription& drafter) {
  return "  drafter for     " + target_text(drafter) +
         ": it guesses that model's next tokens so that it answers faster, and does not answer by itself\n";
}

std::string senses(const engine::ModelDescription& model) {
  if (model.sees && model.hears) return "sees pictures and hears sound";
  return model.sees ? "sees pictures" : "hears sound";
}

std::string media_text(const engine::ModelDescription& model) {
  if (model.role == engine::ModelRole::Projector)
    return "  projector for   " + target_text(model) + ": with it that model " + senses(model) +
           "; it does not answer by itself\n";
  if (!model.media_remark.empty()) return "  senses          none: " + model.media_remark + "\n";
  return model.sees || model.hears ? "  senses          " + senses(model) + "\n" : "";
}

std::string as_text(const engine::ModelDescription& model) {
  std::ostringstream out;
  out << model.name << "\n"
      << "  file            " << model.path.string() << " (" << millions(model.file_bytes) << " MB)\n"
      << "  architecture    " << model.architecture << (model.size_label.empty() ? "" : ", " + model.size_label) << "\n"
      << "  parameters      " << millions(model.parameters) << " million\n"
      << "  layers          " << model.layers << ", width " << model.embedding_length << "\n";
  if (model.role != engine::ModelRole::Projector)
    out << "  vocabulary      " << model.vocabulary_size << "\n"
        << "  trained context " << model.trained_context_length << " tokens\n";
  out << "  formats         " << model.formats << "\n";
  if (model.role == engine::ModelRole::Drafter) out << drafter_text(model);
  out << media_text(model);
  return out.str();
}

int info(const QStringList& words) {
  Arguments arguments("facet models info", "Describes a model file without loading it.");
  arguments.flag("json", "Print JSON.");
  arguments.positional("model", "A GGUF file, a folder with safetensors files, or built-in.", "MODEL");
  if (const auto status = arguments.parse(words)) return *status;
  const std::vector<std::string> given = arguments.positionals();
  if (given.size() != 1) return arguments.usage_error("Name one model.");
  const Result<Paths> paths = arguments.paths();
  if (!paths.ok()) return fail(paths.error());
  const auto file = models::open_model_file(resolve_model(*paths, given[0]));
  if (!file.ok()) return fail(file.error());
  const auto model = engine::describe_model(**file);
  if (!model.ok()) return fail(model.error());
  print(arguments.has("json") ? as_json(*model).dump(2, ' ', false, json::error_handler_t::replace) + "\n"
                              : as_text(*model));
  return kSuccess;
}

}  // namespace

int models(const QStringList& arguments) {
  static const std::vector<Command> group = {
      {"info", "Describe a model file", info},
      {"fit", "Show where a model would lie and what memory it takes", models_fit},
      {"convert", "Write a folder of safetensors files as a GGUF file", models_convert},
  };
  return run_group("facet models", group, arguments);
}

}  // namespace facet::app::cli
