#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/policy.h"
#include "agent/protocol.h"
#include "agent/store/transcript_store.h"
#include "engine/base/result.h"

namespace facet::agent {

// The writing side of the database: one per data folder, owned by the agent thread. WAL; what the user did (a message,
// a decision) is synced to the disk before the call returns, streamed text within 250 ms. Opening migrates an older
// schema in one transaction, after a copy was put beside it, and refuses a newer one.
class Store {
 public:
  // Creates the folder and the file when they are missing. Refuses (with a sentence) a second writer.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& database);
  ~Store();

  Result<Conversation> create_conversation(const std::string& title, const std::string& model,
                                           const std::vector<std::string>& folders);
  Status rename_conversation(ConversationId id, const std::string& title);
  Status set_folders(ConversationId id, const std::vector<std::string>& folders);
  Status set_model(ConversationId id, const std::string& model);
  Status set_thinking(ConversationId id, std::int64_t tokens);
  // By the user, then the model has to be told (StoreReader::plan_is_news); or by the model, which knows.
  enum class PlanAuthor { User, Model };
  Status set_plan(ConversationId id, const std::vector<PlanStep>& steps, PlanAuthor author);
  // The model has been told of the plan.
  Status settle_plan(ConversationId id);
  Status remove_conversation(ConversationId id);

  // A user message with its parts, durable when this returns. Ids are filled in.
  Result<Message> add_user_message(ConversationId conversation, std::vector<PartContent> parts);
  // An assistant message in state Streaming, without parts.
  Result<Message> begin_assistant_message(ConversationId conversation);
  // A part that is about to grow; finish_part completes it. `run` as in Part.
  Result<Part> add_part(MessageId message, PartContent content, int run);
  // Checkpoint of a growing text; cheap, not synced.
  Status update_text(PartId part, const std::string& text);
  // Once for each part: the pictures of a call are stored with its end.
  Status finish_part(PartId part, const PartContent& content);
  Status update_call(const Call& call);
  Result<ApprovalId> add_approval(CallId call, const Approval& approval);
  Status settle_approval(ApprovalId approval, Decision decision);
  Status finish_message(MessageId message, Finish finish);
  Status add_step(const Step& step);
  // What the result of a call was cut from.
  Status keep_output(CallId call, const std::string& text);
  Status add_compaction(const Compaction& compaction);

  // 0: for every conversation.
  Result<Grant> add_grant(Effect effect, const std::string& folder, ConversationId conversation = 0);
  Status revoke_grant(std::int64_t id);

  // Nothing when the same text is there already. Refuses, with a sentence, more than Memory::kMostEntries.
  Result<std::optional<Memory>> add_memory(const std::string& text, ConversationId conversation);
  Status remove_memory(MemoryId id);
  Status clear_memory();

  // Of what was said in recordings.
  TranscriptStore& transcripts();

  // Messages left in state Streaming by a process that ended become Stopped, their running calls too, and transcripts
  // that were at work.
  Status close_interrupted();

 private:
  Store();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace facet::agent
