#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/policy.h"
#include "agent/protocol.h"
#include "agent/store/search_query.h"
#include "agent/store/transcript_store.h"
#include "engine/base/result.h"

namespace facet::agent {

class Statement;

// In a conversation or, where there is one, in a transcript.
struct SearchHit {
  Conversation conversation;
  MessageId message = 0;
  PartId part = 0;
  std::string snippet;  // plain text; matches between U+2068 and U+2069 so that any view can mark them
  std::optional<Transcript> transcript = {};
  SegmentId segment = 0;   // of it; 0: its title
  std::int64_t at_ms = 0;  // where in the recording
};

// Reads the store over a connection of its own that cannot write. One per thread.
class StoreReader {
 public:
  static Result<std::unique_ptr<StoreReader>> open(const std::filesystem::path& database);
  ~StoreReader();

  // Newest first.
  Result<std::vector<Conversation>> conversations(int limit = 500) const;
  Result<std::optional<Conversation>> conversation(ConversationId id) const;
  // All messages with their parts, calls and approvals, oldest first.
  Result<std::vector<Message>> messages(ConversationId id) const;
  // Checksums of all attached media, and of the pictures that calls have made.
  Result<std::set<std::string>> media_in_use() const;
  Result<std::vector<Step>> steps(MessageId message) const;
  // The user has changed the plan, and the model does not know yet.
  Result<bool> plan_is_news(ConversationId id) const;
  // How the conversation is told by now, and all ways in which it was, the oldest first.
  Result<Compaction> compaction(ConversationId id) const;
  Result<std::vector<Compaction>> compactions(ConversationId id) const;
  // What came of a call of this conversation, whole; nothing where there is no such call, or it has no result yet.
  Result<std::optional<std::string>> output(ConversationId conversation, CallId call) const;
  // Those of all conversations.
  Result<std::vector<Grant>> grants() const;
  // Newest first.
  Result<std::vector<Memory>> memories() const;
  // Those that have the words, best first.
  Result<std::vector<Memory>> search_memories(const std::string& query, WordMatch match) const;
  // Newest first.
  Result<std::vector<Transcript>> transcripts(int limit = 500) const;
  Result<std::optional<Transcript>> transcript(TranscriptId id) const;
  // Of this very file, newest first.
  Result<std::vector<Transcript>> transcripts_of(const RecordingFile& file) const;
  // In the order in which they are heard.
  Result<std::vector<Segment>> segments(TranscriptId id) const;
  // Full-text search over titles, texts, call arguments and results, and what was said in
  // recordings. The query is what a person types: words, a prefix
  // of the last word, quotes for a phrase; nothing in it is an error.
  Result<std::vector<SearchHit>> search(const std::string& query, int limit = 50) const;

 private:
  StoreReader();
  Status read_owner(Statement& row, SearchHit& hit) const;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace facet::agent
