#pragma once

#include <string>
#include <vector>

#include "agent/protocol.h"
#include "engine/base/result.h"

namespace facet::agent {

// More is no plan that anybody follows; the text of a step in bytes.
constexpr std::size_t kMostPlanSteps = 50;
constexpr std::size_t kMostPlanStepBytes = 500;

// The tool that writes it down.
inline constexpr const char* kUpdatePlan = "update_plan";

// As it may be stored: valid text in one line, nothing empty, nothing too long.
std::vector<PlanStep> tidy_plan(std::vector<PlanStep> steps);

// What the model is told of it: "1. [pending] Read the notes", a line for each step.
std::string plan_text(const std::vector<PlanStep>& steps);

// What the user has done to it, in words to the model.
std::string plan_news(const std::vector<PlanStep>& steps, const std::string& who);

}  // namespace facet::agent
