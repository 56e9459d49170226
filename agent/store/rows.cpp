#include "agent/store/rows.h"

#include <limits>
#include <map>
#include <utility>

#include "agent/media_json.h"

namespace facet::agent {

namespace {

// One row of kSelectParts after its message id.
constexpr const char* kSelectParts = R"sql(
SELECT part.message_id, part.id, part.ordinal, part.run, part.kind, part.text, part.severity,
       call.id, call.tool, call.arguments_json, call.state, call.result, call.details_json, call.started_ms,
       call.finished_ms,
       approval.id, approval.reason, approval.effect_text, approval.scope, approval.offers_always,
       approval.decision,
       attachment.name, attachment.path, attachment.media_type, attachment.bytes, attachment.sha256,
       media.kind, media.width, media.height, media.duration_ms, media.budget, media.budget_choice,
       media.tile_columns, media.tile_rows, media.shrinking_permille, media.pieces_json, media.remark
FROM message
JOIN part ON part.message_id = message.id
LEFT JOIN call ON call.part_id = part.id
LEFT JOIN approval ON approval.call_id = call.id
LEFT JOIN attachment ON attachment.part_id = part.id
LEFT JOIN media ON media.attachment_id = attachment.id
WHERE message.conversation_id = ?
ORDER BY message.id, part.ordinal)sql";

// Of a picture of a call what kSelectParts has of an attachment, behind the id of the call.
constexpr const char* kSelectPictures = R"sql(
SELECT picture.call_id, picture.name, '', picture.media_type, picture.bytes, picture.sha256,
       'picture', picture.width, picture.height, 0, picture.budget, picture.budget_choice,
       picture.tile_columns, picture.tile_rows, picture.shrinking_permille, picture.pieces_json, picture.remark
FROM message
JOIN part ON part.message_id = message.id
JOIN call ON call.part_id = part.id
JOIN picture ON picture.call_id = call.id
WHERE message.conversation_id = ?
ORDER BY picture.call_id, picture.ordinal)sql";

constexpr int kCallColumns = 8;
constexpr int kApprovalColumns = 6;
constexpr double kPermille = 1000;

Status read_call(const Database& database, Statement& row, Call& call) {
  call.id = row.integer();
  call.tool = row.text();
  call.arguments_json = row.text();
  FACET_RETURN_IF_ERROR(read_name(database, row, call.state));
  call.result = row.text();
  call.details_json = row.text();
  call.started_ms = row.integer();
  call.finished_ms = row.integer();
  if (row.is_null()) return {};
  Approval& approval = call.approval.emplace();
  approval.id = row.integer();
  approval.reason = row.text();
  approval.effect_text = row.text();
  approval.scope = row.text();
  approval.offers_always = row.integer() != 0;
  return read_name(database, row, approval.decision);
}

Result<std::uint32_t> read_count(const Database& database, Statement& row) {
  const std::int64_t count = row.integer();
  if (count < 0 || count > std::numeric_limits<std::uint32_t>::max())
    return damaged(database, "no picture measures " + std::to_string(count));
  return static_cast<std::uint32_t>(count);
}

Status read_media(const Database& database, Statement& row, AttachedMedia& media) {
  FACET_RETURN_IF_ERROR(read_name(database, row, media.kind));
  FACET_ASSIGN_OR_RETURN(media.width, read_count(database, row));
  FACET_ASSIGN_OR_RETURN(media.height, read_count(database, row));
  media.duration_ms = row.integer();
  FACET_ASSIGN_OR_RETURN(media.budget, read_count(database, row));
  FACET_RETURN_IF_ERROR(read_name(database, row, media.budget_choice));
  FACET_ASSIGN_OR_RETURN(media.tile_columns, read_count(database, row));
  FACET_ASSIGN_OR_RETURN(media.tile_rows, read_count(database, row));
  media.shrinking = static_cast<double>(row.integer()) / kPermille;
  std::optional<std::vector<MediaPiece>> pieces = pieces_from_text(row.text());
  if (!pieces) return damaged(database, "what is shown of a file can not be read");
  media.pieces = *std::move(pieces);
  media.remark = row.text();
  return {};
}

Result<AttachmentPart> read_attachment(const Database& database, Statement& row, std::string text) {
  AttachmentPart file;
  file.name = row.text();
  file.path = row.text();
  file.media_type = row.text();
  file.bytes = row.integer();
  file.sha256 = row.text();
  file.text = std::move(text);
  if (!row.is_null()) FACET_RETURN_IF_ERROR(read_media(database, row, file.media.emplace()));
  return file;
}

Result<PartContent> read_content(const Database& database, Statement& row) {
  const std::string kind = row.text();
  std::string text = row.text();
  if (kind == "text") return PartContent(TextPart{std::move(text)});
  if (kind == "thought") return PartContent(ThoughtPart{std::move(text)});
  if (kind == "notice") {
    NoticePart notice{.text = std::move(text)};
    FACET_RETURN_IF_ERROR(read_name(database, row, notice.severity));
    return PartContent(std::move(notice));
  }
  row.skip(1);
  if (kind == "call") {
    if (row.is_null()) return damaged(database, "a call is missing");
    CallPart part;
    FACET_RETURN_IF_ERROR(read_call(database, row, part.call));
    return PartContent(std::move(part));
  }
  if (kind != "attachment") return damaged(database, "no part is a '" + kind + "'");
  row.skip(kCallColumns + kApprovalColumns);
  FACET_ASSIGN_OR_RETURN(AttachmentPart file, read_attachment(database, row, std::move(text)));
  return PartContent(std::move(file));
}

Status read_part(const Database& database, Statement& row, Part& part) {
  part.id = row.integer();
  part.ordinal = static_cast<int>(row.integer());
  part.run = static_cast<int>(row.integer());
  FACET_ASSIGN_OR_RETURN(part.content, read_content(database, row));
  return {};
}

Result<std::vector<Message>> read_bare_messages(Database& database, ConversationId id) {
  std::vector<Message> messages;
  FACET_ASSIGN_OR_RETURN(
      Statement rows,
      database.query("SELECT id, role, finish, created_ms FROM message WHERE conversation_id = ? ORDER BY id", id));
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return messages;
    Message& message = messages.emplace_back();
    message.id = rows.integer();
    message.conversation = id;
    FACET_RETURN_IF_ERROR(read_name(database, rows, message.role));
    FACET_RETURN_IF_ERROR(read_name(database, rows, message.finish));
    message.created_ms = rows.integer();
  }
}

Status read_parts(Database& database, ConversationId id, std::vector<Message>& messages) {
  FACET_ASSIGN_OR_RETURN(Statement rows, database.query(kSelectParts, id));
  auto message = messages.begin();
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return {};
    const MessageId owner = rows.integer();
    while (message != messages.end() && message->id != owner)
      ++message;
    if (message == messages.end()) return damaged(database, "a part belongs to no message");
    FACET_RETURN_IF_ERROR(read_part(database, rows, message->parts.emplace_back()));
  }
}

Status read_pictures(Database& database, ConversationId id, std::vector<Message>& messages) {
  std::map<CallId, Call*> calls;
  for (Message& message : messages)
    for (Part& part : message.parts)
      if (auto* call = std::get_if<CallPart>(&part.content)) calls[call->call.id] = &call->call;
  if (calls.empty()) return {};
  FACET_ASSIGN_OR_RETURN(Statement rows, database.query(kSelectPictures, id));
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return {};
    const auto call = calls.find(rows.integer());
    if (call == calls.end()) return damaged(database, "a picture belongs to no call");
    FACET_ASSIGN_OR_RETURN(AttachmentPart picture, read_attachment(database, rows, {}));
    call->second->pictures.push_back(std::move(picture));
  }
}

}  // namespace

Error damaged(const Database& database, const std::string& what) {
  return {Error::Code::CorruptFile, "The database " + database.path().string() + " is damaged: " + what + "."};
}

Result<std::vector<Message>> read_messages(Database& database, ConversationId id) {
  FACET_ASSIGN_OR_RETURN(std::vector<Message> messages, read_bare_messages(database, id));
  FACET_RETURN_IF_ERROR(read_parts(database, id, messages));
  FACET_RETURN_IF_ERROR(read_pictures(database, id, messages));
  return messages;
}

}  // namespace facet::agent
