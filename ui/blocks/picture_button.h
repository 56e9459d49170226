#pragma once

#include "ui/blocks/block_context.h"

class QWidget;

namespace facet::ui {

class Thumbnail;

// The picture of a file, small, that opens a larger one. Null where pictures are not shown or the file is gone.
Thumbnail* make_picture_button(const BlockContext& context, const agent::AttachmentPart& file, QWidget* parent);

}  // namespace facet::ui
