#include "agent/store/migrations.h"

#include <filesystem>
#include <string>
#include <system_error>

namespace facet::agent {

namespace {

// "Fcet": tells our files from those of other programs, also to file(1).
constexpr std::int64_t kApplicationId = 0x46636574;

constexpr const char* kVersion1 = R"sql(
CREATE TABLE conversation (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  title TEXT NOT NULL,
  model TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX conversation_by_update ON conversation (updated_ms);

CREATE TABLE folder (
  conversation_id INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  path TEXT NOT NULL,
  PRIMARY KEY (conversation_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  conversation_id INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
  finish TEXT NOT NULL CHECK (finish IN ('streaming', 'done', 'length', 'stopped', 'failed')),
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX message_by_conversation ON message (conversation_id);
CREATE INDEX message_streaming ON message (id) WHERE finish = 'streaming';

CREATE TABLE part (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  run INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('text', 'thought', 'call', 'attachment', 'notice')),
  text TEXT NOT NULL,
  severity TEXT CHECK (severity IN ('information', 'warning', 'error')),
  finished INTEGER NOT NULL CHECK (finished IN (0, 1)),
  UNIQUE (message_id, ordinal)
) STRICT;

CREATE TABLE call (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  part_id INTEGER NOT NULL UNIQUE REFERENCES part (id) ON DELETE CASCADE,
  tool TEXT NOT NULL,
  arguments_json TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('preparing', 'awaiting_approval', 'running', 'succeeded', 'failed', 'denied',
                                       'stopped')),
  result TEXT NOT NULL,
  details_json TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  finished_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE approval (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  call_id INTEGER NOT NULL UNIQUE REFERENCES call (id) ON DELETE CASCADE,
  reason TEXT NOT NULL,
  effect_text TEXT NOT NULL,
  scope TEXT NOT NULL,
  decision TEXT NOT NULL CHECK (decision IN ('pending', 'allow_once', 'allow_always_here', 'deny')),
  asked_ms INTEGER NOT NULL,
  decided_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE "grant" (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  effect TEXT NOT NULL CHECK (effect IN ('read', 'write', 'execute', 'network', 'see_screen')),
  folder TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  UNIQUE (effect, folder)
) STRICT;

CREATE TABLE attachment (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  part_id INTEGER NOT NULL UNIQUE REFERENCES part (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  path TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL
) STRICT;
CREATE INDEX attachment_by_hash ON attachment (sha256);

CREATE TABLE step (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
  model TEXT NOT NULL,
  backend TEXT NOT NULL,
  seed INTEGER NOT NULL,
  sampling_json TEXT NOT NULL,
  prompt_sha256 TEXT NOT NULL,
  prompt_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  prefill_ms INTEGER NOT NULL,
  decode_ms INTEGER NOT NULL,
  finish_reason TEXT NOT NULL
) STRICT;
CREATE INDEX step_by_message ON step (message_id);

CREATE VIRTUAL TABLE search USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2');

CREATE TRIGGER search_title_added AFTER INSERT ON conversation BEGIN
  INSERT INTO search (rowid, text) VALUES (-new.id, new.title);
END;
CREATE TRIGGER search_title_changed AFTER UPDATE OF title ON conversation BEGIN
  UPDATE search SET text = new.title WHERE rowid = -new.id;
END;
CREATE TRIGGER search_title_removed AFTER DELETE ON conversation BEGIN
  DELETE FROM search WHERE rowid = -old.id;
END;

CREATE TRIGGER search_part_added AFTER INSERT ON part WHEN new.finished AND new.kind IN ('text', 'attachment') BEGIN
  INSERT INTO search (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER search_part_changed AFTER UPDATE OF text, finished ON part
WHEN new.finished AND new.kind IN ('text', 'attachment') BEGIN
  DELETE FROM search WHERE rowid = new.id;
  INSERT INTO search (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER search_part_removed AFTER DELETE ON part BEGIN
  DELETE FROM search WHERE rowid = old.id;
END;

CREATE TRIGGER search_attachment_added AFTER INSERT ON attachment BEGIN
  UPDATE search SET text = new.name || char(10) || text WHERE rowid = new.part_id;
END;

CREATE TRIGGER search_call_changed AFTER UPDATE OF state ON call
WHEN new.state IN ('succeeded', 'failed', 'denied', 'stopped') BEGIN
  DELETE FROM search WHERE rowid = new.part_id;
  INSERT INTO search (rowid, text) VALUES (
    new.part_id,
    new.tool || ' ' ||
    coalesce((SELECT group_concat(atom, ' ')
              FROM json_tree(CASE WHEN json_valid(new.arguments_json) THEN new.arguments_json ELSE 'null' END)
              WHERE atom IS NOT NULL), '') ||
    char(10) || new.result);
END;
)sql";

constexpr const char* kVersion2 = R"sql(
CREATE TABLE media (
  attachment_id INTEGER PRIMARY KEY REFERENCES attachment (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('picture', 'sound', 'video')),
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  budget INTEGER NOT NULL,
  budget_choice TEXT NOT NULL CHECK (budget_choice IN ('by_content', 'by_user')),
  tile_columns INTEGER NOT NULL,
  tile_rows INTEGER NOT NULL,
  shrinking_permille INTEGER NOT NULL,
  pieces_json TEXT NOT NULL,
  remark TEXT NOT NULL
) STRICT;
)sql";

// In `search` titles and segments lie beyond 2^62, where no part or conversation will come.
constexpr const char* kVersion3 = R"sql(
CREATE TABLE recording (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  path TEXT NOT NULL,
  name TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  UNIQUE (path, bytes, modified_ms)
) STRICT;

CREATE TABLE transcript (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recording_id INTEGER NOT NULL REFERENCES recording (id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  model TEXT NOT NULL,
  language TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'stopped', 'done', 'failed')),
  problem TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX transcript_by_recording ON transcript (recording_id);
CREATE INDEX transcript_by_update ON transcript (updated_ms);

CREATE TABLE segment (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  transcript_id INTEGER NOT NULL REFERENCES transcript (id) ON DELETE CASCADE,
  begin_sample INTEGER NOT NULL,
  end_sample INTEGER NOT NULL,
  speech_begin_sample INTEGER NOT NULL,
  speech_end_sample INTEGER NOT NULL,
  text TEXT NOT NULL,
  speaker TEXT NOT NULL,
  language TEXT NOT NULL,
  remark TEXT NOT NULL CHECK (remark IN ('none', 'repeated', 'overlong', 'empty')),
  UNIQUE (transcript_id, begin_sample),
  CHECK (begin_sample <= speech_begin_sample AND speech_begin_sample <= speech_end_sample AND
         speech_end_sample <= end_sample)
) STRICT;

CREATE TRIGGER recording_unused AFTER DELETE ON transcript
WHEN NOT EXISTS (SELECT 1 FROM transcript WHERE recording_id = old.recording_id) BEGIN
  DELETE FROM recording WHERE id = old.recording_id;
END;

CREATE TRIGGER search_transcript_added AFTER INSERT ON transcript BEGIN
  INSERT INTO search (rowid, text) VALUES (-4611686018427387904 - new.id, new.title);
END;
CREATE TRIGGER search_transcript_changed AFTER UPDATE OF title ON transcript BEGIN
  UPDATE search SET text = new.title WHERE rowid = -4611686018427387904 - new.id;
END;
CREATE TRIGGER search_transcript_removed AFTER DELETE ON transcript BEGIN
  DELETE FROM search WHERE rowid = -4611686018427387904 - old.id;
END;
CREATE TRIGGER search_segment_added AFTER INSERT ON segment WHEN new.text <> '' BEGIN
  INSERT INTO search (rowid, text) VALUES (4611686018427387904 + new.id, new.text);
END;
CREATE TRIGGER search_segment_removed AFTER DELETE ON segment BEGIN
  DELETE FROM search WHERE rowid = 4611686018427387904 + old.id;
END;
)sql";

// What may be allowed for a conversation. SQLite changes no constraint of a table, so both are made again; their ids go
// on.
constexpr const char* kVersion4 = R"sql(
CREATE TABLE approval_4 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  call_id INTEGER NOT NULL UNIQUE REFERENCES call (id) ON DELETE CASCADE,
  reason TEXT NOT NULL,
  effect_text TEXT NOT NULL,
  scope TEXT NOT NULL,
  offers_always INTEGER NOT NULL CHECK (offers_always IN (0, 1)),
  decision TEXT NOT NULL CHECK (decision IN ('pending', 'allow_once', 'allow_in_conversation', 'allow_always_here',
                                             'deny')),
  asked_ms INTEGER NOT NULL,
  decided_ms INTEGER NOT NULL
) STRICT;
INSERT INTO approval_4
SELECT id, call_id, reason, effect_text, scope, scope <> '', decision, asked_ms, decided_ms FROM approval;
DELETE FROM sqlite_sequence WHERE name = 'approval_4';
INSERT INTO sqlite_sequence (name, seq) SELECT 'approval_4', seq FROM sqlite_sequence WHERE name = 'approval';
DROP TABLE approval;
ALTER TABLE approval_4 RENAME TO approval;

CREATE TABLE grant_4 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  effect TEXT NOT NULL CHECK (effect IN ('read', 'write', 'execute', 'network', 'see_screen')),
  folder TEXT NOT NULL,
  conversation_id INTEGER REFERENCES conversation (id) ON DELETE CASCADE,
  created_ms INTEGER NOT NULL
) STRICT;
INSERT INTO grant_4 SELECT id, effect, folder, NULL, created_ms FROM "grant";
DELETE FROM sqlite_sequence WHERE name = 'grant_4';
INSERT INTO sqlite_sequence (name, seq) SELECT 'grant_4', seq FROM sqlite_sequence WHERE name = 'grant';
DROP TABLE "grant";
ALTER TABLE grant_4 RENAME TO "grant";
CREATE UNIQUE INDEX grant_once ON "grant" (effect, folder, ifnull(conversation_id, 0));
CREATE INDEX grant_by_conversation ON "grant" (conversation_id);
)sql";

constexpr const char* kVersion5 = R"sql(
ALTER TABLE conversation ADD COLUMN thinking_tokens INTEGER NOT NULL DEFAULT 0 CHECK (thinking_tokens >= 0);
ALTER TABLE conversation ADD COLUMN plan_is_news INTEGER NOT NULL DEFAULT 0 CHECK (plan_is_news IN (0, 1));

CREATE TABLE plan_step (
  conversation_id INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  text TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'in_progress', 'completed')),
  PRIMARY KEY (conversation_id, ordinal)
) STRICT, WITHOUT ROWID;

ALTER TABLE step ADD COLUMN thinking_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN tokens_json TEXT NOT NULL DEFAULT '[]';

CREATE TABLE call_output (
  call_id INTEGER PRIMARY KEY REFERENCES call (id) ON DELETE CASCADE,
  text TEXT NOT NULL
) STRICT;

CREATE TABLE compaction (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  conversation_id INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
  answer_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
  message_id INTEGER NOT NULL,
  summary TEXT NOT NULL,
  call_id INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX compaction_by_conversation ON compaction (conversation_id);
)sql";

constexpr const char* kVersion6 = R"sql(
CREATE TABLE memory (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  text TEXT NOT NULL UNIQUE,
  conversation_id INTEGER REFERENCES conversation (id) ON DELETE SET NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX memory_by_conversation ON memory (conversation_id);

CREATE VIRTUAL TABLE memory_search USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2');

CREATE TRIGGER memory_search_added AFTER INSERT ON memory BEGIN
  INSERT INTO memory_search (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER memory_search_removed AFTER DELETE ON memory BEGIN
  DELETE FROM memory_search WHERE rowid = old.id;
END;
)sql";

constexpr const char* kVersion7 = R"sql(
CREATE TABLE picture (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  call_id INTEGER NOT NULL REFERENCES call (id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  budget INTEGER NOT NULL,
  budget_choice TEXT NOT NULL CHECK (budget_choice IN ('by_content', 'by_user')),
  tile_columns INTEGER NOT NULL,
  tile_rows INTEGER NOT NULL,
  shrinking_permille INTEGER NOT NULL,
  pieces_json TEXT NOT NULL,
  remark TEXT NOT NULL,
  UNIQUE (call_id, ordinal)
) STRICT;
)sql";

constexpr const char* kMigrations[] = {kVersion1, kVersion2, kVersion3, kVersion4, kVersion5, kVersion6, kVersion7};

// The copy appears under its name only when it is complete.
Status copy_aside(Database& database, std::int64_t version) {
  const std::filesystem::path target = database.path().string() + ".backup-v" + std::to_string(version);
  const std::filesystem::path growing = target.string() + ".part";
  std::error_code failure;
  std::filesystem::remove(growing, failure);
  if (const Status copied = database.copy_to(growing); !copied.ok()) {
    std::filesystem::remove(growing, failure);
    return copied.error().with_context("The older database could not be copied before its update");
  }
  std::filesystem::permissions(growing, std::filesystem::status(database.path()).permissions(), failure);
  std::filesystem::rename(growing, target, failure);
  if (failure)
    return Error{Error::Code::Io, "The copy " + target.string() + " could not be made: " + failure.message() + "."};
  return {};
}

}  // namespace

std::span<const char* const> store_migrations() {
  return kMigrations;
}

Result<std::int64_t> schema_version(Database& database, std::span<const char* const> migrations) {
  FACET_ASSIGN_OR_RETURN(const std::int64_t version, database.integer("PRAGMA user_version"));
  FACET_ASSIGN_OR_RETURN(const std::int64_t application, database.integer("PRAGMA application_id"));
  FACET_ASSIGN_OR_RETURN(const std::int64_t objects, database.integer("SELECT count(*) FROM sqlite_schema"));
  const std::string file = database.path().string();
  const bool is_new = version == 0 && application == 0 && objects == 0;
  if (!is_new && application != kApplicationId)
    return Error{Error::Code::InvalidInput,
                 "The database " + file + " belongs to another program; choose another data folder."};
  const auto known = static_cast<std::int64_t>(migrations.size());
  if (version > known)
    return Error{Error::Code::Unsupported, "The database " + file + " was written by a newer Facet (format " +
                                               std::to_string(version) + ", this one knows " + std::to_string(known) +
                                               "); update Facet to open it."};
  return version;
}

Status migrate(Database& database, std::span<const char* const> migrations) {
  FACET_ASSIGN_OR_RETURN(const std::int64_t version, schema_version(database, migrations));
  const auto known = static_cast<std::int64_t>(migrations.size());
  if (version == known) return {};
  if (version > 0) FACET_RETURN_IF_ERROR(copy_aside(database, version));
  FACET_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database));
  for (const char* script : migrations.subspan(static_cast<std::size_t>(version)))
    FACET_RETURN_IF_ERROR(database.execute(script));
  FACET_RETURN_IF_ERROR(database.execute("PRAGMA application_id = " + std::to_string(kApplicationId) +
                                         "; PRAGMA user_version = " + std::to_string(known)));
  return transaction.commit();
}

}  // namespace facet::agent
