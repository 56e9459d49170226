#include "agent/store/reader.h"

#include <system_error>

#include "agent/store/database.h"
#include "agent/store/migrations.h"
#include "agent/store/names.h"
#include "agent/store/search_query.h"

namespace facet::agent {

namespace {

Error damaged(const Database& database, const std::string& what) {
  return {Error::Code::CorruptFile, "The database " + database.path().string() + " is damaged: " + what + "."};
}

template <typename Enum>
Status read_name(const Database& database, Statement& row, Enum& value) {
  const std::string name = row.text();
  const std::optional<Enum> known = from_name<Enum>(name);
  if (!known) return damaged(database, "nothing is called '" + name + "' there");
  value = *known;
  return {};
}

// Columns: id, title, model, created_ms, updated_ms, path. One row per folder, or one with a null path.
constexpr int kFolderColumn = 5;

Result<std::vector<Conversation>> read_conversations(Statement rows) {
  std::vector<Conversation> conversations;
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return conversations;
    const ConversationId id = rows.integer();
    if (!conversations.empty() && conversations.back().id == id) {
      rows.skip(kFolderColumn - 1);
    } else {
      Conversation& conversation = conversations.emplace_back();
      conversation.id = id;
      conversation.title = rows.text();
      conversation.model = rows.text();
      conversation.created_ms = rows.integer();
      conversation.updated_ms = rows.integer();
    }
    if (!rows.is_null()) conversations.back().folders.push_back(rows.text());
  }
}

// One row of kSelectParts after its message id.
constexpr const char* kSelectParts = R"sql(
SELECT part.message_id, part.id, part.ordinal, part.run, part.kind, part.text, part.severity,
       call.id, call.tool, call.arguments_json, call.state, call.result, call.details_json, call.started_ms,
       call.finished_ms,
       approval.id, approval.reason, approval.effect_text, approval.scope, approval.decision,
       attachment.name, attachment.path, attachment.media_type, attachment.bytes, attachment.sha256
FROM message
JOIN part ON part.message_id = message.id
LEFT JOIN call ON call.part_id = part.id
LEFT JOIN approval ON approval.call_id = call.id
LEFT JOIN attachment ON attachment.part_id = part.id
WHERE message.conversation_id = ?
ORDER BY message.id, part.ordinal)sql";
constexpr int kCallColumns = 8;
constexpr int kApprovalColumns = 5;

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
  return read_name(database, row, approval.decision);
}

AttachmentPart read_attachment(Statement& row, std::string text) {
  AttachmentPart file;
  file.name = row.text();
  file.path = row.text();
  file.media_type = row.text();
  file.bytes = row.integer();
  file.sha256 = row.text();
  file.text = std::move(text);
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
  return PartContent(read_attachment(row, std::move(text)));
}

Result<Part> read_part(const Database& database, Statement& row) {
  Part part;
  part.id = row.integer();
  part.ordinal = static_cast<int>(row.integer());
  part.run = static_cast<int>(row.integer());
  FACET_ASSIGN_OR_RETURN(part.content, read_content(database, row));
  return part;
}

Result<std::vector<Message>> read_messages(Database& database, ConversationId id) {
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
    FACET_ASSIGN_OR_RETURN(Part part, read_part(database, rows));
    message->parts.push_back(std::move(part));
  }
}

// Several queries that see the same moment. Ends the read transaction however the function is left.
class Snapshot {
 public:
  explicit Snapshot(Database& database) : database_(database), begun_(database.execute("BEGIN")) {}
  ~Snapshot() {
    if (begun_.ok()) (void)database_.execute("COMMIT");
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  const Status& begun() const { return begun_; }

 private:
  Database& database_;
  Status begun_;
};

}  // namespace

struct StoreReader::State {
  std::unique_ptr<Database> database;
};

StoreReader::StoreReader() = default;
StoreReader::~StoreReader() = default;

Result<std::unique_ptr<StoreReader>> StoreReader::open(const std::filesystem::path& database) {
  std::error_code failure;
  if (!std::filesystem::exists(database, failure))
    return Error{Error::Code::NotFound, "There are no conversations yet: " + database.string() + " does not exist."};
  FACET_ASSIGN_OR_RETURN(auto opened, Database::open(database, Database::Mode::Read));
  FACET_RETURN_IF_ERROR(opened->execute("PRAGMA query_only = ON"));
  FACET_ASSIGN_OR_RETURN(const std::int64_t version, schema_version(*opened, store_migrations()));
  if (version < static_cast<std::int64_t>(store_migrations().size()))
    return Error{Error::Code::Unsupported,
                 "The database " + database.string() + " has an older format; open Facet once to bring it up to date."};
  std::unique_ptr<StoreReader> reader(new StoreReader());
  reader->state_ = std::make_unique<State>(State{std::move(opened)});
  return reader;
}

Result<std::vector<Conversation>> StoreReader::conversations(int limit) const {
  FACET_ASSIGN_OR_RETURN(
      Statement rows,
      state_->database->query("SELECT c.id, title, model, created_ms, updated_ms, path FROM "
                              "(SELECT * FROM conversation ORDER BY updated_ms DESC, id DESC LIMIT ?) AS c "
                              "LEFT JOIN folder ON conversation_id = c.id ORDER BY updated_ms DESC, c.id DESC, ordinal",
                              limit));
  return read_conversations(std::move(rows));
}

Result<std::optional<Conversation>> StoreReader::conversation(ConversationId id) const {
  FACET_ASSIGN_OR_RETURN(
      Statement rows,
      state_->database->query("SELECT c.id, title, model, created_ms, updated_ms, path FROM conversation AS c "
                              "LEFT JOIN folder ON conversation_id = c.id WHERE c.id = ? ORDER BY ordinal",
                              id));
  FACET_ASSIGN_OR_RETURN(auto found, read_conversations(std::move(rows)));
  if (found.empty()) return std::optional<Conversation>();
  return std::optional<Conversation>(std::move(found.front()));
}

Result<std::vector<Message>> StoreReader::messages(ConversationId id) const {
  const Snapshot snapshot(*state_->database);
  if (!snapshot.begun().ok()) return snapshot.begun().error();
  FACET_ASSIGN_OR_RETURN(std::vector<Message> messages, read_messages(*state_->database, id));
  FACET_RETURN_IF_ERROR(read_parts(*state_->database, id, messages));
  return messages;
}

Result<std::vector<Step>> StoreReader::steps(MessageId message) const {
  FACET_ASSIGN_OR_RETURN(
      Statement rows, state_->database->query(
                          "SELECT id, message_id, model, backend, seed, sampling_json, prompt_sha256, prompt_tokens, "
                          "cached_tokens, completion_tokens, prefill_ms, decode_ms, finish_reason FROM step "
                          "WHERE message_id = ? ORDER BY id",
                          message));
  std::vector<Step> steps;
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return steps;
    Step& step = steps.emplace_back();
    step.id = rows.integer();
    step.message = rows.integer();
    step.model = rows.text();
    step.backend = rows.text();
    step.seed = static_cast<std::uint64_t>(rows.integer());
    step.sampling_json = rows.text();
    step.prompt_sha256 = rows.text();
    step.prompt_tokens = rows.integer();
    step.cached_tokens = rows.integer();
    step.completion_tokens = rows.integer();
    step.prefill_ms = rows.integer();
    step.decode_ms = rows.integer();
    step.finish_reason = rows.text();
  }
}

Result<std::vector<Grant>> StoreReader::grants() const {
  FACET_ASSIGN_OR_RETURN(Statement rows,
                         state_->database->query("SELECT id, effect, folder, created_ms FROM \"grant\" ORDER BY id"));
  std::vector<Grant> grants;
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return grants;
    Grant& grant = grants.emplace_back();
    grant.id = rows.integer();
    FACET_RETURN_IF_ERROR(read_name(*state_->database, rows, grant.effect));
    grant.folder = rows.text();
    grant.created_ms = rows.integer();
  }
}

Result<std::vector<SearchHit>> StoreReader::search(const std::string& query, int limit) const {
  const std::string expression = search_query(query);
  std::vector<SearchHit> hits;
  if (expression.empty()) return hits;
  const Snapshot snapshot(*state_->database);
  if (!snapshot.begun().ok()) return snapshot.begun().error();
  // A title lies under the negative id of its conversation, a part under its own id.
  FACET_ASSIGN_OR_RETURN(
      Statement rows,
      state_->database->query("SELECT coalesce(message.conversation_id, -search.rowid), message.id, part.id, "
                              "snippet(search, 0, char(1), char(2), '…', 24) FROM search "
                              "LEFT JOIN part ON part.id = search.rowid LEFT JOIN message ON message.id = message_id "
                              "WHERE search MATCH ? ORDER BY rank, abs(search.rowid) DESC LIMIT ?",
                              expression, limit));
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return hits;
    FACET_ASSIGN_OR_RETURN(auto owner, conversation(rows.integer()));
    if (!owner) return damaged(*state_->database, "the search index points at nothing");
    SearchHit& hit = hits.emplace_back();
    hit.conversation = std::move(*owner);
    hit.message = rows.integer();
    hit.part = rows.integer();
    hit.snippet = marked_snippet(rows.text());
  }
}

}  // namespace facet::agent
