#pragma once

#include <stop_token>
#include <vector>

#include "agent/protocol.h"
#include "agent/tool.h"
#include "agent/turn.h"
#include "engine/base/result.h"

namespace facet::agent {

// Pictures that a tool has made, as those that were attached are kept: a copy of each among the attachments, and how a
// model is shown it. They are looked at on a thread of the hooks, while the agent thread opens its letters. What could
// not be kept or is no picture is an error, one sentence; copies may be left then that belong to no row.
Result<std::vector<AttachmentPart>> keep_pictures(const std::vector<ToolPicture>& made, const Attachments* attachments,
                                                  const TurnHooks& hooks, const std::stop_token& stop);

}  // namespace facet::agent
