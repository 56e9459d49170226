#include "agent/turn_options.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "agent/grammar/reply_grammar.h"
#include "agent/transcript.h"

namespace facet::agent {

TurnOptions turn_options(const AgentOptions& options, Attachments& attachments) {
  TurnOptions out;
  out.answer_schema = options.answer_schema;
  out.system_prompt = options.system_prompt;
  out.sampling = options.sampling;
  out.seed = options.seed;
  out.limits = options.limits;
  out.allowed_effects = options.allowed_effects;
  out.attachments = &attachments;
  std::error_code failure;
  out.own_places.facet = std::filesystem::canonical(options.database, failure).parent_path().string();
  if (const char* const home = std::getenv("HOME"); home != nullptr && *home == '/')
    out.own_places.home = std::filesystem::weakly_canonical(home, failure).string();
  return out;
}

Status offer_tools(const AgentOptions& options, const TextModel* model, TurnOptions& turns) {
  static const std::vector<std::string> kAny;
  const std::vector<std::string>& learned = model == nullptr ? kAny : model->info().learned_tools;
  std::vector<Tool> tools = options.tools;
  if (!learned.empty())
    std::erase_if(
        tools, [&](const Tool& tool) { return std::find(learned.begin(), learned.end(), tool.name) == learned.end(); });
  const bool sees = model == nullptr || model->info().sees;
  if (!sees) std::erase_if(tools, [](const Tool& tool) { return tool.effect == Effect::SeeScreen; });
  FACET_ASSIGN_OR_RETURN(turns.grammar, reply_grammar(tool_declarations(tools), options.answer_schema));
  turns.tools = std::move(tools);
  return {};
}

}  // namespace facet::agent
