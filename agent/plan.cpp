#include "agent/plan.h"

#include <algorithm>

#include "agent/store/names.h"
#include "agent/utf8.h"

namespace facet::agent {

std::vector<PlanStep> tidy_plan(std::vector<PlanStep> steps) {
  for (PlanStep& step : steps)
    step.text = in_one_line(to_utf8(step.text), kMostPlanStepBytes);
  std::erase_if(steps, [](const PlanStep& step) { return step.text.empty(); });
  steps.resize(std::min(steps.size(), kMostPlanSteps));
  return steps;
}

std::string plan_text(const std::vector<PlanStep>& steps) {
  std::string text;
  for (std::size_t step = 0; step < steps.size(); ++step)
    text += (step == 0 ? "" : "\n") + std::to_string(step + 1) + ". [" + std::string(name_of(steps[step].status)) +
            "] " + steps[step].text;
  return text;
}

std::string plan_news(const std::vector<PlanStep>& steps, const std::string& who) {
  return steps.empty() ? who + " removed the plan." : who + " changed the plan. It is now:\n" + plan_text(steps);
}

}  // namespace facet::agent
