#pragma once

#include "agent/protocol.h"
#include "agent/store/reader.h"
#include "agent/text_model.h"
#include "agent/turn.h"

namespace facet::agent {

// What the model would have to read before it answers the question, which is neither stored nor sent. Nothing where
// that can not be told.
std::optional<ReadingEstimate> estimate_reading(const UserTurn& question, const StoreReader& reader,
                                                const TextModel& model, const TurnOptions& options);

}  // namespace facet::agent
