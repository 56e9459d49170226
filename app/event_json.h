#pragma once

#include <nlohmann/json.hpp>

#include "agent/protocol.h"

namespace facet::app {

// Protocol types as JSON, for `--json` and exports. Keys are the members' names; an event carries its "type".
nlohmann::json to_json(const agent::Event& event);
nlohmann::json to_json(const agent::Conversation& conversation);
nlohmann::json to_json(const agent::Message& message);
nlohmann::json to_json(const agent::Part& part);
nlohmann::json to_json(const agent::Call& call);
nlohmann::json to_json(const agent::Step& step);
nlohmann::json to_json(const agent::Transcript& transcript);
nlohmann::json to_json(const agent::Segment& segment);
nlohmann::json to_json(const agent::Memory& memory);

const char* name_of(agent::CallState state);
const char* name_of(agent::Finish finish);
const char* name_of(agent::Decision decision);

}  // namespace facet::app
