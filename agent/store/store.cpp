#include "agent/store/store.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <system_error>

#include "agent/clock.h"
#include "agent/media_json.h"
#include "agent/store/database.h"
#include "agent/store/migrations.h"
#include "agent/store/names.h"
#include "agent/store/writer_lock.h"
#include "agent/store/writing.h"

namespace facet::agent {

namespace {

namespace fs = std::filesystem;

// The columns of `part`; what else a kind has lies in tables of its own.
struct PartColumns {
  std::string_view kind;
  std::string_view text;
  std::string_view severity;
};

struct ToColumns {
  PartColumns operator()(const TextPart& part) const { return {"text", part.text, {}}; }
  PartColumns operator()(const ThoughtPart& part) const { return {"thought", part.text, {}}; }
  PartColumns operator()(const CallPart&) const { return {"call", {}, {}}; }
  PartColumns operator()(const AttachmentPart& part) const { return {"attachment", part.text, {}}; }
  PartColumns operator()(const NoticePart& part) const { return {"notice", part.text, name_of(part.severity)}; }
};

// A new data folder, and a new database in a folder that others may read, are for their owner alone: conversations are
// private. SQLite gives the files beside it the same permissions.
Status prepare_folder(const fs::path& folder) {
  std::error_code failure;
  if (folder.empty() || fs::is_directory(folder, failure)) return {};
  fs::create_directories(folder, failure);
  if (failure)
    return Error{Error::Code::Io, "The data folder " + folder.string() + " can not be made (" + failure.message() +
                                      "); choose another one with --data."};
  fs::permissions(folder, fs::perms::owner_all, failure);
  return {};
}

}  // namespace

struct Store::State {
  State(WriterLock held, std::unique_ptr<Database> opened)
      : lock(std::move(held)), database(std::move(opened)), transcripts(std::make_unique<TranscriptStore>(*database)) {}

  WriterLock lock;  // given back last
  std::unique_ptr<Database> database;

  std::unique_ptr<TranscriptStore> transcripts;

  template <typename Work>
  auto write(Durability durability, Work work) -> decltype(work()) {
    return agent::write(*database, durability, std::move(work));
  }
  template <typename... Arguments>
  Status change(Durability durability, const char* what, const char* sql, const Arguments&... arguments) {
    return write(durability, [&] { return change_row(what, sql, arguments...); });
  }
  template <typename... Arguments>
  Status change_row(const char* what, const char* sql, const Arguments&... arguments) {
    return agent::change_row(*database, what, sql, arguments...);
  }

  Status touch(ConversationId conversation, std::int64_t now) {
    return change_row("conversation", "UPDATE conversation SET updated_ms = ? WHERE id = ?", now, conversation);
  }

  Status put_folders(ConversationId conversation, const std::vector<std::string>& folders) {
    FACET_RETURN_IF_ERROR(database->run("DELETE FROM folder WHERE conversation_id = ?", conversation));
    int ordinal = 0;
    for (const std::string& folder : folders)
      FACET_RETURN_IF_ERROR(database->run("INSERT INTO folder (conversation_id, ordinal, path) VALUES (?, ?, ?)",
                                          conversation, ordinal++, folder));
    return {};
  }

  Result<Message> put_message(ConversationId conversation, Role role, Finish finish) {
    Message message{
        .conversation = conversation, .role = role, .finish = finish, .created_ms = epoch_ms(), .parts = {}};
    FACET_RETURN_IF_ERROR(touch(conversation, message.created_ms));
    FACET_RETURN_IF_ERROR(
        database->run("INSERT INTO message (conversation_id, role, finish, created_ms) VALUES (?, ?, ?, ?)",
                      conversation, name_of(role), name_of(finish), message.created_ms));
    message.id = database->last_id();
    return message;
  }

  Result<Part> put_part(MessageId message, PartContent content, int run, bool finished) {
    const PartColumns columns = std::visit(ToColumns{}, content);
    FACET_ASSIGN_OR_RETURN(
        Statement row, database->query("INSERT INTO part (message_id, ordinal, run, kind, text, severity, finished) "
                                       "SELECT ?1, coalesce(max(ordinal) + 1, 0), ?2, ?3, ?4, nullif(?5, ''), ?6 "
                                       "FROM part WHERE message_id = ?1 RETURNING id, ordinal",
                                       message, run, columns.kind, columns.text, columns.severity, finished));
    FACET_RETURN_IF_ERROR(row.next());
    Part part;
    part.id = row.integer();
    part.ordinal = static_cast<int>(row.integer());
    part.run = run;
    part.content = std::move(content);
    FACET_RETURN_IF_ERROR(row.run_to_end());
    if (auto* call = std::get_if<CallPart>(&part.content)) FACET_RETURN_IF_ERROR(put_call(part.id, call->call));
    if (const auto* file = std::get_if<AttachmentPart>(&part.content))
      FACET_RETURN_IF_ERROR(put_attachment(part.id, *file));
    return part;
  }

  Status put_call(PartId part, Call& call) {
    FACET_RETURN_IF_ERROR(
        database->run("INSERT INTO call (part_id, tool, arguments_json, state, result, details_json, started_ms, "
                      "finished_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                      part, call.tool, call.arguments_json, name_of(call.state), call.result, call.details_json,
                      call.started_ms, call.finished_ms));
    call.id = database->last_id();
    return {};
  }

  Status put_attachment(PartId part, const AttachmentPart& file) {
    FACET_RETURN_IF_ERROR(database->run(
        "INSERT INTO attachment (part_id, name, path, media_type, bytes, sha256) VALUES (?, ?, ?, ?, ?, ?)", part,
        file.name, file.path, file.media_type, file.bytes, file.sha256));
    return file.media ? put_media(database->last_id(), *file.media) : Status();
  }

  Status put_media(std::int64_t attachment, const AttachedMedia& media) {
    return database->run(
        "INSERT INTO media (attachment_id, kind, width, height, duration_ms, budget, budget_choice, tile_columns, "
        "tile_rows, shrinking_permille, pieces_json, remark) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        attachment, name_of(media.kind), media.width, media.height, media.duration_ms, media.budget,
        name_of(media.budget_choice), media.tile_columns, media.tile_rows, std::llround(media.shrinking * 1000),
        pieces_text(media.pieces), media.remark);
  }

  Result<bool> has_memory(const std::string& text) {
    FACET_ASSIGN_OR_RETURN(Statement row, database->query("SELECT 1 FROM memory WHERE text = ?", text));
    return row.next();
  }

  Status put_pictures(const Call& call) {
    int ordinal = 0;
    for (const AttachmentPart& picture : call.pictures) {
      const AttachedMedia shown = picture.media.value_or(AttachedMedia());
      FACET_RETURN_IF_ERROR(database->run(
          "INSERT INTO picture (call_id, ordinal, name, media_type, bytes, sha256, width, height, budget, "
          "budget_choice, tile_columns, tile_rows, shrinking_permille, pieces_json, remark) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          call.id, ordinal++, picture.name, picture.media_type, picture.bytes, picture.sha256, shown.width,
          shown.height, shown.budget, name_of(shown.budget_choice), shown.tile_columns, shown.tile_rows,
          std::llround(shown.shrinking * 1000), pieces_text(shown.pieces), shown.remark));
    }
    return {};
  }

  Status change_call(const Call& call) {
    return change_row("call",
                      "UPDATE call SET tool = ?, arguments_json = ?, state = ?, result = ?, details_json = ?, "
                      "started_ms = ?, finished_ms = ? WHERE id = ?",
                      call.tool, call.arguments_json, name_of(call.state), call.result, call.details_json,
                      call.started_ms, call.finished_ms, call.id);
  }
};

Store::Store() = default;
Store::~Store() = default;

TranscriptStore& Store::transcripts() {
  return *state_->transcripts;
}

Result<std::unique_ptr<Store>> Store::open(const fs::path& database) {
  FACET_RETURN_IF_ERROR(prepare_folder(database.parent_path()));
  FACET_ASSIGN_OR_RETURN(WriterLock lock, WriterLock::take(database));
  std::error_code failure;
  const bool is_new = !fs::exists(database, failure);
  FACET_ASSIGN_OR_RETURN(auto opened, Database::open(database, Database::Mode::Write));
  if (is_new) fs::permissions(database, fs::perms::owner_read | fs::perms::owner_write, failure);
  FACET_RETURN_IF_ERROR(migrate(*opened, store_migrations()));
  FACET_RETURN_IF_ERROR(opened->execute("PRAGMA journal_mode = WAL"));
  std::unique_ptr<Store> store(new Store());
  store->state_ = std::make_unique<State>(std::move(lock), std::move(opened));
  return store;
}

Result<Conversation> Store::create_conversation(const std::string& title, const std::string& model,
                                                const std::vector<std::string>& folders) {
  return state_->write(Durability::Synced, [&]() -> Result<Conversation> {
    const std::int64_t now = epoch_ms();
    FACET_RETURN_IF_ERROR(state_->database->run(
        "INSERT INTO conversation (title, model, created_ms, updated_ms) VALUES (?, ?, ?, ?)", title, model, now, now));
    const ConversationId id = state_->database->last_id();
    FACET_RETURN_IF_ERROR(state_->put_folders(id, folders));
    return Conversation{id, title, model, folders, now, now};
  });
}

Status Store::rename_conversation(ConversationId id, const std::string& title) {
  return state_->change(Durability::Synced, "conversation", "UPDATE conversation SET title = ? WHERE id = ?", title,
                        id);
}

Status Store::set_model(ConversationId id, const std::string& model) {
  return state_->change(Durability::Written, "conversation", "UPDATE conversation SET model = ? WHERE id = ?", model,
                        id);
}

Status Store::set_thinking(ConversationId id, std::int64_t tokens) {
  return state_->change(Durability::Synced, "conversation", "UPDATE conversation SET thinking_tokens = ? WHERE id = ?",
                        tokens, id);
}

Status Store::set_plan(ConversationId id, const std::vector<PlanStep>& steps, PlanAuthor author) {
  return state_->write(Durability::Synced, [&]() -> Status {
    FACET_RETURN_IF_ERROR(state_->change_row("conversation", "UPDATE conversation SET plan_is_news = ? WHERE id = ?",
                                             std::int64_t{author == PlanAuthor::User}, id));
    FACET_RETURN_IF_ERROR(state_->database->run("DELETE FROM plan_step WHERE conversation_id = ?", id));
    int ordinal = 0;
    for (const PlanStep& step : steps)
      FACET_RETURN_IF_ERROR(
          state_->database->run("INSERT INTO plan_step (conversation_id, ordinal, text, status) VALUES (?, ?, ?, ?)",
                                id, ordinal++, step.text, name_of(step.status)));
    return {};
  });
}

Status Store::settle_plan(ConversationId id) {
  return state_->change(Durability::Written, "conversation", "UPDATE conversation SET plan_is_news = 0 WHERE id = ?",
                        id);
}

Status Store::set_folders(ConversationId id, const std::vector<std::string>& folders) {
  return state_->write(Durability::Synced, [&]() -> Status {
    FACET_RETURN_IF_ERROR(state_->touch(id, epoch_ms()));
    return state_->put_folders(id, folders);
  });
}

Status Store::remove_conversation(ConversationId id) {
  return state_->change(Durability::Synced, "conversation", "DELETE FROM conversation WHERE id = ?", id);
}

Result<Message> Store::add_user_message(ConversationId conversation, std::vector<PartContent> parts) {
  return state_->write(Durability::Synced, [&]() -> Result<Message> {
    FACET_ASSIGN_OR_RETURN(Message message, state_->put_message(conversation, Role::User, Finish::Done));
    for (PartContent& content : parts) {
      FACET_ASSIGN_OR_RETURN(Part part, state_->put_part(message.id, std::move(content), /*run=*/0, /*finished=*/true));
      message.parts.push_back(std::move(part));
    }
    return message;
  });
}

Result<Message> Store::begin_assistant_message(ConversationId conversation) {
  return state_->write(Durability::Written,
                       [&] { return state_->put_message(conversation, Role::Assistant, Finish::Streaming); });
}

Result<Part> Store::add_part(MessageId message, PartContent content, int run) {
  return state_->write(Durability::Written,
                       [&] { return state_->put_part(message, std::move(content), run, /*finished=*/false); });
}

Status Store::update_text(PartId part, const std::string& text) {
  return state_->change(Durability::Written, "part", "UPDATE part SET text = ? WHERE id = ?", text, part);
}

Status Store::finish_part(PartId part, const PartContent& content) {
  const PartColumns columns = std::visit(ToColumns{}, content);
  return state_->write(Durability::Written, [&]() -> Status {
    if (const auto* call = std::get_if<CallPart>(&content)) {
      FACET_RETURN_IF_ERROR(state_->change_call(call->call));
      FACET_RETURN_IF_ERROR(state_->put_pictures(call->call));
    }
    return state_->change_row("part", "UPDATE part SET text = ?, severity = nullif(?, ''), finished = 1 WHERE id = ?",
                              columns.text, columns.severity, part);
  });
}

Status Store::update_call(const Call& call) {
  return state_->write(Durability::Written, [&] { return state_->change_call(call); });
}

Result<ApprovalId> Store::add_approval(CallId call, const Approval& approval) {
  return state_->write(Durability::Written, [&]() -> Result<ApprovalId> {
    FACET_RETURN_IF_ERROR(state_->database->run(
        "INSERT INTO approval (call_id, reason, effect_text, scope, offers_always, decision, asked_ms, decided_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
        call, approval.reason, approval.effect_text, approval.scope, std::int64_t{approval.offers_always},
        name_of(approval.decision), epoch_ms()));
    return state_->database->last_id();
  });
}

Status Store::settle_approval(ApprovalId approval, Decision decision) {
  return state_->change(Durability::Synced, "approval", "UPDATE approval SET decision = ?, decided_ms = ? WHERE id = ?",
                        name_of(decision), epoch_ms(), approval);
}

Status Store::finish_message(MessageId message, Finish finish) {
  return state_->write(Durability::Synced, [&]() -> Status {
    FACET_RETURN_IF_ERROR(
        state_->change_row("message", "UPDATE message SET finish = ? WHERE id = ?", name_of(finish), message));
    return state_->database->run(
        "UPDATE conversation SET updated_ms = ? WHERE id = (SELECT conversation_id FROM message WHERE id = ?)",
        epoch_ms(), message);
  });
}

Status Store::add_step(const Step& step) {
  return state_->write(Durability::Written, [&] {
    return state_->database->run(
        "INSERT INTO step (message_id, model, backend, seed, sampling_json, prompt_sha256, prompt_tokens, "
        "cached_tokens, completion_tokens, prefill_ms, decode_ms, finish_reason, thinking_tokens, tokens_json) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        step.message, step.model, step.backend, step.seed, step.sampling_json, step.prompt_sha256, step.prompt_tokens,
        step.cached_tokens, step.completion_tokens, step.prefill_ms, step.decode_ms, step.finish_reason,
        step.thinking_tokens, nlohmann::json(step.tokens).dump());
  });
}

Status Store::keep_output(CallId call, const std::string& text) {
  return state_->write(Durability::Written, [&] {
    return state_->database->run("INSERT INTO call_output (call_id, text) VALUES (?, ?)", call, text);
  });
}

Status Store::add_compaction(const Compaction& compaction) {
  return state_->write(Durability::Written, [&] {
    return state_->database->run(
        "INSERT INTO compaction (conversation_id, answer_id, message_id, summary, call_id, created_ms) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        compaction.conversation, compaction.answer, compaction.summarised_to, compaction.summary, compaction.results_to,
        epoch_ms());
  });
}

Result<Grant> Store::add_grant(Effect effect, const std::string& folder, ConversationId conversation) {
  return state_->write(Durability::Synced, [&]() -> Result<Grant> {
    // Granting twice is granting once.
    FACET_ASSIGN_OR_RETURN(
        Statement row,
        state_->database->query(
            "INSERT INTO \"grant\" (effect, folder, conversation_id, created_ms) VALUES (?, ?, nullif(?, 0), ?) "
            "ON CONFLICT (effect, folder, ifnull(conversation_id, 0)) DO UPDATE SET folder = folder "
            "RETURNING id, created_ms",
            name_of(effect), folder, conversation, epoch_ms()));
    FACET_RETURN_IF_ERROR(row.next());
    Grant grant{.effect = effect, .folder = folder, .conversation = conversation};
    grant.id = row.integer();
    grant.created_ms = row.integer();
    FACET_RETURN_IF_ERROR(row.run_to_end());
    return grant;
  });
}

Status Store::revoke_grant(std::int64_t id) {
  return state_->change(Durability::Synced, "permission", "DELETE FROM \"grant\" WHERE id = ?", id);
}

Result<std::optional<Memory>> Store::add_memory(const std::string& text, ConversationId conversation) {
  return state_->write(Durability::Synced, [&]() -> Result<std::optional<Memory>> {
    FACET_ASSIGN_OR_RETURN(const bool is_known, state_->has_memory(text));
    if (is_known) return std::optional<Memory>();
    FACET_ASSIGN_OR_RETURN(const std::int64_t entries, state_->database->integer("SELECT count(*) FROM memory"));
    if (entries >= Memory::kMostEntries)
      return Error{Error::Code::InvalidInput,
                   "There are " + std::to_string(entries) +
                       " entries in memory, and there can be no more until some are deleted."};
    Memory memory{.text = text, .conversation = conversation, .created_ms = epoch_ms()};
    FACET_RETURN_IF_ERROR(
        state_->database->run("INSERT INTO memory (text, conversation_id, created_ms) VALUES (?, nullif(?, 0), ?)",
                              memory.text, memory.conversation, memory.created_ms));
    memory.id = state_->database->last_id();
    return std::optional<Memory>(std::move(memory));
  });
}

Status Store::remove_memory(MemoryId id) {
  return state_->change(Durability::Synced, "entry in memory", "DELETE FROM memory WHERE id = ?", id);
}

Status Store::clear_memory() {
  return state_->write(Durability::Synced, [&] { return state_->database->run("DELETE FROM memory"); });
}

Status Store::close_interrupted() {
  return state_->write(Durability::Synced, [&]() -> Status {
    FACET_RETURN_IF_ERROR(state_->database->run(
        "UPDATE call SET state = 'stopped', finished_ms = ? "
        "WHERE state IN ('preparing', 'awaiting_approval', 'running') AND part_id IN "
        "(SELECT part.id FROM part JOIN message ON message.id = message_id WHERE finish = 'streaming')",
        epoch_ms()));
    FACET_RETURN_IF_ERROR(
        state_->database->run("UPDATE part SET finished = 1 WHERE finished = 0 AND message_id IN "
                              "(SELECT id FROM message WHERE finish = 'streaming')"));
    FACET_RETURN_IF_ERROR(
        state_->database->run("UPDATE transcript SET state = 'stopped' WHERE state IN ('waiting', 'running')"));
    return state_->database->run("UPDATE message SET finish = 'stopped' WHERE finish = 'streaming'");
  });
}

}  // namespace facet::agent
