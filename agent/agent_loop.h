#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/agent.h"
#include "agent/attachment.h"
#include "agent/attachment_describer.h"
#include "agent/meeting/transcriber.h"
#include "agent/model_slot.h"
#include "agent/stop_board.h"
#include "agent/store/reader.h"
#include "agent/store/store.h"
#include "agent/turn.h"
#include "engine/base/channel.h"

namespace facet::agent {

// A question on its way to its turn.
struct AskedTurn {
  UserTurn question;
  StopBoard::Ticket ticket;
};
struct ToolSpoke {
  std::string line;
};
struct ToolEnded {};

// All that reaches the agent thread. A UserTurn comes as an AskedTurn.
using Letter = std::variant<Op, AskedTurn, ModelLoaded, ToolSpoke, ToolEnded, AttachmentAdvanced, AttachmentDecoded,
                            TranscriberLetter>;

// The agent thread: opens letters one by one. Turns and loads run one at a time in the order in which they were asked
// for; everything else is done at once, also while a turn runs, because a turn opens letters wherever it waits. A
// question is stored and shown when it arrives, unless its conversation still has an earlier one to answer, or its
// files have to be decoded first, which happens on other threads while this one goes on.
class AgentLoop {
 public:
  AgentLoop(AgentOptions options, std::shared_ptr<const ReplyGrammar> grammar, std::unique_ptr<Store> store,
            std::unique_ptr<StoreReader> reader, Channel<Letter>& letters, StopBoard& stops);

  // Returns when the channel is closed and everything in it has been dealt with.
  void run();

 private:
  struct WaitingTurn {
    AskedTurn asked;
    std::optional<Turn> begun;  // once it is stored and shown
  };
  using Task = std::variant<WaitingTurn, LoadModel>;

  void open(Letter letter);
  void handle(Op op);
  void handle(AskedTurn asked);
  void handle(ModelLoaded loaded);
  void handle(const ToolSpoke& spoke);
  void handle(ToolEnded) { tool_has_ended_ = true; }
  void handle(const UserTurn&) {}
  void handle(const StopTurn&);
  void handle(const AnswerApproval& op);
  void handle(const RevokeGrant& op);
  void handle(const RemoveMemory& op);
  void handle(const RenameConversation& op);
  void handle(const SetFolders& op);
  void handle(const SetThinking& op);
  void handle(const SetPlan& op);
  void handle(const RemoveConversation& op);
  void handle(EstimateReading op);
  void handle(const DescribeAttachment& op);
  void handle(const ForgetAttachment& op);
  void handle(const AttachmentAdvanced& advanced);
  void handle(AttachmentDecoded decoded);
  void handle(const LoadModel& op) { tasks_.emplace_back(op); }
  void handle(const ImportRecording& op) { transcriber_.handle(op); }
  void handle(const StopTranscription& op) { transcriber_.handle(op); }
  void handle(const ResumeTranscription& op) { transcriber_.handle(op); }
  void handle(const RenameTranscript& op) { transcriber_.handle(op); }
  void handle(const RemoveTranscript& op) { transcriber_.handle(op); }
  void handle(TranscriberLetter letter) { transcriber_.handle(std::move(letter)); }

  void work();
  void close();
  void read_ahead(const UserTurn& question);
  void send_estimate(const UserTurn& question, const ReadingEstimate& estimate);
  std::deque<Task>::iterator next_task();
  void run_now(WaitingTurn waiting);
  void begin_turns();
  bool begin(WaitingTurn& waiting);
  void finish_stopped_turns();
  void remove_conversations();
  void remove_attachments();
  bool has_unfinished_turn(ConversationId conversation) const;
  bool has_waiting_question(ConversationId conversation) const;
  bool await_descriptions(const UserTurn& question);
  void send_description(const DescribeAttachment& op);
  void note_model(Conversation& conversation);

  std::optional<Decision> ask(const Approval& approval, const std::stop_token& stop);
  ToolResult run_tool(const std::function<ToolResult(const ToolProgress&)>& work, const ToolProgress& progress);
  void serve();

  // After an operation of the user: the news of it, or why it failed.
  void report(const Status& done, const Event& news);
  // The same with what has become of the conversation.
  void report(const Status& done, ConversationId id);

  const AgentOptions options_;
  Attachments attachments_;
  TurnOptions turn_options_;  // its tools are those that the model has learned to call
  const std::unique_ptr<Store> store_;
  const std::unique_ptr<StoreReader> reader_;
  Channel<Letter>& letters_;
  StopBoard& stops_;
  ModelSlot slot_;
  Transcriber transcriber_;  // goes before the model that it uses
  TurnHooks hooks_;

  std::deque<Task> tasks_;
  std::vector<ConversationId> to_remove_;  // when their turns are over
  bool has_unused_copies_ = false;         // among the attachments, of conversations that are gone
  ConversationId running_ = 0;
  std::optional<UserTurn> unsent_;  // is being written, and what stands before it may be read
  // Wait for files that are being decoded.
  std::vector<DescribeAttachment> to_describe_;
  std::optional<UserTurn> to_estimate_;

  // What the running turn waits for.
  ApprovalId asked_ = 0;
  std::optional<Decision> answer_;
  const ToolProgress* tool_progress_ = nullptr;
  bool tool_has_ended_ = false;

  AttachmentDescriber describer_;  // the last: its threads end first
};

}  // namespace facet::agent
