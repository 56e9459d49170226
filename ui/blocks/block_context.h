#pragma once

#include <QString>
#include <functional>
#include <set>

#include "agent/protocol.h"
#include "ui/theme.h"

namespace facet::ui {

class Pictures;

// What every block widget gets from the transcript that it lies in, which outlives it.
struct BlockContext {
  const Theme& theme;
  std::function<void(agent::Op)> submit;
  // Shows where a link leads and opens it when the user agrees.
  std::function<void(const QString& link)> open_link;
  // To be called before a block changes its height because the user asked, so that the page does not jump.
  std::function<void()> hold_place;
  // Parts that the user has unfolded: widgets come and go while the user scrolls, this stays.
  std::set<agent::PartId>& unfolded;
  // What shows pictures, null for nothing, and where an attached file lies.
  Pictures* pictures = nullptr;
  std::function<QString(const agent::AttachmentPart&)> place_of = {};
};

}  // namespace facet::ui
