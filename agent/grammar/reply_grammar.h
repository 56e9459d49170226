#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/tool.h"
#include "engine/base/result.h"

namespace facet::engine {
class Grammar;
}

namespace facet::agent {

// What a reply may be, so that a call can not be written wrongly and an answer has the form that was asked for. Made
// once for a set of tools; never changes.
struct ReplyGrammar {
  // From behind `<|tool_call>` up to and with `<tool_call|>`. Null where no tool can be called.
  std::shared_ptr<const engine::Grammar> call;
  // The whole answer as JSON. Null where it is free text.
  std::shared_ptr<const engine::Grammar> answer;
  // What of the schemas is not held, each a sentence; a call can still be refused for that when it is checked.
  std::vector<std::string> problems;
};

// `declarations` as for render_prompt, or null. A tool whose parameters nothing can fit may be called with anything,
// and a problem says so; the error is one about the schema of the answer.
Result<std::shared_ptr<const ReplyGrammar>> reply_grammar(const Json& declarations,
                                                          const std::optional<Json>& answer_schema);

}  // namespace facet::agent
