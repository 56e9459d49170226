#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/store/reader.h"
#include "agent/text_model.h"
#include "agent/turn.h"

namespace facet::agent {

// How one run of the model went when it was repeated.
struct RepeatedRun {
  enum class Result {
    Same,
    OtherPrompt,  // the model would be told something else: other tools, folders or files
    OtherTokens,
    NotCompared  // it was stopped, or failed, or its tokens were not kept
  };
  Result result = Result::Same;
  std::int64_t tokens = 0;      // that it wrote then
  std::int64_t same_until = 0;  // how many of them it writes again
};

// Runs a stored answer again: each run of the model with the prompt, seed and sampling that it had, and with the
// results that its calls had then, so that no tool is called and nothing is stored. With the same model on the same
// device it writes the same tokens. `done` hears of each run.
Result<std::vector<RepeatedRun>> rerun(const StoreReader& reader, const Conversation& conversation, MessageId answer,
                                       TextModel& model, const TurnOptions& options,
                                       const std::function<void(const RepeatedRun&)>& done, std::stop_token stop);

}  // namespace facet::agent
