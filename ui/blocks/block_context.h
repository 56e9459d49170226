#pragma once

#include <QString>
#include <functional>
#include <set>
#include <vector>

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
  // The files of the question that a part of an answer belongs to and the pictures that calls have made for it, or
  // those of the last question before it with pictures.
  std::function<std::vector<agent::AttachmentPart>(agent::PartId)> files_before = {};
};

}  // namespace facet::ui
