#include "agent/turn_options.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

#include "agent/grammar/reply_grammar.h"
#include "agent/prompt/prompt.h"
#include "agent/transcript.h"

namespace facet::agent {

namespace {

// What a model can do best without, first.
constexpr std::string_view kLeastNeeded[] = {"read_symbol",    "code_outline", "recall",         "remember",
                                             "search_history", "clock",        "delete_file",    "move_file",
                                             "read_earlier",   "update_plan",  "take_screenshot"};

Result<std::int64_t> declared_tokens(const std::vector<Tool>& tools, const TextModel& model) {
  PromptOptions options;
  options.variant = model.info().variant;
  options.add_generation_prompt = false;
  FACET_ASSIGN_OR_RETURN(const auto pieces, render_prompt(Json::array(), tool_declarations(tools), options));
  return model.count_tokens(pieces);
}

Result<std::vector<std::string>> make_room(std::vector<Tool>& tools, const TextModel& model) {
  const std::int64_t most = model.info().context_length / 3;
  std::vector<std::string> left_out;
  for (const std::string_view name : kLeastNeeded) {
    FACET_ASSIGN_OR_RETURN(const std::int64_t tokens, declared_tokens(tools, model));
    if (most <= 0 || tokens <= most) break;
    if (std::erase_if(tools, [&](const Tool& tool) { return tool.name == name; }) > 0) left_out.emplace_back(name);
  }
  return left_out;
}

}  // namespace

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

Result<std::vector<std::string>> offer_tools(const AgentOptions& options, const TextModel* model, TurnOptions& turns) {
  static const std::vector<std::string> kAny;
  const std::vector<std::string>& learned = model == nullptr ? kAny : model->info().learned_tools;
  std::vector<Tool> tools = options.tools;
  if (!learned.empty())
    std::erase_if(
        tools, [&](const Tool& tool) { return std::find(learned.begin(), learned.end(), tool.name) == learned.end(); });
  const bool sees = model == nullptr || model->info().sees;
  if (!sees) std::erase_if(tools, [](const Tool& tool) { return tool.effect == Effect::SeeScreen; });
  std::vector<std::string> left_out;
  if (model != nullptr && learned.empty()) {
    FACET_ASSIGN_OR_RETURN(left_out, make_room(tools, *model));
  }
  FACET_ASSIGN_OR_RETURN(turns.grammar, reply_grammar(tool_declarations(tools), options.answer_schema));
  turns.tools = std::move(tools);
  return left_out;
}

}  // namespace facet::agent
