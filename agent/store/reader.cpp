#include "agent/store/reader.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>

#include "agent/store/database.h"
#include "agent/store/memory_rows.h"
#include "agent/store/migrations.h"
#include "agent/store/rows.h"
#include "agent/store/search_query.h"
#include "agent/store/transcript_rows.h"
#include "engine/media.h"

namespace facet::agent {

namespace {

// Columns: id, title, model, created_ms, updated_ms, thinking_tokens, path. One row per folder, or one with a null
// path.
constexpr int kFolderColumn = 6;

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
      conversation.thinking_tokens = rows.integer();
    }
    if (!rows.is_null()) conversations.back().folders.push_back(rows.text());
  }
}

Result<std::vector<PlanStep>> read_plan(Database& database, ConversationId id) {
  FACET_ASSIGN_OR_RETURN(
      Statement rows,
      database.query("SELECT text, status FROM plan_step WHERE conversation_id = ? ORDER BY ordinal", id));
  std::vector<PlanStep> steps;
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return steps;
    PlanStep& step = steps.emplace_back();
    step.text = rows.text();
    FACET_RETURN_IF_ERROR(read_name(database, rows, step.status));
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
      state_->database->query("SELECT c.id, title, model, created_ms, updated_ms, thinking_tokens, path FROM "
                              "(SELECT * FROM conversation ORDER BY updated_ms DESC, id DESC LIMIT ?) AS c "
                              "LEFT JOIN folder ON conversation_id = c.id ORDER BY updated_ms DESC, c.id DESC, ordinal",
                              limit));
  return read_conversations(std::move(rows));
}

Result<std::optional<Conversation>> StoreReader::conversation(ConversationId id) const {
  FACET_ASSIGN_OR_RETURN(
      Statement rows,
      state_->database->query(
          "SELECT c.id, title, model, created_ms, updated_ms, thinking_tokens, path FROM conversation AS c "
          "LEFT JOIN folder ON conversation_id = c.id WHERE c.id = ? ORDER BY ordinal",
          id));
  FACET_ASSIGN_OR_RETURN(auto found, read_conversations(std::move(rows)));
  if (found.empty()) return std::optional<Conversation>();
  FACET_ASSIGN_OR_RETURN(found.front().plan, read_plan(*state_->database, id));
  return std::optional<Conversation>(std::move(found.front()));
}

Result<std::vector<Message>> StoreReader::messages(ConversationId id) const {
  const Snapshot snapshot(*state_->database);
  if (!snapshot.begun().ok()) return snapshot.begun().error();
  return read_messages(*state_->database, id);
}

Result<std::vector<Step>> StoreReader::steps(MessageId message) const {
  FACET_ASSIGN_OR_RETURN(
      Statement rows, state_->database->query(
                          "SELECT id, message_id, model, backend, seed, sampling_json, prompt_sha256, prompt_tokens, "
                          "cached_tokens, completion_tokens, prefill_ms, decode_ms, finish_reason, thinking_tokens, "
                          "tokens_json FROM step WHERE message_id = ? ORDER BY id",
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
    step.thinking_tokens = rows.integer();
    const auto tokens = nlohmann::json::parse(rows.text(), nullptr, /*allow_exceptions=*/false);
    const auto is_number = [](const nlohmann::json& token) { return token.is_number_integer(); };
    if (!tokens.is_array() || !std::all_of(tokens.begin(), tokens.end(), is_number))
      return damaged(*state_->database, "what a model wrote can not be read");
    step.tokens = tokens.get<std::vector<std::int32_t>>();
  }
}

Result<bool> StoreReader::plan_is_news(ConversationId id) const {
  FACET_ASSIGN_OR_RETURN(Statement row,
                         state_->database->query("SELECT plan_is_news FROM conversation WHERE id = ?", id));
  FACET_ASSIGN_OR_RETURN(const bool is_there, row.next());
  return is_there && row.integer() != 0;
}

Result<Compaction> StoreReader::compaction(ConversationId id) const {
  FACET_ASSIGN_OR_RETURN(std::vector<Compaction> all, compactions(id));
  return all.empty() ? Compaction{.conversation = id, .summary = {}} : std::move(all.back());
}

Result<std::vector<Compaction>> StoreReader::compactions(ConversationId id) const {
  FACET_ASSIGN_OR_RETURN(Statement rows,
                         state_->database->query("SELECT answer_id, message_id, summary, call_id FROM compaction "
                                                 "WHERE conversation_id = ? ORDER BY id",
                                                 id));
  std::vector<Compaction> all;
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return all;
    Compaction& compaction = all.emplace_back();
    compaction.conversation = id;
    compaction.answer = rows.integer();
    compaction.summarised_to = rows.integer();
    compaction.summary = rows.text();
    compaction.results_to = rows.integer();
  }
}

Result<std::optional<std::string>> StoreReader::output(ConversationId conversation, CallId call) const {
  FACET_ASSIGN_OR_RETURN(
      Statement row,
      state_->database->query("SELECT coalesce(call_output.text, call.result) FROM call "
                              "JOIN part ON part.id = call.part_id JOIN message ON message.id = part.message_id "
                              "LEFT JOIN call_output ON call_output.call_id = call.id WHERE call.id = ? AND "
                              "message.conversation_id = ? AND call.finished_ms > 0",
                              call, conversation));
  FACET_ASSIGN_OR_RETURN(const bool is_there, row.next());
  if (!is_there) return std::optional<std::string>();
  return std::optional<std::string>(row.text());
}

Result<std::set<std::string>> StoreReader::media_in_use() const {
  FACET_ASSIGN_OR_RETURN(
      Statement rows,
      state_->database->query("SELECT sha256 FROM attachment JOIN media ON attachment_id = attachment.id "
                              "UNION SELECT sha256 FROM picture"));
  std::set<std::string> hashes;
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return hashes;
    hashes.insert(rows.text());
  }
}

Result<std::vector<Grant>> StoreReader::grants() const {
  FACET_ASSIGN_OR_RETURN(Statement rows,
                         state_->database->query("SELECT id, effect, folder, ifnull(conversation_id, 0), created_ms "
                                                 "FROM \"grant\" ORDER BY id"));
  std::vector<Grant> grants;
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return grants;
    Grant& grant = grants.emplace_back();
    grant.id = rows.integer();
    FACET_RETURN_IF_ERROR(read_name(*state_->database, rows, grant.effect));
    grant.folder = rows.text();
    grant.conversation = rows.integer();
    grant.created_ms = rows.integer();
  }
}

Result<std::vector<Memory>> StoreReader::memories() const {
  return read_memories(*state_->database);
}

Result<std::vector<Memory>> StoreReader::search_memories(const std::string& query, WordMatch match) const {
  return find_memories(*state_->database, search_query(query, match));
}

Result<std::vector<SearchHit>> StoreReader::search(const std::string& query, int limit) const {
  const std::string expression = search_query(query);
  std::vector<SearchHit> hits;
  if (expression.empty()) return hits;
  const Snapshot snapshot(*state_->database);
  if (!snapshot.begun().ok()) return snapshot.begun().error();
  // A title lies under the negative id of its conversation, a part under its own id, what belongs to transcripts far
  // beyond both.
  FACET_ASSIGN_OR_RETURN(
      Statement rows,
      state_->database->query("SELECT search.rowid, coalesce(message.conversation_id, -search.rowid), message.id, "
                              "part.id, snippet(search, 0, char(1), char(2), '…', 24) FROM search "
                              "LEFT JOIN part ON part.id = search.rowid LEFT JOIN message ON message.id = message_id "
                              "WHERE search MATCH ? ORDER BY rank, abs(search.rowid) DESC LIMIT ?",
                              expression, limit));
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool more, rows.next());
    if (!more) return hits;
    SearchHit hit;
    FACET_RETURN_IF_ERROR(read_owner(rows, hit));
    hit.message = rows.integer();
    hit.part = rows.integer();
    hit.snippet = marked_snippet(rows.text());
    hits.push_back(std::move(hit));
  }
}

// The first two columns of a hit.
Status StoreReader::read_owner(Statement& row, SearchHit& hit) const {
  FACET_ASSIGN_OR_RETURN(const auto in_transcript, find_in_transcripts(*state_->database, row.integer()));
  if (!in_transcript) {
    FACET_ASSIGN_OR_RETURN(auto owner, conversation(row.integer()));
    if (!owner) return damaged(*state_->database, "the search index points at nothing");
    hit.conversation = std::move(*owner);
    return {};
  }
  row.skip(1);
  FACET_ASSIGN_OR_RETURN(hit.transcript, transcript(in_transcript->transcript));
  if (!hit.transcript) return damaged(*state_->database, "the search index points at nothing");
  hit.segment = in_transcript->segment;
  hit.at_ms = in_transcript->begin_sample * 1000 / engine::kSampleRate;
  return {};
}

Result<std::vector<Transcript>> StoreReader::transcripts(int limit) const {
  return read_transcripts(*state_->database, limit);
}

Result<std::optional<Transcript>> StoreReader::transcript(TranscriptId id) const {
  return read_transcript(*state_->database, id);
}

Result<std::vector<Transcript>> StoreReader::transcripts_of(const RecordingFile& file) const {
  return read_transcripts_of(*state_->database, file);
}

Result<std::vector<Segment>> StoreReader::segments(TranscriptId id) const {
  return read_segments(*state_->database, id);
}

}  // namespace facet::agent
