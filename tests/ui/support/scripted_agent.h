#pragma once

#include <QObject>
#include <QTimer>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "agent/protocol.h"
#include "agent/store/store.h"

namespace facet::ui::test {

// Stands in for the agent and its model: answers operations with the events and rows of a script, on the UI thread,
// into a real store. A script is the list of parts of the next answers.
class ScriptedAgent : public QObject {
  Q_OBJECT

 public:
  ScriptedAgent(const std::filesystem::path& database, std::function<void(const agent::Event&)> post);

  using Script = std::vector<agent::PartContent>;
  void set_script(Script script) { script_ = std::move(script); }
  // 0 plays everything that needs no answer at once.
  void set_pace(int milliseconds_per_step);
  // How the next turn ends.
  void set_ending(agent::Finish finish, const std::string& error = {});
  // Stops before the end of the last part, as if the model were still writing.
  void leave_open() { leave_open_ = true; }

  // The next turn stays in the middle of its prompt.
  void read_prompt(std::int64_t done, std::int64_t total);
  // What every EstimateReading is answered with.
  void set_reading_time(std::optional<std::int64_t> milliseconds);

  void load_model(const agent::ModelChanged& model);
  // What it tells of files with this name.
  void describe(const std::string& name, agent::AttachmentDescribed description) {
    descriptions_[name] = std::move(description);
  }
  // A file with this name is decoded up to there, and not to its end.
  void describe_slowly(const std::string& name, double done) { slow_[name] = done; }
  void submit(const agent::Op& op);
  // Something that happens by itself; of a transcript, as it is stored.
  void tell(const agent::Event& event) { emit_event(event); }
  void tell_of(agent::TranscriptId transcript);

  const std::vector<agent::Event>& events() const { return events_; }
  const std::vector<agent::Op>& operations() const { return operations_; }
  agent::Store& store() { return *store_; }

 private:
  using Step = std::function<void()>;

  void apply(const agent::UserTurn& op);
  void apply(const agent::StopTurn& op);
  void apply(const agent::AnswerApproval& op);
  void apply(const agent::RevokeGrant& op);
  void apply(const agent::RemoveMemory& op);
  void apply(const agent::RenameConversation& op);
  void apply(const agent::RemoveConversation& op);
  void apply(const agent::SetFolders& op);
  void apply(const agent::SetThinking& op);
  void apply(const agent::SetPlan& op);
  void apply(const agent::EstimateReading& op);
  void apply(const agent::DescribeAttachment& op);
  void apply(const agent::ForgetAttachment&) {}
  void apply(const agent::LoadModel& op);
  void apply(const agent::ImportRecording&) {}
  void apply(const agent::StopTranscription& op);
  void apply(const agent::ResumeTranscription&) {}
  void apply(const agent::RenameTranscript& op);
  void apply(const agent::RemoveTranscript& op);

  agent::Conversation conversation_for(const agent::UserTurn& op);
  void plan_part(const agent::PartContent& content, bool is_last);
  void plan_text(const agent::PartContent& content, const std::string& text, bool is_last);
  void plan_call(agent::Call call);
  void set_call(const agent::Call& call);
  void finish_turn(agent::Finish finish, const std::string& error);
  void emit_event(const agent::Event& event);
  void play();

  std::filesystem::path database_;
  std::unique_ptr<agent::Store> store_;
  std::function<void(const agent::Event&)> post_;
  std::vector<agent::Event> events_;
  std::vector<agent::Op> operations_;
  std::map<agent::ConversationId, agent::Conversation> conversations_;
  Script script_;
  agent::Finish ending_ = agent::Finish::Done;
  std::string error_;
  bool leave_open_ = false;
  std::map<std::string, agent::AttachmentDescribed> descriptions_;
  std::map<std::string, double> slow_;
  std::optional<agent::PromptProgress> reading_;
  std::optional<std::int64_t> reading_ms_;
  std::deque<Step> steps_;
  bool waiting_ = false;
  agent::ConversationId conversation_ = 0;
  agent::MessageId message_ = 0;
  agent::Part part_;
  QTimer pace_;
};

}  // namespace facet::ui::test
