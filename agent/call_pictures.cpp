#include "agent/call_pictures.h"

#include <algorithm>
#include <string>
#include <utility>

#include "agent/attachment.h"
#include "agent/utf8.h"
#include "engine/base/sha256.h"

namespace facet::agent {

namespace {

// The smallest that models know; each further one is twice as much.
constexpr std::uint32_t kLeastBudget = 70;
// At twice its size a picture shows all that it has.
constexpr double kEnlargedEnough = 0.5;

AttachmentPart unseen(const ToolPicture& made) {
  AttachmentPart picture;
  picture.name = to_utf8(made.name);
  picture.media_type = made.media_type;
  picture.bytes = static_cast<std::int64_t>(made.bytes.size());
  picture.sha256 = sha256_hex(made.bytes);
  return picture;
}

Result<AttachedMedia> look_at(const std::string& copy, const AttachmentPart& picture, std::uint32_t least_budget,
                              MediaSource& source, const std::stop_token& stop) {
  FACET_ASSIGN_OR_RETURN(AttachedMedia media, source.describe(copy, stop));
  if (media.kind != MediaKind::Picture)
    return Error{Error::Code::InvalidInput, "What the tool has made, " + picture.name + ", is no picture."};
  while (media.budget < least_budget && media.shrinking > kEnlargedEnough) {
    const std::uint32_t more = std::min(std::max(2 * media.budget, kLeastBudget), least_budget);
    FACET_ASSIGN_OR_RETURN(media, source.with_budget(media, more));
    media.budget_choice = BudgetChoice::ByContent;
  }
  return media;
}

}  // namespace

Result<std::vector<AttachmentPart>> keep_pictures(const std::vector<ToolPicture>& made, const Attachments* attachments,
                                                  const TurnHooks& hooks, const std::stop_token& stop) {
  if (attachments == nullptr || attachments->source() == nullptr)
    return Error{Error::Code::Unsupported, "The pictures that the tool has made can not be decoded here."};
  std::vector<AttachmentPart> pictures;
  std::vector<std::string> copies;
  for (const ToolPicture& each : made) {
    FACET_RETURN_IF_ERROR(attachments->folder().keep(pictures.emplace_back(unseen(each)), each.bytes));
    copies.push_back(attachments->folder().find(pictures.back()));
  }
  Status seen;
  const auto look = [&](const ToolProgress&) {
    for (std::size_t i = 0; i < made.size() && seen.ok(); ++i) {
      Result<AttachedMedia> media = look_at(copies[i], pictures[i], made[i].least_budget, *attachments->source(), stop);
      if (media.ok()) {
        pictures[i].media = *std::move(media);
      } else {
        seen = media.error();
      }
    }
    return ToolResult{};
  };
  const ToolResult looked = hooks.run_tool(look, [](std::string_view) {});
  if (looked.failed) return Error{Error::Code::Internal, looked.content};
  FACET_RETURN_IF_ERROR(seen);
  return pictures;
}

}  // namespace facet::agent
