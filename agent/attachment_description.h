#pragma once

#include "agent/attachment.h"
#include "agent/protocol.h"
#include "agent/text_model.h"
#include "engine/base/result.h"

namespace facet::agent {

// What is told of a file before it is sent. `model` is the one that is open, null for none.
AttachmentDescribed description_of(const DescribeAttachment& asked, AttachmentPart file, Attachments& attachments,
                                   const TextModel* model);
AttachmentDescribed failed_description(const DescribeAttachment& asked, const Error& error);

}  // namespace facet::agent
