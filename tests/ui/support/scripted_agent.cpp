#include "tests/ui/support/scripted_agent.h"

#include <QDateTime>
#include <QFileInfo>

#include "agent/store/reader.h"

namespace facet::ui::test {
namespace {

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) qFatal("%s", result.error().message.c_str());
  return std::move(result).value();
}

void must(const Status& status) {
  if (!status.ok()) qFatal("%s", status.error().message.c_str());
}

}  // namespace

ScriptedAgent::ScriptedAgent(const std::filesystem::path& database, std::function<void(const agent::Event&)> post)
    : database_(database), store_(must(agent::Store::open(database))), post_(std::move(post)) {
  connect(&pace_, &QTimer::timeout, this, &ScriptedAgent::play);
}

void ScriptedAgent::set_pace(int milliseconds_per_step) {
  pace_.setInterval(milliseconds_per_step);
  if (milliseconds_per_step > 0) {
    pace_.start();
  } else {
    pace_.stop();
  }
}

void ScriptedAgent::set_ending(agent::Finish finish, const std::string& error) {
  ending_ = finish;
  error_ = error;
}

void ScriptedAgent::read_prompt(std::int64_t done, std::int64_t total) {
  reading_ = agent::PromptProgress{0, done, total};
}

void ScriptedAgent::set_reading_time(std::optional<std::int64_t> milliseconds) {
  reading_ms_ = milliseconds;
}

void ScriptedAgent::emit_event(const agent::Event& event) {
  events_.push_back(event);
  post_(event);
}

void ScriptedAgent::load_model(const agent::ModelChanged& model) {
  emit_event(model);
}

void ScriptedAgent::submit(const agent::Op& op) {
  // What is asked for while one writes is no wish of the user's.
  const bool is_wish = !std::holds_alternative<agent::EstimateReading>(op) &&
                       !std::holds_alternative<agent::DescribeAttachment>(op) &&
                       !std::holds_alternative<agent::ForgetAttachment>(op);
  if (is_wish) operations_.push_back(op);
  std::visit([this](const auto& kind) { apply(kind); }, op);
}

agent::Conversation ScriptedAgent::conversation_for(const agent::UserTurn& op) {
  if (op.conversation != 0) return conversations_.at(op.conversation);
  agent::Conversation created = must(store_->create_conversation(QString::fromStdString(op.text).left(60).toStdString(),
                                                                 "Practice model", op.folders));
  conversations_[created.id] = created;
  emit_event(agent::ConversationChanged{created});
  return created;
}

void ScriptedAgent::apply(const agent::UserTurn& op) {
  conversation_ = conversation_for(op).id;
  std::vector<agent::PartContent> said;
  for (const std::string& path : op.attachments) {
    const QFileInfo file(QString::fromStdString(path));
    const auto known = descriptions_.find(file.fileName().toStdString());
    agent::AttachmentPart part{file.fileName().toStdString(), path, "text/plain", file.size(), {}, {}};
    if (known != descriptions_.end()) part.media = known->second.file.media;
    said.push_back(std::move(part));
  }
  said.push_back(agent::TextPart{op.text});
  const agent::Message user = must(store_->add_user_message(conversation_, std::move(said)));
  message_ = must(store_->begin_assistant_message(conversation_)).id;
  emit_event(agent::TurnStarted{conversation_, user, message_});
  if (reading_) {
    reading_->conversation = conversation_;
    emit_event(*reading_);
    return;
  }
  for (std::size_t index = 0; index < script_.size(); ++index)
    plan_part(script_[index], index + 1 == script_.size());
  if (!leave_open_) {
    steps_.push_back([this] {
      emit_event(agent::ContextChanged{conversation_, 1240, 8192});
      finish_turn(ending_, error_);
    });
  }
  if (!pace_.isActive()) play();
}

void ScriptedAgent::plan_part(const agent::PartContent& content, bool is_last) {
  if (const auto* text = std::get_if<agent::TextPart>(&content)) {
    plan_text(agent::TextPart{}, text->text, is_last);
  } else if (const auto* thought = std::get_if<agent::ThoughtPart>(&content)) {
    plan_text(agent::ThoughtPart{}, thought->text, is_last);
  } else if (const auto* call = std::get_if<agent::CallPart>(&content)) {
    plan_call(call->call);
  } else {
    steps_.push_back([this, content] {
      part_ = must(store_->add_part(message_, content, 0));
      must(store_->finish_part(part_.id, content));
      emit_event(agent::PartStarted{conversation_, message_, part_});
      emit_event(agent::PartFinished{conversation_, message_, part_});
    });
  }
}

void ScriptedAgent::plan_text(const agent::PartContent& content, const std::string& text, bool is_last) {
  steps_.push_back([this, content] {
    part_ = must(store_->add_part(message_, content, 0));
    emit_event(agent::PartStarted{conversation_, message_, part_});
  });
  // Pieces as a model writes them; never in the middle of a character.
  const QString all = QString::fromStdString(text);
  constexpr int kPiece = 7;
  for (qsizetype start = 0; start < all.size(); start += kPiece) {
    const std::string piece = all.mid(start, kPiece).toStdString();
    steps_.push_back([this, piece] {
      std::visit(
          [&piece](auto& kind) {
            if constexpr (requires { kind.text += piece; }) kind.text += piece;
          },
          part_.content);
      emit_event(agent::PartDelta{conversation_, message_, part_.id, piece});
    });
  }
  if (leave_open_ && is_last) return;
  steps_.push_back([this] {
    must(store_->finish_part(part_.id, part_.content));
    emit_event(agent::PartFinished{conversation_, message_, part_});
  });
}

void ScriptedAgent::set_call(const agent::Call& call) {
  part_.content = agent::CallPart{call};
  must(store_->update_call(call));
  emit_event(agent::CallChanged{conversation_, message_, part_.id, call});
}

// The script holds the call as it shall end; the states before are played.
void ScriptedAgent::plan_call(agent::Call call) {
  const agent::CallState end = call.state;
  steps_.push_back([this, call] {
    agent::Call begun = call;
    begun.state = agent::CallState::Preparing;
    begun.result.clear();
    begun.pictures.clear();
    begun.approval.reset();
    begun.started_ms = begun.finished_ms = 0;
    part_ = must(store_->add_part(message_, agent::CallPart{begun}, 0));
    emit_event(agent::PartStarted{conversation_, message_, part_});
    set_call(std::get<agent::CallPart>(part_.content).call);
  });
  if (call.approval) {
    steps_.push_back([this, call] {
      agent::Call asking = std::get<agent::CallPart>(part_.content).call;
      asking.state = agent::CallState::AwaitingApproval;
      asking.approval = call.approval;
      asking.approval->id = must(store_->add_approval(asking.id, *call.approval));
      set_call(asking);
      waiting_ = true;
    });
  }
  steps_.push_back([this, call] {
    agent::Call running = std::get<agent::CallPart>(part_.content).call;
    if (agent::is_final(running.state)) return;
    running.state = agent::CallState::Running;
    running.started_ms = call.started_ms;
    set_call(running);
  });
  if (end == agent::CallState::Running || end == agent::CallState::Preparing) return;
  steps_.push_back([this, call] {
    agent::Call done = std::get<agent::CallPart>(part_.content).call;
    if (!agent::is_final(done.state)) {
      done.state = call.state;
      done.result = call.result;
      done.pictures = call.pictures;
      done.finished_ms = call.finished_ms;
      set_call(done);
    }
    must(store_->finish_part(part_.id, part_.content));
    emit_event(agent::PartFinished{conversation_, message_, part_});
  });
}

void ScriptedAgent::play() {
  do {
    if (waiting_ || steps_.empty()) return;
    const Step step = std::move(steps_.front());
    steps_.pop_front();
    step();
  } while (!pace_.isActive());
}

void ScriptedAgent::finish_turn(agent::Finish finish, const std::string& error) {
  must(store_->finish_message(message_, finish));
  emit_event(agent::TurnFinished{conversation_, message_, finish, error});
}

void ScriptedAgent::apply(const agent::StopTurn&) {
  steps_.clear();
  waiting_ = false;
  must(store_->finish_part(part_.id, part_.content));
  emit_event(agent::PartFinished{conversation_, message_, part_});
  finish_turn(agent::Finish::Stopped, {});
}

void ScriptedAgent::apply(const agent::AnswerApproval& op) {
  agent::Call call = std::get<agent::CallPart>(part_.content).call;
  must(store_->settle_approval(op.approval, op.decision));
  call.approval->decision = op.decision;
  if (op.decision == agent::Decision::Deny) {
    call.state = agent::CallState::Denied;
    call.result = "error: the user has denied this call";
  }
  set_call(call);
  waiting_ = false;
  if (!pace_.isActive()) play();
}

void ScriptedAgent::apply(const agent::RevokeGrant& op) {
  must(store_->revoke_grant(op.grant));
  emit_event(agent::PermissionsChanged{});
}

void ScriptedAgent::apply(const agent::RemoveMemory& op) {
  must(op.memory == 0 ? store_->clear_memory() : store_->remove_memory(op.memory));
  emit_event(agent::MemoryChanged{});
}

void ScriptedAgent::apply(const agent::RenameConversation& op) {
  must(store_->rename_conversation(op.conversation, op.title));
  agent::Conversation& conversation = conversations_[op.conversation];
  conversation.title = op.title;
  emit_event(agent::ConversationChanged{conversation});
}

void ScriptedAgent::apply(const agent::StopTranscription& op) {
  must(store_->transcripts().set_state(op.transcript, agent::TranscriptState::Stopped));
  tell_of(op.transcript);
}

void ScriptedAgent::apply(const agent::RenameTranscript& op) {
  must(store_->transcripts().rename(op.transcript, op.title));
  tell_of(op.transcript);
}

void ScriptedAgent::apply(const agent::RemoveTranscript& op) {
  must(store_->transcripts().remove(op.transcript));
  emit_event(agent::TranscriptRemoved{op.transcript});
}

void ScriptedAgent::tell_of(agent::TranscriptId id) {
  const auto transcript = must(must(agent::StoreReader::open(database_))->transcript(id));
  if (transcript) emit_event(agent::TranscriptChanged{*transcript});
}

void ScriptedAgent::apply(const agent::RemoveConversation& op) {
  must(store_->remove_conversation(op.conversation));
  conversations_.erase(op.conversation);
  emit_event(agent::ConversationRemoved{op.conversation});
}

void ScriptedAgent::apply(const agent::SetFolders& op) {
  must(store_->set_folders(op.conversation, op.folders));
  agent::Conversation& conversation = conversations_[op.conversation];
  conversation.folders = op.folders;
  emit_event(agent::ConversationChanged{conversation});
}

void ScriptedAgent::apply(const agent::SetThinking& op) {
  must(store_->set_thinking(op.conversation, op.tokens));
  agent::Conversation& conversation = conversations_[op.conversation];
  conversation.thinking_tokens = op.tokens;
  emit_event(agent::ConversationChanged{conversation});
}

void ScriptedAgent::apply(const agent::SetPlan& op) {
  must(store_->set_plan(op.conversation, op.steps, agent::Store::PlanAuthor::User));
  emit_event(agent::PlanChanged{op.conversation, op.steps});
}

void ScriptedAgent::apply(const agent::EstimateReading& op) {
  emit_event(agent::ReadingEstimated{op.question.conversation, std::ssize(op.question.text), reading_ms_});
}

void ScriptedAgent::apply(const agent::DescribeAttachment& op) {
  agent::AttachmentDescribed described;
  described.path = op.path;
  described.budget = op.budget;
  const std::string name = QFileInfo(QString::fromStdString(op.path)).fileName().toStdString();
  if (slow_.contains(name)) return emit_event(agent::AttachmentProgress{op.path, slow_[name]});
  const auto known = descriptions_.find(name);
  if (known != descriptions_.end()) {
    described = known->second;
    described.path = op.path;
    described.budget = op.budget;
  }
  emit_event(described);
}

void ScriptedAgent::apply(const agent::LoadModel& op) {
  agent::ModelChanged model;
  model.name = QFileInfo(QString::fromStdString(op.model)).fileName().toStdString();
  model.path = op.model;
  emit_event(model);
}

}  // namespace facet::ui::test
