#pragma once

#include <QString>
#include <vector>

#include "agent/protocol.h"
#include "ui/markdown/blocks.h"

// Whole values as lines of text, so that tests compare everything at once and say what differs.
namespace facet::ui::test {

// One line per block: "list list 3. paragraph: *bold* text".
QString describe(const std::vector<markdown::Block>& blocks);

// Messages with all parts, calls and approvals. The time of an answer is left out: events do not carry it.
QString describe(const std::vector<agent::Message>& messages);

}  // namespace facet::ui::test
