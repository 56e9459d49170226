#include "agent/own_state.h"
#include "agent/plan.h"
#include "tools/all_tools.h"
#include "tools/planned_path.h"
#include "tools/text.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::PlannedEffect;
using agent::PlanStatus;
using agent::PlanStep;
using agent::ToolContext;
using agent::ToolResult;

const char kDescription[] =
    "Write down the plan for a longer task, or change it: every step with its state. The user sees it.";

Json parameters() {
  const Json step = {{"type", "object"},
                     {"properties",
                      {{"text", {{"type", "string"}, {"description", "What is done, in a few words."}}},
                       {"status", {{"type", "string"}, {"enum", {"pending", "in_progress", "completed"}}}}}},
                     {"required", {"text", "status"}}};
  return {{"type", "object"},
          {"properties",
           {{"steps",
             {{"type", "array"},
              {"description", "All steps in order."},
              {"minItems", 1},
              {"maxItems", 20},
              {"items", step}}}}},
          {"required", {"steps"}}};
}

std::vector<PlanStep> steps_of(const Json& arguments) {
  std::vector<PlanStep> steps;
  for (const Json& step : arguments["steps"]) {
    const std::string status = text_argument(step, "status");
    steps.push_back({text_argument(step, "text"), status == "completed"     ? PlanStatus::Completed
                                                  : status == "in_progress" ? PlanStatus::InProgress
                                                                            : PlanStatus::Pending});
  }
  return agent::tidy_plan(std::move(steps));
}

Result<PlannedEffect> plan(const Json& arguments, const ToolContext&) {
  const std::vector<PlanStep> steps = steps_of(arguments);
  if (steps.empty()) return Error{Error::Code::InvalidInput, "the steps have no words"};
  PlannedEffect planned;
  planned.effect = agent::Effect::Keep;
  planned.text = "Show the plan:\n" + agent::plan_text(steps);
  return planned;
}

ToolResult show(const Json& arguments, agent::OwnState& own) {
  const std::vector<PlanStep> steps = steps_of(arguments);
  if (const Status shown = own.set_plan(steps); !shown.ok()) return ToolResult::failure(shown.error().message);
  return {"The plan is shown to the user.", {{"steps", steps.size()}}, false};
}

}  // namespace

agent::Tool update_plan_tool() {
  agent::Tool tool{agent::kUpdatePlan, kDescription, parameters(), agent::Effect::Keep, plan, {}};
  tool.run_in_agent = show;
  return tool;
}

}  // namespace facet::tools
